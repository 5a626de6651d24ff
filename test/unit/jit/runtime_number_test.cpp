#include "test/unit/jit/runtime_fixture.h"

#include <cmath>
#include <limits>

namespace kiln {
namespace {

using namespace calls;

TEST(Power, Edges) {
  EXPECT_EQ(kiln_power_i64(0, 0), 1);
  EXPECT_EQ(kiln_power_i64(0, INT64_MAX), 0);
  EXPECT_EQ(kiln_power_i64(1, INT64_MAX), 1);
  EXPECT_EQ(kiln_power_i64(-1, INT64_MAX), -1);
  EXPECT_EQ(kiln_power_i64(-1, INT64_MAX - 1), 1);
  EXPECT_EQ(kiln_power_i64(2, 62), int64_t{1} << 62);
  EXPECT_EQ(kiln_power_i64(-2, 63), INT64_MIN);
  EXPECT_EQ(kiln_power_i64(7, 1), 7);
  EXPECT_EQ(kiln_power_i64(3, 39), 4052555153018976267);
  EXPECT_EQ(kiln_power_i64(INT64_MIN, 1), INT64_MIN);
  EXPECT_EQ(kiln_power_u64(2, 63), uint64_t{1} << 63);
  EXPECT_EQ(kiln_power_u64(0, 5), 0u);
  EXPECT_EQ(kiln_power_u64(4294967295u, 2), 18446744065119617025u);
}

TEST(Power, Failures) {
  EXPECT_EQ(message_of([] { kiln_power_i64(2, 63); }), "integer overflow in 2^63");
  EXPECT_EQ(message_of([] { kiln_power_i64(-2, 64); }), "integer overflow in (-2)^64");
  EXPECT_EQ(message_of([] { kiln_power_i64(3, 40); }), "integer overflow in 3^40");
  EXPECT_EQ(message_of([] { kiln_power_i64(2, INT64_MAX); }), "integer overflow in 2^9223372036854775807");
  EXPECT_EQ(message_of([] { kiln_power_u64(2, 64); }), "integer overflow in 2^64 (u64)");
  EXPECT_NE(message_of([] { kiln_power_i64(2, -1); }).find("negative exponent in 2^-1"), std::string::npos);
}

// Against multiplication one by one in 128 bits.
TEST(Power, AgreesWithRepeatedMultiplication) {
  for (int64_t base = -40; base <= 40; ++base)
    for (int64_t exponent = 0; exponent <= 70; ++exponent) {
      __extension__ __int128 expected = 1;
      bool fits = true;
      for (int64_t k = 0; k < exponent && fits; ++k) {
        expected *= base;
        fits = expected >= INT64_MIN && expected <= INT64_MAX;
      }
      int64_t got = 0;
      bool failed = message_of([&] { got = kiln_power_i64(base, exponent); }) != "no error";
      ASSERT_EQ(failed, !fits) << base << '^' << exponent;
      ASSERT_EQ(got, fits ? static_cast<int64_t>(expected) : 0) << base << '^' << exponent;
    }
}

TEST(Compare, IntegerWithFloatIsExact) {
  EXPECT_EQ(kiln_compare_i64_f64(3, 3.0), 0);
  EXPECT_EQ(kiln_compare_i64_f64(3, 3.5), -1);
  EXPECT_EQ(kiln_compare_i64_f64(-3, -3.5), 1);
  EXPECT_EQ(kiln_compare_i64_f64(-4, -3.5), -1);
  EXPECT_EQ(kiln_compare_i64_f64(0, -0.0), 0);
  EXPECT_EQ(kiln_compare_i64_f64(0, -0.5), 1);
  EXPECT_EQ(kiln_compare_i64_f64(9007199254740993, 9007199254740992.0), 1) << "2^53 + 1 is not 2^53";
  EXPECT_EQ(kiln_compare_i64_f64(INT64_MAX, 0x1p63), -1);
  EXPECT_EQ(kiln_compare_i64_f64(INT64_MIN, -0x1p63), 0);
  EXPECT_EQ(kiln_compare_i64_f64(INT64_MIN, -0x1.0000000000001p63), 1);
  EXPECT_EQ(kiln_compare_i64_f64(5, INFINITY), -1);
  EXPECT_EQ(kiln_compare_i64_f64(5, -INFINITY), 1);
  EXPECT_EQ(kiln_compare_i64_f64(5, NAN), 2);
  EXPECT_EQ(kiln_compare_u64_f64(18446744073709551615u, 0x1p64), -1);
  EXPECT_EQ(kiln_compare_u64_f64(uint64_t{1} << 63, 0x1p63), 0);
  EXPECT_EQ(kiln_compare_u64_f64(0, -1.0), 1);
  EXPECT_EQ(kiln_compare_u64_f64(0, -0.5), 1);
  EXPECT_EQ(kiln_compare_u64_f64(0, 5e-324), -1);
}

TEST(Parse, Integers) {
  EXPECT_EQ(kiln_parse_int(str("42")), 42);
  EXPECT_EQ(kiln_parse_int(str("-42")), -42);
  EXPECT_EQ(kiln_parse_int(str("+42")), 42);
  EXPECT_EQ(kiln_parse_int(str("007")), 7);
  EXPECT_EQ(kiln_parse_int(str("-9223372036854775808")), INT64_MIN);
  for (std::string_view wrong : {"", " 1", "1 ", "1_000", "0x10", "1.0", "--1", "+-1", "++1", "+", "-", "one"})
    EXPECT_NE(message_of([&] { kiln_parse_int(str(wrong)); }).find("is not an integer"), std::string::npos) << wrong;
  EXPECT_EQ(message_of([] { kiln_parse_int(str("12x")); }), "\"12x\" is not an integer");
  EXPECT_EQ(message_of([] { kiln_parse_int({nullptr, 0}); }), "\"\" is not an integer");
  EXPECT_EQ(message_of([] { kiln_parse_int(str("9223372036854775808")); }),
            "\"9223372036854775808\" is out of range for i64");
}

TEST(Parse, Floats) {
  EXPECT_EQ(kiln_parse_float(str("1.5")), 1.5);
  EXPECT_EQ(kiln_parse_float(str("+1.5e3")), 1500.0);
  EXPECT_EQ(kiln_parse_float(str("-.5")), -0.5);
  EXPECT_EQ(kiln_parse_float(str("3")), 3.0);
  EXPECT_EQ(kiln_parse_float(str("0.1")), 0.1);
  EXPECT_EQ(kiln_parse_float(str("inf")), INFINITY);
  EXPECT_EQ(kiln_parse_float(str("-inf")), -INFINITY);
  EXPECT_TRUE(std::isnan(kiln_parse_float(str("nan"))));
  EXPECT_EQ(kiln_parse_float(str("1e400")), INFINITY);
  EXPECT_EQ(kiln_parse_float(str("-1e400")), -INFINITY);
  EXPECT_EQ(kiln_parse_float(str("1e-400")), 0.0);
  EXPECT_EQ(kiln_parse_float(str("5e-324")), 5e-324);
  for (std::string_view wrong : {"", " 1.0", "1.0 ", "1_0.0", "1.0x", "nan(1)", "e5", ".", "+-1.0", "0x1p3"})
    EXPECT_NE(message_of([&] { kiln_parse_float(str(wrong)); }).find("is not a number"), std::string::npos) << wrong;
}

} // namespace
} // namespace kiln
