#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kiln {

/// A mapped stack. Below the usable bytes lies a reserve, closed until the usable part overflows and then opened bit by
/// bit, and below that a guard zone that stays closed.
class Stack {
public:
  /// Exits the process with a message when there is no address space.
  Stack(size_t usable, size_t reserve);
  ~Stack();
  Stack(const Stack &) = delete;
  Stack &operator=(const Stack &) = delete;

  void *top() const { return reinterpret_cast<void *>(end_); }
  uintptr_t usable_begin() const { return usable_begin_; }
  bool holds(uintptr_t address) const { return address >= begin_ && address < end_; }
  bool is_closed(uintptr_t address) const { return address >= begin_ && address < open_begin_; }
  bool reserve_open() const { return open_begin_ < usable_begin_; }

  // Async-signal-safe.
  /// Opens the reserve down to a little below an address. False when that is in the guard zone.
  bool open_reserve(uintptr_t address);
  void close_reserve();

private:
  static constexpr size_t guard = 64 << 10; // More than a runtime function's largest frame steps over.
  uintptr_t begin_ = 0, usable_begin_ = 0, end_ = 0;
  volatile uintptr_t open_begin_ = 0;
};

/// The stack that run_on_own_stack() runs on now, or null. Read by signal handlers.
Stack *own_stack();
/// Whether run_on_compile_stack() is at work.
bool in_compile_stack();

} // namespace kiln
