#include "codegen/kir.h"
#include "jit/runtime/print.h"
#include "test/unit/jit/runtime_fixture.h"

namespace kiln {
namespace {

class Print : public RuntimeTest {
protected:
  template <typename T>
  std::string shown(const Type *type, T value, ShowOptions options = {}) {
    std::string out;
    append_value(out, type, &value, options);
    return out;
  }
};

TEST_F(Print, Scalars) {
  EXPECT_EQ(shown(types.boolean, true), "true");
  EXPECT_EQ(shown(types.boolean, false), "false");
  EXPECT_EQ(shown(types.none, 0), "none");
  EXPECT_EQ(shown(types.i8, int8_t{-128}), "-128");
  EXPECT_EQ(shown(types.u8, uint8_t{255}), "255");
  EXPECT_EQ(shown(types.i16, int16_t{-300}), "-300");
  EXPECT_EQ(shown(types.u16, uint16_t{65535}), "65535");
  EXPECT_EQ(shown(types.i32, int32_t{-5}), "-5");
  EXPECT_EQ(shown(types.u32, uint32_t{4294967295u}), "4294967295");
  EXPECT_EQ(shown(types.u64, uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(shown(types.f32, 0.1f), "0.1");
  EXPECT_EQ(shown(types.f64, 1.0), "1.0");
}

TEST_F(Print, StringsAreBareAtTheTopAndQuotedInside) {
  EXPECT_EQ(shown(types.str, str("a\"b\n")), "a\"b\n");
  EXPECT_EQ(shown(types.str, str("a\"b\n"), {.quote = true}), R"("a\"b\n")");
  EXPECT_EQ(shown(types.str, StrValue{nullptr, 0}), "");
  EXPECT_EQ(shown(types.array(types.str), array<StrValue, 2>(types.str, {str("x"), {nullptr, 0}})), R"(["x", ""])");
}

TEST_F(Print, QuotedTextReadsBack) {
  auto quoted = [](std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
  };
  EXPECT_EQ(quoted("tab\t back\\ cr\r nul" + std::string(1, '\0')), R"("tab\t back\\ cr\r nul\0")");
  EXPECT_EQ(quoted("\x01\x7f"), R"("\x01\x7f")");
  EXPECT_EQ(quoted("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"") << "valid UTF-8 stays";
  EXPECT_EQ(quoted("\xff\xc3"), R"("\xff\xc3")");
  EXPECT_EQ(quoted("$5 a$"), R"("$5 a$")");
  EXPECT_EQ(quoted("$x ${y}"), R"("\$x \${y}")");
}

TEST_F(Print, Tuples) {
  struct Pair {
    int64_t a;
    double b;
  };
  EXPECT_EQ(shown(tuple({types.i64, types.f64}), Pair{1, 2}), "(1, 2.0)");
  EXPECT_EQ(shown(tuple({types.i64}), int64_t{1}), "(1,)");
  EXPECT_EQ(shown(tuple({types.i64, types.f64}, {"x", "y"}), Pair{1, 2}), "(x: 1, y: 2.0)");
  EXPECT_EQ(shown(tuple({types.i64}, {"x"}), int64_t{1}), "(x: 1)");
  struct Mixed {
    uint8_t flag;
    StrValue name;
    uint8_t small;
  };
  // none takes no room between the others.
  EXPECT_EQ(shown(tuple({types.boolean, types.none, types.str, types.u8}), Mixed{1, str("a"), 7}),
            R"((true, none, "a", 7))");
}

TEST_F(Print, Arrays) {
  EXPECT_EQ(shown(types.array(types.i64), array<int64_t, 3>(types.i64, {1, 2, 3})), "[1, 2, 3]");
  EXPECT_EQ(shown(types.array(types.f64), array<double, 0>(types.f64, {})), "[]");
  const Type *inner = types.array(types.i64);
  EXPECT_EQ(shown(types.array(inner), array<ArrayHeader *, 2>(inner, {array<int64_t, 1>(types.i64, {1}),
                                                                      array<int64_t, 0>(types.i64, {})})),
            "[[1], []]");
  EXPECT_EQ(shown(types.array(types.none), array<char, 0>(types.none, {})), "[]");
}

TEST_F(Print, RankNNestsByRank) {
  auto make = [&](std::initializer_list<int64_t> dims) {
    const Type *type = types.array(types.i64, static_cast<uint32_t>(dims.size()));
    auto *result = static_cast<ArrayHeader *>(calls::kiln_array_new(type, const_cast<int64_t *>(dims.begin())));
    for (int64_t i = 0; i < result->length; ++i) static_cast<int64_t *>(result->data)[i] = i;
    return shown(type, result);
  };
  EXPECT_EQ(make({2, 2}), "[[0, 1], [2, 3]]");
  EXPECT_EQ(make({2, 1, 3}), "[[[0, 1, 2]], [[3, 4, 5]]]");
  EXPECT_EQ(make({2, 0}), "[[], []]");
  EXPECT_EQ(make({0, 3}), "[]");
}

TEST_F(Print, LongArraysAreCutInTheMiddle) {
  std::array<int64_t, 100> numbers;
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
  const Type *type = types.array(types.i64);
  EXPECT_EQ(shown(type, array(types.i64, numbers), {.max_elements = 4}), "[0, 1, ..., 98, 99]");
  EXPECT_EQ(shown(type, array(types.i64, numbers), {.max_elements = 5}), "[0, 1, 2, ..., 98, 99]");
  EXPECT_EQ(shown(type, array<int64_t, 5>(types.i64, {1, 2, 3, 4, 5}), {.max_elements = 4}), "[1, 2, 3, 4, 5]")
      << "a mark in place of one element saves nothing";
}

TEST_F(Print, TheLimitIsForAllDimensions) {
  int64_t dims[] = {4, 5};
  const Type *type = types.array(types.i64, 2);
  auto *matrix = static_cast<ArrayHeader *>(calls::kiln_array_new(type, dims));
  for (int64_t i = 0; i < 20; ++i) static_cast<int64_t *>(matrix->data)[i] = i;
  EXPECT_EQ(shown(type, matrix, {.max_elements = 20}), "[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]");
  EXPECT_EQ(shown(type, matrix, {.max_elements = 4}), "[[0, ..., 4], ..., [15, ..., 19]]");
}

TEST_F(Print, RangesAndFunctions) {
  EXPECT_EQ(shown(types.range, RangeValue{0, 5, 1}), "0..5");
  EXPECT_EQ(shown(types.range, RangeValue{0, 10, 2}), "0..10 by 2");
  EXPECT_EQ(shown(types.range, RangeValue{5, 0, -1}), "5..0 by -1");
  EXPECT_EQ(shown(types.function("hyp"), 0), "fn hyp");
  KirFunction lambda;
  lambda.params.resize(2);
  lambda.params[0].name = "x";
  lambda.params[1].name = "y";
  EXPECT_EQ(shown(types.lambda(&lambda, {}), 0), "fn(x, y)");
}

} // namespace
} // namespace kiln
