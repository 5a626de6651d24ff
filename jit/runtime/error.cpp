#include "jit/runtime/error.h"

#include "jit/code_map.h"
#include "jit/interpreter/interpreter.h"
#include "jit/orc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <new>
#include <unwind.h>

namespace kiln {
namespace {

/// Outwards over native frames, and the interpreted ones of the activations between them.
struct Walk {
  FrameTrail &trail;
  const Activation *interpreted = Activation::innermost; // The next one outwards.

  /// Adds the interpreted frames of an activation when its native frame is met. `bottom`: of the frame.
  void pass(uintptr_t function, uintptr_t bottom) {
    constexpr uintptr_t most = 64 << 10; // Bytes of that frame.
    if (!interpreted || function != reinterpret_cast<uintptr_t>(&kiln_interpret)) return;
    if (reinterpret_cast<uintptr_t>(interpreted) - bottom > most) return; // It has none yet.
    const Word *outermost = nullptr;
    interpreted->each_frame([&](const Word *at) {
      if (outermost) trail.add(outermost);
      outermost = at;
    });
    if (outermost) trail.add(interpreted->continues ? continued_frame(outermost) : outermost);
    interpreted = interpreted->outer;
  }
};

_Unwind_Reason_Code visit(_Unwind_Context *context, void *argument) {
  Walk &walk = *static_cast<Walk *>(argument);
  walk.pass(_Unwind_GetRegionStart(context), _Unwind_GetCFA(context));
  // A return address belongs to the instruction before it; an interrupted instruction's is its own.
  int exact = 0;
  uintptr_t address = _Unwind_GetIPInfo(context, &exact);
  if (!exact) --address;
  const void *place = reinterpret_cast<const void *>(address);
  if (Orc::is_code(place)) walk.trail.add(place);
  return _URC_NO_REASON;
}

void walk_outwards(FrameTrail &trail) {
  Walk walk{trail};
  _Unwind_Backtrace(visit, &walk);
}

std::string type_of_exception() {
  const std::type_info *type = abi::__cxa_current_exception_type();
  if (!type) return "an exception that is not C++'s";
  int status = 0;
  std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
  return fmt::format("a C++ exception of type {}", status == 0 ? name.get() : type->name());
}

} // namespace

void FrameTrail::add(const void *place) {
  if (seen_ < std::size(first_))
    first_[seen_] = place;
  else
    last_[(seen_ - std::size(first_)) % std::size(last_)] = place;
  ++seen_;
}

void FrameTrail::note_in(RuntimeError &error) const {
  size_t inner = std::min(seen_, std::size(first_)), beyond = seen_ - inner, kept = std::min(beyond, std::size(last_));
  error.addresses.assign(first_, first_ + inner);
  for (size_t i = beyond - kept; i < beyond; ++i) error.addresses.push_back(last_[i % std::size(last_)]);
  error.omitted = beyond - kept;
}

void collect_addresses(RuntimeError &error) {
  FrameTrail trail;
  walk_outwards(trail);
  trail.note_in(error);
}

RuntimeError host_error() {
  FrameTrail trail = CodeMap::unwound();
  walk_outwards(trail);
  RuntimeError error;
  trail.note_in(error);
  try {
    throw;
  } catch (const std::bad_alloc &) {
    error.kind = RuntimeError::OutOfMemory;
    error.message = "out of memory";
  } catch (const std::exception &exception) {
    error.message = exception.what();
  } catch (...) {
    error.message = type_of_exception();
  }
  return error;
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
