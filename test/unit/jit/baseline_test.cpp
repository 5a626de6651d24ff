// Machine code made of bytecode: which functions have it, its memory, and how it hands over to the interpreter and back.
#include "jit/baseline/machine_frame.h"
#include "jit/baseline/machine_memory.h"
#include "jit/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace kiln {
namespace {

EngineOptions options(Baseline baseline) {
  EngineOptions options;
  options.tier = Tier::Interpreted;
  options.baseline = baseline;
  return options;
}

const char *sum = "fn sum(n) {\n  s = 0\n  for i in 0..n { s += i * i % 7 }\n  s\n}\n";

std::string value_of(Baseline baseline, const std::string &text, uint64_t *functions = nullptr) {
  Engine engine(options(baseline));
  Outcome outcome = engine.run_script("test", text);
  if (functions) *functions = engine.times().baseline_functions;
  return outcome.ok() ? to_text(outcome.value) : outcome.message;
}

TEST(BaselineTest, IsMadeOfWhatIsHot) {
  uint64_t functions = 0;
  EXPECT_EQ(value_of(Baseline::Hot, std::string(sum) + "sum(70000)", &functions), "140000"); // Squares mod 7: 0 1 4 2 2 4 1.
#if defined(__x86_64__)
  EXPECT_EQ(functions, 1u);
#endif
  EXPECT_EQ(value_of(Baseline::Hot, std::string(sum) + "sum(7)", &functions), "14");
  EXPECT_EQ(functions, 0u);
  EXPECT_EQ(value_of(Baseline::None, std::string(sum) + "sum(70000)", &functions), "140000");
  EXPECT_EQ(functions, 0u);
}

/// The error is found by machine code and made by the interpreter; its handler may be either's.
TEST(BaselineTest, ErrorsAreTheInterpreters) {
  std::string text = "fn get(a, i) = a[i]\nfn total(a, n) {\n  t = 0\n  for i in 0..n {\n    t += try { get(a, i) } catch e { -1000 }\n  }\n  t\n}\n"
                     "a = [k for k in 0..10000]\n(total(a, 10003), try { get(a, 10000) } catch e { 0 })";
  for (Baseline baseline : {Baseline::None, Baseline::Hot, Baseline::All}) EXPECT_EQ(value_of(baseline, text), "(49992000, 0)"); // 9999 * 5000 - 3000
  Engine engine(options(Baseline::All));
  Outcome outcome = engine.run_script("test", "fn get(a, i) = a[i]\nfn outer(a) {\n  x = get(a, 5)\n  x + 1\n}\nprint(outer([1, 2]))");
  EXPECT_EQ(outcome.message, "index 5 is out of range for an array of 2");
  ASSERT_EQ(outcome.trace.size(), 3u);
  EXPECT_EQ(outcome.trace[0].function, "get([i64], i64)");
  EXPECT_EQ(outcome.trace[1].function, "outer([i64])");
}

/// A short function is inlined: what fails in it, or what machine code leaves to the interpreter, happens in a frame of its own.
TEST(BaselineTest, AnInlinedCallIsACallWhereItIsLeft) {
  std::string text = "fn part(a, i, d) = a[i] // d\nfn pair(a, i) = (a[i], i)\n"
                     "fn total(a, n, d) {\n  t = 0\n  for i in 0..n { t += part(a, i, d) }\n  t\n}\n"
                     "fn squares(a, n) {\n  t = 0\n  for i in 0..n {\n    (x, y) = pair(a, i)\n    t += x * y\n  }\n  t\n}\n"
                     "a = [k for k in 0..3000]\npart(a, 0, 1)\npair(a, 0)\n"; // They have bytecode now.
  for (Baseline baseline : {Baseline::None, Baseline::Hot, Baseline::All}) {
    EXPECT_EQ(value_of(baseline, text + "(total(a, 3000, 1), squares(a, 3000))"), "(4498500, 8995500500)"); // 2999 * 1500, 2999 * 3000 * 5999 / 6
    EXPECT_EQ(value_of(baseline, text + "(total(a, 3000, -1), squares(a, 3000))"), "(-4498500, 8995500500)"); // The interpreter divides by -1.
    Engine engine(options(baseline));
    Outcome outcome = engine.run_script("test", text + "print(total(a, 3001, 1))");
    EXPECT_EQ(outcome.message, "index 3000 is out of range for an array of 3000");
    ASSERT_EQ(outcome.trace.size(), 3u);
    EXPECT_EQ(outcome.trace[0].function, "part([i64], i64, i64)");
    EXPECT_EQ(outcome.trace[1].function, "total([i64], i64, i64)");
  }
}

/// In the last frame that fits, too, what is inlined has room for its slots.
TEST(BaselineTest, AnInlinedCallFitsWhereTheStackEnds) {
  std::string text = "fn leaf(a, b) = (a * 3 + b) * (a + 7 * b) + (a - b) * (b + 11) + a * b\n"
                     "fn deep(n, a, b) {\n  x = leaf(n & 7, 2)\n  n < 0 ? x : x + a + b + deep(n + 1, b, a)\n}\nleaf(1, 2)\n";
  for (Baseline baseline : {Baseline::None, Baseline::Hot, Baseline::All}) {
    for (std::string more : {"", "p = 1\n  ", "p = n * 2\n  q = p + 1\n  r = q * n\n  a = a + (r & 1)\n  "}) { // Frames of other sizes.
      std::string varied = text;
      varied.insert(varied.find("x = leaf"), more);
      EXPECT_EQ(value_of(baseline, varied + "deep(0, 1, 2)"), "stack overflow");
    }
  }
}

/// What a register has and its slot has not yet is there when the interpreter takes over.
TEST(BaselineTest, SlotsHaveTheirValuesWhereTheInterpreterTakesOver) {
  std::string caught = "fn f(a, n) {\n  t = 0\n  for i in 0..n {\n    x = i * 3\n    y = x + 5\n    x = y - 1\n    y = y * y\n"
                       "    t += try { a[x % 7] } catch e { 1000 * y - x }\n  }\n  t\n}\nf([1, 2, 3, 4, 5], 3000)";
  std::string overflow = "fn g(n) {\n  x = 1\n  for i in 0..n {\n    x = x * 3\n    x = x + i\n  }\n  x\n}\ng(100)";
  for (Baseline baseline : {Baseline::None, Baseline::Hot, Baseline::All}) {
    EXPECT_EQ(value_of(baseline, caught), "23181462881857"); // Both computed in Python.
    EXPECT_EQ(value_of(baseline, overflow), "integer overflow in 5065693941273720314 * 3");
  }
}

/// Registers hold a value on one path into a loop and not on another; a float and an integer take turns in a slot.
TEST(BaselineTest, ALoopKnowsWhatItsRegistersHold) {
  std::string text = "fn mix(n, q) {\n  t = 0.0\n  for i in 0..n {\n    y = sqrt(q) - i\n    if y != 0.25 * i { for k in 0..3 { t += y * k } }\n"
                     "    for k in 0..i % 3 { if k == 1 { continue }; t += k + 1 }\n  }\n  t\n}\nmix(4000, 4.0)";
  // 3 * sum(2 - i) but where 2 - i = i / 4, which no i is, and 1 for each i of which i % 3 is not 0.
  EXPECT_EQ(value_of(Baseline::None, text), "-23967334.0");
  EXPECT_EQ(value_of(Baseline::All, text), "-23967334.0");
  EXPECT_EQ(value_of(Baseline::Hot, text), "-23967334.0");
}

TEST(BaselineTest, CanBeLookedAt) {
  Engine engine(options(Baseline::None));
  Outcome outcome = engine.check("test", sum);
  std::string text = engine.emit(EmitKind::Baseline, "sum(i64)", outcome);
  ASSERT_TRUE(outcome.ok());
  for (const char *part : {"# sum(i64): ", " bytes\n", "# 3:   for i in 0..n { s += i * i % 7 }", "NextBelow"}) EXPECT_NE(text.find(part), std::string::npos) << text;
#if defined(__x86_64__)
  for (const char *part : {"imul", "idiv", "jo\t"}) EXPECT_NE(text.find(part), std::string::npos) << text;
#endif
}

#if defined(__x86_64__)
TEST(BaselineTest, MemoryIsReusedAndNeverWritableAndExecutable) {
  std::array<unsigned char, 100> code;
  code.fill(0xc3);
  std::optional<size_t> first = MachineMemory::place(code);
  ASSERT_TRUE(first);
  const std::byte *at = MachineMemory::at(*first);
  EXPECT_EQ(*at, std::byte(0xc3));
  EXPECT_TRUE(MachineMemory::holds(at));
  EXPECT_NE(machine_frame_record(at), nullptr);
  EXPECT_EQ(machine_frame_record(&code), nullptr);
  MachineMemory::release(*first, code.size());
  EXPECT_EQ(*at, std::byte(0xcc)); // A trap: a stale call does not go on.
  EXPECT_EQ(MachineMemory::place(code), first);
  MachineMemory::release(*first, code.size());
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) EXPECT_EQ(line.find("rwx"), std::string::npos) << line;
}
#endif

} // namespace
} // namespace kiln
