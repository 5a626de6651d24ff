#include "test/unit/lang/tree.h"

#include <random>

namespace kiln {
namespace {

// Programs that together use every construct of the language, and those that are reported as not part of it yet.
constexpr std::string_view seeds[] = {
    R"(# a first look
hyp(x, y) = sqrt(x^2 + y^2)
## Fibonacci.
fn fib(n: i64): i64 {
  if n < 2 { return n }
  fib(n - 1) + fib(n - 2)
}
xs = [hyp(i, 2.0) for i in 0..5]
print("fib(30) = ${fib(30)}, sum = ${sum(xs):.3f} $xs \u{1F600} \x41 \$ ${c ? a : b:>10}")
)",
    R"(x: f64 = -128i8 + 0xff_u8 * 1_000.5e-3 - .5f32
(a, (b, _)) = (b, (a, 'c'))
xs[i, j + 1] += -2^2 ^ -1; p.q //= 3 %% 4
let (u, v) = (1, 2)
const K: i64 = 3 << 2 | 4 & 5 xor ~6
global g, h
t = 0 <= i < n and not a in b or x is not (f64, str) ? 1..=2 by 3 : none
)",
    R"(for i in 0..n by 2, (j, k) in ys {
  while true { break; continue }
  if a { 1 } else if b { 2 }
  else { 3 }
}
f = fn (x, y: [f64, 2] = [f64]()): fn(i64): (a: i64, b: str) { x.foo(k: 3, in: 4)[0].bar }
g = (x, y) -> x
  .map(z -> z + 1)
  .sum()
m = [i * j for i in 0..n, j in 0..m if i != j]
sum(x^2 for x in xs if x > 0);
extern "libm.so.6" cbrt(x: f64): f64
)",
    R"(s = """a "quoted" text
