#include "lang/literal.h"
#include "lang/recursive_descent.h"

#include <algorithm>

namespace kiln {

// postfix = operand (arguments | '.' arguments | '[' indices ']' | ('.' | '?.') name arguments?)*
// A line that begins with `.name` continues the one above; `(` and `[` start a statement there.
const Expr *Parser::parse_postfix() {
  uint32_t begin = token().begin;
  const Expr *left = parse_operand();
  for (;;) {
    if (panicking_) return left;
    bool dot = kind() == TokenKind::Dot;
    TokenKind form = dot ? TokenKind::Dot : next();
    if (form != TokenKind::Dot && form != TokenKind::LeftParen && form != TokenKind::LeftBracket &&
        form != TokenKind::QuestionDot)
      return left;
    if (++height_; too_deep()) return error_expr(begin);
    if (form == TokenKind::LeftParen)
      left = parse_call(begin, left);
    else if (form == TokenKind::LeftBracket)
      left = parse_index(begin, left);
    else
      left = parse_member(begin, left);
  }
}

// call = postfix arguments
const Expr *Parser::parse_call(uint32_t begin, const Expr *callee) {
  if (as<NumberExpr>(callee)) {
    std::string_view number = text(callee->span);
    complain<Diag::NumberThenParen>(callee->span, number).help(fmt::format("for a product write '{} * ('", number));
  }
  List<Argument> arguments = parse_arguments();
  return ast_.make<CallExpr>(since(begin), callee, arguments);
}

// arguments = '(' (argument (',' argument)* ','?)? ')'
// argument = (word ':')? expression | expression 'for' generators ('if' expression)?
List<Argument> Parser::parse_arguments() {
  std::vector<Argument> arguments;
  bool named = false;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    const Token &first = token();
    Ident name;
    bool equals = first.kind == TokenKind::Identifier && kind(1) == TokenKind::Assign;
    if (equals)
      complain<Diag::NamedWithEquals>(span(token(1)))
          .help(fmt::format("an argument is named with a ':': '{}: ...'", text(first)));
    if (equals || ((first.kind == TokenKind::Identifier || is_keyword(first.kind)) && kind(1) == TokenKind::Colon)) {
      name = {text(advance()), span(first)};
      advance();
      named = true;
    } else if (named) {
      complain<Diag::PositionalAfterNamed>(span(first));
    }
    const Expr *value = parse_expression();
    if (next_is(TokenKind::For)) {
      if (!arguments.empty())
        error<Diag::GeneratorIsOnlyArgument>(span(token())).help("put the generator in [ ]");
      else
        value = parse_generator(first.begin, value);
    }
    arguments.push_back({name, value});
    if (!accept(TokenKind::Comma)) break;
  }
  bracket.close("',' or ')'");
  return ast_.list(arguments);
}

// member = postfix ('.' (word arguments? | arguments) | '?.' word arguments?)
const Expr *Parser::parse_member(uint32_t begin, const Expr *base) {
  bool optional = advance().kind == TokenKind::QuestionDot;
  if (!optional && kind() == TokenKind::LeftParen) return broadcast(true, parse_call(begin, base));
  if (kind() != TokenKind::Identifier && !is_keyword(kind())) {
    expected(optional ? "a name after '?.'" : "a name after '.'");
    return error_expr(begin);
  }
  const Token &word = advance();
  Ident name{text(word), span(word)};
  if (!next_is(TokenKind::LeftParen)) return ast_.make<FieldExpr>(since(begin), base, name, optional);
  List<Argument> arguments = parse_arguments();
  return ast_.make<MethodCallExpr>(since(begin), base, name, arguments, optional);
}

// index = postfix '[' expression (',' expression)* ','? ']'
const Expr *Parser::parse_index(uint32_t begin, const Expr *base) {
  std::vector<const Expr *> indices;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    indices.push_back(parse_expression());
    if (!accept(TokenKind::Comma)) break;
  }
  if (indices.empty() && kind() == TokenKind::RightBracket) complain<Diag::EmptyIndex>(span(token()));
  bracket.close("',' or ']'");
  return ast_.make<IndexExpr>(since(begin), base, ast_.list(indices));
}

