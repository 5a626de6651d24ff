// KIR of expressions, and what building reports.
#include "built.h"

namespace kiln {
namespace {

TEST(Build, Expressions) {
  EXPECT_EQ(function_kir("hyp(x, y) = sqrt(x^2 + y^2)"), R"(fn hyp(x, y)
b0(%0 x, %1 y):
  %2 = Name sqrt
  %3 = Const 2
  %4 = Binary ^ %0, %3
  %5 = Const 2
  %6 = Binary ^ %1, %5
  %7 = Binary + %4, %6
  %8 = Call %2, %7
  return %8
)");
}

TEST(Build, Constants) {
  std::string kir = function_kir(R"(f() = (1, 255u8, 1.5, 2.0f32, true, none, "a\"b", 18446744073709551615u64))");
  for (const char *expected : {"Const 1\n", "Const 255u8\n", "Const 1.5\n", "Const 2.0f32\n", "Const true\n",
                               "Const none\n", "Const \"a\\\"b\"\n", "Const 18446744073709551615u64\n"})
    EXPECT_EQ(count(kir, expected), 1u) << expected << kir;
}

TEST(Build, OperatorsAndPlaces) {
  Built built("f(a, b) = -a + +b");
  EXPECT_EQ(built.function(), R"(fn f(a, b)
b0(%0 a, %1 b):
  %2 = Unary - %0
  %3 = Unary + %1
  %4 = Binary + %2, %3
  return %4
)");
  const Inst *sum = built.kir->entry()->insts[2];
  EXPECT_EQ(built.sources.text(sum->span), "-a + +b");
  EXPECT_EQ(built.sources.text(sum->op_span), "+");
}

TEST(Build, CallsFieldsAndLiterals) {
  EXPECT_EQ(function_kir("f(a) = a.g(1, k: 2).x[0, 3](a)"), R"(fn f(a)
b0(%0 a):
  %1 = Const 1
  %2 = Const 2
  %3 = CallMethod .g %0, %1, k: %2
  %4 = Field .x %3
  %5 = Const 0
  %6 = Const 3
  %7 = Index %4, %5, %6
  %8 = Call %7, %0
  return %8
)");
  EXPECT_EQ(function_kir("f(a) = ([], [a, 2], [f64, 2](), (x: 1, y: a), 0..=a by 2)"), R"(fn f(a)
b0(%0 a):
  %1 = EmptyArray
  %2 = Const 2
  %3 = Array %0, %2
  %4 = EmptyArray [f64, 2]
  %5 = Const 1
  %6 = Tuple x: %5, y: %0
  %7 = Const 0
  %8 = Const 2
  %9 = Range %7, %0, %8 inclusive
  %10 = Tuple %1, %3, %4, %6, %9
  return %10
)");
}

TEST(Build, Strings) {
  EXPECT_EQ(function_kir(R"(f(x) = "a $x, ${x + 1:.3f}")"), R"(fn f(x)
b0(%0 x):
  %1 = Const "a "
  %2 = Format "" %0
  %3 = Const ", "
  %4 = Const 1
  %5 = Binary + %0, %4
  %6 = Format ".3f" %5
  %7 = Concat %1, %2, %3, %6
  return %7
)");
  EXPECT_EQ(function_kir(R"(f() = "")"), "fn f()\nb0:\n  %0 = Const \"\"\n  return %0\n");
}

TEST(Build, InAndIs) {
  EXPECT_EQ(function_kir("f(x, y) = (x in y, x not in y, x is f64, x is not f64)"), R"(fn f(x, y)
b0(%0 x, %1 y):
  %2 = Binary in %0, %1
  %3 = Binary in %0, %1
  %4 = Unary not %3
  %5 = Is %0, f64
  %6 = Is %0, f64
  %7 = Unary not %6
  %8 = Tuple %2, %4, %5, %7
  return %8
)");
}

TEST(Build, ComparisonChainEvaluatesOperandsOnce) {
  EXPECT_EQ(function_kir("f(a, b, c) = a < b <= c"), R"(fn f(a, b, c)
b0(%0 a, %1 b, %2 c):
  %3 = Binary < %0, %1
  branch %3, b1, b3
b1:
  %4 = Binary <= %1, %2
  branch %4, b2, b3
b2:
  %5 = Const true
  jump b4(%5)
b3:
  %6 = Const false
  jump b4(%6)
b4(%7):
  return %7
)");
  EXPECT_EQ(function_kir("f(a, b) = a < b"), "fn f(a, b)\nb0(%0 a, %1 b):\n  %2 = Binary < %0, %1\n  return %2\n");
}

TEST(Build, Errors) {
  EXPECT_EQ(errors("fn f() { break }"), "BreakOutsideLoop 'break'\n");
  EXPECT_EQ(errors("fn f(x) {\n  for i in x { g(() -> { continue }) }\n}"), "BreakOutsideLoop 'continue'\n");
  EXPECT_EQ(errors("f(x, y, x) = x"), "DuplicateParameter 'x'\n");
  EXPECT_EQ(errors("fn f(x) {\n  global x\n  x\n}"), "GlobalParameter 'x'\n");
  EXPECT_EQ(errors("f(a, b) = [i + j for i in a, j in b if i < j]"), "ComprehensionCondition 'i < j'\n");
  EXPECT_EQ(errors("fn f(n) {\n  g = x -> g(x - 1)\n  g(n)\n}"), "");
  EXPECT_EQ(errors("fn f(n) {\n  g = x -> x\n  g = x -> g(x - 1)\n  g(n)\n}"), "RecursiveLocalFunction 'g'\n");
  EXPECT_EQ(errors("fn f(n) {\n  fn g(x) = g(x - 1)\n  g = 1\n}"), "RecursiveLocalFunction 'g'\n");
  EXPECT_EQ(errors("fn f(n) {\n  fn g(x, k = n) = x\n  g(n)\n}"), "DefaultUsesLocal 'n'\n");
}

TEST(Build, ReturnAtTheTopLevel) {
  Built built("x = 1\nreturn x");
  built.unit();
  EXPECT_EQ(built.messages(), "ReturnOutsideFunction 'return x'\n");
}

} // namespace
} // namespace kiln
