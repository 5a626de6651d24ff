#include "jit/runtime/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace kiln {
namespace {

template <typename Number>
std::string text(Number value) {
  NumberText number;
  return std::string(number.of(value));
}

TEST(NumberText, Integers) {
  EXPECT_EQ(text(int64_t{0}), "0");
  EXPECT_EQ(text(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(NumberText, FloatsAlwaysLookLikeFloats) {
  EXPECT_EQ(text(1.0), "1.0");
  EXPECT_EQ(text(0.0), "0.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(100.0), "100.0");
  EXPECT_EQ(text(-2.5), "-2.5");
  EXPECT_EQ(text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(text(123456.789), "123456.789");
  EXPECT_EQ(text(INFINITY), "inf");
  EXPECT_EQ(text(-INFINITY), "-inf");
  EXPECT_EQ(text(std::nan("")), "nan");
  EXPECT_EQ(text(-std::nan("")), "nan");
}

// The places where Python's repr changes to an exponent.
TEST(NumberText, ExponentsBeginAtTheEdges) {
  EXPECT_EQ(text(0.0001), "0.0001");
  EXPECT_EQ(text(0.00012345), "0.00012345");
  EXPECT_EQ(text(0.00001), "1e-5");
  EXPECT_EQ(text(0.000099), "9.9e-5");
  EXPECT_EQ(text(1e15), "1000000000000000.0");
  EXPECT_EQ(text(9999999999999998.0), "9999999999999998.0");
  EXPECT_EQ(text(1e16), "1e16");
  EXPECT_EQ(text(1e20), "1e20");
  EXPECT_EQ(text(-1.5e-7), "-1.5e-7");
  EXPECT_EQ(text(123456789012345680.0), "1.2345678901234568e17");
  EXPECT_EQ(text(std::numeric_limits<double>::max()), "1.7976931348623157e308");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(-std::numeric_limits<double>::max()), "-1.7976931348623157e308");
}

TEST(NumberText, ShortestForTheWidth) {
  EXPECT_EQ(text(0.1f), "0.1");
  EXPECT_EQ(text(static_cast<double>(0.1f)), "0.10000000149011612");
  EXPECT_EQ(text(16777216.0f), "16777216.0");
  EXPECT_EQ(text(3.4028235e38f), "3.4028235e38");
  EXPECT_EQ(text(1.0f / 3), "0.33333334");
}

/// The fewest significant digits that printf needs to read back equal.
int fewest_digits(double value) {
  for (int digits = 1; digits < 17; ++digits) {
    char buffer[40];
    snprintf(buffer, sizeof buffer, "%.*e", digits - 1, value);
    if (std::strtod(buffer, nullptr) == value) return digits;
  }
  return 17;
}

TEST(NumberText, RandomDoublesReadBackAndAreShortest) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2) // Also numbers of everyday size.
      value = std::ldexp(static_cast<double>(bits >> 11), static_cast<int>(bits % 70) - 90);
    if (!std::isfinite(value)) continue;
    std::string shown = text(value);
    ASSERT_EQ(std::strtod(shown.c_str(), nullptr), value) << shown;
    std::string digits;
    for (char c : shown.substr(0, shown.find('e')))
      if (c >= '0' && c <= '9') digits += c;
    digits.erase(0, digits.find_first_not_of('0'));
    if (!digits.empty()) digits.erase(digits.find_last_not_of('0') + 1);
    ASSERT_EQ(static_cast<int>(digits.size()), value == 0 ? 0 : fewest_digits(value)) << shown;
  }
}

} // namespace
} // namespace kiln