// operand = number | character | string | 'true' | 'false' | 'none' | name | lambda | paren | array | if | match | try
//         | block
const Expr *Parser::parse_operand() {
  const Token &first = token();
  switch (first.kind) {
  case TokenKind::Number: return parse_number(false);
  case TokenKind::Char:
    advance();
    return ast_.make<NumberExpr>(span(first), NumberType::U8, true,
                                 int64_t{read_character(text(first), span(first), diagnostics_)}, 0.0);
  case TokenKind::StringBegin: return parse_string();
  case TokenKind::True:
  case TokenKind::False: advance(); return ast_.make<BoolExpr>(span(first), first.kind == TokenKind::True);
  case TokenKind::None: advance(); return ast_.make<NoneExpr>(span(first));
  case TokenKind::Identifier:
    if (kind(1) == TokenKind::Arrow) return parse_lambda();
    advance();
    return ast_.make<NameExpr>(span(first), text(first));
  case TokenKind::LeftParen: return parse_paren();
  case TokenKind::LeftBracket: return parse_array();
  case TokenKind::LeftBrace: return parse_block("");
  case TokenKind::If: return parse_if();
  case TokenKind::Fn: return parse_fn_lambda();
  case TokenKind::Match: return parse_match();
  case TokenKind::Try: return parse_try();
  case TokenKind::Not: complain<Diag::NotNeedsParens>(span(first)).help("write '(not x)'"); return parse_not();
  default: // No other token starts an operand.
    expected_next("an expression");
    return error_expr(first.begin);
  }
}

// number = '-'? digits; the sign directly before the digits is taken here where the literal takes it.
const Expr *Parser::parse_number(bool negative) {
  uint32_t begin = token().begin;
  if (negative) advance();
  const Token &digits = advance();
  NumberValue value = read_number(text(digits), negative, since(begin), diagnostics_);
  return ast_.make<NumberExpr>(since(begin), value.type, value.suffixed, value.integer, value.floating);
}

// string = StringBegin (text | '$' name | '${' expression format? '}')* StringEnd
const Expr *Parser::parse_string() {
  const Token &quote = advance();
  bool raw = text_[quote.begin] == 'r';
  std::vector<StringPart> parts;
  while (kind() != TokenKind::StringEnd && kind() != TokenKind::End) {
    const Token &piece = token();
    if (piece.kind == TokenKind::StringText) {
      std::string_view content = text(advance());
      if (!raw && content.find('\\') != std::string_view::npos) {
        std::string decoded;
        read_escapes(content, span(piece), decoded, diagnostics_);
        content = ast_.text(decoded);
      }
      parts.push_back({content, nullptr, {}, {}});
    } else if (piece.kind == TokenKind::StringName) {
      advance();
      Span name{source_, piece.begin + 1, piece.end};
      parts.push_back({{}, ast_.make<NameExpr>(name, text(name)), {}, {}});
    } else if (piece.kind == TokenKind::InterpolationBegin) {
      const Token &closer = tokens_[piece.match];
      bool outer = std::exchange(broken_string_, broken_string_ || closer.begin == closer.end);
      Bracket bracket(*this, false);
      StringPart part{{}, parse_expression(), {}, {}};
      if (next_is(TokenKind::FormatSpec)) {
        part.format_span = span(advance());
        part.format = text(part.format_span);
      }
      bracket.close("'}' after the interpolated expression");
      broken_string_ = outer;
      parts.push_back(part);
    } else {
      break; // Only after an error inside an interpolation.
    }
  }
  if (kind() == TokenKind::StringEnd) advance();
  return ast_.make<StringExpr>(since(quote.begin), ast_.list(parts));
}

// paren = '(' expression ('for' generators ('if' expression)?)? ')' | '(' element (',' element)* ','? ')'
// element = (word ':')? expression
const Expr *Parser::parse_paren() {
  uint32_t begin = token().begin;
  if (token().match != Token::unmatched && tokens_[token().match + 1].kind == TokenKind::Arrow) return parse_lambda();
  std::vector<const Expr *> elements;
  std::vector<Ident> names;
  bool comma = false;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    if ((kind() == TokenKind::Identifier || is_keyword(kind())) && kind(1) == TokenKind::Colon) {
      const Token &word = advance();
      names.push_back({text(word), span(word)});
      advance();
    }
    elements.push_back(parse_expression());
    if (elements.size() == 1 && names.empty() && next_is(TokenKind::For)) {
      elements[0] = parse_generator(elements[0]->span.begin, elements[0]);
      break;
    }
    if (!(comma = accept(TokenKind::Comma))) break;
  }
  bool empty = elements.empty() && kind() == TokenKind::RightParen;
  bracket.close("',' or ')'");
  if (elements.size() == 1 && names.empty() && !comma) return elements[0];
  if (empty) complain<Diag::EmptyTuple>(since(begin)).help("the value of nothing is 'none'");
  if (!names.empty() && names.size() != elements.size()) {
    complain<Diag::SomeNamed>(since(begin));
    names.clear();
  }
  for (size_t i = 1; i < names.size(); ++i)
    if (std::any_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const Ident &name) { return name.text == names[i].text; }))
      complain<Diag::SameElementName>(names[i].span, names[i].text);
  return ast_.make<TupleExpr>(since(begin), ast_.list(elements), ast_.list(names));
}