over ${lines[0]} and $more""" + r"raw \d$x" + "a${"b${"c" + 'd'}"}"
y = { z = 1
  z +% 2 -% 3 *% 4 }
n = (a: 1, b: (2,), c: [],)
σ = μ₁ * 2 # comment
)",
    R"(struct Point { x, y }
class Node { key: i64, left: Node?, right: Node? }
fn +(a: Point, b: Point) = Point(a.x + b.x, a.y + b.y)
ages = ["ann": 31]; e = [:]
s = match v { 0 => "zero"; n: i64 if n < 0 => "negative $n"; _ => "other" }
z = try { risky() } catch e { print(e.message); 0 }
import "geometry.kn" as g
w = sqrt.(x .^ 2 .+ y) ?? q?.r
machine add(a: i32, b: i32): i32 = x"8d 04 37 c3"
fn power(x, const n) { n == 0 ? 1 : x * power(x, n - 1) }
)",
    R"(if x then
  a, b = b, a
elif y { 2x ** 3 }
for i = 1, 10 do n++ end
def f(x): return x'hello'
f(k = 3) <> 1:10 := 5. ~= t.0
)",
};

// Pieces that mean something to the lexer or the parser, to be put anywhere.
constexpr std::string_view pieces[] = {
    "(",        ")",    "[",      "]",       "{",       "}",      "\"",   "\"\"\"", "'",     "${",    "$x",   ":",
    "?",        "\n",   ";",      ",",       ".",       "..",     "->",   "=",      "==",    "+",     "-",    "*",
    "/",        "//",   "^",      "not ",    " in ",    " is ",   " by ", "fn ",    "if ",   "else ", "for ", "while ",
    "return ",  "let ", "const ", "global ", "extern ", "match ", "try ", "end",    "then ", "1",     ".5",   "5.",
    "0x",       "1e",   "x",      "f(",      "\\",      "#",      "## ",  "\r",     "\t",    "\xFF",  "\xC3", "σ",
    "\xE2\x82", "r\"",  "_",      "&&",      "||",      "!",      "??",   "?.",     "=>",    "@",     "++",
};

std::string mutate(std::string text, std::mt19937 &random) {
  auto below = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (size_t change = 1 + below(4); change > 0; --change) {
    size_t at = below(text.size() + 1);
    switch (below(6)) {
    case 0: text.insert(at, pieces[below(std::size(pieces))]); break;
    case 1: text.erase(at, 1 + below(8)); break;
    case 2: text.resize(at); break;
    case 3: text.insert(at, text.substr(below(text.size()), below(40))); break;
    case 4:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 5: text.erase(0, below(text.size() / 2 + 1)); break;
    }
  }
  return text;
}

// Every node's span lies inside its source and in its parent's: walked through the printed tree, which visits all
// nodes.
void expect_sound(const Sources &sources, const Diagnostics &diagnostics, const std::string &text) {
  auto inside = [&](Span span) { return span.begin <= span.end && span.end <= text.size(); };
  for (const Diagnostic &diagnostic : diagnostics.list()) {
    ASSERT_TRUE(inside(diagnostic.span)) << text;
    for (const DiagNote &note : diagnostic.notes) ASSERT_TRUE(!note.span.known() || inside(note.span)) << text;
    std::string drawn = render(diagnostic, sources);
    ASSERT_FALSE(drawn.empty());
  }
}

// Whether the spans of a tree lie inside its source.
class SpanChecker {
public:
  explicit SpanChecker(size_t size) : size_(size) {}
  bool sound(Span span) const { return span.source == 1 && span.begin <= span.end && span.end <= size_; }
  bool sound(const Stmt *stmt) const {
    if (!sound(stmt->span)) return false;
    if (const auto *node = as<ExprStmt>(stmt)) return sound(node->value);
    if (const auto *node = as<AssignStmt>(stmt))
      return sound(node->op_span) && sound(node->target->span) && sound(node->value);
    if (const auto *node = as<FunctionStmt>(stmt)) return sound(node->name.span) && sound(node->body);
    if (const auto *node = as<WhileStmt>(stmt))
      return sound(node->condition) && sound(static_cast<const Expr *>(node->body));
    if (const auto *node = as<ForStmt>(stmt)) return sound(static_cast<const Expr *>(node->body));
    return true;
  }
  bool sound(const Expr *expr) const {
    if (!sound(expr->span)) return false;
    if (const auto *node = as<BinaryExpr>(expr)) return sound(node->op_span) && sound(node->left) && sound(node->right);
    if (const auto *node = as<UnaryExpr>(expr)) return sound(node->op_span) && sound(node->operand);
    if (const auto *node = as<CallExpr>(expr)) {
      for (const Argument &argument : node->arguments)
        if (!sound(argument.value)) return false;
      return sound(node->callee);
    }
    if (const auto *node = as<BlockExpr>(expr)) {
      for (const Stmt *statement : node->statements)
        if (!sound(statement)) return false;
    }
    if (const auto *node = as<StringExpr>(expr)) {
      for (const StringPart &part : node->parts)
        if (part.expr && !sound(part.expr)) return false;
    }
    return true;
  }

private:
  size_t size_;
};

TEST(Mutations, NeitherCrashNorHang) {
  std::mt19937 random(20240607);
  constexpr int rounds = 100000;
  size_t with_errors = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string text = mutate(std::string(seeds[random() % std::size(seeds)]), random);
    Sources sources;
    Diagnostics diagnostics;
    std::unique_ptr<Ast> ast = parse(sources, sources.add("m.kn", text), diagnostics);
    SpanChecker checker(text.size());
    for (const Stmt *statement : ast->statements) ASSERT_TRUE(checker.sound(statement)) << text;
    if (round % 8 == 0) expect_sound(sources, diagnostics, text); // Drawing takes longer than parsing.
    if (round % 16 == 0) {
      ASSERT_FALSE(print_ast(*ast, sources).empty() && !ast->statements.empty());
    }
    with_errors += diagnostics.has_errors();
  }
  EXPECT_GT(with_errors, size_t{rounds} / 2); // Else the mutations change too little to find anything.
}

TEST(Mutations, EveryPrefixOfEverySeed) {
  for (std::string_view seed : seeds)
    for (size_t length = 0; length <= seed.size(); ++length) {
      std::string text(seed.substr(0, length));
      Sources sources;
      Diagnostics diagnostics;
      parse(sources, sources.add("m.kn", text), diagnostics);
      expect_sound(sources, diagnostics, text);
      completeness(text);
    }
}

TEST(Mutations, SeedsOfTheLanguageHaveNoErrors) {
  for (size_t i : {0u, 2u, 3u}) EXPECT_EQ(messages(std::string(seeds[i])), "") << seeds[i];
}

} // namespace
} // namespace kiln
