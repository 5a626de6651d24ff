// KIR of branches and loops.
#include "built.h"

namespace kiln {
namespace {

TEST(Build, IfIsAValueOnlyWhereOneIsWanted) {
  EXPECT_EQ(function_kir("f(c) = c ? 1 : 2.0"), R"(fn f(c)
b0(%0 c):
  branch %0, b1, b2
b1:
  %1 = Const 1
  jump b3(%1)
b2:
  %2 = Const 2.0
  jump b3(%2)
b3(%3):
  return %3
)");
  EXPECT_EQ(function_kir("fn f(c) {\n  if c { 1 } else { \"a\" }\n  c\n}"), R"(fn f(c)
b0(%0 c):
  branch %0, b1, b2
b1:
  %1 = Const 1
  jump b3
b2:
  %2 = Const "a"
  jump b3
b3:
  return %0
)");
}

TEST(Build, ElseIfChainsMergeOnce) {
  EXPECT_EQ(function_kir("fn f(a, b) {\n  if a { 1 } else if b { 2 } else { 3 }\n}"), R"(fn f(a, b)
b0(%0 a, %1 b):
  branch %0, b1, b2
b1:
  %2 = Const 1
  jump b5(%2)
b2:
  branch %1, b3, b4
b3:
  %3 = Const 2
  jump b5(%3)
b4:
  %4 = Const 3
  jump b5(%4)
b5(%5):
  return %5
)");
}

TEST(Build, ConditionsBranchDirectly) {
  EXPECT_EQ(function_kir("fn f(a, b, c) {\n  if a and not b or c { return 1 }\n  2\n}"), R"(fn f(a, b, c)
b0(%0 a, %1 b, %2 c):
  branch %0, b1, b2
b1:
  branch %1, b2, b3
b2:
  branch %2, b3, b4
b3:
  %3 = Const 1
  return %3
b4:
  %4 = Const 2
  return %4
)");
}

TEST(Build, ValueOfABlockWithoutOneIsNone) {
  for (const char *text : {"fn f() { }", "fn f() { x = 1 }", "fn f() { return }"})
    EXPECT_EQ(count(function_kir(text), "Const none"), 1u) << text;
  std::string kir = function_kir("fn f(c) {\n  x = if c { 1 }\n  x\n}");
  EXPECT_EQ(count(kir, "Const none"), 1u) << kir;
}

TEST(Build, WhileHasParametersOnlyForWhatChanges) {
  EXPECT_EQ(function_kir("fn f(n) {\n  s = 0\n  k = n\n  while s < k { s += k }\n  s\n}"), R"(fn f(n)
b0(%0 n):
  %1 = Const 0
  jump b1(%1)
b1(%2 s):
  %3 = Binary < %2, %0
  branch %3, b2, b3
b2:
  %4 = Binary + %2, %0
  jump b1(%4)
b3:
  return %2
)");
}

TEST(Build, NestedLoopsPassOnlyWhatChanges) {
  std::string kir = function_kir(R"(fn f(n, a) {
  s = 0
  for i in 0..n {
    for j in 0..n {
      if i == j { continue }
      while a > 0 { if a == 5 { break } }
      s += i
    }
  }
  s
})");
  // n and a reach four loops and never become parameters of a block.
  EXPECT_EQ(count(kir, "%0 n, %1 a"), 1u) << kir;            // The entry.
  EXPECT_EQ(count(kir, " n") + count(kir, " a"), 3u) << kir; // And f(n, a).
  // s is one of the header of each `for`, and of the merge at the inner latch; the `while` does not change it.
  EXPECT_EQ(count(kir, " s"), 3u) << kir;
}

TEST(Build, ForOverAnIterable) {
  EXPECT_EQ(function_kir("fn f(xs) {\n  s = 0\n  for x in xs {\n    if x { continue }\n    s = x\n  }\n  s\n}"),
            R"(fn f(xs)
b0(%0 xs):
  %1 = Const 0
  %2 = Iterable %0
  %3 = IterStart %2
  jump b1(%3, %1)
b1(%4, %5 s):
  %6 = IterHas %2, %4
  branch %6, b2, b6
b2:
  %7 = IterGet %2, %4
  branch %7, b3, b4
b3:
  jump b5(%5)
b4:
  jump b5(%7)
b5(%8 s):
  %9 = IterNext %2, %4
  jump b1(%9, %8)
b6:
  return %5
)");
}

TEST(Build, LoopDepths) {
  Built built("fn f(n) {\n  for i in n, j in n { while i { } }\n  for k in n { }\n}");
  built.function();
  EXPECT_TRUE(built.kir->has_loop);
  std::vector<uint32_t> headers;
  for (const Block *block : built.kir->blocks)
    if (block->loop_header) headers.push_back(block->loop_depth);
  EXPECT_EQ(headers, (std::vector<uint32_t>{1, 2, 3, 1}));
  EXPECT_EQ(built.kir->entry()->loop_depth, 0u);
  EXPECT_EQ(built.kir->blocks.back()->loop_depth, 0u);
}

TEST(Build, BlocksOfALoopStandTogether) {
  // The exit is the true side of the header's branch, and yet comes after the body.
  EXPECT_EQ(function_kir("fn f(a) {\n  while not a { g() }\n  1\n}"), R"(fn f(a)
b0(%0 a):
  jump b1
b1:
  branch %0, b3, b2
b2:
  %1 = Name g
  %2 = Call %1
  jump b1
b3:
  %3 = Const 1
  return %3
)");
}

TEST(Build, LaterGeneratorsUseEarlierVariables) {
  EXPECT_EQ(function_kir("fn f(n) {\n  for i in n, j in i { g(j) }\n}"), R"(fn f(n)
b0(%0 n):
  %1 = Iterable %0
  %2 = IterStart %1
  jump b1(%2)
b1(%3):
  %4 = IterHas %1, %3
  branch %4, b2, b6
b2:
  %5 = IterGet %1, %3
  %6 = Iterable %5
  %7 = IterStart %6
  jump b3(%7)
b3(%8):
  %9 = IterHas %6, %8
  branch %9, b4, b5
b4:
  %10 = IterGet %6, %8
  %11 = Name g
  %12 = Call %11, %10
  %13 = IterNext %6, %8
  jump b3(%13)
b5:
  %14 = IterNext %1, %3
  jump b1(%14)
b6:
  %15 = Const none
  return %15
)");
}

TEST(Build, Comprehension) {
  EXPECT_EQ(function_kir("f(xs) = [x * 2 for x in xs if x > 1]"), R"(fn f(xs)
b0(%0 xs):
  %1 = Iterable %0
  %2 = CompNew %1 rank 1
  %3 = IterStart %1
  jump b1(%3)
b1(%4):
  %5 = IterHas %1, %4
  branch %5, b2, b5
b2:
  %6 = IterGet %1, %4
  %7 = Const 1
  %8 = Binary > %6, %7
  branch %8, b3, b4
b3:
  %9 = Const 2
  %10 = Binary * %6, %9
  %11 = CompAppend %2, %10
  jump b4
b4:
  %12 = IterNext %1, %4
  jump b1(%12)
b5:
  %13 = CompDone %2
  return %13
)");
  std::string matrix = function_kir("f(a, b) = [i * j for i in a, j in b]");
  EXPECT_EQ(count(matrix, "CompNew %2, %3 rank 2 exact"), 1u) << matrix;
  EXPECT_EQ(count(matrix, "IterStart"), 2u);
  // Both iterables are evaluated before the first loop, the outer loop is the first one's.
  EXPECT_LT(matrix.find("IterStart %2"), matrix.find("IterStart %3"));
}

TEST(Build, GeneratorArgumentMakesNoArray) {
  std::string kir = function_kir("f(xs) = sum(x^2 for x in xs if x > 1)");
  EXPECT_EQ(count(kir, "CompNew"), 0u) << kir;
  EXPECT_EQ(count(kir, "CallLibrary"), 2u) << kir;
}

TEST(Build, StatementsAfterALeaveAreNotBuilt) {
  EXPECT_EQ(function_kir("fn f(x) {\n  return x\n  y = 1\n  while y { y += 1 }\n  [i for i in y]\n}"),
            "fn f(x)\nb0(%0 x):\n  return %0\n");
  std::string kir = function_kir("fn f(x) {\n  y = 1\n  z = if x { return y } else { 2 } + { return 3 } + y\n  z\n}");
  EXPECT_EQ(count(kir, "return"), 2u) << kir;
}

TEST(Build, LoopThatAlwaysLeaves) {
  std::string kir = function_kir("fn f(xs) {\n  for x in xs { return x }\n  0\n}");
  EXPECT_EQ(count(kir, "IterNext"), 0u) << kir;
  EXPECT_EQ(count(kir, "IterHas %1, %2"), 1u) << kir; // The state needs no parameter.
}

} // namespace
} // namespace kiln
