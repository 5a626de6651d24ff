// Formulas of a C++ program: values in each tier, errors, what they see of the session.
#include "jit/formula.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace kiln {
namespace {

constexpr std::array<std::string_view, 2> names = {"x", "y"};

TEST(FormulaTest, HasTheSameValueInEachTier) {
  Engine engine;
  Outcome outcome;
  auto formula = engine.formula("x^2 + sqrt(y) / 3 - (x > 1 ? 0.5 : y)", names, outcome);
  ASSERT_TRUE(formula) << outcome.diagnostics.size();
  std::array<double, 2> at = {1.25, 2.0};
  double expected = 1.25 * 1.25 + std::sqrt(2.0) / 3 - 0.5;
  for (int i = 0; i < 40; ++i) EXPECT_EQ(formula->value(at, outcome), expected); // As bytecode, then as baseline code.
  ASSERT_TRUE(formula->compile(outcome));
  EXPECT_EQ(formula->value(at, outcome), expected);
  at = {0.5, 4.0};
  EXPECT_EQ(formula->value(at, outcome), 0.25 + 2.0 / 3 - 4.0);
}

TEST(FormulaTest, NumbersOfAnyKindAreValues) {
  Engine engine;
  Outcome outcome;
  std::array<double, 2> at = {3.0, 2.0};
  for (auto [text, expected] : {std::pair<const char *, double>{"7", 7}, {"x > y", 1}, {"x < y", 0}, {"255u8", 255}, {"-3i8", -3}, {"0.5f32", 0.5}, {"round(x) // 2", 1}}) {
    auto formula = engine.formula(text, names, outcome);
    ASSERT_TRUE(formula) << text;
    EXPECT_EQ(formula->value(at, outcome), expected) << text;
    ASSERT_TRUE(formula->compile(outcome));
    EXPECT_EQ(formula->value(at, outcome), expected) << text;
  }
}

TEST(FormulaTest, CompiledBeforeItIsEvaluated) {
  Engine engine;
  Outcome outcome;
  for (auto [text, expected] : {std::pair<const char *, double>{"x > y", 1}, {"x * y", 6}}) {
    auto formula = engine.formula(text, names, outcome);
    ASSERT_TRUE(formula) << text;
    ASSERT_TRUE(formula->compile(outcome));
    for (int i = 0; i < 40; ++i) EXPECT_EQ(formula->value(std::array<double, 2>{3.0, 2.0}, outcome), expected) << text;
  }
}

TEST(FormulaTest, SeesWhatTheSessionDefines) {
  Engine engine;
  ASSERT_TRUE(engine.run_script("lib", "scale = 2.5\nfn area(r) { scale * r^2 }").ok());
  Outcome outcome;
  auto formula = engine.formula("area(x) + scale", names, outcome);
  ASSERT_TRUE(formula);
  EXPECT_EQ(formula->value(std::array<double, 2>{2.0, 0.0}, outcome), 12.5);
}

TEST(FormulaTest, ErrorsAreInTheOutcome) {
  Engine engine;
  for (auto [text, message] : {std::pair<const char *, const char *>{"x +", "expected an expression"}, {"x + z", "'z' is not defined"}, {"", "a formula is one expression"},
                               {"x; y", "a formula is one expression"}, {"y = 3", "a formula is one expression"}, {"\"text\"", "the value of a formula is a number; this is of type str"}}) {
    Outcome outcome;
    EXPECT_EQ(engine.formula(text, names, outcome), nullptr) << text;
    EXPECT_EQ(outcome.status, Outcome::CompileError) << text;
    ASSERT_FALSE(outcome.diagnostics.empty()) << text;
    EXPECT_NE(outcome.diagnostics[0].message.find(message), std::string::npos) << outcome.diagnostics[0].message;
  }
  Outcome outcome;
  auto formula = engine.formula("[1, 2, 3][i64(round(x))] + 1 // i64(round(y))", names, outcome);
  ASSERT_TRUE(formula);
  for (bool compiled : {false, true}) {
    if (compiled) {
      ASSERT_TRUE(formula->compile(outcome));
    }
    outcome = {};
    EXPECT_EQ(formula->value(std::array<double, 2>{2.0, 1.0}, outcome), 4.0);
    EXPECT_TRUE(outcome.ok());
    EXPECT_EQ(formula->value(std::array<double, 2>{5.0, 1.0}, outcome), std::nullopt);
    EXPECT_EQ(outcome.message, "index 5 is out of range for an array of 3");
    EXPECT_EQ(formula->value(std::array<double, 2>{1.0, 0.0}, outcome), std::nullopt);
    EXPECT_EQ(outcome.message, "division by zero in 1 // 0");
  }
}

TEST(FormulaTest, RowsOfVariables) {
  Engine engine;
  Outcome outcome;
  auto formula = engine.formula("x^2 / 2 + y", names, outcome);
  ASSERT_TRUE(formula);
  std::vector<double> rows, results(50), expected;
  for (int i = 0; i < 50; ++i) {
    rows.insert(rows.end(), {i * 1.0, i * 0.25});
    expected.push_back(i * i * 0.5 + i * 0.25);
  }
  EXPECT_EQ(formula->values(rows, results, outcome), 50u); // As bytecode, then as baseline code.
  EXPECT_EQ(results, expected);
  ASSERT_TRUE(formula->compile(outcome));
  results.assign(50, 0);
  EXPECT_EQ(formula->values(rows, results, outcome), 50u);
  EXPECT_EQ(results, expected);
  EXPECT_EQ(formula->values({}, {}, outcome), 0u);
  EXPECT_TRUE(outcome.ok());
}

// Enough rows for a loop of their own.
TEST(FormulaTest, ManyRowsOfVariables) {
  Engine engine;
  ASSERT_TRUE(engine.run_script("lib", "calls = 0\nfn half(v) { global calls\n calls += 1\n v / 2 }").ok());
  for (auto text : {"x^2 / 2 + y", "sin(x) * exp(-y) # rows, rows_in", "y > 3 ? x : 2", "x * y + half(x)", "f64(i64(y * 4)) + x", "7.5"}) {
    Outcome outcome;
    auto formula = engine.formula(text, names, outcome);
    ASSERT_TRUE(formula) << text;
    std::vector<double> rows, results(1000), expected;
    for (int i = 0; i < 1000; ++i) {
      rows.insert(rows.end(), {i * 0.01, i * 0.25 - 100});
      expected.push_back(*formula->value(std::span(rows).last(2), outcome));
    }
    ASSERT_TRUE(formula->compile(outcome)) << text;
    for (size_t count : {1000, 64, 63, 1}) {
      results.assign(1000, 0);
      EXPECT_EQ(formula->values(std::span(rows).first(2 * count), std::span(results).first(count), outcome), count) << text;
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(results[i], expected[i]) << text << ", row " << i;
    }
    EXPECT_TRUE(outcome.ok());
  }
}

TEST(FormulaTest, ManyRowsEndAtAnError) {
  Engine engine;
  Outcome outcome;
  auto formula = engine.formula("f64(i64(x) // i64(y))", names, outcome);
  ASSERT_TRUE(formula);
  ASSERT_TRUE(formula->compile(outcome));
  std::vector<double> rows, results(200, -1);
  for (int i = 0; i < 200; ++i) rows.insert(rows.end(), {12.0, i == 150 ? 0.0 : 5.0});
  EXPECT_EQ(formula->values(rows, results, outcome), 150u);
  EXPECT_EQ(results[149], 2);
  EXPECT_EQ(outcome.message, "division by zero in 12 // 0");
}

TEST(FormulaTest, RowsEndAtAnError) {
  Engine engine;
  for (bool compiled : {false, true}) {
    Outcome outcome;
    auto formula = engine.formula("i64(x) // i64(y)", names, outcome);
    ASSERT_TRUE(formula);
    if (compiled) {
      ASSERT_TRUE(formula->compile(outcome));
    }
    std::array<double, 8> rows = {7, 2, 9, 3, 1, 0, 8, 2};
    std::array<double, 4> results = {-1, -1, -1, -1};
    EXPECT_EQ(formula->values(rows, results, outcome), 2u);
    EXPECT_EQ(results, (std::array<double, 4>{3, 3, -1, -1}));
    EXPECT_EQ(outcome.status, Outcome::Failure);
    EXPECT_NE(outcome.message.find("zero"), std::string::npos) << outcome.message;
  }
}

TEST(FormulaTest, ManyVariables) {
  std::vector<std::string> owned;
  std::string text = "0";
  for (int i = 0; i < 20; ++i) {
    owned.push_back("v" + std::to_string(i));
    text += " + " + std::to_string(i + 1) + " * v" + std::to_string(i);
  }
  std::vector<std::string_view> variables(owned.begin(), owned.end());
  Engine engine;
  Outcome outcome;
  auto formula = engine.formula(text, variables, outcome);
  ASSERT_TRUE(formula);
  std::vector<double> at(20);
  double expected = 0;
  for (int i = 0; i < 20; ++i) at[static_cast<size_t>(i)] = i * 0.5, expected += (i + 1) * i * 0.5;
  EXPECT_EQ(formula->value(at, outcome), expected);
  ASSERT_TRUE(formula->compile(outcome));
  EXPECT_EQ(formula->value(at, outcome), expected);
}

} // namespace
} // namespace kiln
