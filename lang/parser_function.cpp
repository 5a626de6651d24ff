#include "lang/recursive_descent.h"

#include <algorithm>

namespace kiln {

namespace {

/// The operators that a program may define for its own types; `not`, `and`, `or` are for bool only.
bool is_definable_operator(TokenKind kind) {
  return kind == TokenKind::Xor || (kind >= TokenKind::Less && kind <= TokenKind::Tilde);
}

} // namespace

// `name(...) =` and `name(...):` at the start of a statement define a function.
bool Parser::at_definition() const {
  if (kind() != TokenKind::Identifier || kind(1) != TokenKind::LeftParen || token(1).newline_before) return false;
  uint32_t closer = token(1).match;
  if (closer == Token::unmatched || closer + 1 >= tokens_.size()) return false;
  const Token &after = tokens_[closer + 1];
  return !after.newline_before && (after.kind == TokenKind::Assign || after.kind == TokenKind::Colon);
}

// definition = name params (':' type)? '=' expression
const Stmt *Parser::parse_definition() {
  std::string_view doc = doc_above(at_);
  const Token &name = advance();
  List<Param> params = parse_params();
  const TypeExpr *result = parse_result_type();
  const Expr *body = expect(TokenKind::Assign, "'=' and the function's value") ? parse_expression() : nullptr;
  return ast_.make<FunctionStmt>(since(name.begin), Ident{text(name), span(name)}, params, result,
                                 body ? body : error_expr(name.begin), doc);
}

// `fn ()(f: T, x)`: what calling a T does.
bool Parser::at_call_operator() const {
  return kind() == TokenKind::Fn && kind(1) == TokenKind::LeftParen && kind(2) == TokenKind::RightParen &&
         kind(3) == TokenKind::LeftParen;
}

// function-name = name | operator | '[' ']' '='? | '(' ')'
std::optional<Ident> Parser::parse_function_name() {
  uint32_t begin = token().begin;
  bool index = kind() == TokenKind::LeftBracket && kind(1) == TokenKind::RightBracket;
  bool call = kind() == TokenKind::LeftParen && kind(1) == TokenKind::RightParen;
  if (index || call) {
    advance();
    advance();
    bool store = index && accept(TokenKind::Assign);
    return Ident{call ? "()" : store ? "[]=" : "[]", since(begin)};
  }
  if (!is_definable_operator(kind())) return parse_name("the name of a function");
  const Token &op = advance();
  return Ident{text(op), span(op)};
}

// signature = function-name '(' (type (',' type)*)? ')'
// What is not of the language's programs, but of those who look at their code.
std::optional<Signature> Parser::parse_signature() {
  std::optional<Ident> name = parse_function_name();
  if (!name) return std::nullopt;
  if (!next_is(TokenKind::LeftParen)) {
    expected("'(' and the types of the arguments");
    return std::nullopt;
  }
  std::vector<const TypeExpr *> types;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    types.push_back(parse_type());
    if (!accept(TokenKind::Comma)) break;
  }
  bracket.close("',' or ')'");
  if (kind() != TokenKind::End) expected("the end of the signature");
  if (diagnostics_.has_errors()) return std::nullopt;
  return Signature{*name, ast_.list(types)};
}

// function = 'fn' function-name params (':' type)? (block | '=' expression)
const Stmt *Parser::parse_function() {
  std::string_view doc = doc_above(at_);
  uint32_t begin = advance().begin;
  std::optional<Ident> name = parse_function_name();
  if (!name) return parse_error_statement(begin);
  if (!next_is(TokenKind::LeftParen)) {
    expected("'(' and the parameters");
    return parse_error_statement(begin);
  }
  List<Param> params = parse_params();
  const TypeExpr *result = parse_result_type();
  const Expr *body = parse_body();
  return ast_.make<FunctionStmt>(since(begin), *name, params, result, body, doc);
}

// params = '(' (param (',' param)* ','?)? ')'
List<Param> Parser::parse_params() {
  std::vector<Param> params;
  Bracket bracket(*this, false);
  while (!at_closing() && !panicking_) {
    if (std::optional<Param> param = parse_param()) {
      if (!param->default_value && !params.empty() && params.back().default_value)
        complain<Diag::DefaultBeforeRequired>(param->name.span, param->name.text);
      params.push_back(*param);
    }
    if (!accept(TokenKind::Comma)) break;
  }
  bracket.close("',' or ')'");
  return ast_.list(params);
}

