#include "lang/lexer.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

struct Lexed {
  explicit Lexed(std::string text) : source(sources.add("test.kn", std::move(text))) {
    list = lex(sources, source, diagnostics);
  }
  /// Kinds and texts, `Identifier x`, without the End.
  std::string tokens() const {
    std::string out;
    for (const Token &token : list.tokens) {
      if (token.kind == TokenKind::End) break;
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name(token.kind),
                         sources.get(source).text().substr(token.begin, token.end - token.begin));
    }
    return out;
  }
  std::string messages() const {
    std::string out;
    for (const Diagnostic &diagnostic : diagnostics.list())
      out += fmt::format("{}{}-{} {}", out.empty() ? "" : "; ", diagnostic.span.begin, diagnostic.span.end,
                         diagnostic.message);
    return out;
  }

  Sources sources;
  Diagnostics diagnostics;
  uint32_t source;
  TokenList list;
};

std::string tokens(std::string text) {
  Lexed lexed(std::move(text));
  EXPECT_EQ(lexed.messages(), "");
  return lexed.tokens();
}
std::string messages(std::string text) { return Lexed(std::move(text)).messages(); }

TEST(Lexer, Numbers) {
  EXPECT_EQ(tokens("42 1_000 0xff 0b1010 0o17"), "Number 42, Number 1_000, Number 0xff, Number 0b1010, Number 0o17");
  EXPECT_EQ(tokens("1.5 .5 1e-3 255u8 1.0f32"), "Number 1.5, Number .5, Number 1e-3, Number 255u8, Number 1.0f32");
  EXPECT_EQ(tokens("5..9"), "Number 5, DotDot .., Number 9");
  EXPECT_EQ(tokens("5...9"), "Number 5, DotDot .., Number .9");
  EXPECT_EQ(tokens("5..=9"), "Number 5, DotDotEqual ..=, Number 9");
  EXPECT_EQ(tokens("5.abs()"), "Number 5, Dot ., Identifier abs, LeftParen (, RightParen )");
  EXPECT_EQ(tokens("5.+x"), "Number 5, Broadcast .+, Identifier x");
  EXPECT_EQ(tokens("5. "), "Number 5.");
  EXPECT_EQ(tokens(".=.//=.<<.&&"), "BroadcastAssign .=, BroadcastAssign .//=, Broadcast .<<, Broadcast .&&");
  EXPECT_EQ(tokens("2x 0xffg 1e5 1e 1.2.3"), "Number 2x, Number 0xffg, Number 1e5, Number 1e, Number 1.2, Number .3");
  EXPECT_EQ(tokens("0x1e-3"), "Number 0x1e, Minus -, Number 3");
  EXPECT_EQ(tokens("1e+x"), "Number 1e, Plus +, Identifier x");
}

TEST(Lexer, NamesAndKeywords) {
  EXPECT_EQ(
      tokens("x _y σ μ2 x₁ übung 変数"),
      "Identifier x, Identifier _y, Identifier σ, Identifier μ2, Identifier x₁, Identifier übung, Identifier 変数");
  EXPECT_EQ(tokens("fn fnx if in is import nones none"),
            "Fn fn, Identifier fnx, If if, In in, Is is, Import import, Identifier nones, None none");
  EXPECT_EQ(tokens("by as machine llvm dyn"),
            "Identifier by, Identifier as, Identifier machine, Identifier llvm, Identifier dyn");
}

TEST(Lexer, EveryKeywordIsItsOwnKind) {
  for (int kind = static_cast<int>(TokenKind::Fn); kind <= static_cast<int>(TokenKind::Catch); ++kind) {
    Lexed lexed(std::string(spelling(static_cast<TokenKind>(kind))));
    ASSERT_EQ(lexed.list.tokens.size(), 2u);
    EXPECT_EQ(static_cast<int>(lexed.list.tokens[0].kind), kind);
    EXPECT_TRUE(is_keyword(lexed.list.tokens[0].kind));
  }
}

