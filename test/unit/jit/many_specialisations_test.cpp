// Specialisations by the thousand: what each costs stays the same, and the kernel's limit of mappings is far.
#include "jit/engine.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

namespace kiln {
namespace {

size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  size_t count = 0;
  while (std::getline(maps, line))
    ++count;
  return count;
}

size_t resident_bytes() {
  std::ifstream status("/proc/self/statm");
  size_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * 4096;
}

/// Functions that are not copied into their callers, since each calls itself, and a sum of calls of all of them.
std::string batch(size_t first, size_t count) {
  std::string text, calls;
  for (size_t i = first; i < first + count; ++i) {
    text += fmt::format("fn f{0}(n) {{ if n < 1 {{ return {0} }}; f{0}(n - 1) + f{0}(n - 2) }}\n", i);
    calls += fmt::format("{}f{}(1)", i == first ? "[" : ", ", i);
  }
  return text + calls + "]";
}

TEST(ManySpecialisationsTest, StayWithinTheKernelsLimitOfMappings) {
  const char *wanted = std::getenv("KILN_TEST_SPECIALISATIONS"); // More than the usual run has time for.
  const size_t total = wanted ? std::strtoull(wanted, nullptr, 10) : 4000, step = 500;
  EngineOptions options;
  options.opt_level = 0;
  options.tier = Tier::Compiled;
  Engine engine(options);
  ASSERT_TRUE(engine.run_interactive("first", batch(0, step)).ok());
  const size_t mappings_before = mappings(), bytes_before = resident_bytes();
  for (size_t first = step; first < total; first += step) {
    Outcome outcome = engine.run_interactive("test", batch(first, step));
    ASSERT_TRUE(outcome.ok()) << outcome.message;
  }
  size_t compiled = 0;
  for (const SpecialisationInfo &info : engine.specialisations())
    compiled += info.compiled;
  EXPECT_EQ(compiled, total);
  // All of them are live: f(1) = f(0) + f(-1).
  EXPECT_EQ(to_text(engine.run_interactive("test", fmt::format("(f0(1), f{}(1))", total - 1)).value), fmt::format("(0, {})", 2 * (total - 1)));
  const size_t made = total - step, mappings_made = mappings() - mappings_before;
  const size_t bytes_each = (resident_bytes() - bytes_before) / made;
  RecordProperty("mappings", static_cast<int>(mappings_made));
  RecordProperty("bytes_each", static_cast<int>(bytes_each));
  EXPECT_LT(mappings_made, 200 + made / 50);
  EXPECT_LT(bytes_each, 40'000u);
}

} // namespace
} // namespace kiln
