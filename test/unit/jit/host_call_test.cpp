// Functions of the host's that throw: called from Kiln as `extern ""`, they end in errors of Kiln's.
#include "jit/engine.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

extern "C" {

int64_t host_checked(int64_t n) {
  std::string held(100, 'x'); // Something to clean up on the way.
  if (n < 0)
    throw std::runtime_error("the host does not take " + std::to_string(n));
  return n + static_cast<int64_t>(held.size());
}

int64_t host_throws_int() { throw 42; }
int64_t host_out_of_memory() { throw std::bad_alloc(); }

} // extern "C"

namespace kiln {
namespace {

constexpr const char *declarations = R"(
extern "" host_checked(n: i64): i64
extern "" host_throws_int(): i64
extern "" host_out_of_memory(): i64
fn checked(n) = host_checked(n)
fn outer(n) {
  s = 0
  for i in 0..3 { s += checked(n - i) }
  s
}
)";

struct Way {
  Tier tier;
  int opt_level;
};

class HostCallTest : public testing::TestWithParam<Way> {
protected:
  HostCallTest() : engine(options(GetParam())) {
    EXPECT_TRUE(engine.run_interactive("host", declarations).ok());
  }
  Outcome run(std::string text) { return engine.run_interactive("test", std::move(text)); }
  static EngineOptions options(Way way) {
    EngineOptions options;
    options.tier = way.tier;
    options.opt_level = way.opt_level;
    options.promote_after = 0;
    return options;
  }
  Engine engine;
};

TEST_P(HostCallTest, AnExceptionIsAnErrorWithItsPlaceAndTrace) {
  Outcome outcome = run("outer(1)");
  EXPECT_EQ(outcome.status, Outcome::Failure);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.message, "the host does not take -1");
  ASSERT_EQ(outcome.trace.size(), 3u);
  EXPECT_EQ(outcome.trace[0].function, "checked(i64)");
  EXPECT_EQ(engine.sources().location(outcome.trace[0].span).line, 5u);
  EXPECT_EQ(outcome.trace[1].function, "outer(i64)");
  EXPECT_EQ(engine.sources().location(outcome.trace[1].span).line, 8u);
  EXPECT_EQ(outcome.trace[2].function, "top level");
  EXPECT_EQ(to_text(run("outer(2)").value), "303"); // The session lives on.
}

TEST_P(HostCallTest, WhatIsNoStdExceptionIsCalledByItsType) {
  Outcome outcome = run("1 + host_throws_int()");
  EXPECT_EQ(outcome.status, Outcome::Failure);
  EXPECT_EQ(outcome.message, "a C++ exception of type int");
  ASSERT_EQ(outcome.trace.size(), 1u);
  EXPECT_EQ(outcome.trace[0].function, "top level");
}

TEST_P(HostCallTest, BadAllocIsOutOfMemory) { EXPECT_EQ(run("host_out_of_memory()").message, "out of memory"); }

TEST_P(HostCallTest, TryCatchesThem) {
  run("fn caught(n) { try { str(outer(n)) } catch e { \"${e.message} in line ${e.line}, ${len(e.trace)} calls\" } }");
  Outcome outcome = run("caught(0)");
  EXPECT_EQ(outcome.message, "");
  EXPECT_EQ(to_text(outcome.value, {.quote_strings = false}), "the host does not take -1 in line 5, 4 calls");
  EXPECT_EQ(to_text(run("try { host_throws_int() } catch e { e.message }").value), "\"a C++ exception of type int\"");
  // Many times: nothing is left over.
  EXPECT_EQ(to_text(run("k = 0\nfor i in 0..1000 { try { outer(-i) } catch e { k += 1 } }\nk").value), "1000");
}

TEST_P(HostCallTest, ACaughtOneCanBePassedOn) {
  Outcome outcome = run("try { outer(1) } catch e { error(e) }");
  EXPECT_EQ(outcome.message, "the host does not take -1");
  EXPECT_EQ(outcome.trace.size(), 3u);
}

TEST_P(HostCallTest, ADeepStackIsCutInTheMiddle) {
  Outcome outcome = run("fn deep(n) { if n == 0 { return host_throws_int() }; deep(n - 1) + 1 }\ndeep(5000)");
  EXPECT_EQ(outcome.message, "a C++ exception of type int");
  EXPECT_GT(outcome.trace.size(), 10u);
  EXPECT_GT(outcome.omitted, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Ways, HostCallTest,
                         testing::Values(Way{Tier::Compiled, 0}, Way{Tier::Compiled, 3}, Way{Tier::Interpreted, 3}, Way{Tier::Mixed, 3}));

} // namespace
} // namespace kiln
