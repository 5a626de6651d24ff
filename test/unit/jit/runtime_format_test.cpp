#include "codegen/format_spec.h"
#include "jit/runtime/format.h"
#include "test/unit/jit/runtime_fixture.h"

#include <cmath>

namespace kiln {
namespace {

// Expected texts are Python's format(value, spec), but for what says otherwise.
class Format : public RuntimeTest {
protected:
  template <typename T>
  std::string formatted(const Type *type, T value, std::string_view spec) {
    if (auto wrong = check_format_spec(type, spec)) return "refused: " + *wrong;
    return text(calls::kiln_format(type, &value, str(spec)));
  }
  std::string f(double value, std::string_view spec) { return formatted(types.f64, value, spec); }
  std::string i(int64_t value, std::string_view spec) { return formatted(types.i64, value, spec); }
  std::string s(std::string_view value, std::string_view spec) { return formatted(types.str, str(value), spec); }
};

TEST_F(Format, Floats) {
  EXPECT_EQ(f(3.14159, ".3f"), "3.142");
  EXPECT_EQ(f(3.14159, "8.2f"), "    3.14");
  EXPECT_EQ(f(3.14159, "<8.2f"), "3.14    ");
  EXPECT_EQ(f(3.14159, "^8.2f"), "  3.14  ");
  EXPECT_EQ(f(-3.14159, "08.2f"), "-0003.14");
  EXPECT_EQ(f(3.14159, "+.1f"), "+3.1");
  EXPECT_EQ(f(3.14159, " .1f"), " 3.1");
  EXPECT_EQ(f(1234.5, ".2e"), "1.23e+03"); // Ties to even, exactly: 1234.5 is nearer to 1.23.
  EXPECT_EQ(f(1234.5, "E"), "1.234500E+03");
  EXPECT_EQ(f(0.0001, "g"), "0.0001");
  EXPECT_EQ(f(1e20, "g"), "1e+20");
  EXPECT_EQ(f(1234567.0, ".3"), "1.23e+06");
  EXPECT_EQ(f(2.5, ".0f"), "2");
  EXPECT_EQ(f(1.0, "a"), "0x1p+0"); // As C's printf.
  EXPECT_EQ(f(1e22, ".1f"), "10000000000000000000000.0");
}

TEST_F(Format, FloatsWithoutTypeAreShownAsPrintDoes) {
  EXPECT_EQ(f(1.0, ""), "1.0");
  EXPECT_EQ(f(1.0, "6"), "   1.0");
  EXPECT_EQ(f(-1.5, "06"), "-001.5");
  EXPECT_EQ(f(1.0, "+"), "+1.0");
  EXPECT_EQ(f(0.1 + 0.2, "*<22"), "0.30000000000000004***");
  EXPECT_EQ(formatted(types.f32, 0.1f, "5"), "  0.1");
}

TEST_F(Format, NotFinite) {
  EXPECT_EQ(f(INFINITY, "6.2f"), "   inf");
  EXPECT_EQ(f(-INFINITY, "06.1f"), "  -inf") << "no zeros before infinity, as fmt does";
  EXPECT_EQ(f(NAN, "F"), "NAN");
  EXPECT_EQ(f(-0.0, ".1f"), "-0.0");
}

TEST_F(Format, Integers) {
  EXPECT_EQ(i(42, "5"), "   42");
  EXPECT_EQ(i(42, "05"), "00042");
  EXPECT_EQ(i(-42, "05"), "-0042");
  EXPECT_EQ(i(42, "+d"), "+42");
  EXPECT_EQ(i(255, "x"), "ff");
  EXPECT_EQ(i(255, "#X"), "0XFF");
  EXPECT_EQ(i(255, "#010x"), "0x000000ff");
  EXPECT_EQ(i(-255, "#x"), "-0xff");
  EXPECT_EQ(i(5, "08b"), "00000101");
  EXPECT_EQ(i(8, "o"), "10");
  EXPECT_EQ(i(7, "*^9"), "****7****");
  EXPECT_EQ(i(7, "\xc2\xb7>3"), "\xc2\xb7\xc2\xb7"
                                "7");
  EXPECT_EQ(i(INT64_MIN, ""), "-9223372036854775808");
  EXPECT_EQ(i(INT64_MIN, "d"), "-9223372036854775808");
  EXPECT_EQ(i(0x1F600, "c"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(i(3, ".2f"), "3.00") << "a float's type shows an integer as a float";
  EXPECT_EQ(formatted(types.u64, uint64_t{18446744073709551615u}, "x"), "ffffffffffffffff");
  EXPECT_EQ(formatted(types.i8, int8_t{-128}, "x"), "-80");
  int64_t beyond = 0x110000;
  EXPECT_EQ(message_of([&] { calls::kiln_format(types.i64, &beyond, str("c")); }),
            "1114112 is not a character's code (0 to 1114111)");
}

TEST_F(Format, Strings) {
  EXPECT_EQ(s("abc", "6"), "abc   ");
  EXPECT_EQ(s("abc", ">6"), "   abc");
  EXPECT_EQ(s("abc", "^6s"), " abc  ");
  EXPECT_EQ(s("abcdef", ".3"), "abc");
  EXPECT_EQ(s("\xc3\xa9\xc3\xa9\xc3\xa9", "5.2"), "\xc3\xa9\xc3\xa9   ") << "width and precision count code points";
  EXPECT_EQ(s("", "3"), "   ");
  EXPECT_EQ(formatted(types.boolean, true, ">6"), "  true");
  EXPECT_EQ(formatted(types.range, RangeValue{0, 5, 1}, "6"), "0..5  ");
}

TEST_F(Format, ContainersFormatEachElement) {
  EXPECT_EQ(formatted(types.array(types.f64), array<double, 2>(types.f64, {1, 2.25}), ".1f"), "[1.0, 2.2]");
  struct Pair {
    int64_t a;
    double b;
  };
  EXPECT_EQ(formatted(tuple({types.i64, types.f64}, {"n", "x"}), Pair{1, 2}, "5.2f"), "(n:  1.00, x:  2.00)");
  int64_t dims[] = {2, 2};
  const Type *matrix = types.array(types.i64, 2);
  EXPECT_EQ(formatted(matrix, calls::kiln_array_new(matrix, dims), "2"), "[[ 0,  0], [ 0,  0]]");
  EXPECT_EQ(formatted(types.array(types.str), array<StrValue, 1>(types.str, {str("a")}), ""), R"(["a"])");
}

TEST_F(Format, Refusals) {
  EXPECT_EQ(f(1, "d"), "refused: f64 takes no format type 'd'; write e, f, g or a");
  EXPECT_EQ(i(1, ".3"), "refused: i64 takes a precision only with a float's type, as in .3f");
  EXPECT_EQ(s("a", "f"), "refused: str takes no format type 'f'");
  EXPECT_EQ(s("a", "05"), "refused: str takes no sign, '#' or '0' in its format");
  EXPECT_EQ(f(1, ".f"), "refused: a number must follow '.' in a format");
  EXPECT_EQ(
      f(1, "{}"),
      "refused: '{}' is no part of a format; it is [[fill]align][sign][#][0][width][.precision][type], as in >8.3f");
  EXPECT_EQ(f(1, "1001"), "refused: a format's width and precision are at most 1000");
  EXPECT_EQ(f(1, ".99999999999f"), "refused: a format's width and precision are at most 1000");
  EXPECT_EQ(check_format_spec(tuple({types.i64, types.str}), "d"), "str takes no format type 'd'");
}

TEST_F(Format, WithoutSpecIsStr) {
  EXPECT_EQ(text(calls::kiln_format_i64(-7)), "-7");
  EXPECT_EQ(text(calls::kiln_format_f64(1e100)), "1e100");
  StrValue value = str("as it is");
  EXPECT_EQ(calls::kiln_format(types.str, &value, str("")).data, value.data) << "a str is its own text";
}

} // namespace
} // namespace kiln
