#include "jit/runtime/str.h"
#include "lang/ast.h"
#include "test/unit/jit/runtime_fixture.h"

#include <cmath>

namespace kiln {
namespace {

using namespace calls;

int32_t which(BinaryOp op, TypeKind kind) { return static_cast<int32_t>(op) | static_cast<int32_t>(kind) << 8; }
int32_t kind(TypeKind kind) { return static_cast<int32_t>(kind); }

std::string overflow(int64_t a, int64_t b, BinaryOp op, TypeKind type = TypeKind::I64) {
  return message_of([&] { kiln_fail_overflow(a, b, which(op, type)); });
}
std::string index(int64_t at, int64_t extent, int32_t dimension) {
  return message_of([&] { kiln_fail_index(at, extent, dimension); });
}

TEST(Message, Overflow) {
  EXPECT_EQ(overflow(INT64_MAX, 1, BinaryOp::Add), "integer overflow in 9223372036854775807 + 1");
  EXPECT_EQ(overflow(INT64_MIN, -1, BinaryOp::FloorDivide), "integer overflow in -9223372036854775808 // -1");
  EXPECT_EQ(overflow(3, 41, BinaryOp::Power), "integer overflow in 3^41");
  EXPECT_EQ(overflow(-3, 41, BinaryOp::Power), "integer overflow in (-3)^41");
  EXPECT_EQ(overflow(2147483647, 1, BinaryOp::Add, TypeKind::I32), "integer overflow in 2147483647 + 1 (i32)");
  EXPECT_EQ(overflow(-1, 1, BinaryOp::Add, TypeKind::U64), "integer overflow in 18446744073709551615 + 1 (u64)");
  EXPECT_EQ(message_of([] { kiln_fail_overflow(INT64_MIN, 0, 255 | kind(TypeKind::I64) << 8); }),
            "integer overflow in -(-9223372036854775808)");
  EXPECT_EQ(message_of([] { kiln_fail_overflow(5, 0, 255 | kind(TypeKind::U64) << 8); }),
            "integer overflow in -5 (u64)");
}

TEST(Message, Arithmetic) {
  EXPECT_EQ(message_of([] { kiln_fail_division(5, static_cast<int32_t>(BinaryOp::FloorDivide)); }),
            "division by zero in 5 // 0");
  EXPECT_EQ(message_of([] { kiln_fail_division(-5, static_cast<int32_t>(BinaryOp::Modulo)); }),
            "division by zero in -5 % 0");
  EXPECT_EQ(message_of([] { kiln_fail_power(2, -3); }),
            "negative exponent in 2^-3: an integer's power would be a fraction; make the base a float");
  EXPECT_EQ(message_of([] { kiln_fail_shift(-1); }), "cannot shift by -1 bits: the count is negative");
}

TEST(Message, Index) {
  EXPECT_EQ(index(10, 5, -1), "index 10 is out of range for an array of 5");
  EXPECT_EQ(index(0, 0, -1), "index 0 is out of range for an empty array");
  EXPECT_EQ(index(-1, 5, -1), "index -1 is out of range for an array of 5; from the end that is 4");
  EXPECT_EQ(index(-6, 5, -1), "index -6 is out of range for an array of 5");
  EXPECT_EQ(index(3, 3, 1), "index 3 is out of range for dimension 1 of 3");
  EXPECT_EQ(index(7, 1, -2), "index 7 is out of range for a str of 1 byte");
  EXPECT_EQ(index(7, 3, -2), "index 7 is out of range for a str of 3 bytes");
  EXPECT_EQ(index(0, 0, -2), "index 0 is out of range for an empty str");
}

TEST(Message, Conversion) {
  EXPECT_EQ(message_of([] { kiln_fail_convert_int(300, kind(TypeKind::I64), kind(TypeKind::U8)); }),
            "cannot convert 300 to u8: out of range (0 to 255)");
  EXPECT_EQ(message_of([] { kiln_fail_convert_int(-1, kind(TypeKind::U64), kind(TypeKind::I64)); }),
            "cannot convert 18446744073709551615 to i64: out of range (-9223372036854775808 to 9223372036854775807)");
  EXPECT_EQ(message_of([] { kiln_fail_convert_float(3e9, kind(TypeKind::I32)); }),
            "cannot convert 3000000000.0 to i32: out of range (-2147483648 to 2147483647)");
  EXPECT_EQ(message_of([] { kiln_fail_convert_float(NAN, kind(TypeKind::I64)); }), "cannot convert nan to i64");
  EXPECT_EQ(message_of([] { kiln_fail_inexact(9007199254740993, kind(TypeKind::I64), kind(TypeKind::F64)); }),
            "9007199254740993 is not exact as f64; write f64(...) to round it");
}

TEST(Message, Others) {
  EXPECT_EQ(message_of([] { kiln_fail_range_step(); }), "the step of a range cannot be 0");
  EXPECT_EQ(message_of([] { kiln_fail_dimension(-3); }), "an array cannot have -3 elements");
  EXPECT_EQ(message_of([] { kiln_fail_pop(0); }), "cannot pop from an empty array");
  EXPECT_EQ(message_of([] { kiln_fail_pop(-1); }), "cannot pop from a view: it shares the elements of another array");
  EXPECT_EQ(message_of([] { kiln_fail_unset(str("x")); }), "'x' is read before it is set");
  EXPECT_EQ(message_of([] { kiln_fail_message(str("my own")); }), "my own");
  EXPECT_EQ(message_of([] { kiln_fail_message({nullptr, 0}); }), "");
  EXPECT_EQ(message_of([] { kiln_fail_assert(str("n > 0")); }), "assertion failed: n > 0");
  EXPECT_EQ(message_of([] { kiln_fail_assert({nullptr, 0}); }), "assertion failed");
  RuntimeError exit = error_of([] { kiln_exit(3); });
  EXPECT_EQ(exit.kind, RuntimeError::Exit);
  EXPECT_EQ(exit.exit_code, 3);
}

} // namespace
} // namespace kiln
