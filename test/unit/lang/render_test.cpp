#include "test/unit/lang/tree.h"

namespace kiln {
namespace {

// Draws an error at the first place of `marked` in the text.
std::string drawn(std::string text, std::string marked, RenderStyle style = {}) {
  Sources sources;
  Diagnostics diagnostics;
  auto begin = static_cast<uint32_t>(text.find(marked));
  uint32_t source = sources.add("a.kn", std::move(text));
  diagnostics.report<Diag::UnknownName>({source, begin, begin + static_cast<uint32_t>(marked.size())}, "x");
  return render(diagnostics.list()[0], sources, style);
}

TEST(Render, LineGutterAndMark) {
  EXPECT_EQ(drawn("a = 1\ny = xyz + 1\n", "xyz"), "a.kn:2:5: error: 'x' is not defined\n"
                                                  "  2 | y = xyz + 1\n"
                                                  "    |     ^~~\n");
}

TEST(Render, TabsBecomeSpaces) {
  EXPECT_EQ(drawn("\ta\txyz\n", "xyz"), "a.kn:1:4: error: 'x' is not defined\n"
                                        "  1 |     a   xyz\n"
                                        "    |         ^~~\n");
}

TEST(Render, WideAndCombiningCharacters) {
  EXPECT_EQ(drawn("変数 = xy", "xy"), "a.kn:1:6: error: 'x' is not defined\n"
                                      "  1 | 変数 = xy\n"
                                      "    |        ^~\n");
  EXPECT_EQ(drawn("e\u0301 = xy", "xy"), "a.kn:1:6: error: 'x' is not defined\n"
                                         "  1 | e\u0301 = xy\n"
                                         "    |     ^~\n");
  EXPECT_EQ(drawn("x = 変数", "変数"), "a.kn:1:5: error: 'x' is not defined\n"
                                       "  1 | x = 変数\n"
                                       "    |     ^~~~\n");
}

TEST(Render, ControlCharactersAndBadBytesAreNotPrinted) {
  EXPECT_EQ(drawn("\x1b[31m\xFF xy", "xy"), "a.kn:1:8: error: 'x' is not defined\n"
                                            "  1 | ?[31m? xy\n"
                                            "    |        ^~\n");
}

TEST(Render, SpansOverLinesAreCut) {
  EXPECT_EQ(drawn("f(a,\n  b)\n", "(a,\n  b)"), "a.kn:1:2: error: 'x' is not defined\n"
                                                "  1 | f(a,\n"
                                                "    |  ^~~\n");
}

TEST(Render, EmptySpanAtTheEnd) {
  EXPECT_EQ(drawn("x =", ""), "a.kn:1:1: error: 'x' is not defined\n  1 | x =\n    | ^\n");
  Sources sources;
  Diagnostics diagnostics;
  uint32_t source = sources.add("a.kn", "x =\r\n");
  diagnostics.report<Diag::UnknownName>({source, 3, 3}, "x");
  diagnostics.report<Diag::UnknownName>({source, 5, 5}, "x");
  EXPECT_EQ(render(diagnostics.list()[0], sources), "a.kn:1:4: error: 'x' is not defined\n  1 | x =\n    |    ^\n");
  EXPECT_EQ(render(diagnostics.list()[1], sources), "a.kn:2:1: error: 'x' is not defined\n  2 | \n    | ^\n");
}

TEST(Render, NotesAndHelp) {
  Sources sources;
  Diagnostics diagnostics;
  std::string text;
  for (int i = 0; i < 998; ++i) text += "\n";
  uint32_t source = sources.add("a.kn", text + "x = 1\ny = zz\n");
  diagnostics.report<Diag::UnknownName>({source, 1008, 1010}, "zz")
      .note({source, 998, 999}, "this is x")
      .help("write 'x'");
  EXPECT_EQ(render(diagnostics.list()[0], sources), "a.kn:1000:5: error: 'zz' is not defined\n"
                                                    " 1000 | y = zz\n"
                                                    "      |     ^~\n"
                                                    "a.kn:999:1: note: this is x\n"
                                                    "  999 | x = 1\n"
                                                    "      | ^\n"
                                                    "help: write 'x'\n");
}

TEST(Render, WithoutAPlace) {
  Diagnostics diagnostics;
  diagnostics.report<Diag::UnknownName>({}, "x");
  EXPECT_EQ(render(diagnostics.list()[0], Sources()), "error: 'x' is not defined\n");
}

TEST(Render, Colours) {
  EXPECT_EQ(drawn("x", "x", {true}),
            "\033[1ma.kn:1:1:\033[0m \033[1;31merror:\033[0m \033[1m'x' is not defined\033[0m\n"
            "\033[34m  1 |\033[0m x\n"
            "\033[34m    |\033[0m \033[1;32m^\033[0m\n");
}

TEST(Render, LongLinesAreCutAroundTheMark) {
  std::string out = drawn(std::string(100000, 'a') + " xyz " + std::string(100000, 'b'), "xyz");
  EXPECT_LT(out.size(), 600u);
  EXPECT_NE(out.find("a.kn:1:100002: error"), std::string::npos);
  EXPECT_NE(out.find("aaa xyz bbb"), std::string::npos);
  std::string code = out.substr(out.find("  1 |"));
  std::string mark = code.substr(code.find('\n') + 1);
  EXPECT_EQ(code.find("xyz"), mark.find("^~~"));
}

TEST(Source, LocationsAndLines) {
  Source source("a", "ab\nσx\r\n\nz");
  EXPECT_EQ(source.line_count(), 4u);
  EXPECT_EQ(source.line(1), "ab");
  EXPECT_EQ(source.line(2), "σx");
  EXPECT_EQ(source.line(3), "");
  EXPECT_EQ(source.line(4), "z");
  EXPECT_EQ(source.line(0), "");
  EXPECT_EQ(source.line(5), "");
  auto at = [&](uint32_t offset) {
    Location place = source.location(offset);
    return fmt::format("{}:{}", place.line, place.column);
  };
  EXPECT_EQ(at(0), "1:1");
  EXPECT_EQ(at(2), "1:3"); // The newline belongs to its line.
  EXPECT_EQ(at(3), "2:1");
  EXPECT_EQ(at(5), "2:2"); // σ is one column of two bytes.
  EXPECT_EQ(at(9), "4:1");
  EXPECT_EQ(at(10), "4:2");
  EXPECT_EQ(at(99), "4:2");
}

TEST(Source, NumbersStartAtOne) {
  Sources sources;
  EXPECT_EQ(sources.add("a", "x"), 1u);
  EXPECT_EQ(sources.add("b", "yz"), 2u);
  EXPECT_EQ(sources.text({2, 1, 2}), "z");
  EXPECT_EQ(sources.get(1).name(), "a");
  EXPECT_FALSE(Span{}.known());
}

TEST(Closest, PlausibleTyposOnly) {
  std::vector<std::string_view> names{"length", "print", "sqrt", "x", "fibonacci"};
  EXPECT_EQ(closest("lenght", names), "length");
  EXPECT_EQ(closest("pritn", names), "print");
  EXPECT_EQ(closest("Print", names), "print");
  EXPECT_EQ(closest("sqr", names), "sqrt");
  EXPECT_EQ(closest("fibonaci", names), "fibonacci");
  EXPECT_EQ(closest("y", names), std::nullopt);
  EXPECT_EQ(closest("matrix", names), std::nullopt);
  EXPECT_EQ(closest("", names), std::nullopt);
  EXPECT_EQ(closest(std::string(10000, 'a'), names), std::nullopt);
}

TEST(Diagnostics, EveryMessageFormats) {
  for (const DiagInfo &info : diag_table) {
    std::string message;
    EXPECT_NO_THROW(message = fmt::format(fmt::runtime(info.text), "a", "b", "c", "d", "e", "f")) << info.name;
    EXPECT_FALSE(message.empty()) << info.name;
  }
}

} // namespace
} // namespace kiln
