// The order of joins, conversions of stores, and the operators' rules: what a program shows only in part.
#include "codegen/arithmetic.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

class JoinTest : public testing::Test {
protected:
  TypeTable types;
  Abstract value(const Type *type) { return Abstract(type); }
  Abstract integer(const Type *type, int64_t n, bool literal = false) {
    Abstract made = value(type);
    made.constant = Constant::of_int(n);
    made.literal = literal;
    return made;
  }
  const Type *join_of(const Type *a, const Type *b) { return join_types(types, a, b); }
};

TEST_F(JoinTest, NumbersWiden) {
  EXPECT_EQ(join_of(types.i32, types.i32), types.i32);
  EXPECT_EQ(join_of(types.i8, types.u32), types.i64);
  EXPECT_EQ(join_of(types.i64, types.f64), types.f64);
  EXPECT_EQ(join_of(types.f32, types.f64), types.f64);
  EXPECT_EQ(join_of(types.f32, types.i16), types.f64);
}

TEST_F(JoinTest, BoolAndU64DoNotWiden) {
  EXPECT_EQ(join_of(types.u64, types.u64), types.u64);
  const Type *integers[] = {types.u64, types.i64}, *numbers[] = {types.u64, types.f64}, *mixed[] = {types.boolean, types.i64};
  EXPECT_EQ(join_of(types.u64, types.i64), types.union_of(integers));
  EXPECT_EQ(join_of(types.u64, types.f64), types.union_of(numbers));
  EXPECT_EQ(join_of(types.boolean, types.i64), types.union_of(mixed));
}

TEST_F(JoinTest, NeverGivesWay) {
  EXPECT_EQ(join_of(types.never, types.str), types.str);
  EXPECT_EQ(join_of(types.str, types.never), types.str);
}

TEST_F(JoinTest, IsCommutativeAndAssociativeOnNumbers) {
  const Type *numbers[] = {types.i8, types.i16, types.i32, types.i64, types.u8, types.u16, types.u32, types.f32, types.f64};
  for (const Type *a : numbers)
    for (const Type *b : numbers) {
      EXPECT_EQ(join_of(a, b), join_of(b, a));
      for (const Type *c : numbers)
        EXPECT_EQ(join_of(join_of(a, b), c), join_of(a, join_of(b, c))) << to_string(a) << to_string(b) << to_string(c);
    }
}

TEST_F(JoinTest, TuplesJoinElementByElementAndArraysNever) {
  const Type *a[] = {types.i32, types.str}, *b[] = {types.f64, types.str}, *joined[] = {types.f64, types.str};
  EXPECT_EQ(join_of(types.tuple(a), types.tuple(b)), types.tuple(joined));
  const Type *arrays[] = {types.array(types.i64), types.array(types.f64)};
  EXPECT_EQ(join_of(arrays[0], arrays[1]), types.union_of(arrays));
  EXPECT_EQ(join_of(types.array(types.open(3)), types.array(types.f64)), types.array(types.f64));
  const Type *ranks[] = {types.array(types.i64), types.array(types.i64, 2)};
  EXPECT_EQ(join_of(ranks[0], ranks[1]), types.union_of(ranks));
}

TEST_F(JoinTest, UnlikeTypesMakeAUnionThatKnowsWhereEachCameFrom) {
  Abstract a = value(types.i64), b = value(types.str);
  a.origin = {1, 2, 3}, b.origin = {1, 7, 9};
  Abstract joined = join(types, a, b);
  const Type *both[] = {types.i64, types.str};
  ASSERT_EQ(joined.type, types.union_of(both));
  ASSERT_EQ(joined.alternatives().size(), 2u);
  EXPECT_EQ(joined.alternatives()[0].span, (Span{1, 2, 3}));
  EXPECT_EQ(joined.alternatives()[1].span, (Span{1, 7, 9}));
}

TEST(Abstract, CopiesAreIndependent) {
  TypeTable types;
  Abstract first(types.i64, {1, 2, 3});
  first.set_unset("x", {1, 4, 5});
  Abstract second = first;
  second.set_other(types.str, {1, 7, 9});
  EXPECT_EQ(second.unset(), "x");
  EXPECT_EQ(second.other(), types.str);
  EXPECT_EQ(second.other_origin(), (Span{1, 7, 9}));
  EXPECT_EQ(first.unset(), "x");
  EXPECT_FALSE(first.other());
  EXPECT_EQ(first.other_origin(), (Span{1, 4, 5}));
  first.set_alternatives({{types.i64, {1, 2, 3}}});
  EXPECT_EQ(first.alternatives().size(), 1u);
  EXPECT_TRUE(second.alternatives().empty());
  second = Abstract(types.str);
  EXPECT_EQ(first.unset(), "x");
  EXPECT_TRUE(second.usable());
}

