#include "lang/recursive_descent.h"

#include <algorithm>

namespace kiln {

namespace {

// Nested constructs recurse here and in every later walk over the tree; long chains (a + b + c ...) only there.
// A sanitizer's frames are five times as large.
#if defined(__SANITIZE_ADDRESS__)
constexpr uint32_t depth_limit = 300;
#else
constexpr uint32_t depth_limit = 1000;
#endif
constexpr uint32_t height_limit = 2500;

} // namespace

Parser::Parser(const Sources &sources, uint32_t source, TokenList tokens, Ast &ast, Diagnostics &diagnostics)
    : sources_(sources), source_(source), text_(sources.get(source).text()), ast_(ast), diagnostics_(diagnostics),
      list_(std::move(tokens)), tokens_(list_.tokens) {
  unfinished_ = list_.ends_in_string && diagnostics.error_count() == 1;
}

// source = statements
void Parser::parse_source() {
  std::vector<const Stmt *> statements;
  parse_statements(statements, Token::unmatched);
  ast_.statements = ast_.list(statements);
}

bool Parser::accept(TokenKind kind) {
  if (!next_is(kind)) return false;
  advance();
  return true;
}

const Token &Parser::advance() {
  const Token &taken = tokens_[at_];
  if (taken.kind != TokenKind::End) {
    ++at_;
    end_ = taken.end;
  }
  return taken;
}

bool Parser::expect(TokenKind kind, std::string_view what) {
  if (accept(kind)) return true;
  expected(what);
  return false;
}

// The first error decides: at the end of the text it says that more is to come.
void Parser::note_unfinished() {
  if (!panicking_ && kind() == TokenKind::End && !diagnostics_.has_errors()) unfinished_ = true;
}

std::string Parser::describe(const Token &token) const {
  switch (token.kind) {
  case TokenKind::End: return "the end of the input";
  case TokenKind::StringBegin: return "a string";
  case TokenKind::InterpolationEnd:
  case TokenKind::FormatSpec: return "the end of the interpolation";
  default: return fmt::format("'{}'", text(token));
  }
}

void Parser::expected_next(std::string_view what) {
  note_unfinished();
  expected(what);
}

void Parser::expected(std::string_view what) {
  if (panicking_) return;
  bool line_ended = newlines_count_ && token().newline_before && kind() != TokenKind::End && at_ != statement_start_;
  bool ended = line_ended || kind() == TokenKind::End;
  // Where something is missing at the end of a line, the place is behind its last token, not on the next line.
  Span place = ended ? Span{source_, end_, end_} : span(token());
  Diagnostic &report = error<Diag::Expected>(place, what, line_ended ? "the end of the line" : describe(token()));
  if (!ended) add_hint(report);
}

bool Parser::too_deep() {
  if (depth_ <= depth_limit && height_ <= height_limit) return false;
  if (!reported_depth_) error<Diag::TooDeep>(span(token())).help("put parts of it into variables or functions");
  reported_depth_ = panicking_ = true;
  return true;
}

void Parser::close_bracket(uint32_t opener, std::string_view what) {
  uint32_t closer = tokens_[opener].match;
  if (!panicking_ && at_ == closer) {
    advance();
    return;
  }
  if (!panicking_) {
    if (closer == Token::unmatched)
      report_unclosed(opener);
    else
      expected(what);
  }
  if (closer != Token::unmatched && closer >= at_) {
    at_ = closer;
    advance();
    panicking_ = false;
  }
}

void Parser::report_unclosed(uint32_t opener) {
  bool brace = tokens_[opener].kind == TokenKind::LeftBrace;
  const Token &open = tokens_[brace ? suspicious_brace(opener) : opener];
  note_unfinished();
  Diagnostic &report = error<Diag::Unclosed>(span(open), text(open));
  if (kind() != TokenKind::End)
    report.note(span(token()), fmt::format("the {} was expected before this", brace ? "'}'" : "closing bracket"));
}

uint32_t Parser::indentation(const Token &token) const {
  size_t line = text_.rfind('\n', token.begin);
  line = line == std::string_view::npos ? 0 : line + 1;
  size_t first = std::min(text_.find_first_not_of(" \t", line), text_.size());
  return static_cast<uint32_t>(first - line);
}

// A missing `}` makes the one after it close the wrong block, and the outermost block seem open. The indentation tells:
// the culprit is the block of the first `}` that begins a line further left than the line of its `{`.
uint32_t Parser::suspicious_brace(uint32_t opener) const {
  for (uint32_t i = opener; i < tokens_.size(); ++i) {
    const Token &closer = tokens_[i];
    bool closes = closer.kind == TokenKind::RightBrace && closer.match != Token::unmatched && closer.match > opener;
    if (closes && closer.newline_before && indentation(closer) < indentation(tokens_[closer.match]))
      return closer.match;
  }
  return opener;
}

// At a bracket that closes the block, or something around it.
bool Parser::closes(uint32_t block) const {
  return block != Token::unmatched && token().match != Token::unmatched && token().match <= block;
}

// Where a list in brackets ends, also when its bracket is missing: at a line that can only be the next statement.
bool Parser::at_closing() const {
  switch (kind()) {
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
  case TokenKind::RightBrace:
  case TokenKind::InterpolationEnd:
  case TokenKind::FormatSpec:
  case TokenKind::End: return true;
  case TokenKind::Fn: return token().newline_before && kind(1) == TokenKind::Identifier;
  case TokenKind::Let:
  case TokenKind::Global:
  case TokenKind::Struct:
  case TokenKind::Class:
  case TokenKind::While:
  case TokenKind::Return:
  case TokenKind::Break:
  case TokenKind::Continue: return token().newline_before;
  default: return false; // Every other token may start or continue an element.
  }
}

// Goes on at the next line, `;` or the end of the block. Brackets are stepped over whole.
void Parser::skip_to_next_statement(uint32_t block) {
  while (kind() != TokenKind::End && !closes(block) && kind() != TokenKind::Semicolon) {
    bool continues = kind() == TokenKind::Else || kind() == TokenKind::Catch || kind() == TokenKind::Dot;
    if (token().newline_before && (!continues || foreign_blocks_)) break;
    if (token().match != Token::unmatched && token().match > at_) at_ = token().match;
    advance();
  }
  panicking_ = kind() == TokenKind::End; // There, everything has been said.
}

// After an error: the `{` on the same line, if there is one, is where what follows makes sense again.
void Parser::find_block() {
  constexpr int farthest = 200; // Else nested headers of a broken text would each look through all of it.
  uint32_t i = at_;
  for (int step = 0; tokens_[i].kind != TokenKind::End && step < farthest; ++i, ++step) {
    const Token &token = tokens_[i];
    bool closing = token.match != Token::unmatched && token.match < i;
    if (token.newline_before || token.kind == TokenKind::Semicolon || closing) return;
    if (token.kind == TokenKind::LeftBrace && token.match != Token::unmatched) {
      at_ = i;
      panicking_ = false;
      return;
    }
    if (token.match != Token::unmatched) i = token.match;
  }
}

std::unique_ptr<Ast> parse(const Sources &sources, uint32_t source, Diagnostics &diagnostics) {
  Diagnostics found;
  TokenList tokens = lex(sources, source, found);
  auto ast = parse(sources, source, std::move(tokens), found);
  for (const Diagnostic &diagnostic : found.list()) diagnostics.add(diagnostic);
  return ast;
}

std::unique_ptr<Ast> parse(const Sources &sources, uint32_t source, TokenList tokens, Diagnostics &diagnostics) {
  auto ast = std::make_unique<Ast>();
  Parser(sources, source, std::move(tokens), *ast, diagnostics).parse_source();
  Diagnostics found = std::exchange(diagnostics, {}); // The lexer's come first.
  std::vector<const Diagnostic *> sorted;
  for (const Diagnostic &diagnostic : found.list()) sorted.push_back(&diagnostic);
  std::sort(sorted.begin(), sorted.end(), [](const Diagnostic *a, const Diagnostic *b) {
    return a->span.begin != b->span.begin ? a->span.begin < b->span.begin : a < b;
  });
  constexpr size_t most = 100; // What is no program at all has an error at every token.
  sorted.resize(std::min(sorted.size(), most));
  for (const Diagnostic *diagnostic : sorted) diagnostics.add(*diagnostic);
  return ast;
}

std::optional<Signature> parse_signature(const Sources &sources, uint32_t source, Ast &ast, Diagnostics &diagnostics) {
  TokenList tokens = lex(sources, source, diagnostics);
  return Parser(sources, source, std::move(tokens), ast, diagnostics).parse_signature();
}

Completeness completeness(std::string_view text) {
  Sources sources;
  Diagnostics diagnostics;
  Ast ast;
  uint32_t source = sources.add("", std::string(text));
  Parser parser(sources, source, lex(sources, source, diagnostics), ast, diagnostics);
  parser.parse_source();
  return parser.unfinished() ? Completeness::Unfinished : Completeness::Complete;
}

bool continues_statement(std::string_view text) {
  Sources sources;
  Diagnostics diagnostics;
  const std::vector<Token> tokens = lex(sources, sources.add("", std::string(text)), diagnostics).tokens;
  const TokenKind first = tokens[0].kind;
  return first == TokenKind::Else || first == TokenKind::Catch ||
         (first == TokenKind::Dot && tokens[1].kind == TokenKind::Identifier);
}

} // namespace kiln
