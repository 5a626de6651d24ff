#pragma once

#include "jit/interpreter/bytecode.h"

#include <functional>

namespace kiln {

class Inference;

/// A loop that is running in a frame, and the code of that.
struct RunningLoop {
  Code *code = nullptr;
  InterpretedLoop *loop = nullptr;
  size_t frame = 0; // Counted from the innermost.
};

/// Whether compiled code can go on with the loop: errors in a region of `try` are the interpreter's to catch.
bool can_resume(const Code &code);

/// The outermost loop around what is running, in its function or in one that called it, whose rounds end often enough: there
/// compiled code can soon take over everything within. Null when there is none. `spent`: by the interpreter in all;
/// `patience`: how long it may go on until the end of a round is looked at.
RunningLoop outermost_loop(uint64_t spent, uint64_t patience);

/// What the program comes to next that may take long and is not compiled: of each frame, the innermost first, a function with
/// a loop that it will call, else a loop that follows. Null when nothing is known.
struct Upcoming {
  Specialisation *callee = nullptr;
  Code *code = nullptr; // Of the loop.
  InterpretedLoop *loop = nullptr;
};
Upcoming find_upcoming();

/// Calls `body` for each loop that is running and that compiled code can go on with: those of outer frames and outer loops first.
void each_running_loop(const std::function<void(Code &, InterpretedLoop &)> &body);

/// Whether a frame, counted from the innermost, is in a loop.
bool is_in_loop(size_t frame);

/// Adds what members of the group call, that has run before, and that would not come as a copy: compiled with them, it is called
/// directly, and nobody waits for it. `is_copied`: whether callers get a copy of it.
void add_callees(std::vector<Specialisation *> &group, Inference &inference, const std::function<bool(Specialisation &)> &is_copied);

} // namespace kiln
