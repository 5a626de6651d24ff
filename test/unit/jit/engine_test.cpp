// The engine as a host uses it: values, redefinition, laziness, errors, and what the memory map shows.
#include "jit/engine.h"

#include "jit/runtime/output.h"
#include "jit/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace kiln {
namespace {

std::string shown(const Outcome &outcome) {
  if (!outcome.diagnostics.empty())
    return outcome.diagnostics.front().message;
  if (!outcome.ok())
    return outcome.message;
  return to_text(outcome.value);
}

class EngineTest : public testing::Test {
protected:
  explicit EngineTest(EngineOptions options = {}) : engine(std::move(options)) {}
  Engine engine;
  std::string run(std::string text) { return shown(engine.run_interactive("test", std::move(text))); }
  uint64_t compiled() const { // Functions: the top level's units are not counted.
    uint64_t count = 0;
    for (const SpecialisationInfo &info : engine.specialisations())
      count += info.compiled;
    return count;
  }
};

TEST_F(EngineTest, GivesValuesWithTheirTypes) {
  Outcome outcome = engine.run_interactive("test", "(1, 2.5, \"a\")");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(to_text(outcome.value), "(1, 2.5, \"a\")");
  EXPECT_EQ(type_text(outcome.value), "(i64, f64, str)");
}

TEST_F(EngineTest, KeepsVariablesBetweenRuns) {
  run("x = 20");
  EXPECT_EQ(run("x + 1"), "21");
  EXPECT_EQ(run("ans * 2"), "42");
  run("x = 2.5"); // Another type: another version.
  EXPECT_EQ(run("x * 2"), "5.0");
}

TEST_F(EngineTest, RedefinitionReachesCallersThatAreCompiled) {
  run("inner(x) = x + 1");
  run("middle(x) = inner(x) * 10");
  run("outer(x) = middle(x) + 0");
  EXPECT_EQ(run("outer(1)"), "20");
  run("inner(x) = x + 2");
  EXPECT_EQ(run("outer(1)"), "30");
  run("inner(x) = x + 0.5"); // The result's type changes all the way up.
  EXPECT_EQ(run("outer(1)"), "15.0");
}

TEST_F(EngineTest, ChangedVariableTypeReachesFunctionsThatReadIt) {
  run("rate = 2");
  run("scaled(x) = x * rate");
  EXPECT_EQ(run("scaled(3)"), "6");
  run("rate = 0.5");
  EXPECT_EQ(run("scaled(3)"), "1.5");
}

TEST_F(EngineTest, ANameNotFoundIsFoundOnceDefined) {
  run("uses(x) = later(x)");
  EXPECT_EQ(run("uses(1)"), "'later' is not defined");
  run("later(x) = x + 1");
  EXPECT_EQ(run("uses(1)"), "2");
}

/// Where all code is LLVM's, and compiled when it is called.
class CompiledEngineTest : public EngineTest {
protected:
  CompiledEngineTest() : EngineTest(compiled_only()) {}
  static EngineOptions compiled_only() {
    EngineOptions options;
    options.tier = Tier::Compiled;
    return options;
  }
};

TEST_F(CompiledEngineTest, CompilesOnlyWhatIsCalled) {
  std::string text;
  for (int i = 0; i < 500; ++i)
    text += "fn f" + std::to_string(i) + "(n) { s = 0; for k in 0..n { s += k * " + std::to_string(i) + " }; s }\n";
  text += "a = f1(10)\nb = f2(10)\nc = f3(10)\n";
  Outcome outcome = engine.run_script("test", text);
  ASSERT_TRUE(outcome.ok()) << shown(outcome);
  EXPECT_EQ(compiled(), 3u);
  EXPECT_EQ(engine.specialisations().size(), 3u);
}

TEST_F(CompiledEngineTest, AFunctionThatIsNotReachedIsNotCompiled) {
  // Too large to be copied into its caller.
  std::string body;
  for (int i = 0; i < 20; ++i)
    body += "s += k * " + std::to_string(i % 2) + "\n";
  run("fn cold(n) {\n s = 0\n for k in 0..n {\n" + body + "}\n s\n}");
  run("fn chooses(n) { if n > 100 { return cold(n) }; n }");
  EXPECT_EQ(run("chooses(1)"), "1");
  EXPECT_EQ(compiled(), 1u); // cold is inferred, not compiled.
  EXPECT_EQ(run("chooses(101)"), "50500"); // Ten times the sum of 0..101.
  EXPECT_EQ(compiled(), 2u);
}

TEST_F(CompiledEngineTest, OneSpecialisationForEachTupleOfTypes) {
  run("fn f(x, y) { s = x; for k in 0..3 { s = s + y }; s }");
  run("f(1, 2)");
  run("f(3, 4)");
  run("f(1, 2.0)");
  EXPECT_EQ(compiled(), 2u);
}

TEST_F(EngineTest, ErrorsComeBackAsOutcomes) {
  Outcome outcome = engine.run_interactive("test", "xs = [1, 2, 3]\nfn get(i) = xs[i]\nget(7)");
  EXPECT_EQ(outcome.status, Outcome::Failure);
  EXPECT_EQ(outcome.message, "index 7 is out of range for an array of 3");
  ASSERT_GE(outcome.trace.size(), 2u);
  EXPECT_EQ(outcome.trace.front().function, "get(i64)");
  EXPECT_EQ(engine.sources().location(outcome.trace.front().span).line, 2u);
  EXPECT_EQ(run("get(1)"), "2"); // The session lives on.
  EXPECT_EQ(engine.run_interactive("test", "exit(7)").exit_code, 7);
}

TEST_F(EngineTest, AnInterruptBeforeTheRunIsNotLost) { // As when it comes while LLVM compiles.
  install_signal_handlers();
  raise(SIGINT);
  EXPECT_EQ(engine.run_interactive("test", "n = 1").status, Outcome::Interrupted);
  EXPECT_EQ(run("n = 2"), "2");
}

TEST_F(EngineTest, AFailedStatementLeavesVariablesAsTheyWere) {
  run("x = 5");
  run("x = error(\"no\")");
  EXPECT_EQ(run("x"), "5");
  run("fresh = [1, 2][5]");
  EXPECT_EQ(run("fresh"), "'fresh' is not defined");
}

TEST_F(EngineTest, ForgetsNames) {
  run("f(x) = x");
  EXPECT_EQ(run("f(1)"), "1");
  EXPECT_TRUE(engine.forget("f"));
  EXPECT_FALSE(engine.forget("f"));
  EXPECT_EQ(run("f(1)"), "'f' is not defined");
}

TEST_F(EngineTest, EmitsEveryKind) {
  run("f(x, y) = x * y + 1");
  for (EmitKind kind : {EmitKind::Kir, EmitKind::TypedKir, EmitKind::Llvm, EmitKind::LlvmRaw, EmitKind::Asm, EmitKind::Object, EmitKind::Bitcode}) {
    Outcome outcome;
    EXPECT_FALSE(engine.emit(kind, "f(i64, f64)", outcome).empty());
    EXPECT_TRUE(outcome.ok());
  }
  Outcome outcome;
  EXPECT_NE(engine.emit(EmitKind::Llvm, "f(f64, f64)", outcome).find("fmul double"), std::string::npos);
  EXPECT_TRUE(engine.emit(EmitKind::Llvm, "nothing(f64)", outcome).empty());
  EXPECT_EQ(outcome.status, Outcome::CompileError);
}

TEST_F(EngineTest, NoPageIsWritableAndExecutable) {
  run("fn fib(n) { if n < 2 { return n }; fib(n - 1) + fib(n - 2) }");
  EXPECT_EQ(run("fib(20)"), "6765");
  std::ifstream maps("/proc/self/maps");
  std::string line;
  size_t executable = 0;
  while (std::getline(maps, line)) {
    std::string rights = line.substr(line.find(' ') + 1, 4);
    executable += rights[2] == 'x';
    EXPECT_FALSE(rights[1] == 'w' && rights[2] == 'x') << line;
  }
  EXPECT_GT(executable, 0u);
}

TEST_F(EngineTest, DocumentsAndCompletes) {
  run("## the area of a circle\narea(r) = pi * r^2");
  EXPECT_NE(engine.doc("area").find("the area of a circle"), std::string::npos);
  EXPECT_NE(engine.doc("sqrt").find("square root"), std::string::npos);
  std::vector<std::string> names = engine.complete("are");
  ASSERT_EQ(names.size(), 1u);
  EXPECT_EQ(names.front(), "area");
}

} // namespace
} // namespace kiln
