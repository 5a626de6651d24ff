#include "codegen/layout.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Layout, ScalarsAreThemselvesAndBoolIsAByte) {
  TypeTable types;
  EXPECT_EQ(layout_of(types.boolean).size, 1u);
  EXPECT_EQ(layout_of(types.i16).align, alignof(int16_t));
  EXPECT_EQ(layout_of(types.u32).size, sizeof(uint32_t));
  EXPECT_EQ(layout_of(types.f64).align, alignof(double));
  EXPECT_EQ(layout_of(types.str).size, sizeof(StrValue));
  EXPECT_EQ(layout_of(types.range).size, sizeof(RangeValue));
  EXPECT_EQ(layout_of(types.array(types.f64)).size, sizeof(void *));
  EXPECT_EQ(layout_of(types.none).size, 0u);
}

TEST(Layout, TuplesLieAsCStructs) {
  TypeTable types;
  struct Mixed {
    bool a;
    double b;
    int8_t c;
    int16_t d;
    StrValue e;
    float f;
  };
  const Type *elements[] = {types.boolean, types.f64, types.i8, types.i16, types.str, types.f32};
  const Type *tuple = types.tuple(elements);
  EXPECT_EQ(layout_of(tuple).size, sizeof(Mixed));
  EXPECT_EQ(layout_of(tuple).align, alignof(Mixed));
  size_t offsets[] = {offsetof(Mixed, a), offsetof(Mixed, b), offsetof(Mixed, c),
                      offsetof(Mixed, d), offsetof(Mixed, e), offsetof(Mixed, f)};
  for (size_t i = 0; i < std::size(elements); ++i) EXPECT_EQ(offset_of(tuple, i), offsets[i]) << i;
}

TEST(Layout, NestedTuplesKeepTheirPadding) {
  TypeTable types;
  struct Inner {
    double x;
    bool y;
  };
  struct Outer {
    Inner inner;
    bool z;
  };
  const Type *inner_elements[] = {types.f64, types.boolean};
  const Type *outer_elements[] = {types.tuple(inner_elements), types.boolean};
  const Type *outer = types.tuple(outer_elements);
  EXPECT_EQ(offset_of(outer, 1), offsetof(Outer, z));
  EXPECT_EQ(layout_of(outer).size, sizeof(Outer));
}

TEST(Layout, ElementsWithoutBitsTakeNoRoom) {
  TypeTable types;
  const Type *elements[] = {types.i32, types.none, types.i32};
  const Type *tuple = types.tuple(elements);
  EXPECT_EQ(offset_of(tuple, 2), 4u);
  EXPECT_EQ(layout_of(tuple).size, 8u);
  const Type *nothing[] = {types.none};
  EXPECT_EQ(layout_of(types.tuple(nothing)).size, 0u);
}

TEST(Layout, HeadersCarryDimensionsFromRankTwo) {
  EXPECT_EQ(header_size(1), 24u);
  EXPECT_EQ(header_size(2), 40u);
  EXPECT_EQ(header_size(3), 48u);
}

} // namespace
} // namespace kiln
