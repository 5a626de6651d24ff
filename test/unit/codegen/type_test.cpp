#include "codegen/kir.h"
#include "codegen/type.h"

#include <gtest/gtest.h>

#include <limits>

namespace kiln {
namespace {

using Types = std::vector<const Type *>;
using Names = std::vector<std::string_view>;

TEST(TypeTable, InternsEqualTypes) {
  TypeTable types;
  EXPECT_EQ(types.array(types.f64), types.array(types.f64));
  EXPECT_NE(types.array(types.f64), types.array(types.f64, 2));
  EXPECT_NE(types.array(types.f64), types.array(types.f32));
  EXPECT_EQ(types.tuple(Types{types.i64, types.str}), types.tuple(Types{types.i64, types.str}));
  EXPECT_NE(types.tuple(Types{types.i64, types.str}), types.tuple(Types{types.str, types.i64}));
  std::string x = "x", also_x = "x"; // Equal texts at different addresses.
  EXPECT_EQ(types.tuple(Types{types.i64}, Names{x}), types.tuple(Types{types.i64}, Names{also_x}));
  EXPECT_NE(types.tuple(Types{types.i64}, Names{x}), types.tuple(Types{types.i64}));
  EXPECT_NE(types.tuple(Types{types.i64}, Names{x}), types.tuple(Types{types.i64}, Names{"y"}));
  EXPECT_EQ(types.function("f"), types.function("f"));
  EXPECT_NE(types.function("f"), types.function("g"));
  EXPECT_EQ(types.open(3), types.open(3));
  EXPECT_NE(types.open(3), types.open(4));
  EXPECT_EQ(types.cell(types.i64), types.cell(types.i64));
  EXPECT_NE(types.cell(types.i64), types.array(types.i64));
  KirFunction one, two;
  EXPECT_EQ(types.lambda(&one, Types{types.i64}), types.lambda(&one, Types{types.i64}));
  EXPECT_NE(types.lambda(&one, Types{types.i64}), types.lambda(&two, Types{types.i64}));
  EXPECT_NE(types.lambda(&one, Types{types.i64}), types.lambda(&one, Types{}));
}

TEST(TypeTable, NumbersTypesDensely) {
  TypeTable types;
  types.array(types.array(types.u8));
  for (uint32_t id = 0; id < types.size(); ++id) EXPECT_EQ(types.at(id)->id, id);
}

TEST(TypeTable, KeepsItsOwnCopies) {
  TypeTable types;
  const Type *tuple;
  {
    std::string name = "width";
    Types elements = {types.i64, types.f64};
    tuple = types.tuple(elements, Names{name, "height"});
    name = "?????";
    elements.assign(2, types.str);
  }
  EXPECT_EQ(to_string(tuple), "(width: i64, height: f64)");
  std::string text = "some text";
  std::string_view kept = types.intern(text);
  text[0] = 'X';
  EXPECT_EQ(kept, "some text");
  EXPECT_EQ(types.intern("some text").data(), kept.data());
}

TEST(TypeTable, FindsTypesByName) {
  TypeTable types;
  EXPECT_EQ(types.named("f64"), types.f64);
  EXPECT_EQ(types.named("bool"), types.boolean);
  EXPECT_EQ(types.named("none"), types.none);
  EXPECT_EQ(types.named("range"), types.range);
  EXPECT_EQ(types.named("str"), types.str);
  EXPECT_EQ(types.named("float"), nullptr);
  EXPECT_EQ(types.named("error"), types.failure);
}

TEST(Type, IsWrittenAsPeopleWriteIt) {
  TypeTable types;
  EXPECT_EQ(to_string(types.array(types.f64)), "[f64]");
  EXPECT_EQ(to_string(types.array(types.f64, 2)), "[f64, 2]");
  EXPECT_EQ(to_string(types.array(types.array(types.str))), "[[str]]");
  EXPECT_EQ(to_string(types.tuple(Types{types.i64, types.none})), "(i64, none)");
  EXPECT_EQ(to_string(types.tuple(Types{types.i64})), "(i64,)");
  EXPECT_EQ(to_string(types.tuple(Types{types.i64, types.str}, Names{"x", ""})), "(x: i64, str)");
  EXPECT_EQ(to_string(types.function("fib")), "fn fib");
  KirFunction lambda;
  lambda.params.emplace_back().name = "x";
  lambda.params.emplace_back().name = "y";
  EXPECT_EQ(to_string(types.lambda(&lambda, {})), "fn(x, y)");
  EXPECT_EQ(to_string(types.never), "never");
}

TEST(Type, KnowsItsProperties) {
  TypeTable types;
  EXPECT_TRUE(types.u16->is_integer());
  EXPECT_TRUE(types.u16->is_unsigned());
  EXPECT_FALSE(types.u16->is_signed());
  EXPECT_FALSE(types.boolean->is_number());
  EXPECT_TRUE(types.boolean->is_scalar());
  EXPECT_TRUE(types.f32->is_float());
  EXPECT_EQ(types.boolean->bits(), 8u);
  EXPECT_EQ(types.i16->bits(), 16u);
  EXPECT_EQ(types.f32->bits(), 32u);
  EXPECT_EQ(types.u64->bits(), 64u);

  KirFunction lambda;
  EXPECT_TRUE(types.none->is_empty());
  EXPECT_TRUE(types.function("f")->is_empty());
  EXPECT_TRUE(types.lambda(&lambda, {})->is_empty());
  EXPECT_FALSE(types.lambda(&lambda, Types{types.i64})->is_empty());
  EXPECT_TRUE(types.tuple(Types{types.none, types.none})->is_empty());
  EXPECT_FALSE(types.range->is_empty());

  EXPECT_TRUE(types.str->has_references());
  EXPECT_TRUE(types.array(types.i64)->has_references());
  EXPECT_TRUE(types.tuple(Types{types.i64, types.str})->has_references());
  EXPECT_FALSE(types.tuple(Types{types.i64, types.range})->has_references());
  EXPECT_TRUE(types.lambda(&lambda, Types{types.cell(types.i64)})->has_references());
}

TEST(Constant, ComparesFloatsByBits) {
  Constant zero = Constant::of_float(0.0), nan = Constant::of_float(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(zero == Constant::of_float(-0.0));
  EXPECT_TRUE(nan == nan);
  EXPECT_TRUE(Constant::of_int(1) == Constant::of_int(1));
  EXPECT_FALSE(Constant::of_int(1) == Constant::of_bool(true));
  EXPECT_FALSE(Constant::of_int(0) == zero);
  EXPECT_TRUE(Constant::of_text("one") == Constant::of_text("one"));
  EXPECT_FALSE(Constant::of_text("one") == Constant::of_text("on"));
  EXPECT_TRUE(Constant() == Constant());
}

TEST(Constant, ReadsAsZeroWhatItIsNot) {
  Constant text = Constant::of_text("ten"), ten = Constant::of_int(10), half = Constant::of_float(0.5);
  EXPECT_EQ(text.integer(), 0);
  EXPECT_EQ(text.floating(), 0);
  EXPECT_EQ(ten.floating(), 0);
  EXPECT_EQ(ten.text(), "");
  EXPECT_EQ(half.integer(), 0);
  EXPECT_EQ(Constant::of_bool(true).integer(), 1);
  EXPECT_EQ(Constant().integer(), 0);
  EXPECT_EQ(Constant().text(), "");
}

} // namespace
} // namespace kiln
