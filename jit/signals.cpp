// Built with -fnon-call-exceptions: the handlers throw.
#include "jit/signals.h"

#include "jit/orc.h"
#include "jit/return_trap.h"
#include "jit/runtime/error.h"
#include "jit/stacks.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

namespace kiln {

namespace {

constexpr size_t signal_stack_bytes = 256 << 10; // The unwinder runs on it.
constexpr long retry_nanoseconds = 500'000;
constexpr int most_steps = 20'000; // Instructions, at about a microsecond each.
constexpr int patience = 3;        // Interrupts without an answer before the process gives in to them.

// Written by handlers. All belong to the thread that runs Kiln.
volatile sig_atomic_t pending_interrupt = 0;
volatile sig_atomic_t pending_overflow = 0;
volatile sig_atomic_t unanswered = 0;
volatile sig_atomic_t running = 0;
// From the throw of a stack overflow until the guard is back: overflows of clean-ups on the way only get room.
volatile sig_atomic_t overflow_thrown = 0;
volatile sig_atomic_t steps_left = 0;
pthread_t kiln_thread;
bool installed = false;
timer_t retry_timer;

int retry_signal() { return SIGRTMIN + 5; }

void set_retry_timer(bool on) {
  itimerspec when{};
  if (on) when.it_value.tv_nsec = when.it_interval.tv_nsec = retry_nanoseconds;
  timer_settime(retry_timer, 0, &when, nullptr);
}

// The state that a signal interrupted. Changes are what the unwinder sees of it.
class Interrupted {
public:
  explicit Interrupted(void *context) : machine_(static_cast<ucontext_t *>(context)->uc_mcontext) {}
#if defined(__x86_64__)
  uintptr_t pc() const { return reg(REG_RIP); }
  uintptr_t sp() const { return reg(REG_RSP); }
  FrameState frame() const {
    return {pc(), sp(), reg(REG_RBX), reg(REG_RBP), reg(REG_R12), reg(REG_R13), reg(REG_R14), reg(REG_R15)};
  }
  void set_frame(const FrameState &frame) {
    set(REG_RIP, frame.pc), set(REG_RSP, frame.sp), set(REG_RBX, frame.rbx), set(REG_RBP, frame.rbp);
    set(REG_R12, frame.r12), set(REG_R13, frame.r13), set(REG_R14, frame.r14), set(REG_R15, frame.r15);
  }
  // Whether a trap follows the next instruction.
  void set_stepping(bool on) {
    constexpr greg_t trap_flag = 0x100;
    greg_t &flags = machine_.gregs[REG_EFL];
    flags = on ? flags | trap_flag : flags & ~trap_flag;
  }
#elif defined(__aarch64__)
  uintptr_t pc() const { return machine_.pc; }
  uintptr_t sp() const { return machine_.sp; }
  FrameState frame() const { return {pc(), sp(), 0, 0, 0, 0, 0, 0}; }
  void set_frame(const FrameState &) {}
  void set_stepping(bool) {}
#endif
  bool in_compiled_code() const { return Orc::is_code(reinterpret_cast<const void *>(pc())); }

private:
#if defined(__x86_64__)
  uintptr_t reg(int index) const { return static_cast<uintptr_t>(machine_.gregs[index]); }
  void set(int index, uintptr_t value) { machine_.gregs[index] = static_cast<greg_t>(value); }
#endif
  mcontext_t &machine_;
};

// The handler does not return to the kernel, which would give back the signal mask.
void unblock_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGSEGV, SIGTRAP, retry_signal()}) sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// Adds what lies outside of the frames that `error` knows, and keeps the outermost.
void add_outer_frames(RuntimeError &error, const RuntimeError &outer) {
  size_t total = error.addresses.size() + error.omitted + outer.addresses.size() + outer.omitted;
  error.addresses.insert(error.addresses.end(), outer.addresses.begin(), outer.addresses.end());
  constexpr size_t inner = RuntimeError::innermost_kept;
  error.addresses.erase(error.addresses.begin() + inner, error.addresses.end() - RuntimeError::outermost_kept);
  error.omitted = total - error.addresses.size();
}

// Throws from the compiled code that a signal interrupted or, when `at` is null, that the trap returned to; `frame` is
// what unwinding will find of it. Deep recursion is left behind first.
[[noreturn]] void throw_from(FrameState &frame, Interrupted *at, RuntimeError::Kind kind, const char *message) {
  unblock_signals();
  RuntimeError error;
  error.kind = kind;
  error.message = message;
  if (skip_compiled_frames(frame, at != nullptr, error)) {
    if (at) {
      --frame.pc; // A return address now; the unwinder takes it for an interrupted instruction, and the call is meant.
      at->set_frame(frame);
    }
    RuntimeError outer;
    collect_addresses(outer);
    add_outer_frames(error, outer);
  } else {
    collect_addresses(error);
  }
  throw error;
}

[[noreturn]] void throw_overflow(FrameState &frame, Interrupted *at) {
  pending_overflow = 0;
  overflow_thrown = 1;
  steps_left = 0;
  if (!pending_interrupt) set_retry_timer(false);
  throw_from(frame, at, RuntimeError::StackOverflow, "stack overflow");
}

void throw_pending(FrameState &frame, Interrupted *at) {
  if (pending_overflow) throw_overflow(frame, at);
  if (!pending_interrupt) return;
  pending_interrupt = 0;
  unanswered = 0;
  set_retry_timer(false);
  throw_from(frame, at, RuntimeError::Interrupt, "interrupted");
}

