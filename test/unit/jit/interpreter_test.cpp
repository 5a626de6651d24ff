// Tiers: who runs what, how compiled code is called, and what bytecode looks like.
#include "codegen/layout.h"
#include "jit/engine.h"
#include "jit/interpreter/native_call.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace kiln {
namespace {

EngineOptions options(Tier tier, double promote_after = 0.02) {
  EngineOptions options;
  options.tier = tier;
  options.promote_after = promote_after;
  return options;
}

const char *program = "fn count(n) {\n  s = 0\n  for i in 0..n { s += i }\n  s\n}\nfor k in 0..50 { count(100) }\ncount(3)";

std::vector<bool> compiled(const Engine &engine) {
  std::vector<bool> result;
  for (const SpecialisationInfo &info : engine.specialisations()) result.push_back(info.compiled);
  return result;
}

TEST(TiersTest, TheInterpreterAloneCompilesNothing) {
  Engine engine(options(Tier::Interpreted));
  ASSERT_TRUE(engine.run_script("test", program).ok());
  EXPECT_EQ(compiled(engine), std::vector<bool>{false});
  EXPECT_TRUE(engine.specialisations()[0].interpreted);
  EXPECT_EQ(engine.times().modules, 0u);
}

TEST(TiersTest, WhatIsCalledNextIsCompiledMeanwhile) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs a core for the compile thread";
  Engine engine(options(Tier::Mixed, 0.001));
  const char *phases = "fn first(n) {\n  s = 1\n  for i in 0..n { s = (s * 31 + i) & 1023 }\n  s\n}\n"
                       "fn second(n) {\n  s = 0\n  for i in 0..n { s += i }\n  s\n}\n"
                       "fn short(n) = n + 1\n"
                       "fn phases(n) {\n  s = first(n)\n  short(s) + second(3)\n}\nphases(200_000_000)";
  ASSERT_TRUE(engine.run_script("test", phases).ok());
  std::map<std::string, bool> made;
  for (const SpecialisationInfo &info : engine.specialisations()) made[info.signature] = info.compiled;
  EXPECT_TRUE(made.at("second(i64)"));
  EXPECT_FALSE(made.at("short(i64)")); // Nothing in it repeats.
}

TEST(TiersTest, WhatIsRunOftenIsCompiled) {
  Engine engine(options(Tier::Mixed, 0)); // At the first look.
  ASSERT_TRUE(engine.run_script("test", program).ok());
  EXPECT_EQ(compiled(engine), std::vector<bool>{true});
}

TEST(TiersTest, WhatIsRunSeldomIsNot) {
  Engine engine(options(Tier::Mixed, 1000));
  ASSERT_TRUE(engine.run_script("test", program).ok());
  EXPECT_EQ(compiled(engine), std::vector<bool>{false});
}

TEST(TiersTest, ALoopGoesOnAsCompiledCode) {
  Engine engine(options(Tier::Mixed, 0));
  Outcome outcome = engine.run_script("test", "s = 0.0\nfor i in 0..100 { s += 0.5 * i }\ns");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(to_text(outcome.value), "2475.0"); // 99 * 100 / 4.
  EXPECT_GE(engine.times().modules, 1u);
}

TEST(TiersTest, LlvmWorksWhileTheProgramRuns) {
  Engine engine(options(Tier::Mixed, 0.001));
  Outcome outcome = engine.run_script("test", "fn f(n) {\n  s = 0\n  for i in 0..n { s = (s * 31 + i) % 1000003 }\n  s\n}\n"
                                              "t = 0\nfor k in 0..3000 { t += f(10000) }\nt");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(to_text(outcome.value), "1351647000"); // 3000 times what Python gives for f(10000).
  EXPECT_GT(engine.times().background, 0.0);
  EXPECT_GE(engine.times().modules, 1u);
}

TEST(TiersTest, AnEngineWaitsForLlvmWhenItGoes) {
  for (int rounds : {300, 3000, 30000, 300000, 1000000, 3000000}) {
    Engine engine(options(Tier::Mixed, 0.00001));
    Outcome outcome = engine.run_script("test", "s = 0\nfor i in 0.." + std::to_string(rounds) + " { s += 2 }\ns");
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(to_text(outcome.value), std::to_string(2 * rounds));
  }
}

