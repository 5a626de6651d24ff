#include "lang/recursive_descent.h"

namespace kiln {

// match = 'match' condition '{' (case (newline | ';' | ','))* '}'
const Expr *Parser::parse_match() {
  Nesting nesting(*this);
  if (too_deep()) return error_expr(token().begin);
  uint32_t begin = advance().begin;
  if (kind() == TokenKind::LeftBrace || kind() == TokenKind::Assign) {
    expected("the value to match, as in 'match x { ... }'");
    return error_expr(begin);
  }
  const Expr *subject = parse_condition();
  if (kind() != TokenKind::LeftBrace) report_missing_block("the value of 'match'");
  if (panicking_) return error_expr(begin);
  uint32_t opener = at_;
  Bracket bracket(*this, true);
  std::vector<MatchCase> cases;
  for (;;) {
    while (kind() == TokenKind::Semicolon || kind() == TokenKind::Comma) advance();
    if (kind() == TokenKind::End || closes(opener) || at_closing()) break;
    cases.push_back(parse_case());
    if (panicking_) break;
    bool separated = token().newline_before || kind() == TokenKind::Semicolon || kind() == TokenKind::Comma ||
                     tokens_[at_ - 1].kind == TokenKind::RightBrace || closes(opener);
    if (!separated) expected("a new line, ';' or ',' after a case");
  }
  bracket.close("'}'");
  return ast_.make<MatchExpr>(since(begin), subject, ast_.list(cases));
}

// case = case-pattern ('|' case-pattern)* ('if' expression)? '=>' case-body
MatchCase Parser::parse_case() {
  uint32_t begin = token().begin;
  std::vector<const CasePattern *> patterns{parse_case_pattern()};
  while (next_is(TokenKind::Bar)) {
    advance();
    patterns.push_back(parse_case_pattern());
  }
  const Expr *guard = nullptr;
  if (next_is(TokenKind::If)) {
    advance();
    guard = parse_condition();
  }
  bool arrow = expect(TokenKind::FatArrow, "'=>' and what the case gives");
  const Expr *body = arrow ? parse_case_body() : error_expr(begin);
  return {since(begin), ast_.list(patterns), guard, body};
}

// case-body = expression | statement, as a block of its own
const Expr *Parser::parse_case_body() {
  uint32_t begin = token().begin;
  const Stmt *statement = parse_statement();
  if (const ExprStmt *plain = as<ExprStmt>(statement)) return plain->value;
  return ast_.make<BlockExpr>(since(begin), ast_.list(std::vector<const Stmt *>{statement}));
}

// case-pattern = '_' (':' type-operand)? | name (':' type-operand)? | (name '.')? name case-elements | case-elements
//              | 'none' | 'true' | 'false' | string | unary (('..' | '..=') unary)?
const CasePattern *Parser::parse_case_pattern() {
  uint32_t begin = token().begin;
  Nesting nesting(*this);
  auto make = [&](CaseKind kind, std::string_view name, const TypeExpr *type, const Expr *value) {
    return ast_.make_case_pattern({kind, since(begin), name, type, value, {}});
  };
  if (too_deep()) return make(CaseKind::Ignore, {}, nullptr, nullptr);
  switch (kind()) {
  case TokenKind::Identifier: {
    const Token &word = advance();
    bool in_file = kind() == TokenKind::Dot && kind(1) == TokenKind::Identifier && adjacent(0) && adjacent(1);
    if (in_file || next_is(TokenKind::LeftParen)) {
      if (in_file) advance(), advance();
      const TypeExpr *type = ast_.make<NamedType>(since(begin), text(since(begin)), List<const TypeExpr *>{});
      if (kind() == TokenKind::LeftParen) return parse_case_elements(CaseKind::Struct, type);
      expected("'(' and patterns for the fields");
      return make(CaseKind::Ignore, {}, nullptr, nullptr);
    }
    const TypeExpr *type = accept(TokenKind::Colon) ? parse_type(TypePlace::AfterIs) : nullptr;
    if (text(word) == "_") return make(CaseKind::Ignore, {}, type, nullptr);
    return make(CaseKind::Bind, text(word), type, nullptr);
  }
  case TokenKind::LeftParen: return parse_case_elements(CaseKind::Tuple, nullptr);
  case TokenKind::None:
  case TokenKind::True:
  case TokenKind::False:
  case TokenKind::StringBegin: {
    const Expr *value = parse_operand();
    return make(CaseKind::Value, {}, nullptr, value);
  }
  case TokenKind::Number:
  case TokenKind::Char:
  case TokenKind::Minus: {
    const Expr *first = parse_unary(); // Not parse_range(): a `|` separates patterns.
    bool range = next_is(TokenKind::DotDot) || next_is(TokenKind::DotDotEqual);
    if (!range) return make(CaseKind::Value, {}, nullptr, first);
    bool inclusive = advance().kind == TokenKind::DotDotEqual;
    const Expr *last = parse_unary();
    const Expr *whole = ast_.make<RangeExpr>(since(begin), first, last, nullptr, inclusive);
    return make(CaseKind::Value, {}, nullptr, whole);
  }
  default: // No other token starts a pattern.
    expected("a pattern");
    return make(CaseKind::Ignore, {}, nullptr, nullptr);
  }
}

// case-elements = '(' case-pattern (',' case-pattern)* ','? ')'
// One pattern in parentheses is that pattern, unless a struct's name stands before it.
const CasePattern *Parser::parse_case_elements(CaseKind form, const TypeExpr *type) {
  uint32_t begin = type ? type->span.begin : token().begin;
  std::vector<const CasePattern *> elements;
  bool comma = false;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    elements.push_back(parse_case_pattern());
    if (!(comma = accept(TokenKind::Comma))) break;
  }
  bracket.close("',' or ')'");
  if (form == CaseKind::Tuple && elements.size() == 1 && !comma) return elements[0];
  if (form == CaseKind::Tuple && elements.empty())
    complain<Diag::EmptyTuple>(since(begin)).help("the value of nothing is 'none'");
  return ast_.make_case_pattern({form, since(begin), {}, type, nullptr, ast_.list(elements)});
}

} // namespace kiln
