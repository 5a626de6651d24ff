// Compiled code calls functions that were never compiled: the interpreter does the calls.
#include "codegen/layout.h"
#include "jit/engine.h"
#include "temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kiln {
namespace {

/// A function that is too long to be copied into its callers. Its value may use z, which depends on the parameter n.
std::string long_function(std::string_view head, std::string_view value) {
  std::string text = fmt::format("fn {} {{\n  z = n\n", head);
  for (int i = 0; i < 24; ++i) text += "  z = (z * 5 + 3) & 1023\n";
  return text + fmt::format("  {}\n}}\n", value);
}

/// A loop that goes on until compiled code has taken it over, or for `patience` seconds; then the statements.
std::string after_a_loop(double patience, std::string_view statements) {
  return fmt::format("fn run(n) {{\n  c = n\n  start = time()\n  while time() - start < {:.1f} {{\n    for i in 0..1000 {{ c = (c * 7 + i) & 1023 }}\n  }}\n  {}\n}}\n", patience, statements);
}

EngineOptions mixed(double promote_after = 0.0002) {
  EngineOptions options;
  options.promote_after = promote_after;
  return options;
}

EngineOptions only(Tier tier) {
  EngineOptions options;
  options.tier = tier;
  return options;
}

std::string value_of(Engine &engine, const std::string &text) {
  Outcome outcome = engine.run_script("test", text);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  return outcome.ok() ? to_text(outcome.value) : "";
}

bool was_compiled(const Engine &engine, std::string_view name) {
  for (const SpecialisationInfo &info : engine.specialisations())
    if (info.signature.starts_with(name) && info.compiled) return true;
  return false;
}

/// The statements' value where compiled code comes to them, which must be what the interpreter and LLVM alone give.
void check(const std::string &definitions, const std::string &statements, const std::vector<std::string> &interpreted, const std::string &expected) {
  Engine engine(mixed());
  EXPECT_EQ(value_of(engine, definitions + after_a_loop(0.4, statements) + "run(1)"), expected);
  EXPECT_GE(engine.times().modules, 1u); // The loop.
  for (const std::string &name : interpreted) EXPECT_FALSE(was_compiled(engine, name + "(")) << name;
  for (Tier tier : {Tier::Interpreted, Tier::Compiled}) {
    Engine other(only(tier));
    EXPECT_EQ(value_of(other, definitions + after_a_loop(0, statements) + "run(1)"), expected);
  }
}

// z for n = 1: 24 times z -> (5 z + 3) mod 1024.
constexpr int z = [] {
  int z = 1;
  for (int i = 0; i < 24; ++i) z = (z * 5 + 3) & 1023;
  return z;
}();

TEST(LateCallTest, ArgumentsInRegistersAndOnTheStack) {
  std::string head = "many(n, a, b, c, d, e, f, g, h: u8, p, q, r, s, t, u, v, w: f32, x, y: bool)";
  std::string value = "[f64(z + n), a, b, c, d, e, f, g, h, p, q, r, s, t, u, v, w, x, if y { 1 } else { 2 }]";
  check(long_function(head, value), "many(n, -2, 3, i8(-4), 5, i32(-6), 7, u16(60000), u8(250), 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, f32(7.5), 8.5, n > 0)", {"many"},
        fmt::format("[{}.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, 60000.0, 250.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 1.0]", z + 1));
}

TEST(LateCallTest, ResultsInRegistersOnTheX87StackAndInMemory) {
  std::string functions = long_function("nothing(n)", "if z > 2000 { error(\"no\") }") + long_function("narrow(n)", "i8(-(z & 63))") +
                          long_function("truth(n)", "z > 0") + long_function("single(n)", "f32(z) * f32(0.5)") +
                          long_function("mixed(n, x)", "(z, x, n > 0, f32(x) * f32(3))") + long_function("four(n, x)", "(x, x * 2, f32(x), x * 4)") +
                          long_function("words(n)", "(\"a${z}\", n)") + long_function("large(n, x)", "(x, n, x * 2, z, x * 3, \"s${n}\", i8(n), u16(n))");
  check(functions, "nothing(n)\n(narrow(n), truth(n), single(n), mixed(n, 0.25), four(n, 1.5), words(n), large(n, 0.5))",
        {"nothing", "narrow", "truth", "single", "mixed", "four", "words", "large"},
        fmt::format("({}, true, {:.1f}, ({}, 0.25, true, 0.75), (1.5, 3.0, 1.5, 6.0), (\"a{}\", 1), (0.5, 1, 1.0, {}, 1.5, \"s1\", 1, 1))", -(z & 63), z * 0.5, z, z, z));
}

TEST(LateCallTest, ValuesOfEveryKind) {
  std::string functions = "struct Point { x: f64, y: f32, n: i8, flag: bool }\nclass Counter { n: i64 = 0 }\n" +
                          long_function("point(n, p: Point)", "Point(p.x + z, p.y * f32(2), i8(-p.n), not p.flag)") +
                          long_function("count(n, c: Counter)", "c.n += z\nc") + long_function("maybe(n, k)", "if k > 2 { none } else { k }") +
                          long_function("adder(n)", "y -> y + z") + long_function("array(n, xs)", "push(xs, z)\nxs") +
                          long_function("grid(n)", "zeros(n + 1, 2)") + long_function("apply(n, f)", "f(z)");
  check(functions, "c = Counter(1)\nadd = adder(n)\np = point(n, Point(0.5, f32(1.5), i8(3), false))\n(p, count(n, c).n + c.n, maybe(n, 1), maybe(n, 5), add(1), array(n, [7]), grid(n), apply(n, v -> v * 2 + n))",
        {"point", "count", "adder", "array", "grid", "apply"},
        fmt::format("(Point(x: {:.1f}, y: 3.0, n: -3, flag: true), {}, 1, none, {}, [7, {}], [[0.0, 0.0], [0.0, 0.0]], {})", 0.5 + z, 2 * (1 + z), z + 1, z, 2 * z + 1));
}

TEST(LateCallTest, ErrorsAreCaughtOnBothSides) {
  std::string functions = long_function("fails(n)", "if z >= 0 { error(\"failed with ${n}\") }\nz") + long_function("passes(n)", "fails(n) + 1") +
                          long_function("catches(n)", "try { fails(n) } catch e { -2 }") +
                          long_function("guard(n, k)", "try { if k > 0 { passes(k) } else { z } } catch e { len(e.message) * 100 + e.line }");
  auto text = [&](double patience) {
    return functions + fmt::format("fn run(n) {{\n  c = n\n  start = time()\n  while time() - start < {:.1f} {{ c = guard(c, 0) }}\n  [guard(n, 1), guard(n, 2), catches(n)]\n}}\nrun(1)", patience);
  };
  Engine engine(mixed());
  EXPECT_EQ(value_of(engine, text(0.4)), "[1327, 1327, -2]"); // 13 characters; line 27.
  EXPECT_TRUE(was_compiled(engine, "guard("));
  EXPECT_FALSE(was_compiled(engine, "catches("));
  for (Tier tier : {Tier::Interpreted, Tier::Compiled}) {
    Engine other(only(tier));
    EXPECT_EQ(value_of(other, text(0)), "[1327, 1327, -2]");
  }
}

/// How the program ends, and the trace of that.
std::string trace_of(EngineOptions options, const std::string &text, bool with_llvm) {
  Engine engine(std::move(options));
  Outcome outcome = engine.run_script("test", text);
  EXPECT_EQ(outcome.status, Outcome::Failure);
  EXPECT_EQ(engine.times().modules > 0, with_llvm);
  std::string trace = outcome.message;
  for (const Frame &frame : outcome.trace) trace += fmt::format("\n{} {}-{}", frame.function, frame.span.begin, frame.span.end);
  return trace;
}

TEST(LateCallTest, TracesAreThoseOfTheInterpreter) {
  std::string functions = long_function("inner(n)", "xs = [z]\n  xs[n]") + long_function("middle(n)", "inner(n - 1) + inner(n)") + long_function("outer(n)", "middle(n) + 1");
  auto text = [&](double patience) { return functions + after_a_loop(patience, "outer(n)") + "run(1)"; };
  std::string expected = trace_of(only(Tier::Interpreted), text(0), false);
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 5) << expected; // inner, middle, outer, run, top level
  EXPECT_EQ(trace_of(mixed(), text(0.4), true), expected);
}

