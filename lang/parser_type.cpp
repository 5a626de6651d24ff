#include "lang/literal.h"
#include "lang/recursive_descent.h"

namespace kiln {

// type = optional-type ('|' optional-type)*
// After `is` and in patterns, a `?` or `|` belongs to what stands around.
const TypeExpr *Parser::parse_type(TypePlace place) {
  Nesting nesting(*this);
  uint32_t begin = token().begin;
  if (too_deep()) return ast_.make<ErrorType>(since(begin));
  if (place == TypePlace::AfterIs) return parse_type_operand();
  const TypeExpr *type = parse_optional_type();
  if (!next_is(TokenKind::Bar)) return type;
  std::vector<const TypeExpr *> alternatives{type};
  while (next_is(TokenKind::Bar)) {
    advance();
    alternatives.push_back(parse_optional_type());
  }
  return ast_.make<UnionType>(since(begin), ast_.list(alternatives));
}

// optional-type = type-operand '?'*
const TypeExpr *Parser::parse_optional_type() {
  uint32_t begin = token().begin;
  const TypeExpr *type = parse_type_operand();
  while (next_is(TokenKind::Question)) {
    Span mark = span(advance());
    const TypeExpr *none = ast_.make<NamedType>(mark, std::string_view("none"), List<const TypeExpr *>{});
    type = ast_.make<UnionType>(since(begin), ast_.list(std::vector<const TypeExpr *>{type, none}));
  }
  return type;
}

// type-operand = (file '.')? name ('(' type (',' type)* ')')? | 'none' | tuple-type | array-type | function-type
const TypeExpr *Parser::parse_type_operand() {
  uint32_t begin = token().begin;
  switch (kind()) {
  case TokenKind::Identifier:
  case TokenKind::None: {
    std::string_view name = text(advance());
    if (kind() == TokenKind::Dot && kind(1) == TokenKind::Identifier && adjacent(0) && adjacent(1)) {
      advance();
      name = text(Span{source_, begin, advance().end});
    }
    std::vector<const TypeExpr *> arguments;
    if (next_is(TokenKind::LeftParen)) {
      Bracket bracket(*this, false);
      while (!at_closing() && !panicking_) {
        arguments.push_back(parse_type());
        if (!accept(TokenKind::Comma)) break;
      }
      bracket.close("',' or ')'");
    }
    return ast_.make<NamedType>(since(begin), name, ast_.list(arguments));
  }
  case TokenKind::LeftParen: return parse_tuple_type();
  case TokenKind::LeftBracket: return parse_array_type();
  case TokenKind::Fn: return parse_function_type();
  default: // No other token starts a type.
    expected("a type");
    return ast_.make<ErrorType>(since(begin));
  }
}

// array-type = '[' type (',' number)? ']' | '[' type ':' type ']'
const TypeExpr *Parser::parse_array_type() {
  uint32_t begin = token().begin;
  Bracket bracket(*this, false);
  const TypeExpr *element = parse_type();
  uint32_t rank = 1;
  if (accept(TokenKind::Colon)) {
    const TypeExpr *value = parse_type();
    bracket.close("']'");
    return ast_.make<MapType>(since(begin), element, value);
  }
  if (accept(TokenKind::Comma)) {
    constexpr int64_t most = 16;
    const Token &number = token();
    if (kind() == TokenKind::Number) {
      advance();
      NumberValue value = read_number(text(number), false, span(number), diagnostics_);
      if (is_float(value.type) || value.integer < 1 || value.integer > most)
        complain<Diag::BadRank>(span(number), most);
      else
        rank = static_cast<uint32_t>(value.integer);
    } else {
      expected("the number of dimensions");
    }
  }
  bracket.close("']'");
  return ast_.make<ArrayType>(since(begin), element, rank);
}

// tuple-type = '(' (name ':')? type (',' (name ':')? type)* ','? ')'
// One type in parentheses is that type.
const TypeExpr *Parser::parse_tuple_type() {
  uint32_t begin = token().begin;
  std::vector<const TypeExpr *> elements;
  std::vector<std::string_view> names;
  bool comma = false;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    if ((kind() == TokenKind::Identifier || is_keyword(kind())) && kind(1) == TokenKind::Colon) {
      names.push_back(text(advance()));
      advance();
    }
    elements.push_back(parse_type());
    if (!(comma = accept(TokenKind::Comma))) break;
  }
  bracket.close("',' or ')'");
  if (elements.size() == 1 && names.empty() && !comma) return elements[0];
  if (elements.empty()) complain<Diag::EmptyTuple>(since(begin)).help("the type of no value is 'none'");
  if (!names.empty() && names.size() != elements.size()) {
    complain<Diag::SomeNamed>(since(begin));
    names.clear();
  }
  return ast_.make<TupleType>(since(begin), ast_.list(elements), ast_.list(names));
}

// function-type = 'fn' '(' (type (',' type)*)? ')' (':' type)?
const TypeExpr *Parser::parse_function_type() {
  uint32_t begin = advance().begin;
  std::vector<const TypeExpr *> params;
  if (!next_is(TokenKind::LeftParen)) {
    expected("'(' and the types of the parameters");
    return ast_.make<ErrorType>(since(begin));
  }
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    params.push_back(parse_type());
    if (!accept(TokenKind::Comma)) break;
  }
  bracket.close("',' or ')'");
  const TypeExpr *result = accept(TokenKind::Colon) ? parse_type() : nullptr;
  return ast_.make<FunctionType>(since(begin), ast_.list(params), result);
}

} // namespace kiln
