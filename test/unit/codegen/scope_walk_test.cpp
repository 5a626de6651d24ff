// The names that a statement reads and assigns.
#include "built.h"

namespace kiln {
namespace {

std::set<std::string_view> free_names(const Built &built, size_t statement = 0) {
  std::unordered_set<std::string_view> names;
  collect_free_names(*built.ast->statements[statement], names);
  return {names.begin(), names.end()};
}

TEST(Names, FreeNamesAreThoseNotBoundInside) {
  using Names = std::set<std::string_view>;
  EXPECT_EQ(free_names(Built("fn f(a, b = c) {\n  x = a\n  for i in d { let t = i; g(t, x) }\n  [j for j in e]\n}")),
            (Names{"c", "d", "g", "e"}));
  EXPECT_EQ(free_names(Built("fn f() {\n  global n\n  n = 1\n}")), (Names{"n"}));
  EXPECT_EQ(free_names(Built("fn f(x) = y -> x + y + z")), (Names{"z"}));
  EXPECT_EQ(free_names(Built("x = map(xs, v -> v * k)")), (Names{"k"})); // xs is the unit's own.
  EXPECT_EQ(free_names(Built("for i in xs { g(() -> i + x) }")), (Names{"x"}));
  EXPECT_EQ(free_names(Built("x = y + 1")), (Names{}));
}

TEST(Names, AssignedNamesAreThoseOfTheTopLevel) {
  auto assigned = [](std::string text) {
    Built built(std::move(text));
    std::vector<std::string> names;
    for (const Ident &name : assigned_names(*built.ast->statements[0])) names.emplace_back(name.text);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(assigned("x = 1"), (Names{"x"}));
  EXPECT_EQ(assigned("(x, (y, a[0])) = z"), (Names{"x", "y"}));
  EXPECT_EQ(assigned("for i in n { s += i; i = 2; let t = 1; t = 2 }"), (Names{"s"}));
  EXPECT_EQ(assigned("(a, b, c, d, e, f, g, h, i, a, j, b, j, k) = z"), (Names{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}));
  EXPECT_EQ(assigned("f(x) = { y = x }"), (Names{}));
  EXPECT_EQ(assigned("g = x -> { y = x }"), (Names{"g"}));
}

TEST(Names, ContainsLoop) {
  auto loops = [](std::string text) {
    Built built(std::move(text));
    return contains_loop(*built.ast->statements[0]);
  };
  EXPECT_TRUE(loops("for i in 0..3 { }"));
  EXPECT_TRUE(loops("x = f([i for i in 0..3])"));
  EXPECT_TRUE(loops("if a { while b { } }"));
  EXPECT_FALSE(loops("x = map(a, y -> [i for i in y])"));
  EXPECT_FALSE(loops("fn f() { while true { } }"));
}

} // namespace
} // namespace kiln