/// Sums with a loop whose conditions hold as long as it is not compiled; then with others.
std::string sums(double patience, std::string_view statements) {
  return "fn sum(a, n, base) {\n  s = 0\n  for k in 0..2 {\n    for i in 0..n { s += a[i] + base }\n    base += 1\n  }\n  s\n}\n" +
         fmt::format("fn run(a, b) {{\n  c = 0\n  start = time()\n  while time() - start < {:.1f} {{ c = sum(a, 3, c & 1) }}\n  {}\n}}\nrun([1, 2, 3], [1, 9223372036854775000, -9223372036854775000])", patience, statements);
}

TEST(LateCallTest, ALoopIsLeftToTheInterpreterWhereItsConditionsDoNotHold) {
  const std::string message = "index 3 is out of range for an array of 3";
  for (bool with_llvm : {false, true}) {
    Engine engine(with_llvm ? mixed() : only(Tier::Interpreted));
    EXPECT_EQ(value_of(engine, sums(with_llvm ? 0.4 : 0, "d = sum(b, 3, 10)\n  f = try { sum(a, 4, 0) } catch e { len(e.message) }\n  [d, f, sum(a, 3, 5)]")),
              fmt::format("[{}, {}, {}]", 2 + 30 + 33, message.size(), 12 + 15 + 18));
    EXPECT_EQ(engine.times().modules > 0, with_llvm);
  }
  std::string expected = trace_of(only(Tier::Interpreted), sums(0, "sum(b, 3, 100) + sum(a, 4, 0)"), false);
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 3) << expected; // sum, run, top level
  EXPECT_TRUE(expected.starts_with(message)) << expected;
  EXPECT_EQ(trace_of(mixed(), sums(0.4, "sum(b, 3, 100) + sum(a, 4, 0)"), true), expected);
}

