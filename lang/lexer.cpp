#include "lang/scan.h"
#include "lang/utf8.h"

#include <algorithm>

namespace kiln {

namespace {

TokenKind keyword_or_identifier(std::string_view word) {
  constexpr size_t longest = 8; // "continue"
  if (word.size() < 2 || word.size() > longest) return TokenKind::Identifier;
  constexpr auto first = static_cast<size_t>(TokenKind::Fn), last = static_cast<size_t>(TokenKind::Catch);
  for (size_t i = first; i <= last; ++i)
    if (std::string_view keyword = spelling(static_cast<TokenKind>(i)); keyword[0] == word[0] && keyword == word)
      return static_cast<TokenKind>(i);
  return TokenKind::Identifier;
}

// What to write instead of a symbol that editors, books and other languages use.
struct Symbol {
  char32_t value;
  std::string_view instead;
};
constexpr Symbol symbols[] = {
    {U'×', "*"},   {U'·', "*"},      {U'÷', "/"},   {U'−', "-"},       {U'–', "-"},  {U'—', "-"},
    {U'≤', "<="},  {U'≥', ">="},     {U'≠', "!="},  {U'“', "\""},      {U'”', "\""}, {U'’', "'"},
    {U'‘', "'"},   {U'²', "^2"},     {U'³', "^3"},  {U'√', "sqrt(x)"}, {U'∈', "in"}, {U'→', "->"},
    {U'∧', "and"}, {U'∨', "or"},     {U'¬', "not"}, {U'∞', "inf"},     {U'…', ".."}, {U'\u00A0', "a space"},
    {U'`', "\""},  {U'∉', "not in"},
};

} // namespace

uint32_t Lexer::emit(TokenKind kind, uint32_t begin, uint32_t end) {
  list_.tokens.push_back({kind, newline_, space_, begin, end, Token::unmatched, TokenKind::End});
  newline_ = space_ = false;
  return static_cast<uint32_t>(list_.tokens.size() - 1);
}

uint32_t Lexer::emit_next(TokenKind kind, size_t length) {
  uint32_t begin = here();
  at_ += length;
  return emit(kind, begin, here());
}

void Lexer::pair(uint32_t opener, uint32_t closer) {
  list_.tokens[opener].match = closer;
  list_.tokens[closer].match = opener;
}

// Reports the first bad byte only: a file in another encoding has thousands.
void Lexer::check_encoding() {
  size_t bad = find_invalid_utf8(text_.substr(at_));
  if (bad == std::string_view::npos) return;
  bad += at_;
  auto begin = static_cast<uint32_t>(bad);
  diagnostics_
      .report<Diag::InvalidUtf8>(span(begin, begin + 1), fmt::format("{:02x}", static_cast<unsigned char>(text_[bad])))
      .help("save the file as UTF-8");
}

TokenList Lexer::run() {
  check_encoding();
  if (at_ == 0 && text_.substr(0, 3) == "\xEF\xBB\xBF") // A byte order mark.
    at_ = 3;
  for (skip_space(); at_ < text_.size(); skip_space()) token();
  if (std::any_of(frames_.begin(), frames_.end(),
                  [](const Frame &frame) { return frame.kind == TokenKind::InterpolationBegin; }))
    unwind_strings(true);
  emit(TokenKind::End, here(), here());
  return std::move(list_);
}

void Lexer::skip_space() {
  for (;; ++at_) {
    switch (at(at_)) {
    case '\n':
      if (single_line_ != 0) end_of_line_in_string();
      newline_ = true;
      break;
    case ' ':
    case '\t':
    case '\r':
    case '\f': break;
    case '#':
      comment();
      --at_; // The loop steps over the character before the newline again.
      break;
    default: return;
    }
    space_ = true;
  }
}

void Lexer::comment() {
  size_t end = std::min(text_.find('\n', at_), text_.size());
  if (at(at_ + 1) == '#' && at(at_ + 2) != '#') {
    std::string_view line = text_.substr(at_ + 2, end - at_ - 2);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    list_.docs.push_back({line, here(), static_cast<uint32_t>(list_.tokens.size())});
  }
  at_ = end;
}

void Lexer::token() {
  char c = text_[at_];
  if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) return number();
  if (c == '"') return string(false, follows("\"\"\""));
  if (c == 'r' && at(at_ + 1) == '"') return string(true, text_.substr(at_ + 1, 3) == "\"\"\"");
  if (c == '\'') return character();
  if (static_cast<unsigned char>(c) >= 0x80 || is_ascii_word(c)) return word();
  if (!foreign_operator() && !punctuation()) unexpected();
}

