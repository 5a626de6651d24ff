#include "test/unit/lang/tree.h"

namespace kiln {
namespace {

TEST(Statements, Assignments) {
  EXPECT_EQ(tree("x = 1"), "(= x 1)");
  EXPECT_EQ(tree("x: f64 = 1"), "(= x: f64 1)");
  EXPECT_EQ(tree("(a, b) = (b, a)"), "(= (a, b) (tuple b a))");
  EXPECT_EQ(tree("(a, (_, c)) = t"), "(= (a, (_, c)) t)");
  EXPECT_EQ(tree("(xs[i], p.x) = (1, 2)"), "(= ((index xs i), (field p x)) (tuple 1 2))");
  EXPECT_EQ(tree("_ = f()"), "(= _ (call f))");
  EXPECT_EQ(tree("a[i, j] = 2"), "(= (index a i j) 2)");
  EXPECT_EQ(tree("p.x.y = 2"), "(= (field (field p x) y) 2)");
  EXPECT_EQ(tree("x = 1;"), "(= x 1);");
}

TEST(Statements, CompoundAssignments) {
  EXPECT_EQ(tree("x += 1"), "(+= x 1)");
  EXPECT_EQ(tree("x -= 1"), "(-= x 1)");
  EXPECT_EQ(tree("x *= 1"), "(*= x 1)");
  EXPECT_EQ(tree("x /= 1"), "(/= x 1)");
  EXPECT_EQ(tree("x //= 1"), "(//= x 1)");
  EXPECT_EQ(tree("x %= 1"), "(%= x 1)");
  EXPECT_EQ(tree("x ^= 1"), "(^= x 1)");
  EXPECT_EQ(tree("x &= 1"), "(&= x 1)");
  EXPECT_EQ(tree("x |= 1"), "(|= x 1)");
  EXPECT_EQ(tree("x <<= 1"), "(<<= x 1)");
  EXPECT_EQ(tree("x >>= 1"), "(>>= x 1)");
  EXPECT_EQ(tree("xs[i + 1] += y"), "(+= (index xs (+ i 1)) y)");
  Parsed parsed("total //= 2");
  EXPECT_EQ(parsed.sources.text(cast<AssignStmt>(parsed.ast->statements[0]).op_span), "//=");
}

TEST(Statements, Declarations) {
  EXPECT_EQ(tree("let x = 1"), "(let x 1)");
  EXPECT_EQ(tree("let x: i32 = 1"), "(let x: i32 1)");
  EXPECT_EQ(tree("let (a, b) = t"), "(let (a, b) t)");
  EXPECT_EQ(tree("const K = 2 * 3"), "(const K (* 2 3))");
  EXPECT_EQ(tree("const K: f64 = 3"), "(const K: f64 3)");
  EXPECT_EQ(tree("global a, b"), "(global a b)");
}

TEST(Statements, Loops) {
  EXPECT_EQ(tree("while a < b { a += 1 }"), "(while (a < b) {(+= a 1)})");
  EXPECT_EQ(tree("for x in xs { f(x) }"), "(for (x in xs) {(call f x)})");
  EXPECT_EQ(tree("for i in 0..n by 2, (j, _) in ps {\n break\n continue\n}"),
            "(for (i in (.. 0 n by 2)) ((j, _) in ps) {break; continue})");
}

TEST(Statements, If) {
  EXPECT_EQ(tree("if a { 1 }"), "(if a {1})");
  EXPECT_EQ(tree("if a { 1 } else { 2 }"), "(if a {1} {2})");
  EXPECT_EQ(tree("if a { b }\n-1"), "(if a {b})\n-1");
  EXPECT_EQ(tree("if n < 2 { return n } fib(n - 1)"), "(if (n < 2) {(return n)})\n(call fib (- n 1))");
  EXPECT_EQ(tree("{ a } (b)"), "{a}\nb");
}

TEST(Statements, Return) {
  EXPECT_EQ(tree("fn f() { return\n 1 }"), "(fn f () {return; 1})");
  EXPECT_EQ(tree("fn f() { return (a, b) }"), "(fn f () {(return (tuple a b))})");
  EXPECT_EQ(tree("fn f() { if a { return }; b }"), "(fn f () {(if a {return});; b})");
}

TEST(Statements, Functions) {
  EXPECT_EQ(tree("hyp(x, y) = sqrt(x^2 + y^2)"), "(fn hyp (x, y) (call sqrt (+ (^ x 2) (^ y 2))))");
  EXPECT_EQ(tree("f(x): f64 = x"), "(fn f (x): f64 x)");
  EXPECT_EQ(tree("f(x) = x == 1"), "(fn f (x) (x == 1))");
  EXPECT_EQ(tree("f(x) == 1"), "((call f x) == 1)");
  EXPECT_EQ(tree("f(x) ? a : b"), "(if (call f x) a b)");
  EXPECT_EQ(tree("fn f(x: f64, k = 2, m: [i64] = []): f64 { x }"), "(fn f (x: f64, k = 2, m: [i64, 1] = []): f64 {x})");
  EXPECT_EQ(tree("fn f(x) = x"), "(fn f (x) x)");
  EXPECT_EQ(tree("fn f() {\n fn g(x) { x }\n h(x) = g(x)\n h(1)\n}"),
            "(fn f () {(fn g (x) {x}); (fn h (x) (call g x)); (call h 1)})");
  EXPECT_EQ(tree("fn f(\n a,\n b,\n)\n{\n a\n}"), "(fn f (a, b) {a})");
}

TEST(Statements, Extern) {
  EXPECT_EQ(tree("extern \"libm.so.6\" cbrt(x: f64): f64"), "(extern \"libm.so.6\" cbrt (x: f64): f64)");
  EXPECT_EQ(tree("extern puts(s: str)"), "(extern \"\" puts (s: str))");
}

TEST(Statements, Types) {
  EXPECT_EQ(tree("x: (a: i64, b: [str]) = y"), "(= x: (a: i64, b: [str, 1]) y)");
  EXPECT_EQ(tree("x: fn(f64, i64): f64 = y"), "(= x: fn(f64, i64): f64 y)");
  EXPECT_EQ(tree("x: fn() = y"), "(= x: fn() y)");
  EXPECT_EQ(tree("x: (f64) = y"), "(= x: f64 y)");
  EXPECT_EQ(tree("x: (f64,) = y"), "(= x: (f64) y)");
  EXPECT_EQ(tree("x: [[f64], 3] = y"), "(= x: [[f64, 1], 3] y)");
}

TEST(Statements, SemicolonsSeparateAndHide) {
  EXPECT_EQ(tree("a; b"), "a;\nb");
  EXPECT_EQ(tree(";;a;;"), "a;");
}

TEST(Statements, Documentation) {
  Parsed parsed(
      "#!/usr/bin/env kiln\n## not this\n\n## Adds one.\n##  To x.\nf(x) = x + 1\n\n## A constant.\nconst K = 1\n"
      "## lost\n# between\nfn g() { 1 }\n## C.\nextern h(x: f64): f64\n");
  ASSERT_EQ(parsed.messages(), "");
  ASSERT_EQ(parsed.ast->statements.size(), 4u);
  EXPECT_EQ(cast<FunctionStmt>(parsed.ast->statements[0]).doc, "Adds one.\n To x.");
  EXPECT_EQ(cast<ConstStmt>(parsed.ast->statements[1]).doc, "A constant.");
  EXPECT_EQ(cast<FunctionStmt>(parsed.ast->statements[2]).doc, "");
  EXPECT_EQ(cast<ExternStmt>(parsed.ast->statements[3]).doc, "C.");
}

TEST(Statements, SpansOfStatements) {
  Parsed parsed("x += 1; # c\nfn f(a) {\n  a\n}\nfor i in xs { i }  \n");
  ASSERT_EQ(parsed.messages(), "");
  EXPECT_EQ(parsed.sources.text(parsed.ast->statements[0]->span), "x += 1");
  EXPECT_EQ(parsed.sources.text(parsed.ast->statements[1]->span), "fn f(a) {\n  a\n}");
  EXPECT_EQ(parsed.sources.text(parsed.ast->statements[2]->span), "for i in xs { i }");
}

TEST(PrintAst, OneNodeALine) {
  Parsed parsed("f(x) = x + \"a$x\"\n");
  EXPECT_EQ(print_ast(*parsed.ast, parsed.sources), "Function f @1:1-17\n"
                                                    "  Param x @1:3-4\n"
                                                    "  Binary + @1:8-17\n"
                                                    "    Name x @1:8-9\n"
                                                    "    String @1:12-17\n"
                                                    "      Text \"a\"\n"
                                                    "      Interpolation\n"
                                                    "        Name x @1:15-16\n");
}

} // namespace
} // namespace kiln
