#include "codegen/build.h"
#include "lang/parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace kiln {
namespace {

/// A source parsed, and KIR made of it.
class Built {
public:
  explicit Built(std::string text) : source_(sources.add("test.kn", std::move(text))) {
    ast = parse(sources, source_, diagnostics);
    EXPECT_TRUE(diagnostics.list().empty()) << messages();
  }
  /// The printed KIR, without places, of the first definition.
  std::string function() {
    kir = build_function(cast<FunctionStmt>(ast->statements[0]), sources, types, diagnostics, files);
    return text();
  }
  std::string unit(const std::set<std::string_view> &shared = {}, std::string_view value_name = {}) {
    UnitContext context{[&shared](std::string_view name) { return shared.contains(name); }, files};
    kir = build_unit(ast->statements, context, sources, types, diagnostics, value_name);
    return text();
  }
  std::string messages() const {
    std::string all;
    for (const Diagnostic &diagnostic : diagnostics.list())
      all += fmt::format("{} '{}'\n", diag_table[static_cast<size_t>(diagnostic.code)].name,
                         sources.text(diagnostic.span));
    return all;
  }

  Sources sources;
  Diagnostics diagnostics;
  TypeTable types;
  FileNames files;
  std::unique_ptr<Ast> ast;
  std::unique_ptr<KirFunction> kir;

private:
  std::string text() const {
    EXPECT_EQ(verify_kir(*kir), "");
    std::string printed = print_kir(*kir, sources), bare;
    for (size_t at = 0; at < printed.size();) {
      size_t end = printed.find('\n', at);
      std::string_view line(printed.data() + at, end - at);
      bare.append(line.substr(0, line.find("  ;"))).append("\n");
      at = end + 1;
    }
    return bare;
  }
  uint32_t source_;
};

std::string function_kir(std::string text) {
  Built built(std::move(text));
  std::string kir = built.function();
  EXPECT_EQ(built.messages(), "");
  return kir;
}
std::string unit_kir(std::string text, const std::set<std::string_view> &shared = {},
                     std::string_view value_name = {}) {
  Built built(std::move(text));
  std::string kir = built.unit(shared, value_name);
  EXPECT_EQ(built.messages(), "");
  return kir;
}
/// The messages of building: the name of each and the text it points at.
std::string errors(std::string text) {
  Built built(std::move(text));
  built.function();
  return built.messages();
}
size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// --- expressions ---

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

// --- control flow ---

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

// --- variables ---

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

// --- lambdas ---

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

// --- errors ---

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

// --- units ---

TEST(BuildUnit, VariablesLiveInTheUnitAndAreWrittenBack) {
  EXPECT_EQ(unit_kir("x = y + 1\nx += 2\nx * 2", {}, "ans"), R"(top level
b0:
  %0 = Name y
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = Const 2
  %4 = Binary + %2, %3
  %5 = Const 2
  %6 = Binary * %4, %5
  %7 = StoreGlobal ans %6 fresh
  %8 = StoreGlobal x %4 fresh
  %9 = Const none
  return %9
)");
}

TEST(BuildUnit, ReadsAtTheEntryWhatIsAssignedLater) {
  EXPECT_EQ(unit_kir("for i in 0..3 { s = s + i }"), R"(top level
b0:
  %0 = Name s fresh
  %1 = Const 0
  %2 = Const 3
  %3 = Range %1, %2
  %4 = Iterable %3
  %5 = IterStart %4
  jump b1(%5, %0)
b1(%6, %7 s):
  %8 = IterHas %4, %6
  branch %8, b2, b3
b2:
  %9 = IterGet %4, %6
  %10 = Binary + %7, %9
  %11 = IterNext %4, %6
  jump b1(%11, %10)
b3:
  %12 = StoreGlobal s %7 fresh
  %13 = Const none
  return %13
)");
}

TEST(BuildUnit, SharedVariablesAreInMemory) {
  EXPECT_EQ(unit_kir("x += 1\nx", {"x"}), R"(top level
b0:
  %0 = Name x
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = StoreGlobal x %2
  %4 = Name x
  %5 = Const none
  return %5
)");
  EXPECT_EQ(count(unit_kir("x = 1", {"x"}), "StoreGlobal x %0 fresh"), 1u);
  // Mentioned by a lambda of the unit itself.
  std::string kir = unit_kir("x = 1\ng = () -> x\nx = 2");
  EXPECT_EQ(count(kir, "StoreGlobal x"), 2u) << kir;
  EXPECT_EQ(count(kir, "captures"), 0u) << kir;
}

TEST(BuildUnit, LambdasCaptureWhatIsLocalToBlocks) {
  std::string kir = unit_kir("for i in 0..3 { g(() -> i) }");
  EXPECT_EQ(count(kir, "captures i"), 1u) << kir;
  EXPECT_EQ(count(kir, "StoreGlobal"), 0u) << kir;
}

TEST(BuildUnit, LetAndConstAtTheTopLevelAreTopLevelVariables) {
  EXPECT_EQ(count(unit_kir("let x = 1"), "StoreGlobal x %0 fresh"), 1u);
  EXPECT_EQ(count(unit_kir("const K: f64 = 1"), "StoreGlobal K %1 fresh"), 1u);
}

// --- names ---

std::set<std::string_view> free_names(const Built &built, size_t statement = 0) {
  std::unordered_set<std::string_view> names;
  collect_free_names(*built.ast->statements[statement], names);
  return {names.begin(), names.end()};
}

TEST(Names, FreeNamesAreThoseNotBoundInside) {
  using Names = std::set<std::string_view>;
  EXPECT_EQ(free_names(Built("fn f(a, b = c) {\n  x = a\n  for i in d { let t = i; g(t, x) }\n  [j for j in e]\n}")),
            (Names{"c", "d", "g", "e"}));
  EXPECT_EQ(free_names(Built("fn f() {\n  global n\n  n = 1\n}")), (Names{"n"}));
  EXPECT_EQ(free_names(Built("fn f(x) = y -> x + y + z")), (Names{"z"}));
  EXPECT_EQ(free_names(Built("x = map(xs, v -> v * k)")), (Names{"k"})); // xs is the unit's own.
  EXPECT_EQ(free_names(Built("for i in xs { g(() -> i + x) }")), (Names{"x"}));
  EXPECT_EQ(free_names(Built("x = y + 1")), (Names{}));
}

TEST(Names, AssignedNamesAreThoseOfTheTopLevel) {
  auto assigned = [](std::string text) {
    Built built(std::move(text));
    std::unordered_set<std::string_view> names;
    collect_assigned_names(*built.ast->statements[0], names);
    return std::set<std::string>(names.begin(), names.end());
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(assigned("x = 1"), (Names{"x"}));
  EXPECT_EQ(assigned("(x, (y, a[0])) = z"), (Names{"x", "y"}));
  EXPECT_EQ(assigned("for i in n { s += i; i = 2; let t = 1; t = 2 }"), (Names{"s"}));
  EXPECT_EQ(assigned("f(x) = { y = x }"), (Names{}));
  EXPECT_EQ(assigned("g = x -> { y = x }"), (Names{"g"}));
}

TEST(Names, ContainsLoop) {
  auto loops = [](std::string text) {
    Built built(std::move(text));
    return contains_loop(*built.ast->statements[0]);
  };
  EXPECT_TRUE(loops("for i in 0..3 { }"));
  EXPECT_TRUE(loops("x = f([i for i in 0..3])"));
  EXPECT_TRUE(loops("if a { while b { } }"));
  EXPECT_FALSE(loops("x = map(a, y -> [i for i in y])"));
  EXPECT_FALSE(loops("fn f() { while true { } }"));
}

// --- size ---

/// f(a) = a + a + ...: a left spine of `many` nodes that `above` makes, deeper than the parser would let through.
template <typename Above>
std::string spine_kir(size_t many, Above above) {
  Built built("");
  Ast &ast = *built.ast;
  const Expr *value = ast.make<NameExpr>(Span{}, "a");
  for (size_t i = 0; i < many; ++i) value = above(ast, value);
  Param param{{"a", {}}, nullptr, nullptr, false};
  const FunctionStmt *function =
      ast.make<FunctionStmt>(Span{}, Ident{"f", {}}, ast.list(std::vector{param}), nullptr, value, std::string_view());
  TypeTable types;
  auto kir = build_function(*function, built.sources, types, built.diagnostics, built.files);
  EXPECT_EQ(verify_kir(*kir), "");
  std::unordered_set<std::string_view> names;
  collect_free_names(*function, names);
  EXPECT_TRUE(names.empty());
  return print_kir(*kir, built.sources);
}

TEST(BuildSize, LongChainsAreFlat) {
  constexpr size_t many = 100'000;
  auto name = [](Ast &ast) { return ast.make<NameExpr>(Span{}, "a"); };
  EXPECT_EQ(count(spine_kir(many,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<BinaryExpr>(Span{}, BinaryOp::Add, Span{}, left, name(ast));
                            }),
                  "Binary"),
            many);
  constexpr size_t blocks = 10'000; // The verifier's dominators take quadratic time on this shape.
  EXPECT_EQ(count(spine_kir(blocks,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<LogicalExpr>(Span{}, true, Span{}, left, name(ast));
                            }),
                  "branch"),
            blocks + 1);
  EXPECT_EQ(count(spine_kir(many,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<FieldExpr>(Span{}, left, Ident{"x", {}}, false);
                            }),
                  "Field"),
            many);
  EXPECT_EQ(count(spine_kir(many, [&](Ast &ast,
                                      const Expr *left) { return ast.make<CallExpr>(Span{}, left, List<Argument>()); }),
                  "Call"),
            many);
}

TEST(BuildSize, ManyBlocksBetweenAssignmentAndUse) {
  std::string text = "fn f(a, x) {\n  y = x\n";
  for (int i = 0; i < 20'000; ++i) text += "  if a { g() }\n";
  std::string kir = function_kir(text + "  y + x\n}");
  EXPECT_EQ(count(kir, " y"), 0u);
  EXPECT_EQ(count(kir, "Binary + %1, %1"), 1u);
}

TEST(BuildSize, ManyElseIfs) {
  std::string text = "fn f(a) {\n  if a == 0 { 0 }";
  for (int i = 1; i < 500; ++i) text += fmt::format(" else if a == {} {{ {} }}", i, i);
  EXPECT_EQ(count(function_kir(text + " else { 7 }\n}"), "branch"), 500u);
}

TEST(BuildSize, DeepNesting) {
  std::string text = "f(x) = ";
  for (int i = 0; i < 200; ++i) text += "(1 - [g(";
  text += "x";
  for (int i = 0; i < 200; ++i) text += ")])";
  EXPECT_EQ(count(function_kir(text), "Call"), 200u);
}

} // namespace
} // namespace kiln