void Lexer::word() {
  uint32_t begin = here();
  bool ascii = true;
  while (at_ < text_.size()) {
    if (is_ascii_word(text_[at_])) {
      ++at_;
      continue;
    }
    if (static_cast<unsigned char>(text_[at_]) < 0x80) break;
    CodePoint point = decode_utf8(text_, at_);
    if (!point.valid || !(at_ == begin ? starts_identifier(point.value) : continues_identifier(point.value))) break;
    ascii = false;
    at_ += point.length;
  }
  if (at_ == begin) return unexpected();
  emit(ascii ? keyword_or_identifier(text_.substr(begin, at_ - begin)) : TokenKind::Identifier, begin, here());
}

// Takes all that looks like one number, so that `2x` and `1.5q` are one mistake; its value is found by the parser.
// A dot belongs to it unless it starts `..`, a method (5.abs()) or a broadcast operator.
void Lexer::number() {
  uint32_t begin = here();
  auto digits = [&] {
    while (is_digit(at(at_)) || at(at_) == '_') ++at_;
  };
  char base = at(at_ + 1);
  bool prefixed = text_[at_] == '0' && (base == 'x' || base == 'b' || base == 'o');
  if (!prefixed) {
    digits();
    if (at(at_) == '.') {
      char next = at(at_ + 1);
      bool names = static_cast<unsigned char>(next) >= 0x80 || (is_ascii_word(next) && !is_digit(next));
      bool operates = next != '\0' && std::string_view(".+-*/^%<>=!&|(").find(next) != std::string_view::npos;
      if (!names && !operates) {
        ++at_;
        digits();
      }
    }
    bool signed_exponent = (at(at_ + 1) == '+' || at(at_ + 1) == '-') && is_digit(at(at_ + 2));
    if ((at(at_) == 'e' || at(at_) == 'E') && signed_exponent) at_ += 2;
  }
  while (at_ < text_.size()) { // The exponent, the digits of a base, a suffix, or what should not stand here.
    if (is_ascii_word(text_[at_])) {
      ++at_;
      continue;
    }
    if (static_cast<unsigned char>(text_[at_]) < 0x80) break;
    CodePoint point = decode_utf8(text_, at_);
    if (!point.valid || !continues_identifier(point.value)) break;
    at_ += point.length;
  }
  emit(TokenKind::Number, begin, here());
}

// Operators of other languages that can mean only one thing: reported, then read as ours.
bool Lexer::foreign_operator() {
  struct Foreign {
    std::string_view text;
    TokenKind kind;
  };
  static constexpr Foreign table[] = {
      {"**=", TokenKind::CaretAssign}, {"**", TokenKind::Caret},    {"===", TokenKind::EqualEqual},
      {"!==", TokenKind::NotEqual},    {"~=", TokenKind::NotEqual}, {"<>", TokenKind::NotEqual},
      {":=", TokenKind::Assign},
  };
  if (std::string_view("*=!~<:").find(text_[at_]) == std::string_view::npos) return false;
  if (text_[at_] == ':' && in_interpolation()) return false;
  for (const Foreign &foreign : table) {
    if (!follows(foreign.text)) continue;
    uint32_t begin = here();
    emit_next(foreign.kind, foreign.text.size());
    diagnostics_.report<Diag::ForeignOperator>(span(begin, here()), foreign.text)
        .help(fmt::format("write '{}'", spelling(foreign.kind)));
    return true;
  }
  return false;
}

bool Lexer::punctuation() {
  char c = text_[at_], next = at(at_ + 1), third = at(at_ + 2);
  auto is = [&](TokenKind kind, size_t length) {
    emit_next(kind, length);
    return true;
  };
  using enum TokenKind;
  switch (c) {
  case '(': return open(LeftParen, emit_next(LeftParen, 1)), true;
  case '[': return open(LeftBracket, emit_next(LeftBracket, 1)), true;
  case '{': return open(LeftBrace, emit_next(LeftBrace, 1)), true;
  case ')': return close(RightParen), true;
  case ']': return close(RightBracket), true;
  case '}': return closes_interpolation() ? interpolation_end() : close(RightBrace), true;
  case ',': return is(Comma, 1);
  case ';': return is(Semicolon, 1);
  case ':':
    if (in_interpolation() && frames_.back().questions == 0) return format_spec(), true;
    if (in_interpolation()) --frames_.back().questions;
    return is(Colon, 1);
  case '?':
    if (next == '?') return is(QuestionQuestion, 2);
    if (next == '.' && !is_digit(third) && third != '.') return is(QuestionDot, 2);
    if (in_interpolation()) ++frames_.back().questions;
    return is(Question, 1);
  case '.':
    if (next == '.') return third == '=' && at(at_ + 3) != '=' ? is(DotDotEqual, 3) : is(DotDot, 2);
    return broadcast() || is(Dot, 1);
  case '=': return next == '=' ? is(EqualEqual, 2) : next == '>' ? is(FatArrow, 2) : is(Assign, 1);
  case '+': return next == '=' ? is(PlusAssign, 2) : next == '%' ? is(PlusPercent, 2) : is(Plus, 1);
  case '-':
    if (next == '>') return is(Arrow, 2);
    return next == '=' ? is(MinusAssign, 2) : next == '%' ? is(MinusPercent, 2) : is(Minus, 1);
  case '*': return next == '=' ? is(StarAssign, 2) : next == '%' ? is(StarPercent, 2) : is(Star, 1);
  case '/':
    if (next == '/') return third == '=' ? is(SlashSlashAssign, 3) : is(SlashSlash, 2);
    return next == '=' ? is(SlashAssign, 2) : is(Slash, 1);
  case '%': return next == '=' ? is(PercentAssign, 2) : is(Percent, 1);
  case '^': return next == '=' ? is(CaretAssign, 2) : is(Caret, 1);
  case '&': return next == '&' ? is(And, 2) : next == '=' ? is(AmpersandAssign, 2) : is(Ampersand, 1);
  case '|': return next == '|' ? is(Or, 2) : next == '=' ? is(BarAssign, 2) : is(Bar, 1);
  case '<':
    if (next == '<') return third == '=' ? is(ShiftLeftAssign, 3) : is(ShiftLeft, 2);
    return next == '=' ? is(LessEqual, 2) : is(Less, 1);
  case '>':
    if (next == '>') return third == '=' ? is(ShiftRightAssign, 3) : is(ShiftRight, 2);
    return next == '=' ? is(GreaterEqual, 2) : is(Greater, 1);
  case '!': return next == '=' ? is(NotEqual, 2) : is(Bang, 1);
  case '~': return is(Tilde, 1);
  default: return false;
  }
}