void throw_pending(Interrupted &at) {
  FrameState frame = at.frame();
  throw_pending(frame, &at);
}

// Raises what is pending if the signal found compiled code; else makes it happen when the runtime returns there, or
// later.
void deliver(Interrupted at) {
  if (!pending_interrupt && !pending_overflow) return set_retry_timer(false);
  if (!running || in_compile_stack()) return;
  if (at.in_compiled_code()) throw_pending(at);
  set_return_trap();
}

// A recursion through the runtime's callbacks uses up the reserve before the timer's first chance, and may meet each
// step of it at the same place. So the processor steps instruction by instruction until it is in compiled code, for a
// while.
void on_step(int signal, siginfo_t *info, void *context) {
  if (info->si_code != TRAP_TRACE) { // A breakpoint: not ours.
    std::signal(signal, SIG_DFL);
    return;
  }
  steps_left = pending_overflow && steps_left > 0 ? steps_left - 1 : 0;
  Interrupted at(context);
  if (steps_left && at.in_compiled_code()) throw_pending(at);
  at.set_stepping(steps_left);
}

// Whether a process-wide signal came to another thread than Kiln's; it is passed on.
bool redirected(int signal) {
  if (pthread_equal(pthread_self(), kiln_thread)) return false;
  pthread_kill(kiln_thread, signal);
  return true;
}

void on_interrupt(int signal, siginfo_t *, void *context) {
  if (redirected(signal)) return;
  int saved = errno;
  pending_interrupt = 1;
  unanswered = unanswered + 1;
  if (unanswered > patience) { // Nobody asks: behave like any program.
    std::signal(SIGINT, SIG_DFL);
    raise(SIGINT);
  }
  if (running) {
    set_retry_timer(true);
    deliver(Interrupted(context));
  }
  errno = saved;
}

void on_retry(int signal, siginfo_t *, void *context) {
  if (redirected(signal)) return;
  int saved = errno;
  deliver(Interrupted(context));
  errno = saved;
}

void on_fault(int signal, siginfo_t *info, void *context) {
  Interrupted at(context);
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  Stack *stack = own_stack();
  bool ours = running && pthread_equal(pthread_self(), kiln_thread);
  if (ours && stack && stack->is_closed(address)) {
    if (at.in_compiled_code()) {
      FrameState frame = at.frame();
      throw_overflow(frame, &at);
    }
    if (stack->open_reserve(address)) {
      if (overflow_thrown) return; // A clean-up on the way out.
      pending_overflow = 1;
      set_retry_timer(true);
      set_return_trap();
      steps_left = most_steps;
      at.set_stepping(true);
      return;
    }
    static const char message[] = "error: stack overflow\n";
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(2);
    _exit(1);
  }
  // On a stack of the host's: compiled code touches memory near its stack pointer only there.
  constexpr uintptr_t near = 1 << 20;
  if (ours && !stack && at.in_compiled_code() && address - (at.sp() - near) < 2 * near) {
    FrameState frame = at.frame();
    throw_overflow(frame, &at);
  }
  std::signal(signal, SIG_DFL); // The instruction runs again and meets the default.
}

} // namespace

void raise_pending(FrameState &frame) { throw_pending(frame, nullptr); }

void install_signal_handlers() {
  if (installed) return;
  installed = true;
  kiln_thread = pthread_self();
  stack_t signal_stack{};
  signal_stack.ss_size = signal_stack_bytes;
  signal_stack.ss_sp = mmap(nullptr, signal_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (signal_stack.ss_sp != MAP_FAILED) sigaltstack(&signal_stack, nullptr);

  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = retry_signal();
  if (timer_create(CLOCK_MONOTONIC, &event, &retry_timer) != 0) throw std::bad_alloc();
#ifndef KILN_STATIC_UNWINDER
  set_return_trap(); // Nothing is found: but the unwinder's first search, which looks symbols up, is done.
#endif

  auto install = [](int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
    sigemptyset(&action.sa_mask);
    for (int other : {SIGINT, retry_signal()}) sigaddset(&action.sa_mask, other);
    sigaction(signal, &action, nullptr);
  };
  install(SIGINT, on_interrupt, 0); // Without SA_RESTART: a read that waits for input ends.
  install(retry_signal(), on_retry, SA_RESTART);
  install(SIGSEGV, on_fault, 0);
  install(SIGTRAP, on_step, SA_RESTART);
}

RunningKiln::RunningKiln() {
  if (running == 0) {
    kiln_thread = pthread_self();
    rearm_stack_guard();
    forget_return_trap(__builtin_frame_address(0));
    if (pending_interrupt && installed) set_retry_timer(true);
  }
  running = running + 1;
}

RunningKiln::~RunningKiln() {
  running = running - 1;
  if (installed) rearm_stack_guard();
}

bool RunningKiln::any() { return running != 0; }

void rearm_stack_guard() {
  pending_overflow = 0;
  overflow_thrown = 0;
  Stack *stack = own_stack();
  uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (stack && stack->reserve_open() && here > stack->usable_begin()) stack->close_reserve();
}

bool take_interrupt() {
  bool was = pending_interrupt;
  pending_interrupt = 0;
  unanswered = 0;
  return was;
}

} // namespace kiln
