#include "lang/parser.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Completeness, Unfinished) {
  for (const char *text : {"{",
                           "if a {",
                           "if a",
                           "if a { 1 } else",
                           "fn f(x)",
                           "fn f(x) {\n  x",
                           "f(x) =",
                           "x =",
                           "x +=",
                           "1 +",
                           "a and",
                           "not",
                           "f(",
                           "f(1,",
                           "f(1\n",
                           "[1, 2",
                           "[x for x in",
                           "x ->",
                           "c ?",
                           "c ? a :",
                           "0..",
                           "a[",
                           "\"\"\"abc",
                           "\"\"\"abc ${x",
                           "1 + # comment",
                           "while a {\n  f(1)\n",
                           "let x =",
                           "for x in",
                           "x = {\n  y = (",
                           "-",
                           "return (",
                           "struct P {",
                           "try {",
                           "try { 1 }",
                           "x = 3\ny = ["})
    EXPECT_EQ(completeness(text), Completeness::Unfinished) << text;
}

TEST(Completeness, Complete) {
  for (const char *text : {"", "\n", "# comment", "1", "x = 1", "f(1)", "if a { 1 }", "fn f(x) { x }", "f(x) = x", "x;",
                           "\"abc\"", "\"\"\"a\nb\"\"\"", "[\n1,\n2\n]", "return", "{ }"})
    EXPECT_EQ(completeness(text), Completeness::Complete) << text;
}

TEST(Completeness, ErrorsAreShownAtOnce) {
  for (const char *text : {"1)", "x = )", "\"abc", "\"abc ${x", "a b {", "@ {", "x = 'abc", "}", "f(a b",
                           "c ? 1", "x.", "5. + (", "global"})
    EXPECT_EQ(completeness(text), Completeness::Complete) << text;
}

} // namespace
} // namespace kiln