TEST(Lexer, EveryPunctuationIsItsOwnKind) {
  for (int kind = static_cast<int>(TokenKind::LeftParen); kind <= static_cast<int>(TokenKind::Bang); ++kind) {
    std::string text(spelling(static_cast<TokenKind>(kind)));
    Lexed lexed(text == "?." ? "?.x" : text);
    EXPECT_EQ(lexed.messages(), "") << text;
    EXPECT_EQ(static_cast<int>(lexed.list.tokens[0].kind), kind) << text;
    EXPECT_EQ(lexed.list.tokens[0].end, text.size()) << text;
  }
}

TEST(Lexer, AcceptedSpellings) {
  EXPECT_EQ(tokens("a && b || !c"), "Identifier a, And &&, Identifier b, Or ||, Bang !, Identifier c");
}

TEST(Lexer, QuestionMarks) {
  EXPECT_EQ(tokens("a?.b"), "Identifier a, QuestionDot ?., Identifier b");
  EXPECT_EQ(tokens("a?.5:b"), "Identifier a, Question ?, Number .5, Colon :, Identifier b");
  EXPECT_EQ(tokens("a??b"), "Identifier a, QuestionQuestion ??, Identifier b");
}

TEST(Lexer, Characters) {
  EXPECT_EQ(tokens(R"('a' '\n' '\'' '\x41' '"')"), R"(Char 'a', Char '\n', Char '\'', Char '\x41', Char '"')");
}

TEST(Lexer, Strings) {
  EXPECT_EQ(tokens(R"("")"), "StringBegin \", StringEnd \"");
  EXPECT_EQ(tokens(R"("a\"b")"), "StringBegin \", StringText a\\\"b, StringEnd \"");
  EXPECT_EQ(tokens(R"("$a.b $5")"), "StringBegin \", StringName $a, StringText .b $5, StringEnd \"");
  EXPECT_EQ(tokens(R"("${x:.3f}")"),
            "StringBegin \", InterpolationBegin ${, Identifier x, FormatSpec .3f, InterpolationEnd }, StringEnd \"");
  EXPECT_EQ(tokens(R"("${a?b:c}")"), "StringBegin \", InterpolationBegin ${, Identifier a, Question ?, Identifier b, "
                                     "Colon :, Identifier c, InterpolationEnd }, StringEnd \"");
  EXPECT_EQ(tokens(R"("${"}"}")"), "StringBegin \", InterpolationBegin ${, StringBegin \", StringText }, StringEnd \", "
                                   "InterpolationEnd }, StringEnd \"");
  EXPECT_EQ(tokens("\"\"\"a\n\"\"b\"\"\""), "StringBegin \"\"\", StringText a\n\"\"b, StringEnd \"\"\"");
  EXPECT_EQ(tokens(R"(r"\$a" r)"), "StringBegin r\", StringText \\$a, StringEnd \", Identifier r");
}

TEST(Lexer, BracketsArePaired) {
  auto pairs = [](std::string text) {
    std::string out;
    for (const Token &token : Lexed(std::move(text)).list.tokens)
      out += token.match == Token::unmatched ? "-" : fmt::format("{}", token.match);
    return out;
  };
  EXPECT_EQ(pairs("([{}])"), "543210-");
  EXPECT_EQ(pairs("(["), "---");
  EXPECT_EQ(pairs("([)"), "2-0-"); // `[` is never closed.
  EXPECT_EQ(pairs("({)"), "----"); // `)` does not reach out of the block.
  EXPECT_EQ(pairs("{(}"), "2-0-"); // `}` does reach out of parentheses.
  EXPECT_EQ(pairs("\"${(}\""), "-3-1--");
}

TEST(Lexer, LinesAndSpaces) {
  Lexed lexed("a b\n\n  c");
  EXPECT_FALSE(lexed.list.tokens[0].newline_before);
  EXPECT_TRUE(lexed.list.tokens[1].space_before);
  EXPECT_FALSE(lexed.list.tokens[1].newline_before);
  EXPECT_TRUE(lexed.list.tokens[2].newline_before);
}

TEST(Lexer, CommentsAndDocumentation) {
  EXPECT_EQ(tokens("#!/usr/bin/env kiln\na # b\n### c\n#"), "Identifier a");
  Lexed lexed("## one\n##two\r\nx ## three");
  ASSERT_EQ(lexed.list.docs.size(), 3u);
  EXPECT_EQ(lexed.list.docs[0].text, "one");
  EXPECT_EQ(lexed.list.docs[1].text, "two");
  EXPECT_EQ(lexed.list.docs[1].next, 0u);
  EXPECT_EQ(lexed.list.docs[2].next, 1u);
}

TEST(Lexer, ByteOrderMarkIsSkipped) { EXPECT_EQ(tokens("\xEF\xBB\xBFx"), "Identifier x"); }

TEST(Lexer, UnexpectedCharacters) {
  EXPECT_EQ(messages("a @ b"), "2-3 unexpected character '@'");
  EXPECT_EQ(messages("a \x01"), "2-3 unexpected character '\\x01'");
  EXPECT_EQ(messages(std::string("a\0b", 3)), "1-2 unexpected character '\\x00'");
  EXPECT_EQ(messages("2 × 3"), "2-4 unexpected character '×'");
  EXPECT_EQ(messages("it's"), "2-3 unexpected character '''");
}

TEST(Lexer, InvalidUtf8IsReportedOnce) {
  EXPECT_EQ(messages("a\xFF\xFE b \x80"), "1-2 byte 0xff is not valid UTF-8");
  EXPECT_EQ(messages("\"caf\xE9\""), "4-5 byte 0xe9 is not valid UTF-8");
  EXPECT_EQ(messages("# \xC0\xAF"), "2-3 byte 0xc0 is not valid UTF-8");     // An overlong '/'.
  EXPECT_EQ(messages("# \xED\xA0\x80"), "2-3 byte 0xed is not valid UTF-8"); // A surrogate.
  EXPECT_EQ(messages("# aaaaaaaaaaaaaaa\xF4\x90\x80\x80"), "17-18 byte 0xf4 is not valid UTF-8");
  EXPECT_EQ(messages("# \xF0\x9F\x98\x80 \xE2\x82"), "7-8 byte 0xe2 is not valid UTF-8"); // Cut off.
}

TEST(Lexer, ForeignOperators) {
  EXPECT_EQ(messages("a ** b"), "2-4 '**' is not an operator of Kiln");
  EXPECT_EQ(Lexed("a ** b ~= c <> d := e === f").tokens(),
            "Identifier a, Caret **, Identifier b, NotEqual ~=, Identifier c, NotEqual <>, Identifier d, Assign :=, "
            "Identifier e, EqualEqual ===, Identifier f");
}

TEST(Lexer, StringsThatDoNotEnd) {
  EXPECT_EQ(messages("x = \"abc\ny"), "4-5 this string is never closed");
  EXPECT_EQ(messages("x = \"abc ${y\nz"), "9-11 this '${' is never closed");
  EXPECT_EQ(messages("x = \"abc ${y\"\nz"), "9-11 this '${' is never closed");
  EXPECT_EQ(messages("x = \"abc ${f(\"b\"\nz"), "9-11 this '${' is never closed");
  EXPECT_FALSE(Lexed("\"abc").list.ends_in_string);
  EXPECT_TRUE(Lexed("\"\"\"abc").list.ends_in_string);
  EXPECT_TRUE(Lexed("\"\"\"abc ${x").list.ends_in_string);
  // The next line is read as code again.
  EXPECT_EQ(Lexed("\"${\nz = 1").tokens(), "StringBegin \", InterpolationBegin ${, Invalid , InterpolationEnd , "
                                           "StringEnd , Identifier z, Assign =, Number 1");
}

TEST(Lexer, SingleQuotes) {
  EXPECT_EQ(messages("'hello'"), "0-7 single quotes hold one ASCII character");
  EXPECT_EQ(messages("''"), "0-2 single quotes hold one ASCII character");
  EXPECT_EQ(messages("'σ'"), "0-4 single quotes hold one ASCII character");
  EXPECT_EQ(Lexed("'hello'").tokens(), "StringBegin ', StringText hello, StringEnd '");
}

TEST(PrintTokens, PlaceKindText) {
  Lexed lexed("x =\n  \"a\"");
  EXPECT_EQ(print_tokens(lexed.list, lexed.sources.get(lexed.source)),
            "1:1 Identifier x\n1:3 Assign =\n2:3 StringBegin \"\n2:4 StringText a\n2:5 StringEnd \"\n2:6 End\n");
}

} // namespace
} // namespace kiln
