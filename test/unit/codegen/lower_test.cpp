#include "test/unit/codegen/lower_fixture.h"

#include <cmath>
#include <limits>

namespace kiln::test {
namespace {

constexpr int64_t least = std::numeric_limits<int64_t>::min(), greatest = std::numeric_limits<int64_t>::max();

[[noreturn]] void fail_overflow(int64_t, int64_t, int32_t) { throw Failed("overflow"); }
[[noreturn]] void fail_division(int64_t, int32_t) { throw Failed("division"); }
[[noreturn]] void fail_shift(int64_t) { throw Failed("shift"); }
[[noreturn]] void fail_convert_float(double, int32_t) { throw Failed("convert"); }
[[noreturn]] void fail_convert_int(int64_t, int32_t, int32_t) { throw Failed("convert"); }
[[noreturn]] void fail_inexact(int64_t, int32_t, int32_t) { throw Failed("inexact"); }

class Numbers : public LowerTest {
protected:
  Numbers() {
    link("kiln_fail_overflow", fail_overflow);
    link("kiln_fail_division", fail_division);
    link("kiln_fail_shift", fail_shift);
    link("kiln_fail_convert_float", fail_convert_float);
    link("kiln_fail_convert_int", fail_convert_int);
    link("kiln_fail_inexact", fail_inexact);
    link("fmod", static_cast<double (*)(double, double)>(std::fmod));
  }
  /// f(a, b) = a op b; with a constant right operand, f(a, _) = a op constant.
  void operation(std::string name, BinaryOp op, const Type *left, const Type *right,
                 std::optional<int64_t> constant = std::nullopt) {
    TypedKir &f = function(std::move(name), {left, right}, is_comparison(op) ? types.boolean : left);
    Inst *operand = constant ? f.integer(*constant, right) : f.params[1];
    f.ret(f.binary(op, f.params[0], operand));
  }
};

// The reference: the definition of flooring division, in 128 bits.
int64_t floor_quotient(int64_t a, int64_t b) {
  __extension__ typedef __int128 Wide;
  Wide quotient = static_cast<Wide>(a) / b;
  if (quotient * b != a && (a < 0) != (b < 0)) --quotient;
  return static_cast<int64_t>(quotient);
}
int64_t floor_rest(int64_t a, int64_t b) { return b == -1 ? 0 : a - b * floor_quotient(a, b); }

TEST_F(Numbers, DivisionFloors) {
  operation("divide", BinaryOp::FloorDivide, types.i64, types.i64);
  operation("modulo", BinaryOp::Modulo, types.i64, types.i64);
  int64_t constants[] = {1, 2, 3, 7, 8, 1000000007, -1, -2, -3, least, greatest};
  for (size_t i = 0; i < std::size(constants); ++i) {
    operation("divide" + std::to_string(i), BinaryOp::FloorDivide, types.i64, types.i64, constants[i]);
    operation("modulo" + std::to_string(i), BinaryOp::Modulo, types.i64, types.i64, constants[i]);
  }
  lower_all();
  using Function = int64_t(int64_t, int64_t);
  auto *divide = run<Function>("divide"), *modulo = run<Function>("modulo");
  for (int64_t a : {int64_t(0), int64_t(1), int64_t(-1), int64_t(7), int64_t(-7), int64_t(8), int64_t(-8), least,
                    least + 1, greatest})
    for (size_t i = 0; i < std::size(constants); ++i) {
      int64_t b = constants[i];
      EXPECT_EQ(modulo(a, b), floor_rest(a, b)) << a << " % " << b;
      EXPECT_EQ(run<Function>("modulo" + std::to_string(i))(a, 0), floor_rest(a, b)) << a << " % " << b;
      if (a == least && b == -1) {
        EXPECT_THROW(divide(a, b), Failed);
        EXPECT_THROW(run<Function>("divide" + std::to_string(i))(a, 0), Failed);
        continue;
      }
      EXPECT_EQ(divide(a, b), floor_quotient(a, b)) << a << " // " << b;
      EXPECT_EQ(run<Function>("divide" + std::to_string(i))(a, 0), floor_quotient(a, b)) << a << " // " << b;
    }
  EXPECT_THROW(divide(1, 0), Failed);
  EXPECT_THROW(modulo(1, 0), Failed);
}

TEST_F(Numbers, ArithmeticIsChecked) {
  operation("add", BinaryOp::Add, types.i64, types.i64);
  operation("add32", BinaryOp::Add, types.i32, types.i32);
  operation("subtract_u64", BinaryOp::Subtract, types.u64, types.u64);
  operation("multiply", BinaryOp::Multiply, types.i64, types.i64);
  operation("wrap", BinaryOp::MultiplyWrap, types.i64, types.i64);
  operation("cube", BinaryOp::Power, types.i64, types.i64, 3);
  operation("fourth", BinaryOp::Power, types.i64, types.i64, 4);
  lower_all();
  using Function = int64_t(int64_t, int64_t);
  EXPECT_EQ(run<Function>("add")(greatest, least), -1);
  EXPECT_THROW(run<Function>("add")(greatest, 1), Failed);
  EXPECT_EQ(run<int32_t(int32_t, int32_t)>("add32")(2147483647, -1), 2147483646);
  EXPECT_THROW((run<int32_t(int32_t, int32_t)>("add32")(2147483647, 1)), Failed);
  EXPECT_THROW((run<uint64_t(uint64_t, uint64_t)>("subtract_u64")(1, 2)), Failed);
  EXPECT_THROW(run<Function>("multiply")(int64_t(1) << 32, int64_t(1) << 31), Failed);
  EXPECT_EQ(run<Function>("multiply")(-(int64_t(1) << 32), int64_t(1) << 31), least);
  EXPECT_EQ(run<Function>("wrap")(int64_t(1) << 32, int64_t(1) << 32), 0);
  EXPECT_EQ(run<Function>("cube")(-2097152, 0), least);
  EXPECT_THROW(run<Function>("cube")(2097152, 0), Failed);
  EXPECT_EQ(run<Function>("fourth")(-55108, 0), int64_t(-55108) * -55108 * -55108 * -55108);
  EXPECT_THROW(run<Function>("fourth")(-55109, 0), Failed); // 55109^4 is just above 2^63.
}

TEST_F(Numbers, ShiftsOfTheWidthOrMoreShiftEverythingOut) {
  operation("left", BinaryOp::ShiftLeft, types.i64, types.i64);
  operation("right", BinaryOp::ShiftRight, types.i64, types.i64);
  operation("right_u32", BinaryOp::ShiftRight, types.u32, types.i64);
  lower_all();
  using Function = int64_t(int64_t, int64_t);
  EXPECT_EQ(run<Function>("left")(3, 63), least);
  EXPECT_EQ(run<Function>("left")(3, 64), 0);
  EXPECT_EQ(run<Function>("left")(3, int64_t(1) << 32), 0);
  EXPECT_EQ(run<Function>("right")(-3, 1), -2);
  EXPECT_EQ(run<Function>("right")(-3, 64), -1);
  EXPECT_EQ(run<Function>("right")(3, greatest), 0);
  EXPECT_EQ((run<uint32_t(uint32_t, int64_t)>("right_u32")(0x80000000u, 31)), 1u);
  EXPECT_EQ((run<uint32_t(uint32_t, int64_t)>("right_u32")(0x80000000u, 32)), 0u);
  EXPECT_THROW(run<Function>("left")(1, -1), Failed);
}

TEST_F(Numbers, FloatingRemainderHasTheDivisorsSign) {
  operation("modulo", BinaryOp::Modulo, types.f64, types.f64);
  lower_all();
  auto *modulo = run<double(double, double)>("modulo");
  double inf = std::numeric_limits<double>::infinity();
  // As Python gives them.
  EXPECT_EQ(modulo(5.5, 2.0), 1.5);
  EXPECT_EQ(modulo(-5.5, 2.0), 0.5);
  EXPECT_EQ(modulo(5.5, -2.0), -0.5);
  EXPECT_EQ(modulo(3.0, inf), 3.0);
  EXPECT_EQ(modulo(-3.0, inf), inf);
  EXPECT_TRUE(std::signbit(modulo(4.0, -2.0)));
  EXPECT_FALSE(std::signbit(modulo(-4.0, 2.0)));
  EXPECT_TRUE(std::isnan(modulo(1.0, 0.0)));
}

TEST_F(Numbers, ComparisonIsExactAcrossTypes) {
  BinaryOp ops[] = {BinaryOp::Less,         BinaryOp::LessEqual, BinaryOp::Greater,
                    BinaryOp::GreaterEqual, BinaryOp::Equal,     BinaryOp::NotEqual};
  for (BinaryOp op : ops) {
    std::string name = std::to_string(static_cast<int>(op));
    operation("iu" + name, op, types.i64, types.u64);
    operation("ui" + name, op, types.u64, types.i64);
    operation("if" + name, op, types.i64, types.f64);
    operation("fi" + name, op, types.f64, types.i64);
    operation("uf" + name, op, types.u64, types.f64);
  }
  lower_all();
  // The reference: 80-bit floats hold every i64, u64 and f64.
  auto expected = [](BinaryOp op, long double a, long double b) {
    switch (op) {
    case BinaryOp::Less: return a < b;
    case BinaryOp::LessEqual: return a <= b;
    case BinaryOp::Greater: return a > b;
    case BinaryOp::GreaterEqual: return a >= b;
    case BinaryOp::Equal: return a == b;
    default: return a != b;
    }
  };
  int64_t integers[] = {0,
                        1,
                        -1,
                        least,
                        least + 1,
                        greatest,
                        greatest - 1,
                        (int64_t(1) << 53) + 1,
                        -(int64_t(1) << 53) - 1,
                        int64_t(1) << 53};
  double inf = std::numeric_limits<double>::infinity();
  double floats[] = {0.0,    -0.0,   0.5,     -0.5,  1.0, -1.0, 0x1p63,      -0x1p63,
                     0x1p64, 0x1p53, -0x1p53, 1e300, inf, -inf, std::nan("")};
  for (BinaryOp op : ops) {
    std::string name = std::to_string(static_cast<int>(op));
    for (int64_t a : integers) {
      for (int64_t b : integers) {
        auto u = static_cast<uint64_t>(b);
        EXPECT_EQ((run<bool(int64_t, uint64_t)>("iu" + name)(a, u)), expected(op, a, u)) << a << " " << u;
        EXPECT_EQ((run<bool(uint64_t, int64_t)>("ui" + name)(u, a)), expected(op, u, a)) << u << " " << a;
      }
      for (double b : floats) {
        auto u = static_cast<uint64_t>(a);
        EXPECT_EQ((run<bool(int64_t, double)>("if" + name)(a, b)), expected(op, a, b)) << a << " " << b;
        EXPECT_EQ((run<bool(double, int64_t)>("fi" + name)(b, a)), expected(op, b, a)) << b << " " << a;
        EXPECT_EQ((run<bool(uint64_t, double)>("uf" + name)(u, b)), expected(op, u, b)) << u << " " << b;
      }
    }
  }
}

TEST_F(Numbers, ConversionsCheckWhatTheyPromise) {
  auto conversion = [&](std::string name, const Type *from, const Type *to, Conversion how) {
    TypedKir &f = function(std::move(name), {from}, to);
    f.ret(f.convert(f.params[0], to, how));
  };
  conversion("trunc", types.f64, types.i64, Conversion::Truncating);
  conversion("trunc8", types.f64, types.i8, Conversion::Truncating);
  conversion("trunc_u64", types.f64, types.u64, Conversion::Truncating);
  conversion("exact", types.i64, types.f64, Conversion::CheckedExact);
  conversion("exact32", types.i32, types.f32, Conversion::CheckedExact);
  conversion("i8", types.i64, types.i8, Conversion::Checked);
  conversion("u8", types.i64, types.u8, Conversion::Checked);
  conversion("i64", types.u64, types.i64, Conversion::Checked);
  conversion("u64", types.i32, types.u64, Conversion::Checked);
  lower_all();
  auto *trunc = run<int64_t(double)>("trunc");
  EXPECT_EQ(trunc(2.9), 2);
  EXPECT_EQ(trunc(-2.9), -2);
  EXPECT_EQ(trunc(-0x1p63), least);
  EXPECT_THROW(trunc(0x1p63), Failed);
  EXPECT_THROW(trunc(std::nan("")), Failed);
  EXPECT_EQ(run<int8_t(double)>("trunc8")(-128.9), -128);
  EXPECT_THROW(run<int8_t(double)>("trunc8")(-129.0), Failed);
  EXPECT_THROW(run<int8_t(double)>("trunc8")(128.0), Failed);
  EXPECT_EQ(run<uint64_t(double)>("trunc_u64")(-0.5), 0u);
  EXPECT_EQ(run<uint64_t(double)>("trunc_u64")(0x1p63), uint64_t(1) << 63);
  EXPECT_THROW(run<uint64_t(double)>("trunc_u64")(-1.0), Failed);
  EXPECT_EQ(run<double(int64_t)>("exact")(int64_t(1) << 60), 0x1p60);
  EXPECT_EQ(run<double(int64_t)>("exact")(least), -0x1p63);
  EXPECT_THROW(run<double(int64_t)>("exact")(greatest), Failed);
  EXPECT_THROW(run<double(int64_t)>("exact")((int64_t(1) << 53) + 1), Failed);
  EXPECT_EQ(run<float(int32_t)>("exact32")(16777216), 16777216.0f);
  EXPECT_THROW(run<float(int32_t)>("exact32")(16777217), Failed);
  EXPECT_THROW(run<float(int32_t)>("exact32")(2147483647), Failed);
  EXPECT_EQ(run<int8_t(int64_t)>("i8")(-128), -128);
  EXPECT_THROW(run<int8_t(int64_t)>("i8")(-129), Failed);
  EXPECT_THROW(run<int8_t(int64_t)>("i8")(128), Failed);
  EXPECT_EQ(run<uint8_t(int64_t)>("u8")(255), 255);
  EXPECT_THROW(run<uint8_t(int64_t)>("u8")(-1), Failed);
  EXPECT_THROW(run<uint8_t(int64_t)>("u8")(256), Failed);
  EXPECT_THROW(run<int64_t(uint64_t)>("i64")(uint64_t(1) << 63), Failed);
  EXPECT_THROW(run<uint64_t(int32_t)>("u64")(-1), Failed);
}

} // namespace
} // namespace kiln::test
