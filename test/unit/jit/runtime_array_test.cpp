#include "codegen/layout.h"
#include "test/unit/jit/runtime_fixture.h"

#include <cmath>
#include <vector>

namespace kiln {
namespace {

using namespace calls;

class Arrays : public RuntimeTest {
protected:
  Arrays() : list(types.array(types.i64)), matrix(types.array(types.i64, 2)) {}

  ArrayHeader *numbers(std::vector<int64_t> dims, const Type *type) {
    auto *result = static_cast<ArrayHeader *>(kiln_array_new(type, dims.data()));
    for (int64_t i = 0; i < result->length; ++i) static_cast<int64_t *>(result->data)[i] = i;
    return result;
  }
  static std::vector<int64_t> elements(const void *array) {
    auto *header = static_cast<const ArrayHeader *>(array);
    auto *data = static_cast<const int64_t *>(header->data);
    return {data, data + header->length};
  }
  using List = std::vector<int64_t>;

  const Type *list;
  const Type *matrix;
};

TEST_F(Arrays, NewIsZeroed) {
  int64_t dims[] = {3, 4};
  auto *a = static_cast<ArrayHeader *>(kiln_array_new(matrix, dims));
  EXPECT_EQ(a->length, 12);
  EXPECT_EQ(a->capacity, 12);
  EXPECT_EQ(a->dims[0], 3);
  EXPECT_EQ(a->dims[1], 4);
  EXPECT_EQ(elements(a), List(12, 0));
}

TEST_F(Arrays, AbsurdSizesAreErrors) {
  auto attempt = [&](std::vector<int64_t> dims) {
    return error_of([&] { kiln_array_new(types.array(types.f64, static_cast<uint32_t>(dims.size())), dims.data()); });
  };
  EXPECT_EQ(attempt({-1}).message, "an array cannot have -1 elements");
  EXPECT_EQ(attempt({0, -1}).message, "an array cannot have -1 elements");
  for (std::vector<int64_t> dims :
       {List{INT64_MAX}, List{int64_t{1} << 61}, List{int64_t{1} << 32, int64_t{1} << 31}, List{INT64_MAX, 3}}) {
    RuntimeError error = attempt(dims);
    EXPECT_EQ(error.kind, RuntimeError::OutOfMemory);
    EXPECT_TRUE(error.message.starts_with("out of memory: no room for ")) << error.message;
  }
  EXPECT_EQ(attempt({0, INT64_MAX}).message, "no error") << "no elements need no room";
}

TEST_F(Arrays, GrowthDoublesAndKeepsElements) {
  int64_t zero = 0;
  auto *a = static_cast<ArrayHeader *>(kiln_array_new(list, &zero));
  int grown = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    if (a->length == a->capacity) {
      kiln_array_grow(a, list);
      ++grown;
      ASSERT_GT(a->capacity, a->length);
    }
    static_cast<int64_t *>(a->data)[a->length++] = i;
  }
  EXPECT_EQ(grown, 9); // 4, 8, ..., 1024.
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(static_cast<int64_t *>(a->data)[i], i);
}

TEST_F(Arrays, ElementsWithoutBitsTakeNoRoom) {
  const Type *nones = types.array(types.none);
  int64_t zero = 0;
  auto *a = static_cast<ArrayHeader *>(kiln_array_new(nones, &zero));
  kiln_array_grow(a, nones);
  EXPECT_GT(a->capacity, 0);
  int64_t many = INT64_MAX;
  EXPECT_EQ(static_cast<ArrayHeader *>(kiln_array_new(nones, &many))->length, INT64_MAX);
}

TEST_F(Arrays, CopyIsOneLevelDeep) {
  ArrayHeader *a = numbers({2, 3}, matrix);
  auto *b = static_cast<ArrayHeader *>(kiln_array_copy(a, matrix));
  EXPECT_EQ(elements(b), elements(a));
  EXPECT_EQ(b->dims[1], 3);
  static_cast<int64_t *>(b->data)[0] = 9;
  EXPECT_EQ(elements(a)[0], 0);
}

TEST_F(Arrays, Slices) {
  ArrayHeader *a = numbers({5}, list);
  EXPECT_EQ(elements(kiln_array_slice(a, list, 1, 4, 1)), (List{1, 2, 3}));
  EXPECT_EQ(elements(kiln_array_slice(a, list, 0, 5, 2)), (List{0, 2, 4}));
  EXPECT_EQ(elements(kiln_array_slice(a, list, 4, -1, -1)), (List{4, 3, 2, 1, 0}));
  EXPECT_EQ(elements(kiln_array_slice(a, list, 5, 5, 1)), List{});
  EXPECT_EQ(elements(kiln_array_slice(a, list, 0, 6, 3)), (List{0, 3})) << "6 is not reached";
  auto fails = [&](int64_t first, int64_t last, int64_t step) {
    return message_of([&] { kiln_array_slice(a, list, first, last, step); });
  };
  EXPECT_EQ(fails(2, 9, 1), "range 2..9 is out of range for an array of 5");
  EXPECT_EQ(fails(-1, 2, 1), "range -1..2 is out of range for an array of 5");
  EXPECT_EQ(fails(4, -2, -1), "range 4..-2 by -1 is out of range for an array of 5");
  EXPECT_EQ(fails(6, 6, 1), "range 6..6 is out of range for an array of 5");
  EXPECT_EQ(fails(INT64_MIN, INT64_MAX, 1),
            "range -9223372036854775808..9223372036854775807 is out of range for an array of 5");
}

TEST_F(Arrays, ViewsShare) {
  ArrayHeader *a = numbers({5}, list);
  auto *v = static_cast<ArrayHeader *>(kiln_array_view(a, list, 1, 4, 1));
  EXPECT_EQ(elements(v), (List{1, 2, 3}));
  static_cast<int64_t *>(v->data)[0] = 10;
  EXPECT_EQ(elements(a), (List{0, 10, 2, 3, 4}));
  EXPECT_EQ(message_of([&] { kiln_array_grow(v, list); }),
            "cannot push to a view: it shares the elements of another array");
  EXPECT_EQ(message_of([&] { kiln_array_view(a, list, 0, 5, 2); }), "a view needs a range with step 1, not 0..5 by 2");
}

TEST_F(Arrays, ViewsOfRankN) {
  const Type *cube = types.array(types.i64, 3);
  ArrayHeader *a = numbers({4, 2, 3}, cube);
  auto *middle = static_cast<ArrayHeader *>(kiln_array_view(a, cube, 1, 3, 1));
  EXPECT_EQ(middle->length, 12);
  EXPECT_EQ(middle->dims[0], 2);
  EXPECT_EQ(middle->dims[2], 3);
  EXPECT_EQ(elements(middle)[0], 6);
  auto *plane = static_cast<ArrayHeader *>(kiln_array_view_row(a, cube, 3));
  EXPECT_EQ(plane->dims[0], 2);
  EXPECT_EQ(plane->dims[1], 3);
  auto *row = static_cast<ArrayHeader *>(kiln_array_view_row(plane, matrix, 1));
  EXPECT_EQ(elements(row), (List{21, 22, 23}));
  EXPECT_EQ(message_of([&] { kiln_array_view_row(a, cube, 4); }), "index 4 is out of range for dimension 0 of 4");
}

TEST_F(Arrays, ComprehensionOfRankNMustFillItsShape) {
  int64_t dims[] = {2, 3};
  auto *a = static_cast<ArrayHeader *>(kiln_array_reserve(matrix, dims));
  EXPECT_EQ(a->length, 0);
  EXPECT_EQ(a->capacity, 6);
  a->length = 5;
  EXPECT_EQ(message_of([&] { kiln_array_finish(a, matrix, dims); }),
            "the comprehension made 5 elements, not as many as its shape (2, 3) holds");
  a->length = 6;
  kiln_array_finish(a, matrix, dims);
  EXPECT_EQ(a->dims[1], 3);
}

TEST_F(Arrays, Equality) {
  auto equal = [](const Type *type, const void *a, const void *b) { return kiln_equal(type, &a, &b); };
  EXPECT_TRUE(equal(list, numbers({3}, list), numbers({3}, list)));
  EXPECT_FALSE(equal(list, numbers({3}, list), numbers({4}, list)));
  EXPECT_TRUE(equal(list, numbers({0}, list), numbers({0}, list)));
  EXPECT_FALSE(equal(matrix, numbers({2, 3}, matrix), numbers({3, 2}, matrix))) << "the shapes differ";
  EXPECT_FALSE(equal(matrix, numbers({0, 3}, matrix), numbers({0, 2}, matrix)));
  const Type *floats = types.array(types.f64);
  EXPECT_TRUE(equal(floats, array<double, 1>(types.f64, {0.0}), array<double, 1>(types.f64, {-0.0})));
  ArrayHeader *nan = array<double, 1>(types.f64, {NAN});
  EXPECT_FALSE(equal(floats, nan, nan)) << "nan is not equal to itself, in an array neither";
  const Type *texts = types.array(types.str);
  std::string one = "abc", other = "abc";
  EXPECT_TRUE(equal(texts, array<StrValue, 2>(types.str, {str(one), {nullptr, 0}}),
                    array<StrValue, 2>(types.str, {str(other), str("")})));
}

TEST_F(Arrays, TupleEqualityIgnoresPadding) {
  struct Padded {
    uint8_t flag;
    char padding[7];
    int64_t number;
  };
  Padded a{1, {1, 2, 3, 4, 5, 6, 7}, 5}, b{1, {}, 5}, c{1, {}, 6};
  const Type *type = tuple({types.boolean, types.i64});
  EXPECT_TRUE(kiln_equal(type, &a, &b));
  EXPECT_FALSE(kiln_equal(type, &a, &c));
  RangeValue r{0, 5, 1}, s{0, 5, 1}, t{0, 5, 2};
  EXPECT_TRUE(kiln_equal(types.range, &r, &s));
  EXPECT_FALSE(kiln_equal(types.range, &r, &t));
}

} // namespace
} // namespace kiln
