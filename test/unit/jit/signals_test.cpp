#include "jit/signals.h"

#include "jit/runtime/error.h"
#include "jit/stacks.h"
#include "orc_fixture.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>

namespace kiln::test {
namespace {

constexpr size_t stack_bytes = size_t(8) << 20;

struct SignalsTest : OrcTest {
  void SetUp() override {
    install_signal_handlers();
    OrcTest::SetUp();
  }
  void TearDown() override { EXPECT_FALSE(take_interrupt()); }

  static void on_own_stack(std::function<void()> body) {
    run_on_own_stack([](void *argument) { (*static_cast<std::function<void()> *>(argument))(); }, &body, stack_bytes);
  }
};

// The error that a call of compiled code ends in; nothing else is thrown.
template <typename Call>
RuntimeError error_of(Call call) {
  try {
    RunningKiln running;
    call();
  } catch (const RuntimeError &error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {};
}

// Sends this process SIGINT after a while, from a timer so that it lands anywhere.
void interrupt_in(long microseconds) {
  static timer_t timer = [] {
    timer_t made;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGINT;
    timer_create(CLOCK_MONOTONIC, &event, &made);
    return made;
  }();
  itimerspec when{};
  when.it_value.tv_nsec = microseconds * 1000;
  timer_settime(timer, 0, &when, nullptr);
}

const char *const endless = R"ir(
  define i64 @f(i64 %n) {
  entry:
    br label %loop
  loop:
    %i = phi i64 [ 0, %entry ], [ %next, %loop ]
    %a = phi i64 [ %n, %entry ], [ %c, %loop ]
    %b = call i64 @leaf(i64 %a)
    %c = add i64 %b, %i
    %next = add i64 %i, 1
    %more = icmp ne i64 %c, 1000003
    br i1 %more, label %loop, label %loop2
  loop2:
    br label %loop2
  }
  define internal i64 @leaf(i64 %x) noinline {
    %a = mul i64 %x, 6364136223846793005
    %b = xor i64 %a, 12345
    ret i64 %b
  })ir";

TEST_F(SignalsTest, InterruptsALoop) {
  auto *f = link<int64_t(int64_t)>(endless, "f");
  on_own_stack([&] {
    for (int i = 0; i < 100; ++i) {
      interrupt_in(300 + i * 7);
      RuntimeError error = error_of([&] { f(i); });
      ASSERT_EQ(error.kind, RuntimeError::Interrupt);
      ASSERT_FALSE(error.addresses.empty());
      ASSERT_TRUE(Orc::is_code(error.addresses[0]));
    }
  });
}

// Spends nearly all of its time outside compiled code.
int64_t busy(int64_t x) {
  auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  while (std::chrono::steady_clock::now() < until) {
    void *volatile block = std::malloc(static_cast<size_t>(x) % 1000 + 1);
    std::memset(block, 1, static_cast<size_t>(x) % 1000 + 1);
    std::free(block);
  }
  return x + 1;
}

const char *const calls_busy = R"ir(
  declare i64 @busy(i64)
  define i64 @f(i64 %n) {
  entry:
    br label %loop
  loop:
    %a = phi i64 [ %n, %entry ], [ %b, %loop ]
    %b = call i64 @busy(i64 %a)
    br label %loop
  })ir";

TEST_F(SignalsTest, InterruptsALoopThatIsMostlyInTheRuntime) {
  externals = {{"busy", reinterpret_cast<void *>(busy)}};
  auto *f = link<int64_t(int64_t)>(calls_busy, "f");
  on_own_stack([&] {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
      interrupt_in(300 + i * 7);
      RuntimeError error = error_of([&] { f(i); });
      ASSERT_EQ(error.kind, RuntimeError::Interrupt);
      ASSERT_EQ(error.addresses.size(), 1u);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  });
}

int64_t fails_slowly(int64_t x) {
  busy(x);
  throw_failure("failed");
}

TEST_F(SignalsTest, AFailureUnwindsThroughTheTrap) {
  externals = {{"busy", reinterpret_cast<void *>(fails_slowly)}};
  auto *f = link<int64_t(int64_t)>(calls_busy, "f");
  on_own_stack([&] {
    for (int i = 0; i < 100; ++i) {
      interrupt_in(20); // While fails_slowly() runs.
      RuntimeError error = error_of([&] { f(i); });
      take_interrupt();
      ASSERT_TRUE(error.kind == RuntimeError::Failure || error.kind == RuntimeError::Interrupt);
      ASSERT_EQ(error.addresses.size(), 1u);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    take_interrupt();
  });
}

int64_t takes_the_interrupt(int64_t x) {
  raise(SIGINT); // Sets the trap; then the program answers by itself.
  EXPECT_TRUE(take_interrupt());
  return x * 3;
}

TEST_F(SignalsTest, ATrapWithoutAReasonGoesOn) {
  externals = {{"busy", reinterpret_cast<void *>(takes_the_interrupt)}};
  auto *f = link<int64_t(int64_t)>(
      "declare i64 @busy(i64) define i64 @f(i64 %n) { %a = call i64 @busy(i64 %n) %b = add i64 %a, 1 ret i64 %b }",
      "f");
  RunningKiln running;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(f(i), 3 * i + 1);
}

TEST_F(SignalsTest, OutsideKilnAnInterruptIsRemembered) {
  EXPECT_FALSE(take_interrupt());
  raise(SIGINT);
  EXPECT_TRUE(take_interrupt());
  EXPECT_FALSE(take_interrupt());
}

const char *const recursion = R"ir(
  define i64 @f(i64 %n) {
    %m = add i64 %n, 1
    %a = call i64 @f(i64 %m)
    %b = call i64 @f(i64 %a)
    %c = add i64 %b, 1
    ret i64 %c
  })ir";

TEST_F(SignalsTest, StackOverflowInCompiledRecursion) {
  auto *f = link<int64_t(int64_t)>(recursion, "f");
  on_own_stack([&] {
    for (int i = 0; i < 20; ++i) {
      RuntimeError error = error_of([&] { f(i); });
      ASSERT_EQ(error.kind, RuntimeError::StackOverflow);
      ASSERT_EQ(error.addresses.size(), RuntimeError::innermost_kept + RuntimeError::outermost_kept);
      ASSERT_GT(error.omitted, 100'000u);
    }
  });
}

// Needs more stack than its caller, so that the overflow mostly happens in here; the volatile array is not optimised
// away.
int64_t deep_in_c(int64_t x) {
  volatile char room[3000];
  for (size_t i = 0; i < sizeof room; i += 64) room[i] = static_cast<char>(x);
  return room[0] + x;
}

TEST_F(SignalsTest, StackOverflowInACalledFunction) {
  externals = {{"deep", reinterpret_cast<void *>(deep_in_c)}};
  auto *f = link<int64_t(int64_t)>(R"ir(
    declare i64 @deep(i64)
    define i64 @f(i64 %n) {
      %m = call i64 @deep(i64 %n)
      %a = call i64 @f(i64 %m)
      %b = call i64 @f(i64 %a)
      ret i64 %b
    })ir",
                                   "f");
  on_own_stack([&] {
    for (int i = 0; i < 20; ++i) ASSERT_EQ(error_of([&] { f(i); }).kind, RuntimeError::StackOverflow);
    EXPECT_FALSE(own_stack()->reserve_open());
  });
}

int64_t (*compiled)(int64_t);

// A runtime function that calls back, as sort and map do; its destructor runs while the overflow unwinds.
int64_t calls_back(int64_t x) {
  struct CleanUp {
    int64_t &count;
    ~CleanUp() { deep_in_c(++count); }
  };
  static int64_t count = 0;
  CleanUp clean_up{count};
  return compiled(x) + 1;
}

TEST_F(SignalsTest, StackOverflowThroughCallbacks) {
  externals = {{"back", reinterpret_cast<void *>(calls_back)}};
  compiled = link<int64_t(int64_t)>(R"ir(
    declare i64 @back(i64)
    define i64 @f(i64 %n) {
      %m = call i64 @back(i64 %n)
      %a = add i64 %m, 1
      ret i64 %a
    })ir",
                                    "f");
  on_own_stack([&] {
    for (int i = 0; i < 20; ++i) ASSERT_EQ(error_of([&] { compiled(i); }).kind, RuntimeError::StackOverflow);
  });
}

TEST_F(SignalsTest, CompilesOnAStackOfItsOwn) {
  on_own_stack([&] {
    uintptr_t inside = 0;
    run_on_compile_stack(
        [](void *at) { *static_cast<uintptr_t *>(at) = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)); },
        &inside);
    EXPECT_FALSE(own_stack()->holds(inside));
    EXPECT_TRUE(own_stack()->holds(reinterpret_cast<uintptr_t>(__builtin_frame_address(0))));
  });
}

} // namespace
} // namespace kiln::test