// A dot directly before an operator and the operator are one token.
bool Lexer::broadcast() {
  char next = at(at_ + 1);
  if (next == '\0' || std::string_view("+-*/^%<>=!&|~").find(next) == std::string_view::npos) return false;
  ++at_;
  if (!foreign_operator()) punctuation();
  Token &made = list_.tokens.back();
  --made.begin;
  made.dotted = made.kind;
  bool assigns = made.kind >= TokenKind::Assign && made.kind <= TokenKind::ShiftRightAssign;
  made.kind = assigns ? TokenKind::BroadcastAssign : TokenKind::Broadcast;
  return true;
}

void Lexer::unexpected() {
  uint32_t begin = here();
  CodePoint point = decode_utf8(text_, at_);
  at_ += point.length;
  while (!point.valid && at_ < text_.size() && !decode_utf8(text_, at_).valid)
    ++at_; // One token for a run of bad bytes; check_encoding() has reported them.
  emit(TokenKind::Invalid, begin, here());
  if (!point.valid) return;
  bool printable = point.value >= 0x20 && point.value != 0x7F;
  Diagnostic &report = diagnostics_.report<Diag::UnexpectedCharacter>(
      span(begin, here()), printable ? std::string(text_.substr(begin, point.length))
                                     : fmt::format("\\x{:02x}", static_cast<uint32_t>(point.value)));
  for (const Symbol &symbol : symbols)
    if (symbol.value == point.value)
      report.help(symbol.instead == "a space" ? "this is a no-break space: write a plain one"
                                              : fmt::format("write '{}'", symbol.instead));
}

// A `)` or `]` does not reach out of a block, and nothing reaches out of an interpolation.
void Lexer::open(TokenKind kind, uint32_t token) {
  Frame frame{kind, token, 0, false};
  uint32_t(&reachable)[3] = frame.reachable;
  if (!frames_.empty()) std::copy_n(frames_.back().reachable, 3, reachable);
  if (kind == TokenKind::LeftBrace) reachable[0] = reachable[1] = 0;
  ++reachable[kind == TokenKind::LeftParen ? 0 : kind == TokenKind::LeftBracket ? 1 : 2];
  frames_.push_back(frame);
}

// Pairs a closing bracket with its opening one. Brackets left open in between are never closed.
void Lexer::close(TokenKind closer) {
  uint32_t token = emit_next(closer, 1);
  int which = closer == TokenKind::RightParen ? 0 : closer == TokenKind::RightBracket ? 1 : 2;
  if (frames_.empty() || frames_.back().reachable[which] == 0) return;
  constexpr TokenKind openers[] = {TokenKind::LeftParen, TokenKind::LeftBracket, TokenKind::LeftBrace};
  while (frames_.back().kind != openers[which]) frames_.pop_back();
  pair(frames_.back().token, token);
  frames_.pop_back();
}

TokenList lex(const Sources &sources, uint32_t source, Diagnostics &diagnostics) {
  return lex(sources, {source, 0, static_cast<uint32_t>(sources.get(source).text().size())}, diagnostics);
}

TokenList lex(const Sources &sources, Span part, Diagnostics &diagnostics) {
  return Lexer(sources.get(part), part, diagnostics).run();
}

} // namespace kiln