TEST(LateCallTest, WhatIsCalledAgainIsCompiledMeanwhile) {
  Engine engine(mixed());
  std::string text = long_function("step(n)", "z + 1") + after_a_loop(0.4, "sum = 0\n  for i in 0..30_000_000 { sum += step(i) & 1 }\n  sum") + "run(1)";
  EXPECT_EQ(value_of(engine, text), "15000000"); // Each step to the next z changes whether it is even: 24 do not.
  EXPECT_TRUE(was_compiled(engine, "step("));
}

TEST(LateCallTest, KeptCodeOfTheRestOfAFunctionIsTakenUp) {
  // f is copied into its callers only, which compiled code calls: its rest has kept code before it has bytecode.
  const char *text = "fn f(a, n, base) {\n  s = 0\n  for i in 0..n {\n    if a[i] == 0 { break }\n    s += (a[i] ^ base) & 0xff\n  }\n  s\n}\n"
                     "fn h(a, n, base) { f(a, n, base) + 1 }\nfn g(a, x, base) { if x > 40_000_000 { h(a, 4, base) } else { x & 3 } }\n"
                     "fn run(a, m) {\n  c = 0\n  for x in 0..m { c = (c + g(a, x, x & 1)) & 0xffff }\n  c\n}\nx = run([1, 2, 0], 60_000_000)\n"
                     "fn other(n) {\n  s = 0\n  for i in 0..n { s = (s * 3 + i) & 0xffff }\n  s\n}\n[x, other(3_000_000)]";
  test::TemporaryFolder folder;
  std::string expected;
  for (int run = 0; run < 4; ++run) {
    EngineOptions options = mixed();
    options.cache = folder.path();
    Engine engine(std::move(options));
    std::string value = value_of(engine, text);
    if (run == 0) expected = value;
    EXPECT_EQ(value, expected);
  }
  Engine compiler(only(Tier::Compiled));
  EXPECT_EQ(value_of(compiler, text), expected);
}

TEST(LateCallTest, EachEngineDoesItsOwn) {
  const std::string text = long_function("step(n)", "z + 1") + after_a_loop(0.2, "step(n)") + "run(1)";
  Engine first(mixed());
  {
    Engine second(mixed());
    EXPECT_EQ(value_of(first, text), fmt::format("{}", z + 1));
    EXPECT_EQ(value_of(second, text), fmt::format("{}", z + 1));
  }
  EXPECT_EQ(value_of(first, "fn again(n) { run(n) + step(n) }\nagain(1)"), fmt::format("{}", 2 * (z + 1)));
  EXPECT_GE(first.times().modules, 1u);
}

TEST(LateCallTest, RecursionBetweenBothEndsAtAnyDepth) {
  std::string functions = long_function("even(n: i64)", "if n == 0 { true } else { odd(n - 1) }") + long_function("odd(n: i64)", "if n == 0 { false } else { even(n - 1) }");
  check(functions, "[even(20_000), even(20_001), odd(7)]", {}, "[true, false, true]");
}

} // namespace
} // namespace kiln
