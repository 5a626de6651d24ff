#include "test/unit/lang/tree.h"

namespace kiln {
namespace {

// --- what people write who come from other languages ---

TEST(ForeignSyntax, Quotes) {
  EXPECT_EQ(messages("x = 'hello'"), "1:5 single quotes hold one ASCII character | for a string write \"hello\"");
  EXPECT_EQ(messages("x = 'σ'"), "1:5 single quotes hold one ASCII character | for a string write \"σ\"");
}

TEST(ForeignSyntax, Operators) {
  EXPECT_EQ(messages("y = 2 ** 3"), "1:7 '**' is not an operator of Kiln | write '^'");
  EXPECT_EQ(messages("a ~= b"), "1:3 '~=' is not an operator of Kiln | write '!='");
  EXPECT_EQ(messages("a <> b"), "1:3 '<>' is not an operator of Kiln | write '!='");
  EXPECT_EQ(messages("a := b"), "1:3 ':=' is not an operator of Kiln | write '='");
  EXPECT_EQ(messages("a === b"), "1:3 '===' is not an operator of Kiln | write '=='");
  EXPECT_EQ(messages("n++"), "1:2 there is no '++' | write 'n += 1'");
  EXPECT_EQ(messages("{ n-- }"), "1:4 there is no '--' | write 'n -= 1'");
  EXPECT_EQ(messages("a && b || !c"), "");
  EXPECT_EQ(messages("a * 2 × b"), "1:7 unexpected character '×' | write '*'");
}

TEST(ForeignSyntax, TuplesWithoutParentheses) {
  EXPECT_EQ(messages("a, b = b, a"), "1:2 a tuple needs parentheses | write '(a, b) = (b, a)'");
  EXPECT_EQ(messages("x = 1, 2"), "1:6 a tuple needs parentheses | write 'x = (1, 2)'");
  EXPECT_EQ(messages("a, b = f(x, y)"), "1:2 a tuple needs parentheses | write '(a, b) = (f(x, y))'");
  EXPECT_EQ(messages("fn f() { return a, b }"), "1:18 a tuple needs parentheses | write 'return (a, b)'");
  EXPECT_EQ(messages("let a, b = 1, 2"), "1:6 a tuple needs parentheses | write 'let (a, b) = (1, 2)'");
  EXPECT_EQ(messages("for i, x in xs { f(i) }"), "1:6 a tuple needs parentheses | write 'for (i, x) in ...'");
}

TEST(ForeignSyntax, Numbers) {
  EXPECT_EQ(messages("y = 2x"), "1:5 '2x' is neither a number nor a name | for a product write '2 * x'");
  EXPECT_EQ(messages("y = 5. + 1"), "1:5 a number does not end in a dot | write '5.0'");
  EXPECT_EQ(messages("y = 2(x + 1)"), "1:5 2 is not a function | for a product write '2 * ('");
  EXPECT_EQ(messages("y = 3 x"), "1:7 expected the end of the statement, found 'x' | for a product write '3 * x'");
  EXPECT_EQ(messages("y = 7 mod 3"), "1:7 expected the end of the statement, found 'mod' | write '%'");
  EXPECT_EQ(messages("y = n div 3"), "1:7 expected the end of the statement, found 'div' | write '//'");
  EXPECT_EQ(messages("f(x) { x }"),
            "1:6 expected the end of the statement, found '{' | a function is written 'fn f(...) { ... }'");
  EXPECT_EQ(messages("t.0"),
            "1:2 expected the end of the statement, found '.0' | an element of a tuple is written 't[0]'");
}

TEST(ForeignSyntax, Ranges) {
  std::string help = "a range is not written with ':' | write 'a..b' (without b) or 'a..=b' (with b), and 'by' a step";
  EXPECT_EQ(messages("for i in 1:10 { f(i) }"), "1:11 " + help);
  EXPECT_EQ(messages("xs[1:3]"), "1:5 " + help);
  EXPECT_EQ(messages("x = 1:10"), "1:6 " + help);
  EXPECT_EQ(messages("xs[..3]"), "1:4 expected an expression, found '..' | a range has both ends: 'a..b'");
  EXPECT_EQ(messages("x = {\"a\": 1}"),
            "1:9 a range is not written with ':' | a map is written in brackets: '[\"ann\": 31]'");
}

TEST(ForeignSyntax, Conditions) {
  EXPECT_EQ(messages("if a { 1 } elif b { 2 } else { 3 }"), "1:12 'elif' is not a word of Kiln | write 'else if'");
  EXPECT_EQ(messages("if x = 3 { 1 }"), "1:6 a condition cannot assign | to compare, write '=='");
  EXPECT_EQ(messages("while x = 3 { 1 }"), "1:9 a condition cannot assign | to compare, write '=='");
  EXPECT_EQ(messages("x = a if c else b"),
            "1:7 expected the end of the statement, found 'if' | a choice between values "
            "is written 'condition ? value : other value'");
  EXPECT_EQ(messages("if a { 1 }; else { 2 }"),
            "1:13 this 'else' has no 'if' | 'else' follows the '}' of its 'if': '} else {'");
  EXPECT_EQ(messages("(a = 3)"), "1:4 expected ',' or ')', found '=' | an assignment is a statement, not a value; to "
                                 "compare, write '=='");
}

TEST(ForeignSyntax, BlocksOfOtherLanguagesAreReportedOnce) {
  EXPECT_EQ(messages("if x then\n  y = 1\nelse\n  y = 2\nend\nz = 3"),
            "1:6 expected '{' after the condition of 'if', found 'then' | a block is written '{ ... }'");
  EXPECT_EQ(messages("if x:\n  y = 1\nelse:\n  y = 2\n"),
            "1:5 expected '{' after the condition of 'if', found ':' | a block is written '{ ... }'");
  EXPECT_EQ(messages("while x < 3 do\n  x += 1\nend"),
            "1:13 expected '{' after the condition of 'while', found 'do' | a block is written '{ ... }'");
  EXPECT_EQ(messages("while n < 3: n += 1"),
            "1:12 expected '{' after the condition of 'while', found ':' | a block is written '{ ... }'");
  EXPECT_EQ(messages("for (i = 0; i < n; i++) { f(i) }"), "1:8 'for' runs over a range or an array | write 'for i in "
                                                          "0..n' (without n) or 'for i in 1..=n' (with n)");
  EXPECT_EQ(messages("for i = 1, 10 do\n f(i)\nend"), "1:7 'for' runs over a range or an array | write 'for i in 0..n' "
                                                      "(without n) or 'for i in 1..=n' (with n)");
}

TEST(ForeignSyntax, Statements) {
  EXPECT_EQ(messages("def f(x):\n  return x"),
            "1:1 'def' is not a word of Kiln | a function is written 'fn f(x) { ... }' or 'f(x) = value'");
  EXPECT_EQ(messages("function f(x)\n  return x\nend"),
            "1:1 'function' is not a word of Kiln | a function is written 'fn f(x) { ... }' or 'f(x) = value'");
  EXPECT_EQ(messages("let mut x = 3"),
            "1:5 every variable can be assigned: there is no 'mut' | write 'let' without it");
  EXPECT_EQ(messages("var = 1\nlocal = 2\nend = 3\nx = var + end"), ""); // Names like any other.
  EXPECT_EQ(messages("local x = 1"), "1:1 'local' is not a word of Kiln | a variable needs no declaration: write 'x = "
                                     "...' ('let x = ...' for a new one in a block)");
  EXPECT_EQ(messages("print \"a\""), "1:1 a call needs parentheses | write 'print(...)'");
  EXPECT_EQ(messages("// comment"), "1:1 expected an expression, found '//' | a comment starts with '#'");
}

TEST(ForeignSyntax, Functions) {
  EXPECT_EQ(messages("f(k = 3)"), "1:5 '=' does not name an argument | an argument is named with a ':': 'k: ...'");
  EXPECT_EQ(messages("fn f(x) -> f64 { x }"),
            "1:9 the result type is not written with '->' | the result type follows a ':', as in 'fn f(x): f64'");
  EXPECT_EQ(messages("fn f(x) => x"), "1:9 the value of a function is not written with '=>' | write 'f(x) = value'");
  EXPECT_EQ(messages("f(2) = 3"),
            "1:3 a parameter must be a name, not '2' | a function is defined as 'f(x) = ...'; to compare, write '=='");
  EXPECT_EQ(messages("a.f(x) = 3"), "1:1 this cannot be assigned to | a function is defined with names as parameters, "
                                    "'f(x) = ...'; to compare, write '=='");
  EXPECT_EQ(messages("f(x) =\n"), "1:7 expected an expression, found the end of the input");
  EXPECT_EQ(messages("f(x for x in xs, 3)"),
            "1:16 a generator without brackets must be the only argument | put the generator in [ ]");
}

// --- the language's own rules ---

TEST(SyntaxErrors, Lines) {
  EXPECT_EQ(messages("x = 1\n+ 2"),
            "2:1 a line that starts with '+ ' does not continue the line above | to continue the "
            "line above, end that line with '+'; for a sign write '+x'");
  EXPECT_EQ(messages("x\n* 3"),
            "2:1 expected an expression, found '*' | to continue the line above, end that line with '*'");
  EXPECT_EQ(messages("{ - x }\n(a\n - b)\nc\n-d"), "");
}

TEST(SyntaxErrors, Comparisons) {
  EXPECT_EQ(messages("a != b != c"),
            "1:8 '!=' does not chain with the comparison before it | join two comparisons with 'and'");
  EXPECT_EQ(messages("a < b != c"),
            "1:7 '!=' does not chain with the comparison before it | join two comparisons with 'and'");
  EXPECT_EQ(messages("a in b in c"),
            "1:8 'in' does not chain with the comparison before it | join two comparisons with 'and'");
  EXPECT_EQ(messages("a == not b"), "1:6 'not' binds looser than the operator before it | write '(not x)'");
}

TEST(SyntaxErrors, Literals) {
  EXPECT_EQ(messages("300u8"), "1:1 300u8 does not fit u8");
  EXPECT_EQ(messages("-129i8"), "1:1 -129i8 does not fit i8");
  EXPECT_EQ(messages("-1u8"), "1:1 -1u8 does not fit u8");
  EXPECT_EQ(messages("9223372036854775808"), "1:1 9223372036854775808 does not fit i64 | write "
                                             "'9223372036854775808u64' for an unsigned integer");
  EXPECT_EQ(messages("-9223372036854775808 ^ 2"), "1:2 9223372036854775808 does not fit i64 | write "
                                                  "'9223372036854775808u64' for an unsigned integer");
  EXPECT_EQ(messages("100000000000000000000"),
            "1:1 100000000000000000000 does not fit i64 | write '100000000000000000000.0' for a floating number");
  EXPECT_EQ(messages("18446744073709551616u64"), "1:1 18446744073709551616u64 does not fit u64");
  EXPECT_EQ(messages("1e999"), "1:1 1e999 does not fit f64");
  EXPECT_EQ(messages("1e39f32"), "1:1 1e39f32 does not fit f32");
  EXPECT_EQ(messages("1e-999"), ""); // Rounds to 0.
  EXPECT_EQ(messages("0b12"), "1:1 '2' is no digit of a binary number");
  EXPECT_EQ(messages("0x"), "1:1 '0x' is not a number");
  EXPECT_EQ(messages("1.5u8"), "1:1 '1.5u8' has a fraction or exponent, so it cannot be u8 | write '1.5' or '1.5f32'");
  EXPECT_EQ(messages(R"("a\qb")"), "1:3 unknown escape '\\q' | the escapes are \\n \\t \\r \\0 \\\\ \\\" \\$ \\x41 "
                                   "\\u{1F600}; for a backslash write \\\\, or r\"...\"");
  EXPECT_EQ(messages(R"("\x4")"), "1:2 '\\x' takes two hexadecimal digits, as in \\x41");
  EXPECT_EQ(messages(R"("\u{110000}")"), "1:2 '\\u' takes the number of a character in braces, as in \\u{1F600}");
}

TEST(SyntaxErrors, Targets) {
  EXPECT_EQ(messages("1 = 2"), "1:1 this cannot be assigned to | to compare, write '=='");
  EXPECT_EQ(messages("(a, b) += 3"), "1:1 this cannot be assigned to | assign to the elements one by one");
  EXPECT_EQ(messages("f(x) += 3"), "1:1 this cannot be assigned to");
  EXPECT_EQ(messages("x = y = 3"),
            "1:7 expected the end of the statement, found '=' | an assignment is a statement, not "
            "a value; to compare, write '=='");
  EXPECT_EQ(messages("global x = 3"),
            "1:10 'global' does not take a value | declare it first: 'global x', then 'x = ...'");
}

TEST(SyntaxErrors, TuplesAndArguments) {
  EXPECT_EQ(messages("x = ()"), "1:5 there is no empty tuple | the value of nothing is 'none'");
  EXPECT_EQ(messages("(x: 1, 2)"), "1:1 either all elements of a tuple have names, or none");
  EXPECT_EQ(messages("f(k: 2, 3)"), "1:9 an argument without a name follows one with a name");
  EXPECT_EQ(messages("a[]"), "1:3 expected an index");
  EXPECT_EQ(messages("fn if(x) { x }"),
            "1:4 expected the name of a function, found 'if' | 'if' is a word of the language: choose another name");
  EXPECT_EQ(messages("x: [f64, 0] = y"), "1:10 the number of dimensions is from 1 to 16");
}

TEST(SyntaxErrors, BlockAtTheStartOfAStatement) {
  EXPECT_EQ(messages("if x { 1 } + 3"),
            "1:12 expected the end of the statement, found '+' | a statement that starts with "
            "a block ends at its '}'; put it in parentheses to compute with it");
}

TEST(SyntaxErrors, Fields) {
  EXPECT_NE(messages("struct P {\n  5\n  x\n}"), "");
  EXPECT_NE(messages("struct P {\n  )\n"), "");
}

TEST(SyntaxErrors, Matches) {
  EXPECT_EQ(messages("s = match v {\n 0 => \"a\"\n n: i64 if n < 0 => 1\n _ => 2\n}\ny = 1"), "");
  EXPECT_EQ(messages("match { 1 => 2 }"), "1:7 expected the value to match, as in 'match x { ... }', found '{'");
  EXPECT_EQ(messages("match = 4"), "1:7 expected the value to match, as in 'match x { ... }', found '=' | an assignment is a statement, not a value; "
            "to compare, write '=='");
  EXPECT_EQ(messages("x?."), "1:4 expected a name after '?.', found the end of the input");
  EXPECT_EQ(messages("machine = 1; llvm(machine)"), "");
  EXPECT_EQ(messages("[1: 2, 3]"), "1:9 expected ':' and the value of the key, found ']'");
}

// --- brackets ---

TEST(Brackets, MissingOnesPointAtTheOpeningOne) {
  EXPECT_EQ(messages("print(foo(1, 2)\nx = 3"), "1:6 this '(' is never closed");
  EXPECT_EQ(messages("x = [1, 2\ny = 3"), "1:5 this '[' is never closed");
  EXPECT_EQ(messages("foo(bar(1, 2), baz[3)\nz = 4"), "1:19 this '[' is never closed");
  EXPECT_EQ(messages("fn f() {\n  g(1,\n  2\n}\nh(3)"), "2:4 this '(' is never closed");
  EXPECT_EQ(messages("x = foo(1,\nfn g(a) { a }\ng(1)"), "1:8 this '(' is never closed");
  EXPECT_EQ(messages("fn f(x) {\n  x"), "1:9 this '{' is never closed");
}

TEST(Brackets, IndentationTellsWhichBraceIsMissing) {
  EXPECT_EQ(messages("fn f(x) {\n  if x {\n    y\n}\nfn g(a) { a }"), "2:8 this '{' is never closed");
  EXPECT_EQ(messages("fn f(x) {\n  while x {\n    if y {\n      z\n  }\n}\ng(1)"), "3:10 this '{' is never closed");
}

TEST(Brackets, ClosingOnesTooMany) {
  EXPECT_EQ(messages("x = 1)\ny = 2"), "1:6 this ')' closes nothing");
  EXPECT_EQ(messages("fn f() { 1 }\n}\ny = 2"), "2:1 this '}' closes nothing");
}

TEST(Brackets, ErrorsInsideStringsAreReportedOnce) {
  EXPECT_EQ(messages("print(\"never closed)\nz = 3"),
            "1:7 this string is never closed | a string over several lines is written \"\"\"...\"\"\"");
  EXPECT_EQ(messages("fn f() {\n  x = [\"a\n  y = 1 2\n}"),
            "2:8 this string is never closed | a string over several lines is written \"\"\"...\"\"\"\n"
            "3:9 expected the end of the statement, found '2' | for a product write '1 * 2'");
  EXPECT_EQ(messages("x = \"abc ${y\"\nz = 3 4"),
            "1:10 this '${' is never closed\n2:7 expected the end of the statement, "
            "found '4' | for a product write '3 * 4'");
  EXPECT_EQ(messages("x = \"abc ${f(y\"\nz = 3"), "1:10 this '${' is never closed");
  EXPECT_EQ(messages("x = \"${a b} ${}\""), "1:10 expected '}' after the interpolated expression, found 'b'\n"
                                            "1:15 expected an expression, found the end of the interpolation");
}

// --- several errors ---

TEST(Recovery, EachStatementHasItsOwnError) {
  EXPECT_EQ(
      messages("a b\nx = = 1\ny = (1 + ) * 2\nfine = 1\nf(1, , 2)\n"),
      "1:3 expected the end of the statement, found 'b' | an operator is missing, or the parentheses of a call: "
      "'a(...)'\n"
      "2:5 expected an expression, found '=' | an assignment is a statement, not a value; to compare, write '=='\n"
      "3:10 expected an expression, found ')'\n"
      "5:6 expected an expression, found ','");
}

TEST(Recovery, GoesOnInsideTheBlockAndBehindIt) {
  EXPECT_EQ(
      messages("fn f(x) {\n  a b\n  if x @ { c d }\n  e = = 3\n}\nw = 4 5"),
      "2:5 expected the end of the statement, found 'b' | an operator is missing, or the parentheses of a call: "
      "'a(...)'\n"
      "3:8 unexpected character '@'\n"
      "3:14 expected the end of the statement, found 'd' | an operator is missing, or the parentheses of a call: "
      "'c(...)'\n"
      "4:7 expected an expression, found '=' | an assignment is a statement, not a value; to compare, write '=='\n"
      "6:7 expected the end of the statement, found '5' | for a product write '4 * 5'");
}

TEST(Recovery, KeepsWhatIsRight) {
  Parsed parsed("a = 1\nb = )\nc = f(2, *)\nfn g(x, 3) { x }\nd = 4");
  EXPECT_EQ(parsed.trees(), "(= a 1)\n(= b <error>)\n(= c (call f 2 <error>))\n(fn g (x) {x})\n(= d 4)");
  EXPECT_EQ(parsed.diagnostics.error_count(), 3u);
}

TEST(Recovery, DiagnosticsAreInOrderOfTheirPlaces) {
  Parsed parsed("x = 1 2\ny = @\nz = 3 4\n"); // The lexer's come first by time.
  ASSERT_EQ(parsed.diagnostics.list().size(), 3u);
  EXPECT_EQ(parsed.sources.location(parsed.diagnostics.list()[1].span).line, 2u);
}

TEST(Recovery, AtMostAHundred) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a b\n";
  EXPECT_EQ(Parsed(text).diagnostics.error_count(), 100u);
}

// --- depth ---

TEST(Depth, NestingHasALimitAndAMessage) {
  for (std::string opener : {"(", "[", "-", "not ", "{", "f(", "a[", "x -> ", "2^", "c ? ", "\"${", "if a {",
                             "while a {", "fn f() {", "fn () = ", "for x in [x for y in ", "for (", "(a, "}) {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += opener;
    Parsed parsed(text);
    bool told = false;
    for (const Diagnostic &diagnostic : parsed.diagnostics.list())
      told |= diagnostic.code == Diag::TooDeep || diagnostic.code == Diag::UnclosedInterpolation ||
              diagnostic.code == Diag::Expected || diagnostic.code == Diag::Unclosed;
    EXPECT_TRUE(told) << opener;
  }
}

TEST(Depth, TypesToo) {
  std::string text = "x: ";
  for (int i = 0; i < 20000; ++i) text += "[";
  EXPECT_EQ(Parsed(text).diagnostics.list().at(0).code, Diag::TooDeep);
}

TEST(Depth, TwoHundredLevelsAreFine) {
  EXPECT_EQ(messages(std::string(200, '(') + "1" + std::string(200, ')')), "");
  std::string sum = "1";
  for (int i = 0; i < 2000; ++i) sum += " + 1";
  EXPECT_EQ(messages(sum), "");
}

TEST(Depth, LongChainsHaveALimitToo) {
  std::string sum = "1";
  for (int i = 0; i < 5000; ++i) sum += " + 1";
  EXPECT_EQ(Parsed(sum).diagnostics.list().at(0).code, Diag::TooDeep);
  EXPECT_EQ(Parsed(sum).diagnostics.error_count(), 1u);
}

} // namespace
} // namespace kiln
