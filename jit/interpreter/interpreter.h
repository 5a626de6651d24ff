#pragma once

#include "jit/interpreter/bytecode.h"

#include <functional>
#include <span>

namespace kiln {

struct NativeCall;

/// A run of the interpreter: the frames between a call from the host, or from compiled code, and what they call. They are linked on the stack of
/// values; each activation lies on the native stack where it runs.
struct Activation {
  Activation *outer;
  const Word *ip; // Of the instruction that may fail or calls out.
  Slot *fp;
  bool continues; // The outermost frame: what a frame of compiled code around this began.

  static inline Activation *innermost = nullptr;
  /// Calls `visit` with the address of the instruction where each frame is, the innermost first.
  template <typename Visit>
  void each_frame(Visit visit, size_t most = SIZE_MAX) const;
};

class Interpreter;
/// Where a walk of the native stack meets this function, an activation lies in its frame.
extern "C" void kiln_interpret(Interpreter *interpreter, Routine *routine, const Slot *arguments, size_t count, Slot *result);

/// Runs bytecode. Frames of all interpreters are on one stack of values, which the collector scans.
class Interpreter {
public:
  struct Host {
    /// Makes a routine ready to be called: with an entry, or with compiled code and its signature.
    std::function<void(Routine &)> prepare;
    std::function<Routine &(Specialisation &)> routine;
    /// Time was found to be spent in calls of a routine, or in a loop of one.
    std::function<void(Routine &, InterpretedLoop *, uint64_t nanoseconds)> spent;
  };
  /// `period`: calls and repetitions of loops between looks at the clock. Behind each, the first ones are interpreted even where
  /// there is baseline code, so that conditional jumps are counted.
  Interpreter(Host host, int32_t period);
  Interpreter(const Interpreter &) = delete;
  Interpreter &operator=(const Interpreter &) = delete;

  /// Calls a routine of no arguments. Throws RuntimeError.
  void run(Routine &routine) { kiln_interpret(this, &routine, nullptr, 0, nullptr); }
  /// Calls a routine whose result takes one slot. Throws RuntimeError.
  void call(Routine &routine, std::span<const Slot> arguments, Slot &result) { kiln_interpret(this, &routine, arguments.data(), arguments.size(), &result); }
  /// Whether the native stack has room for another activation, if it is Kiln's own.
  static bool has_room();
  /// Does a call by compiled code of a routine that has an entry. Throws what that throws.
  void call(Routine &routine, NativeCall &call);

private:
  friend void kiln_interpret(Interpreter *interpreter, Routine *routine, const Slot *arguments, size_t count, Slot *result);
  /// `machine_code`: where to begin instead of at the activation's instruction, or null.
  void execute(Activation &activation, const void *machine_code);
  static void enter_loop(const Routine &continuation, const Slot *arguments, Slot *frame);
  bool handle(Activation &activation);
  void enter_other(Routine &routine, Slot *arguments, Slot *result);
  void sample_call(Routine &routine);
  bool sample_loop(Activation &activation, uint16_t loop);
  /// The same where no look is due: if there is code for it.
  bool try_resume(Activation &activation, uint16_t loop);
  static const void *loop_in_machine_code(const Word *ip);
  void resume_compiled(Activation &activation, const Code &code, const InterpretedLoop &loop);
  void note_sample(Routine &routine, InterpretedLoop *loop);

  Host host_;
  Slot *stack_, *limit_;
  const int32_t period_;
  const int32_t counted_; // Of each period.
  int32_t budget_;
  uint64_t last_sample_ = 0; // 0: the host has been at work.
};

/// What stands in a trace for the outermost frame of an activation that goes on with a function which compiled code began: the
/// address of its instruction, marked, since the next frame is the same function's.
inline const void *continued_frame(const Word *at) { return reinterpret_cast<const char *>(at) + 1; }
inline bool is_continued_frame(const void *address) { return reinterpret_cast<uintptr_t>(address) % sizeof(Word) != 0 && code_at(address); }

/// What lies behind a call's instruction and operands.
inline const Word *behind_call(const Word *call) { return call + 2 + (call->instruction.b + 3) / 4; }

template <typename Visit>
void Activation::each_frame(Visit visit, size_t most) const {
  const Word *at = ip;
  const Slot *frame = fp;
  for (size_t i = 0; i < most && code_at(at); ++i) { // The host's call is none.
    visit(at);
    at = static_cast<const Word *>(frame[-2].p);
    frame = static_cast<const Slot *>(frame[-1].p);
  }
}

} // namespace kiln
