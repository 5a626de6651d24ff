#include "jit/stacks.h"

#include "jit/signals.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <gc/gc.h>
#include <sys/mman.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" void kiln_call_on_stack(void (*body)(void *), void *argument, void *top);

namespace kiln {

namespace {

constexpr size_t page = 4096;
constexpr size_t compile_stack_bytes = size_t(256) << 20; // Address space: LLVM recurses over deep expressions.
constexpr size_t near_beginning = size_t(8) << 20;
// Address space for the runtime's frames, and for compiled ones until the runtime returns to one that can throw.
constexpr size_t reserve_bytes = size_t(16) << 20;
// Each step is a fault, that is, another chance to find compiled code.
constexpr size_t reserve_step = size_t(64) << 10;

Stack *current_own_stack = nullptr;
bool on_compile_stack = false;

#ifdef __SANITIZE_ADDRESS__
// The address sanitizer must be told which stack it is on: it clears its marks of frames that an exception leaves.
struct TrackedCall {
  void (*body)(void *);
  void *argument;
  const void *outer_bottom = nullptr;
  size_t outer_size = 0;
};

void tracked_body(void *at) {
  auto &call = *static_cast<TrackedCall *>(at);
  __sanitizer_finish_switch_fiber(nullptr, &call.outer_bottom, &call.outer_size);
  call.body(call.argument);
  __sanitizer_start_switch_fiber(nullptr, call.outer_bottom, call.outer_size);
}
#endif

void call_on(const Stack &stack, void (*body)(void *), void *argument) {
#ifdef __SANITIZE_ADDRESS__
  TrackedCall call{body, argument};
  void *fake_frames = nullptr;
  auto *bottom = reinterpret_cast<const void *>(stack.usable_begin());
  __sanitizer_start_switch_fiber(&fake_frames, bottom, reinterpret_cast<uintptr_t>(stack.top()) - stack.usable_begin());
  kiln_call_on_stack(tracked_body, &call, stack.top());
  __sanitizer_finish_switch_fiber(fake_frames, nullptr, nullptr);
#else
  kiln_call_on_stack(body, argument, stack.top());
#endif
}

} // namespace

Stack::Stack(size_t usable, size_t reserve) {
  usable = (usable + page - 1) & ~(page - 1);
  size_t closed = guard + reserve;
  void *at = mmap(nullptr, closed + usable, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  begin_ = reinterpret_cast<uintptr_t>(at);
  usable_begin_ = begin_ + closed;
  open_begin_ = usable_begin_;
  end_ = usable_begin_ + usable;
  if (at == MAP_FAILED || mprotect(reinterpret_cast<void *>(usable_begin_), usable, PROT_READ | PROT_WRITE) != 0) {
    std::fputs("kiln: no memory for a stack\n", stderr);
    std::exit(1);
  }
}

Stack::~Stack() { munmap(reinterpret_cast<void *>(begin_), end_ - begin_); }

bool Stack::open_reserve(uintptr_t address) {
  uintptr_t lowest = begin_ + guard;
  if (address < lowest) return false;
  uintptr_t begin = std::max(lowest, (address & ~(page - 1)) - reserve_step);
  if (mprotect(reinterpret_cast<void *>(begin), open_begin_ - begin, PROT_READ | PROT_WRITE) != 0) return false;
  open_begin_ = begin;
  return true;
}

void Stack::close_reserve() {
  madvise(reinterpret_cast<void *>(open_begin_), usable_begin_ - open_begin_, MADV_DONTNEED);
  mprotect(reinterpret_cast<void *>(open_begin_), usable_begin_ - open_begin_, PROT_NONE);
  open_begin_ = usable_begin_;
}

Stack *own_stack() { return current_own_stack; }
bool in_compile_stack() { return on_compile_stack; }

void run_on_own_stack(void (*body)(void *), void *argument, size_t bytes) {
  Stack stack(bytes, reserve_bytes);
  GC_stack_base before, own{};
  own.mem_base = stack.top();
  // The collector may not have started yet: then it takes the bottom that is set here.
  const bool collector_started = GC_is_init_called();
  void *thread = collector_started ? GC_get_my_stackbottom(&before) : nullptr;
  Stack *outer = current_own_stack;
  GC_disable(); // A collection between these lines would scan from one stack to another's bottom.
  GC_set_stackbottom(thread, &own);
  current_own_stack = &stack;
  struct Call {
    void (*body)(void *);
    void *argument;
  } call{body, argument};
  call_on(
      stack,
      [](void *at) {
        Call call = *static_cast<Call *>(at);
        GC_enable();
        call.body(call.argument);
        GC_disable();
      },
      &call);
  current_own_stack = outer;
  if (!collector_started) GC_get_stack_base(&before); // Slow, it reads the memory map: not for a body that ends the process.
  GC_set_stackbottom(GC_is_init_called() ? GC_get_my_stackbottom(&own) : nullptr, &before);
  GC_enable();
}

void run_on_compile_stack(void (*body)(void *), void *argument) {
  if (on_compile_stack) return body(argument);
  on_compile_stack = true;
  GC_disable(); // The collector would take the stack pointer for one of the Kiln stack's.
  // Near its beginning the own stack has as much room, and pages that are there.
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (Stack *own = current_own_stack; own && own->holds(here) && here - own->usable_begin() >= compile_stack_bytes - near_beginning) {
    body(argument);
  } else {
    static Stack *stack = new Stack(compile_stack_bytes, 0);
    call_on(*stack, body, argument);
  }
  GC_enable();
  on_compile_stack = false;
}

} // namespace kiln