// array = '[' (expression (',' expression)* ','?)? ']' | '[' expression 'for' generators ('if' expression)? ']'
//       | array-type '(' ')'
const Expr *Parser::parse_array() {
  uint32_t begin = token().begin, closer = token().match;
  bool call = closer != Token::unmatched && closer > at_ + 1 && closer + 2 < tokens_.size() &&
              tokens_[closer + 1].kind == TokenKind::LeftParen && !tokens_[closer + 1].newline_before &&
              tokens_[closer + 2].kind == TokenKind::RightParen;
  if (call) {
    const TypeExpr *type = parse_array_type();
    advance();
    advance();
    return ast_.make<EmptyArrayExpr>(since(begin), type);
  }
  std::vector<const Expr *> elements;
  const Expr *comprehension = nullptr;
  Bracket bracket(*this, false, true);
  while (!at_closing() && !panicking_) {
    if (kind() == TokenKind::Colon && elements.empty()) return parse_map(begin, nullptr, bracket);
    elements.push_back(parse_expression());
    if (next_is(TokenKind::Colon) && elements.size() == 1) return parse_map(begin, elements[0], bracket);
    if (next_is(TokenKind::For) && elements.size() == 1) comprehension = parse_comprehension(begin, elements[0]);
    if (comprehension || !accept(TokenKind::Comma)) break;
  }
  bracket.close("',' or ']'");
  if (!comprehension) return ast_.make<ArrayExpr>(since(begin), ast_.list(elements));
  // Made before its closing bracket was seen: once more, with its whole span.
  const auto &made = cast<ComprehensionExpr>(comprehension);
  return ast_.make<ComprehensionExpr>(since(begin), made.value, made.generators, made.condition);
}

// map = '[' ':' ']' | '[' entry (',' entry)* ','? ']'
// entry = expression ':' expression
// The first key has been parsed.
const Expr *Parser::parse_map(uint32_t begin, const Expr *key, Bracket &bracket) {
  std::vector<MapExpr::Entry> entries;
  if (!key) advance();
  while (key && !panicking_) {
    if (!accept(TokenKind::Colon)) {
      expected("':' and the value of the key");
      break;
    }
    bool outer = std::exchange(colon_follows_, false);
    const Expr *value = parse_expression();
    colon_follows_ = outer;
    entries.push_back({key, value});
    key = accept(TokenKind::Comma) && !at_closing() ? parse_expression() : nullptr;
  }
  bracket.close("',' or ']'");
  return ast_.make<MapExpr>(since(begin), ast_.list(entries));
}

// comprehension = expression 'for' generators ('if' expression)?
const Expr *Parser::parse_comprehension(uint32_t begin, const Expr *value) {
  advance();
  List<Generator> generators = parse_generators(false);
  const Expr *condition = accept(TokenKind::If) ? parse_condition() : nullptr;
  return ast_.make<ComprehensionExpr>(since(begin), value, generators, condition);
}

// generator = expression 'for' generators ('if' expression)?
const Expr *Parser::parse_generator(uint32_t begin, const Expr *value) {
  advance();
  List<Generator> generators = parse_generators(true);
  const Expr *condition = accept(TokenKind::If) ? parse_condition() : nullptr;
  if (generators.empty()) return error_expr(begin);
  std::vector<const Expr *> sources;
  const Pattern *element = nullptr;
  for (const Generator &generator : generators) {
    sources.push_back(generator.source);
    if (element) {
      std::vector<const Pattern *> both{element, generator.target};
      Span span = join(element->span, generator.target->span);
      element = ast_.make_pattern({PatternKind::Tuple, span, {}, nullptr, ast_.list(both), nullptr});
    } else {
      element = generator.target;
    }
  }
  const LambdaExpr *of_value = of_element(element, value);
  const LambdaExpr *of_condition = condition ? of_element(element, condition) : nullptr;
  return ast_.make<GeneratorExpr>(since(begin), ast_.list(sources), of_value, of_condition);
}

// `x -> value`; a tuple of names is taken apart in the body: the parameter has a name that nobody can write.
const LambdaExpr *Parser::of_element(const Pattern *element, const Expr *value) {
  bool plain = element->kind == PatternKind::Name;
  std::string_view name = plain ? element->name : "(element)";
  std::vector<Param> params{{{name, element->span}, nullptr, nullptr, false}};
  if (!plain) {
    const Expr *whole = ast_.make<NameExpr>(element->span, name);
    std::vector<const Stmt *> statements{ast_.make<LetStmt>(element->span, element, whole),
                                         ast_.make<ExprStmt>(value->span, value, false)};
    value = ast_.make<BlockExpr>(value->span, ast_.list(statements));
  }
  return ast_.make<LambdaExpr>(value->span, ast_.list(params), nullptr, value, true);
}

} // namespace kiln
