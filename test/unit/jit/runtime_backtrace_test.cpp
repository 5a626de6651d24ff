#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"
#include "test/unit/jit/orc_fixture.h"

#include <algorithm>

namespace kiln {
namespace {

class Backtrace : public test::OrcTest {
protected:
  /// The error that compiled code raises `calls` calls below its first function.
  RuntimeError raise(int64_t calls) {
    externals["kiln_fail_range_step"] = reinterpret_cast<void *>(&calls::kiln_fail_range_step);
    if (!deep)
      deep = link<void(int64_t)>(R"(
      declare void @kiln_fail_range_step() cold noreturn
      define void @deep(i64 %n) noinline uwtable {
        %last = icmp eq i64 %n, 0
        br i1 %last, label %fail, label %more
      fail:
        call void @kiln_fail_range_step()
        unreachable
      more:
        %less = sub i64 %n, 1
        notail call void @deep(i64 %less)
        call void asm sideeffect "", ""()
        ret void
      })",
                                 "deep");
    try {
      deep(calls);
    } catch (const RuntimeError &error) {
      return error;
    }
    ADD_FAILURE() << "no error was raised";
    return {};
  }

  void (*deep)(int64_t) = nullptr;
};

TEST_F(Backtrace, HasOnlyTheCompiledFrames) {
  RuntimeError error = raise(4);
  EXPECT_EQ(error.message, "the step of a range cannot be 0");
  EXPECT_EQ(error.addresses.size(), 5u);
  EXPECT_EQ(error.omitted, 0u);
  EXPECT_TRUE(std::all_of(error.addresses.begin(), error.addresses.end(), Orc::is_code));
  // The innermost is the failing call, the others are the recursive one.
  EXPECT_NE(error.addresses[0], error.addresses[1]);
  EXPECT_EQ(error.addresses[1], error.addresses[4]);
}

TEST_F(Backtrace, LeavesOutTheMiddleOfADeepStack) {
  RuntimeError error = raise(1000);
  EXPECT_EQ(error.addresses.size(), RuntimeError::innermost_kept + RuntimeError::outermost_kept);
  EXPECT_EQ(error.omitted, 1001 - error.addresses.size());
  EXPECT_NE(error.addresses[0], error.addresses[1]);
  EXPECT_EQ(error.addresses[1], error.addresses.back());
}

TEST_F(Backtrace, JustFullLeavesOutNone) {
  constexpr size_t all = RuntimeError::innermost_kept + RuntimeError::outermost_kept;
  EXPECT_EQ(raise(all - 1).omitted, 0u);
  EXPECT_EQ(raise(all - 1).addresses.size(), all);
  EXPECT_EQ(raise(all).omitted, 1u);
  EXPECT_EQ(raise(all).addresses.size(), all);
}

} // namespace
} // namespace kiln
