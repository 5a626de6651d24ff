#include "test/unit/lang/tree.h"

namespace kiln {
namespace {

// Each row of the operator table against its neighbours, loosest first.

TEST(Precedence, Conditional) {
  EXPECT_EQ(tree("a ? b : c ? d : e"), "(if a b (if c d e))");
  EXPECT_EQ(tree("a ? b ? c : d : e"), "(if a (if b c d) e)");
  EXPECT_EQ(tree("a or b ? c or d : e or f"), "(if (or a b) (or c d) (or e f))");
  EXPECT_EQ(tree("a ?.5 : b"), "(if a 0.5 b)");
}

TEST(Precedence, Coalesce) {
  EXPECT_EQ(tree("a ?? b ?? c"), "(?? (?? a b) c)");
  EXPECT_EQ(tree("a ?? b == c"), "((?? a b) == c)");
  EXPECT_EQ(tree("a?.b.c ?? d..e"), "(?? (field (?field a b) c) (.. d e))");
  EXPECT_EQ(tree("a?.f(b)"), "(?.f a b)");
}

TEST(Precedence, Match) {
  EXPECT_EQ(tree("match v { 0 | 1 => a; n: i64 if n < 0 => b; g.P(x, _) => c; (1..=9, none) => d; _ => e }"),
            "(match v (case 0 1 a) (case n: i64 if (n < 0) b) (case (g.P x _) c) (case (tuple (..= 1 9) none) d) (case _ e))");
}

TEST(Precedence, Lambda) {
  EXPECT_EQ(tree("x -> x + 1"), "(-> (x) (+ x 1))");
  EXPECT_EQ(tree("x -> y -> x ? y : 2"), "(-> (x) (-> (y) (if x y 2)))");
  EXPECT_EQ(tree("a + x -> x * 2 + b"), "(+ a (-> (x) (+ (* x 2) b)))");
  EXPECT_EQ(tree("map(xs, x -> x^2)"), "(call map xs (-> (x) (^ x 2)))");
  EXPECT_EQ(tree("(x, y) -> x"), "(-> (x, y) x)");
  EXPECT_EQ(tree("() -> 1"), "(-> () 1)");
  EXPECT_EQ(tree("(x: f64, y = 2) -> x"), "(-> (x: f64, y = 2) x)");
  EXPECT_EQ(tree("c ? x -> x : y"), "(if c (-> (x) x) y)");
  EXPECT_EQ(tree("fn (x, y): i64 { x }"), "(-> (x, y): i64 {x})");
  EXPECT_EQ(tree("fn (x) = x + 1"), "(-> (x) (+ x 1))");
}

TEST(Precedence, Logic) {
  EXPECT_EQ(tree("a or b and c or d"), "(or (or a (and b c)) d)");
  EXPECT_EQ(tree("not a and b"), "(and (not a) b)");
  EXPECT_EQ(tree("not not a == b"), "(not (not (a == b)))");
  EXPECT_EQ(tree("a || b && c"), "(or a (and b c))");
  EXPECT_EQ(tree("!a == b"), "((not a) == b)");
  EXPECT_EQ(tree("!a.b"), "(not (field a b))");
}

TEST(Precedence, Compare) {
  EXPECT_EQ(tree("0 <= i < n"), "(0 <= i < n)");
  EXPECT_EQ(tree("a < b == c > d >= e"), "(a < b == c > d >= e)");
  EXPECT_EQ(tree("a != b"), "(a != b)");
  EXPECT_EQ(tree("(a < b) < c"), "((a < b) < c)");
  EXPECT_EQ(tree("a in 0..n"), "(in a (.. 0 n))");
  EXPECT_EQ(tree("a not in b and c"), "(and (not (in a b)) c)");
  EXPECT_EQ(tree("x is str"), "(is x str)");
  EXPECT_EQ(tree("x is not none ? 1 : 2"), "(if (is-not x none) 1 2)");
  EXPECT_EQ(tree("x is [f64, 2] or x is (i64, str)"), "(or (is x [f64, 2]) (is x (i64, str)))");
}

TEST(Precedence, Range) {
  EXPECT_EQ(tree("a | b..c + 1"), "(.. (| a b) (+ c 1))");
  EXPECT_EQ(tree("0..=n by 2 * k"), "(..= 0 n by (* 2 k))");
  EXPECT_EQ(tree("5..9"), "(.. 5 9)");
  EXPECT_EQ(tree("1.5...5"), "(.. 1.5 0.5)");
  EXPECT_EQ(tree("by = by..by by by"), "(= by (.. by by by by))");
}

TEST(Precedence, Bits) {
  EXPECT_EQ(tree("a | b xor c & d << e + f"), "(| a (xor b (& c (<< d (+ e f)))))");
  EXPECT_EQ(tree("a << b >> c"), "(>> (<< a b) c)");
  EXPECT_EQ(tree("a & b & c"), "(& (& a b) c)");
  EXPECT_EQ(tree("a & b == c"), "((& a b) == c)");
}

TEST(Precedence, SumAndProduct) {
  EXPECT_EQ(tree("a - b - c + d"), "(+ (- (- a b) c) d)");
  EXPECT_EQ(tree("a + b * c / d"), "(+ a (/ (* b c) d))");
  EXPECT_EQ(tree("a +% b -% c *% d"), "(-% (+% a b) (*% c d))");
  EXPECT_EQ(tree("a // b % c"), "(% (// a b) c)");
  EXPECT_EQ(tree("a % -b"), "(% a (- b))");
  EXPECT_EQ(tree("a--b++c"), "(+ (- a (- b)) (+ c))");
}

TEST(Precedence, UnaryAndPower) {
  EXPECT_EQ(tree("-2^2"), "(- (^ 2 2))");
  EXPECT_EQ(tree("2^3^2"), "(^ 2 (^ 3 2))");
  EXPECT_EQ(tree("2^-1"), "(^ 2 -1)");
  EXPECT_EQ(tree("-2^-2"), "(- (^ 2 -2))");
  EXPECT_EQ(tree("2^-a^b"), "(^ 2 (- (^ a b)))");
  EXPECT_EQ(tree("-a * b"), "(* (- a) b)");
  EXPECT_EQ(tree("~a & -b"), "(& (~ a) (- b))");
  EXPECT_EQ(tree("a^b(c)"), "(^ a (call b c))");
  EXPECT_EQ(tree("-a.b"), "(- (field a b))");
  EXPECT_EQ(tree("- - +a"), "(- (- (+ a)))");
}

TEST(Precedence, Postfix) {
  EXPECT_EQ(tree("f(x)(y)[1].z"), "(field (index (call (call f x) y) 1) z)");
  EXPECT_EQ(tree("x.f(y).g()"), "(.g (.f x y))");
  EXPECT_EQ(tree("a[i, j + 1]"), "(index a i (+ j 1))");
  EXPECT_EQ(tree("5.abs()"), "(.abs 5)");
  EXPECT_EQ(tree("-5.abs()"), "(- (.abs 5))");
  EXPECT_EQ(tree("1.5.floor()"), "(.floor 1.5)");
  EXPECT_EQ(tree("m.if"), "(field m if)");
}

TEST(Numbers, SignBelongsToTheLiteral) {
  EXPECT_EQ(tree("-128i8"), "-128i8");
  EXPECT_EQ(tree("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(tree("a - 1"), "(- a 1)");
  EXPECT_EQ(tree("a -1"), "(- a 1)");
  EXPECT_EQ(tree("a * -1.5"), "(* a -1.5)");
  EXPECT_EQ(tree("18446744073709551615u64"), "18446744073709551615u64");
}

TEST(Operands, Literals) {
  EXPECT_EQ(tree("true; false; none; 'a'; '\\n'; '\\x41'"), "true;\nfalse;\nnone;\n97u8;\n10u8;\n65u8");
  EXPECT_EQ(tree("0xff; 0b1010; 0o17; 1_000; 255u8"), "255;\n10;\n15;\n1000;\n255u8");
  EXPECT_EQ(tree("1.5; .5; 1e-3; 2f32; 1.0f32; 1_0.0_5"), "1.5;\n0.5;\n0.001;\n2.0f32;\n1.0f32;\n10.05");
  EXPECT_EQ(tree("0xffu8; 0xffffffffffffffffu64; 1E3"), "255u8;\n18446744073709551615u64;\n1000.0");
}

TEST(Operands, Strings) {
  EXPECT_EQ(tree(R"("")"), "(str)");
  EXPECT_EQ(tree(R"("a\tb\\\"\$x\x41\u{e9}")"), "(str \"a\tb\\\"$xA\u00e9\")");
  EXPECT_EQ(tree(R"("$a and ${b + 1} $5 $")"), "(str a \" and \" (+ b 1) \" $5 $\")");
  EXPECT_EQ(tree(R"("${x:.3f}${y:>10}")"), "(str x|.3f y|>10)");
  EXPECT_EQ(tree(R"("${c ? a : b}${c ? a : b:5d}")"), "(str (if c a b) (if c a b)|5d)");
  EXPECT_EQ(tree(R"("${f(k: 3):x}${(c ? 1 : 2):d}")"), "(str (call f k:3)|x (if c 1 2)|d)");
  EXPECT_EQ(tree(R"("${"${"${x}" + "}"}"}")"), "(str (str (+ (str x) (str \"}\"))))");
  EXPECT_EQ(tree(R"("${ {a; b} }")"), "(str {a;; b})");
  EXPECT_EQ(tree("\"\"\"a \"b\"\n$c\"\"\""), "(str \"a \"b\"\n\" c)");
  EXPECT_EQ(tree(R"(r"\d$x${y}")"), "(str \"\\d$x${y}\")");
  EXPECT_EQ(tree("\"σ = $σ\""), "(str \"σ = \" σ)");
}

TEST(Operands, TuplesAndParentheses) {
  EXPECT_EQ(tree("(a)"), "a");
  EXPECT_EQ(tree("(a,)"), "(tuple a)");
  EXPECT_EQ(tree("(a, b + 1, (c, d))"), "(tuple a (+ b 1) (tuple c d))");
  EXPECT_EQ(tree("(x: 1, in: 2)"), "(tuple x:1 in:2)");
  EXPECT_EQ(tree("(a ? b : c, d)"), "(tuple (if a b c) d)");
}

TEST(Operands, Arrays) {
  EXPECT_EQ(tree("[]"), "[]");
  EXPECT_EQ(tree("[1, [2, 3],]"), "[ 1 [ 2 3]]");
  EXPECT_EQ(tree("[a ? b : c]"), "[ (if a b c)]");
  EXPECT_EQ(tree("[f64]()"), "(empty [f64, 1])");
  EXPECT_EQ(tree("[[(i64, str)], 2]()"), "(empty [[(i64, str), 1], 2])");
  EXPECT_EQ(tree("[x^2 for x in xs if x > 0]"), "(array (^ x 2) (x in xs) (if (x > 0)))");
  EXPECT_EQ(tree("[i * j for i in 0..n, j in 0..m]"), "(array (* i j) (i in (.. 0 n)) (j in (.. 0 m)))");
  EXPECT_EQ(tree("[a for (a, _) in ps]"), "(array a ((a, _) in ps))");
  EXPECT_EQ(tree("[\"a\": 1, b: c ? 2 : 3,]"), "(map (str \"a\"):1 b:(if c 2 3))");
  EXPECT_EQ(tree("[:]"), "(map)");
  EXPECT_EQ(tree("[str: [i64]]()"), "(empty [str: [i64, 1]])");
  EXPECT_EQ(tree("sum(x^2 for x in xs if x > 0)"), "(call sum (generator (-> (x) (^ x 2)) xs (if (-> (x) (x > 0)))))");
  EXPECT_EQ(tree("sum(x * y for x in xs, y in ys)"), "(call sum (generator (-> ((element)) {(let (x, y) (element)); (* x y)}) xs ys))");
  EXPECT_EQ(tree("xs.sum(x for x in xs)"), "(.sum xs (generator (-> (x) x) xs))");
}

TEST(Operators, Broadcasts) {
  EXPECT_EQ(tree("a .+ b .* c"), ".(+ a .(* b c))");
  EXPECT_EQ(tree(".-a .^ b .^ c"), ".(- .(^ a .(^ b c)))");
  EXPECT_EQ(tree("f.(a, k: b).(c)"), ".(call .(call f a k:b) c)");
  EXPECT_EQ(tree("0 .< a .<= b .&& .!c"), ".(and .(0 < a <= b) .(not c))");
  EXPECT_EQ(tree("a .+= b"), "(.+= a b)");
}

TEST(Operands, CallsByName) {
  EXPECT_EQ(tree("f(1, k: 3, in: x ? y : z,)"), "(call f 1 k:3 in:(if x y z))");
  EXPECT_EQ(tree("f(c ? a : b)"), "(call f (if c a b))");
}

TEST(Operands, BlocksAndConditions) {
  EXPECT_EQ(tree("x = if a { 1 } else if b { 2 } else { 3 }"), "(= x (if a {1} (if b {2} {3})))");
  EXPECT_EQ(tree("x = { a = 1; a + 1 } * 2"), "(= x (* {(= a 1);; (+ a 1)} 2))");
  EXPECT_EQ(tree("x = {}"), "(= x {})");
  EXPECT_EQ(tree("f(x -> { y = x; y })"), "(call f (-> (x) {(= y x);; y}))");
}

TEST(Newlines, InnermostBracketDecides) {
  EXPECT_EQ(tree("f(a\n, b\n+ c)"), "(call f a (+ b c))");
  EXPECT_EQ(tree("[1\n- 2\n, 3]"), "[ (- 1 2) 3]");
  EXPECT_EQ(tree("f(x -> {\n a\n b\n}\n, c)"), "(call f (-> (x) {a; b}) c)");
  EXPECT_EQ(tree("f(x -> {\n a(\n1)\n [b]\n})"), "(call f (-> (x) {(call a 1); [ b]}))");
}

TEST(Newlines, LinesThatGoOn) {
  EXPECT_EQ(tree("a +\n b *\n\n c"), "(+ a (* b c))");
  EXPECT_EQ(tree("x =\n 1"), "(= x 1)");
  EXPECT_EQ(tree("x ->\n x"), "(-> (x) x)");
  EXPECT_EQ(tree("c ?\n a :\n b"), "(if c a b)");
  EXPECT_EQ(tree("a and # comment\n not\n b"), "(and a (not b))");
  EXPECT_EQ(tree("xs\n  .map(f)\n  # between\n  .sum()"), "(.sum (.map xs f))");
  EXPECT_EQ(tree("if a {\n}\nelse if b {\n}\n# c\nelse {\n}"), "(if a {} (if b {} {}))");
  EXPECT_EQ(tree("0..\n n by\n 2"), "(.. 0 n by 2)");
}

TEST(Newlines, LinesThatEnd) {
  EXPECT_EQ(tree("f\n(a)"), "f\na");
  EXPECT_EQ(tree("f\n[a]"), "f\n[ a]");
  EXPECT_EQ(tree("a\n-b"), "a\n(- b)");
  EXPECT_EQ(tree("a\n.5"), "a\n0.5");
  EXPECT_EQ(tree("a\r\nb\r\n"), "a\nb");
}

TEST(Spans, CoverTheWholeConstruct) {
  auto check = [](std::string text, std::string whole, std::string op) {
    Parsed parsed(std::move(text));
    ASSERT_EQ(parsed.messages(), "");
    const Expr *value = cast<AssignStmt>(parsed.ast->statements[0]).value;
    EXPECT_EQ(parsed.sources.text(value->span), whole);
    if (const auto *binary = as<BinaryExpr>(value)) {
      EXPECT_EQ(parsed.sources.text(binary->op_span), op);
    }
    if (const auto *unary = as<UnaryExpr>(value)) {
      EXPECT_EQ(parsed.sources.text(unary->op_span), op);
    }
    if (const auto *compare = as<CompareExpr>(value)) {
      EXPECT_EQ(parsed.sources.text(compare->op_spans.back()), op);
    }
  };
  check("x = (a + b) * c # d", "(a + b) * c", "*");
  check("x = a // (b)", "a // (b)", "//");
  check("x = -(a)", "-(a)", "-");
  check("x = a not in b", "a not in b", "not in");
  check("x = a < b <= (c)", "a < b <= (c)", "<=");
  check("x = f(a)(b)  ", "f(a)(b)", "");
  check("x = a.b[c].d(e)", "a.b[c].d(e)", "");
  check("x = \"a${b}c\"", "\"a${b}c\"", "");
  check("x = [a for a in b]", "[a for a in b]", "");
  check("x = c ? (a) : (b)", "c ? (a) : (b)", "");
  check("x = (a, b) -> a", "(a, b) -> a", "");
  check("x = if a { b } else { c }", "if a { b } else { c }", "");
  check("x = -1", "-1", "");
}

} // namespace
} // namespace kiln