// param = name (':' type)? ('=' expression)?
std::optional<Param> Parser::parse_param() {
  bool is_const = accept(TokenKind::Const);
  if (kind() != TokenKind::Identifier) {
    if (is_keyword(kind()))
      expected("the name of a parameter");
    else
      error<Diag::ParameterIsName>(span(token()), describe(token()))
          .help("a function is defined as 'f(x) = ...'; to compare, write '=='");
    return std::nullopt;
  }
  const Token &name = advance();
  const TypeExpr *type = accept(TokenKind::Colon) ? parse_type() : nullptr;
  const Expr *value = accept(TokenKind::Assign) ? parse_expression() : nullptr;
  return Param{{text(name), span(name)}, type, value, is_const};
}

// result = (':' type)?
const TypeExpr *Parser::parse_result_type() {
  if (next_is(TokenKind::Arrow))
    complain<Diag::ResultArrow>(span(token())).help("the result type follows a ':', as in 'fn f(x): f64'");
  else if (!next_is(TokenKind::Colon) || token(1).newline_before)
    return nullptr;
  advance();
  return parse_type();
}

// body = block | '=' expression
const Expr *Parser::parse_body() {
  uint32_t begin = token().begin;
  if (next_is(TokenKind::FatArrow))
    complain<Diag::BodyArrow>(span(token())).help("write 'f(x) = value'");
  else if (!next_is(TokenKind::Assign))
    return parse_block("the parameters");
  advance();
  const Expr *body = parse_expression();
  return body ? body : error_expr(begin);
}

// lambda = (name | params) '->' expression
const Expr *Parser::parse_lambda() {
  uint32_t begin = token().begin;
  List<Param> params;
  if (kind() == TokenKind::Identifier) {
    const Token &name = advance();
    params = ast_.list(std::vector<Param>{{{text(name), span(name)}, nullptr, nullptr, false}});
  } else {
    params = parse_params();
  }
  expect(TokenKind::Arrow, "'->'");
  const Expr *body = parse_expression();
  return ast_.make<LambdaExpr>(since(begin), params, nullptr, body, false);
}

// fn-lambda = 'fn' params (':' type)? (block | '=' expression)
const Expr *Parser::parse_fn_lambda() {
  uint32_t begin = advance().begin;
  if (kind() == TokenKind::Identifier && kind(1) == TokenKind::LeftParen) {
    complain<Diag::NamedFunctionInside>(span(token())).help("define it on a line of its own, or leave out the name");
    advance();
  }
  if (!next_is(TokenKind::LeftParen)) {
    expected("'(' and the parameters");
    return error_expr(begin);
  }
  List<Param> params = parse_params();
  const TypeExpr *result = parse_result_type();
  const Expr *body = parse_body();
  return ast_.make<LambdaExpr>(since(begin), params, result, body, false);
}

std::optional<Ident> Parser::parse_name(std::string_view what) {
  if (kind() != TokenKind::Identifier || panicking_) {
    expected(what);
    return std::nullopt;
  }
  const Token &name = advance();
  return Ident{text(name), span(name)};
}

// The `##` lines that end on the line above the token, joined.
std::string_view Parser::doc_above(uint32_t index) {
  const std::vector<DocLine> &docs = list_.docs;
  auto last =
      std::upper_bound(docs.begin(), docs.end(), index, [](uint32_t i, const DocLine &doc) { return i < doc.next; });
  auto first = last;
  uint32_t below = tokens_[index].begin;
  auto touches = [&](const DocLine &doc) { // Only one newline in between.
    size_t end = static_cast<size_t>(doc.text.data() - text_.data()) + doc.text.size();
    std::string_view between = text_.substr(end, below - end);
    return between.find_first_not_of(" \t\r\n") == std::string_view::npos &&
           between.find('\n') == between.rfind('\n') && between.find('\n') != std::string_view::npos;
  };
  while (first != docs.begin() && (first - 1)->next == index && touches(*(first - 1))) below = (--first)->begin;
  if (first == last) return {};
  if (last - first == 1) return first->text;
  std::string joined(first->text);
  for (auto line = first + 1; line != last; ++line) joined.append("\n").append(line->text);
  return ast_.text(joined);
}

} // namespace kiln
