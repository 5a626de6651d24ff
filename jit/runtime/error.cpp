#include "jit/runtime/error.h"

#include "jit/interpreter/interpreter.h"
#include "jit/orc.h"

#include <algorithm>
#include <unwind.h>

namespace kiln {
namespace {

/// Collects while walking outwards: the first frames are kept in place, the rest goes round in a ring of the last ones
/// seen.
struct Walk {
  std::vector<const void *> first;
  const void *ring[RuntimeError::outermost_kept];
  size_t beyond = 0; // Frames after the first ones.
  const Activation *interpreted = Activation::innermost; // The next one outwards.

  void note(const void *place) {
    if (first.size() < RuntimeError::innermost_kept)
      first.push_back(place);
    else
      ring[beyond++ % RuntimeError::outermost_kept] = place;
  }
  /// Notes the interpreted frames of the activations that lie below a native frame.
  void pass(uintptr_t frame) {
    for (; interpreted && reinterpret_cast<uintptr_t>(interpreted) < frame; interpreted = interpreted->outer)
      interpreted->each_frame([this](const Word *at) { note(at); });
  }
};

_Unwind_Reason_Code visit(_Unwind_Context *context, void *argument) {
  Walk &walk = *static_cast<Walk *>(argument);
  walk.pass(_Unwind_GetCFA(context));
  // A return address belongs to the instruction before it; an interrupted instruction's is its own.
  int exact = 0;
  uintptr_t address = _Unwind_GetIPInfo(context, &exact);
  if (!exact) --address;
  const void *place = reinterpret_cast<const void *>(address);
  if (Orc::is_code(place)) walk.note(place);
  return _URC_NO_REASON;
}

} // namespace

void collect_addresses(RuntimeError &error) {
  Walk walk;
  walk.first.reserve(RuntimeError::innermost_kept + RuntimeError::outermost_kept);
  _Unwind_Backtrace(visit, &walk);
  size_t kept = std::min(walk.beyond, RuntimeError::outermost_kept);
  error.omitted = walk.beyond - kept;
  error.addresses = std::move(walk.first);
  for (size_t i = walk.beyond - kept; i < walk.beyond; ++i)
    error.addresses.push_back(walk.ring[i % RuntimeError::outermost_kept]);
}

void throw_error(RuntimeError::Kind kind, std::string message) {
  RuntimeError error;
  error.kind = kind;
  error.message = std::move(message);
  collect_addresses(error);
  throw error;
}

void throw_failure(std::string message) { throw_error(RuntimeError::Failure, std::move(message)); }

void throw_exit(int code) {
  RuntimeError error;
  error.kind = RuntimeError::Exit;
  error.exit_code = code;
  throw error;
}

} // namespace kiln
