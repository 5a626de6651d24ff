#include "lang/recursive_descent.h"

#include <algorithm>

namespace kiln {

// struct = ('struct' | 'class') name '{' fields '}'
const Stmt *Parser::parse_struct() {
  std::string_view doc = doc_above(at_);
  uint32_t begin = token().begin;
  bool is_class = advance().kind == TokenKind::Class;
  std::string_view word = is_class ? "class" : "struct";
  std::optional<Ident> name = parse_name(fmt::format("the name of a {}", word));
  if (!name) return parse_error_statement(begin);
  if (next_is(TokenKind::LeftParen)) {
    error<Diag::FieldsInParens>(span(token()), name->text).help(fmt::format("'{} {} {{ x, y }}'", word, name->text));
    return parse_error_statement(begin);
  }
  if (kind() != TokenKind::LeftBrace) {
    expected_next("'{' and the fields");
    return parse_error_statement(begin);
  }
  uint32_t opener = at_;
  std::vector<Param> fields;
  Bracket bracket(*this, true);
  parse_fields(opener, fields);
  if (kind() == TokenKind::Fn)
    error<Diag::FunctionInside>(span(token()), word)
        .help(fmt::format("write it below, with a parameter for the value: 'fn f(self: {}) ...'", name->text));
  bracket.close("',' or '}'");
  for (size_t i = 1; i < fields.size(); ++i)
    if (std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const Param &field) { return field.name.text == fields[i].name.text; }))
      complain<Diag::SameFieldName>(fields[i].name.span, name->text, fields[i].name.text);
  return ast_.make<StructStmt>(since(begin), *name, is_class, ast_.list(fields), doc);
}

// fields = (field ((',' | ';' | newline) field)* ','?)?
// field = name (':' type)? ('=' expression)?
// An error in one of them does not hide those in the others.
void Parser::parse_fields(uint32_t opener, std::vector<Param> &fields) {
  while (!closes(opener) && kind() != TokenKind::End && kind() != TokenKind::Fn) {
    uint32_t start = at_;
    if (std::optional<Ident> name = parse_name("the name of a field")) {
      const TypeExpr *type = accept(TokenKind::Colon) ? parse_type() : nullptr;
      const Expr *value = accept(TokenKind::Assign) ? parse_expression() : nullptr;
      fields.push_back({*name, type, value, false});
      if (next_is(TokenKind::Identifier) && !type && !value)
        error<Diag::TypeBeforeField>(since(name->span.begin))
            .help(fmt::format("write '{}: {}'", text(token()), name->text));
    }
    bool separated = accept(TokenKind::Comma) || accept(TokenKind::Semicolon) || token().newline_before;
    if (panicking_) {
      if (at_ == start && kind() != TokenKind::End) advance();
      skip_to_next_statement(opener);
      while (accept(TokenKind::Semicolon)) continue;
    } else if (!separated) {
      return;
    }
  }
}

} // namespace kiln
