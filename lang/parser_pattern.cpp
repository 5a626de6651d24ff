#include "lang/recursive_descent.h"

namespace kiln {

// pattern = name | '_' | '(' pattern (',' pattern)* ','? ')'
const Pattern *Parser::parse_pattern() {
  uint32_t begin = token().begin;
  Nesting nesting(*this);
  auto ignore = [&] { return ast_.make_pattern({PatternKind::Ignore, since(begin), {}, nullptr, {}, nullptr}); };
  if (too_deep()) return ignore();
  if (kind() == TokenKind::LeftParen) {
    std::vector<const Pattern *> elements;
    Bracket bracket(*this, false);
    while (!at_closing() && !panicking_) {
      elements.push_back(parse_pattern());
      if (!accept(TokenKind::Comma)) break;
    }
    bracket.close("',' or ')'");
    return ast_.make_pattern({PatternKind::Tuple, since(begin), {}, nullptr, ast_.list(elements), nullptr});
  }
  std::optional<Ident> name = parse_name("a name or a tuple of names");
  if (!name || name->text == "_") return ignore();
  return ast_.make_pattern({PatternKind::Name, name->span, name->text, nullptr, {}, nullptr});
}

// What was read as an expression turns out to stand left of an assignment.
const Pattern *Parser::to_pattern(const Expr *target, bool compound) {
  auto make = [&](PatternKind kind, std::string_view name, const Expr *place) {
    return ast_.make_pattern({kind, target->span, name, nullptr, {}, place});
  };
  if (const auto *name = as<NameExpr>(target); name && (name->name != "_" || compound))
    return make(PatternKind::Name, name->name, nullptr);
  else if (name)
    return make(PatternKind::Ignore, {}, nullptr);
  if (as<IndexExpr>(target)) return make(PatternKind::Index, {}, target);
  if (as<FieldExpr>(target)) return make(PatternKind::Field, {}, target);
  const auto *tuple = as<TupleExpr>(target);
  if (!tuple || !tuple->names.empty() || compound) {
    report_bad_target(target, compound);
    return make(PatternKind::Ignore, {}, nullptr);
  }
  std::vector<const Pattern *> elements;
  for (const Expr *element : tuple->elements) elements.push_back(to_pattern(element, false));
  return ast_.make_pattern({PatternKind::Tuple, target->span, {}, nullptr, ast_.list(elements), nullptr});
}

// generators = pattern 'in' expression (',' pattern 'in' expression)*
// `bare`: as the argument of a call, where a comma may also start another argument.
List<Generator> Parser::parse_generators(bool bare) {
  std::vector<Generator> generators;
  for (;;) {
    if (report_foreign_for()) break;
    const Pattern *target = parse_pattern();
    if (next_is(TokenKind::Comma)) report_missing_parens_in_for(target);
    if (!expect(TokenKind::In, "'in'")) break;
    generators.push_back({target, parse_expression()});
    if (!next_is(TokenKind::Comma)) break;
    const Token &after = token(1);
    bool more = (after.kind == TokenKind::Identifier && kind(2) == TokenKind::In) ||
                (after.kind == TokenKind::LeftParen && after.match != Token::unmatched &&
                 tokens_[after.match + 1].kind == TokenKind::In);
    if (bare && !more) {
      error<Diag::GeneratorIsOnlyArgument>(span(token())).help("put the generator in [ ]");
      break;
    }
    advance();
  }
  return ast_.list(generators);
}

} // namespace kiln
