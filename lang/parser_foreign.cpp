// Code from outside: C functions, machine code, LLVM IR, other files.
#include "lang/recursive_descent.h"

#include <cctype>

namespace kiln {

// extern = 'extern' string? signature
const Stmt *Parser::parse_extern() {
  std::string_view doc = doc_above(at_);
  uint32_t begin = advance().begin;
  PlainString library;
  if (kind() == TokenKind::StringBegin) library = parse_plain_string("the library");
  return parse_foreign(begin, ForeignCode::Library, library, doc);
}

// `machine name(` or `llvm name(` at the start of a statement: elsewhere both are names.
bool Parser::at_foreign_code() const {
  return (is_word(token(), "machine") || is_word(token(), "llvm")) && kind(1) == TokenKind::Identifier &&
         kind(2) == TokenKind::LeftParen && !token(1).newline_before;
}

// foreign-code = 'machine' signature '=' 'x' string | 'llvm' signature '=' string
const Stmt *Parser::parse_foreign_code() {
  std::string_view doc = doc_above(at_);
  ForeignCode code = is_word(token(), "machine") ? ForeignCode::Machine : ForeignCode::Llvm;
  return parse_foreign(advance().begin, code, {}, doc);
}

// signature = name params (':' type)?
const Stmt *Parser::parse_foreign(uint32_t begin, ForeignCode kind, PlainString code, std::string_view doc) {
  std::optional<Ident> name = parse_name(kind == ForeignCode::Library ? "the name of a C function" : "the name of a function");
  if (!name) return parse_error_statement(begin);
  if (!next_is(TokenKind::LeftParen)) {
    expected("'(' and the parameters");
    return parse_error_statement(begin);
  }
  List<Param> params = parse_params();
  const TypeExpr *result = parse_result_type();
  if (kind == ForeignCode::Machine && expect(TokenKind::Assign, "'=' and the bytes, as in x\"8d 04 37 c3\"")) code = parse_bytes();
  if (kind == ForeignCode::Llvm && expect(TokenKind::Assign, "'=' and the body, a string")) {
    if (this->kind() == TokenKind::StringBegin)
      code = parse_plain_string("the body");
    else
      expected("a string with the body in LLVM IR");
  }
  return ast_.make<ExternStmt>(since(begin), kind, code.text, code.span, *name, params, result, doc);
}

// A string without interpolation. `what` it is, for the error.
Parser::PlainString Parser::parse_plain_string(std::string_view what) {
  uint32_t quote = token().begin;
  Span content = span(token(1));
  const auto *string = as<StringExpr>(parse_string());
  if (string && string->parts.empty()) return {{}, since(quote)};
  if (string && string->parts.size() == 1 && !string->parts[0].expr) return {string->parts[0].text, content};
  complain<Diag::PlainString>(since(quote), what);
  return {{}, since(quote)};
}

// bytes = 'x' string: two hexadecimal digits a byte; blanks and newlines between bytes.
Parser::PlainString Parser::parse_bytes() {
  if (!is_word(token(), "x") || kind(1) != TokenKind::StringBegin || !adjacent(1)) {
    expected("bytes, as in x\"8d 04 37 c3\"");
    return {};
  }
  advance();
  PlainString digits = parse_plain_string("machine code");
  auto value_of = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1; };
  std::string bytes;
  for (size_t i = 0; i < digits.text.size();) {
    if (std::isspace(static_cast<unsigned char>(digits.text[i]))) {
      ++i;
      continue;
    }
    int high = value_of(digits.text[i]), low = i + 1 < digits.text.size() ? value_of(digits.text[i + 1]) : -1;
    if (high < 0 || low < 0) {
      uint32_t at = digits.span.begin + static_cast<uint32_t>(i);
      complain<Diag::BadHex>(Span{source_, at, std::min(at + 2, digits.span.end)}, digits.text.substr(i, 2));
      return digits;
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (bytes.empty()) complain<Diag::NoCode>(digits.span);
  return {ast_.text(bytes), digits.span};
}

// import = 'import' string ('as' name)?
const Stmt *Parser::parse_import() {
  uint32_t begin = advance().begin;
  if (kind() != TokenKind::StringBegin) {
    expected("the file's name in quotes");
    return parse_error_statement(begin);
  }
  PlainString path = parse_plain_string("the file's name");
  Ident alias;
  if (is_word(token(), "as") && !token().newline_before) {
    advance();
    if (std::optional<Ident> name = parse_name("the name to import it as")) alias = *name;
  }
  return ast_.make<ImportStmt>(since(begin), path.text, path.span, alias);
}

} // namespace kiln
