// KIR of variables, and of the functions that capture them.
#include "built.h"

namespace kiln {
namespace {

TEST(Build, Assignments) {
  EXPECT_EQ(function_kir("fn f(a, i) {\n  a[i, 0] += i\n  (a[0], x, _) = (i, a, 3)\n  x\n}"), R"(fn f(a, i)
b0(%0 a, %1 i):
  %2 = Const 0
  %3 = Find %0, %1, %2
  %4 = Index %0, %1, %2
  %5 = Binary + %4, %1
  %6 = SetIndex %0, %1, %2, %5
  %7 = Const 3
  %8 = Tuple %1, %0, %7
  %9 = Destructure %8, 0 of 3
  %10 = Destructure %8, 1 of 3
  %11 = Destructure %8, 2 of 3
  %12 = Const 0
  %13 = SetIndex %0, %12, %9
  return %10
)");
}

TEST(Build, AnnotatedVariablesAlwaysCoerce) {
  std::string kir = function_kir("fn f(x): f64 {\n  y: f32 = x\n  y = 1\n  y += 2\n  if x { return 3 }\n  y\n}");
  EXPECT_EQ(count(kir, "Coerce variable"), 3u) << kir;
  EXPECT_EQ(count(kir, "Coerce result"), 2u) << kir;
  EXPECT_EQ(count(function_kir("fn f(x: f64) {\n  x = 1\n  x\n}"), "Coerce variable %1, f64"), 1u);
}

TEST(Build, DefaultsAreFunctionsOfTheParametersBefore) {
  EXPECT_EQ(function_kir("f(a, b: f64 = a + 1) = b"), R"(fn f(a, b: f64 = ...)
b0(%0 a, %1 b):
  return %1
default b(a)
b0(%0 a):
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = Coerce parameter %2, f64
  return %3
)");
}

TEST(Build, LetShadowsForTheRestOfItsBlock) {
  EXPECT_EQ(function_kir("fn f(x) {\n  {\n    let x = x + 1\n    g(x)\n    x = 5\n  }\n  x\n}"), R"(fn f(x)
b0(%0 x):
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = Name g
  %4 = Call %3, %2
  %5 = Const 5
  return %0
)");
}

TEST(Build, LoopVariablesAreOfTheirLoop) {
  std::string kir = function_kir("fn f(xs) {\n  i = 7\n  for i in xs { i = i + 1 }\n  i\n}");
  EXPECT_EQ(count(kir, "return %1"), 1u) << kir; // Const 7, not changed.
  EXPECT_EQ(count(kir, " i"), 0u) << kir;        // No parameter for either.
}

TEST(Build, UnsetFlowsFromTheEntry) {
  EXPECT_EQ(function_kir("fn f(c) {\n  if c { x = 1 }\n  x\n}"), R"(fn f(c)
b0(%0 c):
  %1 = Unset x
  branch %0, b1, b2
b1:
  %2 = Const 1
  jump b3(%2)
b2:
  jump b3(%1)
b3(%3 x):
  return %3
)");
  // Assigned before it is read in every iteration: nothing is unset.
  EXPECT_EQ(count(function_kir("fn f(n) {\n  for i in n { t = i; g(t) }\n}"), "Unset"), 0u);
  // Assigned later, yet the local.
  EXPECT_EQ(count(function_kir("fn f() {\n  g(x)\n  x = 1\n}"), "Unset x"), 1u);
}

TEST(Build, GlobalsAreStoredAndReadInPlace) {
  EXPECT_EQ(function_kir("fn f() {\n  global n\n  n += y\n  n\n}"), R"(fn f()
b0:
  %0 = Name n
  %1 = Name y
  %2 = Binary + %0, %1
  %3 = StoreGlobal n %2
  %4 = Name n
  return %4
)");
}

TEST(Build, CapturesByValueWhatIsNotAssignedAfterwards) {
  EXPECT_EQ(function_kir("fn f(a) {\n  b = a + 1\n  x -> x * a + b\n}"), R"(fn f(a)
b0(%0 a):
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = Lambda fn#0 %0, %2
  return %3
fn#0(x) captures a, b
b0(%0 a, %1 b, %2 x):
  %3 = Binary * %2, %0
  %4 = Binary + %3, %1
  return %4
)");
}

TEST(Build, CapturesAsACellWhatALambdaAssigns) {
  EXPECT_EQ(function_kir("fn f(xs) {\n  n = 0\n  each(xs, x -> { n += x })\n  n\n}"), R"(fn f(xs)
b0(%0 xs):
  %1 = CellNew n
  %2 = Const 0
  %3 = CellSet %1, %2
  %4 = Name each
  %5 = Lambda fn#0 %1
  %6 = Call %4, %0, %5
  %7 = CellGet n %1
  return %7
fn#0(x) captures n
b0(%0 n, %1 x):
  %2 = CellGet n %0
  %3 = Binary + %2, %1
  %4 = CellSet %0, %3
  %5 = Const none
  return %5
)");
}

TEST(Build, CellsWhereAssignedAfterTheCapture) {
  auto cells = [](const char *text) { return count(function_kir(text), "CellNew"); };
  EXPECT_EQ(cells("fn f(a) {\n  g = () -> a\n  a = 2\n  g()\n}"), 1u);          // After it; a parameter.
  EXPECT_EQ(cells("fn f(a) {\n  a = 2\n  g = () -> a\n  g()\n}"), 0u);          // Before it.
  EXPECT_EQ(cells("fn f(a) {\n  for i in a { k = i; g(() -> k) }\n}"), 1u);     // In a loop around it.
  EXPECT_EQ(cells("fn f(a) {\n  for i in a { let k = i; g(() -> k) }\n}"), 0u); // Fresh in each iteration.
  EXPECT_EQ(cells("fn f(a) {\n  for i in a { g(() -> i) }\n}"), 0u);            // Likewise.
  EXPECT_EQ(cells("fn f(a) {\n  for i in a { g(() -> i); i = 0 }\n}"), 1u);
  EXPECT_EQ(cells("fn f(a) {\n  k = 1\n  for i in a { g(() -> k) }\n}"), 0u); // Before the loop.
  EXPECT_EQ(cells("fn f(a) {\n  k = 1\n  for i in a { g(() -> k); k += i }\n}"), 1u);
  EXPECT_EQ(cells("fn f(a) {\n  k = 1\n  for i in a { g(k) }\n  k = 2\n  () -> k\n}"), 0u);
  EXPECT_EQ(cells("fn f(a) {\n  h = () -> k\n  k = a\n  h()\n}"), 1u); // Only after it.
}

TEST(Build, CellsAreMadeWhereTheirScopeBegins) {
  EXPECT_EQ(function_kir("fn f(a) {\n  for i in a { g(() -> { i += 1 }) }\n}"), R"(fn f(a)
b0(%0 a):
  %1 = Iterable %0
  %2 = IterStart %1
  jump b1(%2)
b1(%3):
  %4 = IterHas %1, %3
  branch %4, b2, b3
b2:
  %5 = IterGet %1, %3
  %6 = CellNew i %5
  %7 = Name g
  %8 = Lambda fn#0 %6
  %9 = Call %7, %8
  %10 = IterNext %1, %3
  jump b1(%10)
b3:
  %11 = Const none
  return %11
fn#0() captures i
b0(%0 i):
  %1 = CellGet i %0
  %2 = Const 1
  %3 = Binary + %1, %2
  %4 = CellSet %0, %3
  %5 = Const none
  return %5
)");
}

TEST(Build, NestedLambdasCaptureThroughTheirParents) {
  EXPECT_EQ(function_kir("f(a) = x -> y -> a + x + y"), R"(fn f(a)
b0(%0 a):
  %1 = Lambda fn#0 %0
  return %1
fn#0(x) captures a
b0(%0 a, %1 x):
  %2 = Lambda fn#0 %0, %1
  return %2
fn#0(y) captures a, x
b0(%0 a, %1 x, %2 y):
  %3 = Binary + %0, %1
  %4 = Binary + %3, %2
  return %4
)");
}

TEST(Build, LambdasShareTheVariablesOfTheFunctionAround) {
  // t is only the lambda's own; n is assigned around it, if later.
  std::string kir = function_kir("fn f(xs) {\n  g = x -> { t = x; n = t; t }\n  n = 1\n  g(n)\n}");
  EXPECT_EQ(count(kir, "captures n\n"), 1u) << kir;
  EXPECT_EQ(count(kir, "CellNew"), 1u) << kir;
}

TEST(Build, NestedFunctionsAreLocalLambdas) {
  EXPECT_EQ(function_kir("fn f(a) {\n  fn g(x) = x + a\n  g(1)\n}"), R"(fn f(a)
b0(%0 a):
  %1 = Lambda g#0 %0
  %2 = Const 1
  %3 = Call %1, %2
  return %3
g#0(x) captures a
b0(%0 a, %1 x):
  %2 = Binary + %1, %0
  return %2
)");
  // What a named function assigns is its own.
  EXPECT_EQ(count(function_kir("fn f(a) {\n  fn g(x) { a = x; a }\n  g(a)\n}"), "captures"), 0u);
}

} // namespace
} // namespace kiln
