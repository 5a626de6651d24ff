#pragma once

#include "codegen/layout.h"
#include "lang/source.h"

#include <cstddef>
#include <string>
#include <vector>

namespace kiln {

/// A run-time error on its way to whoever catches it: the host, the REPL. Thrown by runtime functions through compiled
/// frames. Holds no collected memory.
struct RuntimeError {
  enum Kind : uint8_t { Failure, Interrupt, StackOverflow, OutOfMemory, Exit } kind = Failure;
  std::string message;
  int exit_code = 1;                   // Exit: the status asked for.
  std::vector<const void *> addresses; // Places in compiled code, innermost first (one less than the return address for
                                       // calls, exact for an interrupted instruction), and in bytecode.
  size_t omitted = 0; // Frames left out of a deep stack, after the innermost `innermost_kept` ones.

  static constexpr size_t innermost_kept = 50;
  static constexpr size_t outermost_kept = 10;
};

/// The places in compiled code that a stack goes through, from the innermost outwards; of a deep one the middle is left
/// out. Adding works in a signal handler.
class FrameTrail {
public:
  void add(const void *place);
  void clear() { seen_ = 0; }
  size_t seen() const { return seen_; }
  /// Fills in `addresses` and `omitted`.
  void note_in(RuntimeError &error) const;

private:
  const void *first_[RuntimeError::innermost_kept];
  const void *last_[RuntimeError::outermost_kept]; // A ring of those behind the first ones.
  size_t seen_ = 0;
};

/// A caught error as compiled code has it; collected memory, as all that it points to.
struct CaughtError {
  StrValue message;
  RuntimeError::Kind kind;
  const void *const *addresses;
  int64_t count, omitted;
};
CaughtError *make_caught_error(const RuntimeError &error);

/// The frames of an error, as people see them: the line that it came from (0: not known) and a text for each.
struct TraceText {
  int64_t line = 0;
  std::vector<std::string> frames;
};
/// Set by the engine. Must not throw.
extern TraceText (*kiln_trace_hook)(const RuntimeError &error);

/// Fills in `addresses` and `omitted` from the stack of the caller. Works in a signal handler that interrupted compiled
/// code.
void collect_addresses(RuntimeError &error);

/// Takes an error that was caught in the frame at `frame`, for kiln_caught().
void keep_caught(RuntimeError error, void *frame);

/// The error that stands for an exception of the host's which left Kiln's code; call it in the handler, before anything
/// else is thrown. Its frames are those that the unwinder went through and those that are still on the stack.
RuntimeError host_error();

/// Throws with the addresses of the compiled and interpreted frames on the stack.
[[noreturn]] void throw_error(RuntimeError::Kind kind, std::string message);
[[noreturn]] void throw_failure(std::string message);
[[noreturn]] void throw_exit(int code);

} // namespace kiln
