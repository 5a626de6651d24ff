#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kiln {

/// A mapped stack: from the top downwards usable bytes, a reserve zone that is closed until the usable part overflows,
/// and a guard page that stays closed.
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
  bool in_reserve(uintptr_t address) const { return address >= begin_ + guard && address < usable_begin_; }

  // Async-signal-safe.
  void open_reserve();
  void close_reserve();
  bool reserve_open() const { return reserve_open_; }

private:
  static constexpr size_t guard = 64 << 10; // More than a runtime function's largest frame steps over.
  uintptr_t begin_ = 0, usable_begin_ = 0, end_ = 0;
  volatile bool reserve_open_ = false;
};

/// The stack that run_on_own_stack() runs on now, or null. Read by signal handlers.
Stack *own_stack();

} // namespace kiln
