#include "lang/recursive_descent.h"

// What people write who come from other languages, and what to write instead.

namespace kiln {

namespace {

bool is_infix(TokenKind kind) {
  switch (kind) {
  case TokenKind::And:
  case TokenKind::Or:
  case TokenKind::Xor:
  case TokenKind::Is:
  case TokenKind::In:
  case TokenKind::Question:
  case TokenKind::QuestionDot:
  case TokenKind::QuestionQuestion:
  case TokenKind::DotDot:
  case TokenKind::DotDotEqual:
  case TokenKind::Broadcast:
  case TokenKind::BroadcastAssign: return true;
  default: // The rest by their order in tokens.def.
    return kind >= TokenKind::Less && kind <= TokenKind::Caret;
  }
}

bool starts_operand(TokenKind kind) {
  return kind == TokenKind::Identifier || kind == TokenKind::Number || kind == TokenKind::StringBegin ||
         kind == TokenKind::Char || kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket ||
         kind == TokenKind::True || kind == TokenKind::False || kind == TokenKind::None;
}

// Words that begin a statement in other languages.
struct ForeignWord {
  std::string_view word;
  std::string_view help;
};
constexpr ForeignWord foreign_words[] = {
    {"function", "a function is written 'fn f(x) { ... }' or 'f(x) = value'"},
    {"def", "a function is written 'fn f(x) { ... }' or 'f(x) = value'"},
    {"func", "a function is written 'fn f(x) { ... }' or 'f(x) = value'"},
    {"fun", "a function is written 'fn f(x) { ... }' or 'f(x) = value'"},
    {"var", "a variable needs no declaration: write 'x = ...' ('let x = ...' for a new one in a block)"},
    {"local", "a variable needs no declaration: write 'x = ...' ('let x = ...' for a new one in a block)"},
    {"auto", "a variable needs no declaration: write 'x = ...'"},
    {"int", "a variable needs no declaration: write 'x = ...', or 'x: i64 = ...' to fix its type"},
    {"float", "a variable needs no declaration: write 'x = ...', or 'x: f64 = ...' to fix its type"},
    {"double", "a variable needs no declaration: write 'x = ...', or 'x: f64 = ...' to fix its type"},
    {"lambda", "a lambda is written 'x -> value'"},
    {"println", "write 'print(x)'"},
    {"echo", "write 'print(x)'"},
    {"end", "a block ends at its '}'"},
    {"repeat", "write 'while true { ... }' with 'break'"},
    {"case", "write 'if' and 'else if'"},
    {"foreach", "a loop is written 'for x in xs { ... }'"},
    {"until", "write 'while not condition { ... }'"},
    {"unless", "write 'if not condition { ... }'"},
    {"switch", "write 'if' and 'else if'"},
    {"elif", "write 'else if', on the line of the '}'"},
    {"elseif", "write 'else if', on the line of the '}'"},
    {"elsif", "write 'else if', on the line of the '}'"},
    {"do", "a block is written '{ ... }'"},
    {"begin", "a block is written '{ ... }'"},
    {"raise", "write 'error(\"...\")'"},
    {"throw", "write 'error(\"...\")'"},
    {"using", "the library needs no import"},
    {"include", "the library needs no import"},
    {"from", "the library needs no import"},
};

} // namespace

void Parser::add_hint(Diagnostic &report) {
  const Token &found = token();
  if (report.message.starts_with("expected the name") || report.message.starts_with("expected a name")) {
    if (is_keyword(found.kind))
      report.help(fmt::format("'{}' is a word of the language: choose another name", text(found)));
    return;
  }
  bool line_start = found.newline_before || at_ == 0;
  switch (found.kind) {
  case TokenKind::Assign: report.help("an assignment is a statement, not a value; to compare, write '=='"); return;
  case TokenKind::If: report.help("a choice between values is written 'condition ? value : other value'"); return;
  case TokenKind::For: report.help("several 'for' in one are separated by commas: 'for x in xs, y in ys'"); return;
  case TokenKind::DotDot:
  case TokenKind::DotDotEqual: report.help("a range has both ends: 'a..b'"); return;
  case TokenKind::Colon:
    if (at_ == statement_start_ && kind(1) == TokenKind::Identifier && adjacent(1)) {
      report.help(fmt::format("a command such as ':{}' is for the interactive loop, at a terminal", text(token(1))));
      return;
    }
    if (line_start && newlines_count_) break;
    if (!colon_follows_) report.help("a range is written 'a..b', and has both ends");
    return;
  case TokenKind::Slash:
  case TokenKind::SlashSlash:
    if (line_start) {
      report.help("a comment starts with '#'");
      return;
    }
    break;
  default: // The rest follow from what the token is.
    break;
  }
  bool infix = is_infix(found.kind) || found.kind == TokenKind::Colon;
  if (line_start && newlines_count_ && infix && at_ > 0)
    report.help(fmt::format("to continue the line above, end that line with '{}'", text(found)));
}

// `n++` and `n--`: after the first sign, at a second one that nothing follows.
bool Parser::report_increment() {
  const Token &first = tokens_[at_ - 1];
  bool sign = first.kind == TokenKind::Plus || first.kind == TokenKind::Minus;
  if (!sign || kind() != first.kind || token().begin != first.end) return false;
  const Token &after = token(1);
  bool ends = after.newline_before || after.kind == TokenKind::End || after.kind == TokenKind::Semicolon ||
              after.kind == TokenKind::RightParen || after.kind == TokenKind::RightBrace;
  if (!ends) return false;
  Span place = join(span(first), span(token()));
  std::string_view sign_text = text(first);
  error<Diag::NoIncrement>(place, text(place)).help(fmt::format("write 'n {}= 1'", sign_text));
  return true;
}

// `++n` and `--n`, which as two signs would be n.
bool Parser::report_prefix_increment() {
  const Token &first = token(), &name = token(2);
  bool sign = first.kind == TokenKind::Plus || first.kind == TokenKind::Minus;
  if (!sign || kind(1) != first.kind || !adjacent(1) || name.kind != TokenKind::Identifier || !adjacent(2)) return false;
  Span place = join(span(first), span(token(1)));
  Diagnostic &report = error<Diag::NoIncrement>(place, text(place));
  report.help(fmt::format("write '{} {}= 1'", text(name), text(first)));
  if (first.kind == TokenKind::Minus) report.help(fmt::format("for two signs write '-(-{})'", text(name)));
  return true;
}

void Parser::check_statement_end(uint32_t start, bool braced) {
  if (token().newline_before || kind() == TokenKind::End || kind() == TokenKind::Semicolon || at_closing()) return;
  if (braced && !is_infix(kind()) && kind() != TokenKind::Dot) return;
  const Token &first = tokens_[start];
  if (kind() == TokenKind::Comma) {
    report_missing_parens(first.begin);
    return;
  }
  const Token &previous = tokens_[at_ - 1];
  Diagnostic &report = error<Diag::Expected>(span(token()), "the end of the statement", describe(token()));
  if (braced)
    report.help("a statement that starts with a block ends at its '}'; put it in parentheses to compute with it");
  else if (kind() == TokenKind::Number && text(token()).starts_with('.') && previous.end == token().begin)
    report.help(fmt::format("an element of a tuple is written 't[{}]'", text(token()).substr(1)));
  else if (is_word(token(), "then") || is_word(token(), "do"))
    report.help("a block is written '{ ... }'");
  else if (is_word(token(), "mod") || is_word(token(), "div"))
    report.help(is_word(token(), "mod") ? "write '%'" : "write '//'");
  else if (kind() == TokenKind::LeftBrace && previous.kind == TokenKind::RightParen && previous.match == start + 1)
    report.help(fmt::format("a function is written 'fn {}(...) {{ ... }}'", text(first)));
  else if (starts_operand(kind()) && previous.kind == TokenKind::Number)
    report.help(fmt::format("for a product write '{} * {}'", text(previous), text(token())));
  else if (starts_operand(kind()) && previous.kind == TokenKind::Identifier)
    report.help(fmt::format("an operator is missing, or the parentheses of a call: '{}(...)'", text(previous)));
  else if (starts_operand(kind()))
    report.help("an operator is missing, or a newline or ';' between two statements");
  else
    add_hint(report);
}

// `a, b = b, a`, `return a, b`, `x = 1, 2`.
void Parser::report_missing_parens(uint32_t begin) {
  const Token &comma = token();
  uint32_t end = end_, assign = Token::unmatched;
  uint32_t i = at_;
  while (i > 0 && tokens_[i - 1].begin >= begin && tokens_[i - 1].end > begin) --i; // The first token of the statement.
  uint32_t first = i;
  if (tokens_[i].kind == TokenKind::Return || tokens_[i].kind == TokenKind::Let) first = ++i;
  for (; tokens_[i].kind != TokenKind::End && tokens_[i].kind != TokenKind::Semicolon; ++i) {
    if (i > at_ && tokens_[i].newline_before) break;
    if (tokens_[i].kind == TokenKind::RightBrace && tokens_[i].match < first) break;
    if (tokens_[i].kind == TokenKind::Assign && assign == Token::unmatched) assign = i;
    if (tokens_[i].match != Token::unmatched && tokens_[i].match > i) i = tokens_[i].match;
    end = tokens_[i].end;
  }
  auto wrap = [&](uint32_t from, uint32_t to) {
    std::string_view inner = text_.substr(from, to - from);
    while (!inner.empty() && inner.back() == ' ') inner.remove_suffix(1);
    return inner.find(',') == std::string_view::npos ? std::string(inner) : fmt::format("({})", inner);
  };
  std::string fixed(text_.substr(begin, tokens_[first].begin - begin));
  uint32_t from = tokens_[first].begin;
  if (assign != Token::unmatched && assign + 1 < i) {
    fixed += wrap(from, tokens_[assign].begin) + " = ";
    from = tokens_[assign + 1].begin;
  }
  fixed += wrap(from, end);
  Diagnostic &report = error<Diag::TupleNeedsParens>(span(comma));
  constexpr size_t longest = 80;
  if (fixed.size() <= longest && fixed.find('\n') == std::string::npos) report.help(fmt::format("write '{}'", fixed));
}

void Parser::report_missing_parens_in_for(const Pattern *first) {
  std::string names(text(first->span));
  for (uint32_t i = at_; tokens_[i].kind == TokenKind::Comma && tokens_[i + 1].kind == TokenKind::Identifier; i += 2)
    names += fmt::format(", {}", text(tokens_[i + 1]));
  error<Diag::TupleNeedsParens>(span(token())).help(fmt::format("write 'for ({}) in ...'", names));
}

// `for (i = 0; i < n; i++)`, `for i = 1, 10 do`.
bool Parser::report_foreign_for() {
  uint32_t name = kind() == TokenKind::LeftParen ? 1 : 0;
  if (name == 1 && kind(1) == TokenKind::Identifier && kind(2) == TokenKind::Identifier && kind(3) == TokenKind::Assign)
    name = 2; // for (int i = 0; ...)
  if (kind(name) != TokenKind::Identifier || kind(name + 1) != TokenKind::Assign) return false;
  error<Diag::ForeignFor>(span(token(name + 1)))
      .help(fmt::format("write 'for {0} in 0..n' (without n) or 'for {0} in 1..=n' (with n)", text(token(name))));
  return true;
}

void Parser::report_bad_target(const Expr *target, bool compound) {
  Diagnostic &report = complain<Diag::CannotAssign>(target->span);
  if (as<TupleExpr>(target) && compound)
    report.help("assign to the elements one by one");
  else if ((as<CallExpr>(target) || as<MethodCallExpr>(target)) && !compound)
    report.help("a function is defined with names as parameters, 'f(x) = ...'; to compare, write '=='");
  else if (!compound && target->kind != ExprKind::Error)
    report.help("to compare, write '=='");
}

// At a word that begins a statement elsewhere, when what follows makes sense only there.
bool Parser::report_foreign_statement() {
  const Token &word = token(), &after = token(1);
  bool operand = !after.newline_before && starts_operand(after.kind) && after.kind != TokenKind::LeftParen &&
                 after.kind != TokenKind::LeftBracket;
  if (!operand) return false;
  if (is_word(word, "print") || is_word(word, "write")) {
    error<Diag::CallWithoutParens>(span(word)).help(fmt::format("write '{}(...)'", text(word)));
    return true;
  }
  for (const ForeignWord &foreign : foreign_words) {
    if (text(word) != foreign.word) continue;
    error<Diag::ForeignStatement>(span(word), foreign.word).help(std::string(foreign.help));
    return true;
  }
  return false;
}

// After a block in another language's style was reported, its remaining parts are passed over in silence.
bool Parser::skip_foreign_line() {
  if (!foreign_blocks_) return false;
  bool lone_end = is_word(token(), "end") && (token(1).newline_before || kind(1) == TokenKind::End);
  if (!lone_end && kind() != TokenKind::Else && !is_word(token(), "elif") && !is_word(token(), "elseif")) return false;
  panicking_ = true;
  advance();
  return true;
}

// `elif` and its like after the `}` of an `if`: reported, then read as `else if`. Leaves the parser at the word, which
// stands for the `if`.
bool Parser::at_else_if() {
  if (panicking_ || kind() != TokenKind::Identifier) return false;
  if (!is_word(token(), "elif") && !is_word(token(), "elseif") && !is_word(token(), "elsif")) return false;
  complain<Diag::ForeignStatement>(span(token()), text(token())).help("write 'else if'");
  return true;
}

void Parser::report_missing_block(std::string_view after) {
  if (panicking_) return;
  bool foreign = is_word(token(), "then") || is_word(token(), "do") || kind() == TokenKind::Colon;
  if (foreign) {
    foreign_blocks_ = true;
    error<Diag::Expected>(span(token()), fmt::format("'{{' after {}", after), describe(token()))
        .help("a block is written '{ ... }'");
    return;
  }
  if (kind() == TokenKind::End || token().newline_before) foreign_blocks_ = kind() != TokenKind::End;
  expected_next(fmt::format("'{{' after {}", after));
}

} // namespace kiln
