#include "jit/runtime/str.h"
#include "test/unit/jit/runtime_fixture.h"

#include <gc/gc.h>
#include <vector>

namespace kiln {
namespace {

using namespace calls;

class Str : public RuntimeTest {
protected:
  static std::string joined(std::vector<StrValue> parts) {
    return text(kiln_str_concat(parts.data(), static_cast<int64_t>(parts.size())));
  }
  static std::vector<uint32_t> points(std::string_view text) {
    auto *array = static_cast<ArrayHeader *>(kiln_str_chars(str(text)));
    auto *data = static_cast<uint32_t *>(array->data);
    return {data, data + array->length};
  }
  using Points = std::vector<uint32_t>;
};

TEST_F(Str, WhatGrowsIsNotCopiedEachTime) {
  auto append = [](StrValue to, std::string_view piece) {
    StrValue parts[] = {to, str(piece)};
    return kiln_str_concat(parts, 2);
  };
  const std::string begin(200, 'a');
  StrValue one = append(str(begin), "b"), two = append(one, "c"), three = append(two, "d"), four = append(three, "e"), other = append(three, "f");
  EXPECT_EQ(three.data, two.data);
  EXPECT_EQ(four.data, two.data);
  EXPECT_NE(other.data, two.data) << "its place is taken";
  EXPECT_EQ(text(two), begin + "bc");
  EXPECT_EQ(text(four), begin + "bcde");
  EXPECT_EQ(text(other), begin + "bcdf");
  EXPECT_STREQ(four.data, (begin + "bcde").c_str());
  EXPECT_EQ(static_cast<const char *>(kiln_str_to_c(three))[203], 0);
  StrValue all[] = {four, four, two};
  EXPECT_EQ(text(kiln_str_concat(all, 3)), begin + "bcde" + begin + "bcde" + begin + "bc");
  GC_gcollect();
  EXPECT_EQ(text(append(four, "g")), begin + "bcdeg");
}

TEST_F(Str, Concat) {
  EXPECT_EQ(joined({str("ab"), str("c"), {nullptr, 0}, str("def")}), "abcdef");
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({{nullptr, 0}, {nullptr, 0}}), "");
  StrValue parts[] = {str(""), str("only"), str("")};
  EXPECT_EQ(kiln_str_concat(parts, 3).data, parts[1].data) << "a single part needs no copy";
  StrValue two[] = {str("a"), str("b")};
  EXPECT_STREQ(kiln_str_concat(two, 2).data, "ab") << "a zero byte follows";
}

TEST_F(Str, Compare) {
  EXPECT_EQ(kiln_str_compare(str("a"), str("b")), -1);
  EXPECT_EQ(kiln_str_compare(str("b"), str("a")), 1);
  EXPECT_EQ(kiln_str_compare(str("a"), str("ab")), -1);
  EXPECT_EQ(kiln_str_compare(str("z"), str("\xc3\xa9")), -1) << "bytes are unsigned";
  EXPECT_EQ(kiln_str_compare({nullptr, 0}, str("")), 0);
  EXPECT_EQ(kiln_str_compare({nullptr, 0}, str("a")), -1);
  EXPECT_TRUE(kiln_str_equal({nullptr, 0}, str("")));
  EXPECT_FALSE(kiln_str_equal(str("a"), str("b")));
}

TEST_F(Str, Slice) {
  EXPECT_EQ(text(kiln_str_slice(str("hello"), 1, 3, 1)), "el");
  EXPECT_EQ(text(kiln_str_slice(str("hello"), 4, -1, -1)), "olleh");
  EXPECT_EQ(text(kiln_str_slice(str("hello"), 5, 5, 1)), "");
  EXPECT_EQ(message_of([] { kiln_str_slice(str("hello"), 3, 6, 1); }),
            "range 3..6 is out of range for a str of 5 bytes");
}

TEST_F(Str, Chars) {
  EXPECT_EQ(points("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), (Points{'a', 0xE9, 0x20AC, 0x1F600}));
  EXPECT_EQ(points(""), Points{});
  // Stray and missing continuation bytes, an overlong form, a surrogate: one U+FFFD for each byte.
  EXPECT_EQ(points("\x80x"), (Points{0xFFFD, 'x'}));
  EXPECT_EQ(points("\xc3"), (Points{0xFFFD}));
  EXPECT_EQ(points("\xc0\x80"), (Points{0xFFFD, 0xFFFD}));
  EXPECT_EQ(points("\xed\xa0\x80"), (Points{0xFFFD, 0xFFFD, 0xFFFD}));
  EXPECT_EQ(points("\xf4\x90\x80\x80"), (Points{0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD}));
}

TEST_F(Str, CodePointsRoundTrip) {
  for (uint32_t value : {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string bytes;
    append_code_point(bytes, value);
    CodePoint point = decode(bytes);
    EXPECT_TRUE(point.valid);
    EXPECT_EQ(point.value, value);
    EXPECT_EQ(point.length, bytes.size());
  }
}

} // namespace
} // namespace kiln