/// What an interpreter's frames hold is found by the collector whichever engines come and go.
TEST(TiersTest, EnginesShareTheStackOfValues) {
  Engine first(options(Tier::Interpreted));
  { Engine second(options(Tier::Interpreted)); }
  const char *text = "fn strings(n) {\n  kept = [str(0)]\n  for i in 1..n { push(kept, \"text \" + str(i)) }\n  kept\n}\n"
                     "kept = strings(100000)\nfor k in 0..30 { strings(20000); }\nkept[777]";
  Outcome outcome = first.run_script("test", text);
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(to_text(outcome.value), "\"text 777\"");
}

/// A loop's variables stay in their slots: the loop has no moves, and one instruction counts and jumps.
TEST(TiersTest, ALoopIsTwoInstructions) {
  Engine engine(options(Tier::Interpreted));
  Outcome outcome = engine.check("test", program);
  std::string text = engine.emit(EmitKind::Bytecode, "count(i64)", outcome);
  ASSERT_TRUE(outcome.ok());
  size_t begin = text.find("JumpIfLessEqual"), end = text.find("NextBelow");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::string loop = text.substr(begin, end - begin);
  EXPECT_EQ(std::count(loop.begin(), loop.end(), '\n'), 2) << text; // The jump over it, and the sum.
  EXPECT_EQ(loop.find("Move"), std::string::npos) << text;
}

double add_all(int64_t a, double b, int8_t c, float d, int64_t e, int64_t f, int64_t g, int64_t h, int64_t i, double j, double k,
               double l, double m, double n, double o, double p, float q) {
  return static_cast<double>(a) + 2 * b + 3 * c + 4.0 * d + static_cast<double>(5 * e + 6 * f + 7 * g + 8 * h + 9 * i) + 10 * j +
         11 * k + 12 * l + 13 * m + 14 * n + 15 * o + 16 * p + 17.0 * q;
}

TEST(NativeCallTest, PassesArgumentsInRegistersAndOnTheStack) {
  TypeTable types;
  std::vector<const Type *> params{types.i64, types.f64, types.i8, types.f32};
  for (int i = 0; i < 5; ++i) params.push_back(types.i64);
  for (int i = 0; i < 7; ++i) params.push_back(types.f64);
  params.push_back(types.f32);
  NativeSignature signature = native_signature(params, types.f64);
  std::vector<Slot> slots(params.size());
  double expected = 0;
  for (size_t i = 0; i < params.size(); ++i) {
    int64_t value = i == 2 ? -3 : static_cast<int64_t>(i) + 1;
    expected += static_cast<double>(i + 1) * static_cast<double>(value);
    if (params[i] == types.f64)
      slots[i].f = static_cast<double>(value);
    else if (params[i] == types.f32)
      slots[i].u = 0, slots[i].s = static_cast<float>(value);
    else
      slots[i].i = value;
  }
  Slot result;
  call_native(reinterpret_cast<void *>(&add_all), nullptr, signature, slots.data(), &result);
  EXPECT_EQ(result.f, expected);
}

struct Pair {
  int64_t first;
  double second;
};
Pair pair_of(int64_t a, double b) { return {a + 1, b / 2}; }

TEST(NativeCallTest, TakesAResultOfTwoParts) {
  TypeTable types;
  const Type *parts[] = {types.i64, types.f64}, *params[] = {types.i64, types.f64};
  NativeSignature signature = native_signature(params, types.tuple(parts));
  Slot slots[2], result[2];
  slots[0].i = 41, slots[1].f = 5;
  call_native(reinterpret_cast<void *>(&pair_of), nullptr, signature, slots, result);
  EXPECT_EQ(result[0].i, 42);
  EXPECT_EQ(result[1].f, 2.5);
}

struct Five {
  int64_t values[5];
};
Five five_of(int64_t a) { return {{a, a + 1, a + 2, a + 3, a + 4}}; }

TEST(NativeCallTest, TakesAResultInMemory) {
  TypeTable types;
  const Type *parts[] = {types.i64, types.i64, types.i64, types.i64, types.i64}, *params[] = {types.i64};
  NativeSignature signature = native_signature(params, types.tuple(parts));
  Slot argument, result[5];
  argument.i = 7;
  call_native(reinterpret_cast<void *>(&five_of), nullptr, signature, &argument, result);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(result[i].i, 7 + i);
}

} // namespace
} // namespace kiln