TEST_F(JoinTest, UnionsAreFlatSortedAndWithoutDuplicates) {
  const Type *some[] = {types.none, types.str, types.i64}, *more[] = {types.i64, types.boolean};
  const Type *all[] = {types.boolean, types.i64, types.str, types.none};
  const Type *joined = join_of(types.union_of(some), types.union_of(more));
  EXPECT_EQ(joined, types.union_of(all));
  EXPECT_EQ(to_string(joined), "bool | i64 | str | none");
  EXPECT_EQ(join_of(joined, types.str), joined);
  const Type *optional[] = {types.str, types.none};
  EXPECT_EQ(to_string(types.union_of(optional)), "str?");
}

TEST_F(JoinTest, AUnionHasEightAlternativesAtMost) {
  const Type *joined = types.str;
  for (uint32_t rank = 1; rank <= 7; ++rank) joined = join_of(joined, types.array(types.i64, rank));
  ASSERT_NE(joined, nullptr);
  EXPECT_EQ(joined->elements.size(), 8u);
  EXPECT_EQ(join_of(joined, types.none), nullptr);
}

TEST_F(JoinTest, ConstantsSurviveOnlyWhenEqual) {
  EXPECT_EQ(join(types, integer(types.i64, 4), integer(types.i64, 4)).constant->integer(), 4);
  EXPECT_FALSE(join(types, integer(types.i64, 4), integer(types.i64, 5)).constant);
  EXPECT_FALSE(join(types, integer(types.i64, 4), integer(types.i32, 4)).constant);
}

TEST_F(JoinTest, StoresKeepTheValueOrRefuse) {
  EXPECT_EQ(store_conversion(types.i32, types.i64, {}, false), Conversion::Exact);
  EXPECT_EQ(store_conversion(types.i64, types.u8, {}, false), Conversion::Checked);
  EXPECT_EQ(store_conversion(types.i64, types.f64, {}, false), Conversion::CheckedExact);
  EXPECT_EQ(store_conversion(types.i32, types.f64, {}, false), Conversion::Exact);
  EXPECT_EQ(store_conversion(types.f64, types.i64, {}, false), std::nullopt);
  EXPECT_EQ(store_conversion(types.boolean, types.i64, {}, false), std::nullopt);
  Constant big = Constant::of_int((int64_t{1} << 53) + 1), even = Constant::of_int(int64_t{1} << 53);
  EXPECT_EQ(store_conversion(types.i64, types.f64, big, true), std::nullopt);
  EXPECT_EQ(store_conversion(types.i64, types.f64, even, true), Conversion::Exact);
}

TEST_F(JoinTest, FitsAtTheEdges) {
  EXPECT_TRUE(fits(types.i8, -128));
  EXPECT_FALSE(fits(types.i8, 128));
  EXPECT_TRUE(fits(types.u8, 255));
  EXPECT_FALSE(fits(types.u8, -1));
  EXPECT_FALSE(fits(types.i64, -1, true)); // 2^64 - 1
  EXPECT_TRUE(fits(types.u64, -1, true));
  EXPECT_FALSE(fits(types.u64, -1));
}

TEST_F(JoinTest, ArithmeticPromotes) {
  auto result = [&](BinaryOp op, const Abstract &a, const Abstract &b) { return binary_types(types, op, a, b).result; };
  EXPECT_EQ(result(BinaryOp::Add, value(types.u8), value(types.i16)), types.i64);
  EXPECT_EQ(result(BinaryOp::Add, value(types.i32), value(types.u32)), types.i64);
  EXPECT_EQ(result(BinaryOp::Multiply, value(types.f32), value(types.f32)), types.f32);
  EXPECT_EQ(result(BinaryOp::Multiply, value(types.f32), value(types.i64)), types.f64);
  EXPECT_EQ(result(BinaryOp::Divide, value(types.i64), value(types.i64)), types.f64);
  EXPECT_EQ(result(BinaryOp::Add, value(types.u64), value(types.i64)), nullptr);
  EXPECT_EQ(result(BinaryOp::Add, value(types.u64), integer(types.i64, 1, true)), types.u64);
  EXPECT_EQ(result(BinaryOp::Add, value(types.u64), integer(types.i64, -1, true)), nullptr);
  EXPECT_EQ(result(BinaryOp::Multiply, value(types.f32), integer(types.i64, 2, true)), types.f32);
  EXPECT_EQ(result(BinaryOp::Power, value(types.i64), integer(types.i64, -1, true)), types.f64);
  EXPECT_EQ(result(BinaryOp::ShiftLeft, value(types.u8), value(types.i64)), types.u8);
}

TEST_F(JoinTest, FoldingLeavesWhatWouldFailToRunTime) {
  OperatorTypes rule{types.i64, types.i64, types.i64, false, {}};
  Constant most = Constant::of_int(INT64_MAX), one = Constant::of_int(1), zero = Constant::of_int(0);
  EXPECT_FALSE(fold_binary(BinaryOp::Add, rule, most, one));
  EXPECT_FALSE(fold_binary(BinaryOp::FloorDivide, rule, one, zero));
  Constant minus7 = Constant::of_int(-7), two = Constant::of_int(2);
  EXPECT_EQ(fold_binary(BinaryOp::FloorDivide, rule, minus7, two)->integer(), -4);
  EXPECT_EQ(fold_binary(BinaryOp::Modulo, rule, minus7, two)->integer(), 1);
}

} // namespace
} // namespace kiln
