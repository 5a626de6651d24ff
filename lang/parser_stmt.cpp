#include "lang/recursive_descent.h"

namespace kiln {

namespace {

// The operator of a compound assignment.
std::optional<BinaryOp> compound_operator(TokenKind kind) {
  switch (kind) {
  case TokenKind::PlusAssign: return BinaryOp::Add;
  case TokenKind::MinusAssign: return BinaryOp::Subtract;
  case TokenKind::StarAssign: return BinaryOp::Multiply;
  case TokenKind::SlashAssign: return BinaryOp::Divide;
  case TokenKind::SlashSlashAssign: return BinaryOp::FloorDivide;
  case TokenKind::PercentAssign: return BinaryOp::Modulo;
  case TokenKind::CaretAssign: return BinaryOp::Power;
  case TokenKind::AmpersandAssign: return BinaryOp::BitAnd;
  case TokenKind::BarAssign: return BinaryOp::BitOr;
  case TokenKind::ShiftLeftAssign: return BinaryOp::ShiftLeft;
  case TokenKind::ShiftRightAssign: return BinaryOp::ShiftRight;
  default: // Every other token is no assignment.
    return std::nullopt;
  }
}

bool ends_at_brace(TokenKind first) {
  return first == TokenKind::If || first == TokenKind::Match || first == TokenKind::LeftBrace ||
         first == TokenKind::While || first == TokenKind::For || first == TokenKind::Fn || first == TokenKind::Struct ||
         first == TokenKind::Class || first == TokenKind::Try;
}

} // namespace

// statements = (statement (newline | ';'))*
// `block` is the index of the `{` around them, or unmatched at the top.
void Parser::parse_statements(std::vector<const Stmt *> &statements, uint32_t block) {
  bool first = true;
  for (;; first = false) {
    while (kind() == TokenKind::Semicolon) advance();
    if (kind() == TokenKind::End || closes(block)) return;
    uint32_t start = statement_start_ = at_;
    if (!skip_foreign_line()) {
      bool dropped = !first && token().newline_before && kind(1) != TokenKind::End && !adjacent(1) &&
                     (kind() == TokenKind::Plus || kind() == TokenKind::Minus || token().dotted == TokenKind::Plus ||
                      token().dotted == TokenKind::Minus);
      if (dropped)
        complain<Diag::LineStartsWithSign>(span(token()), text(token()))
            .help(fmt::format("to continue the line above, end that line with '{0}'; for a sign write '{0}x'",
                              text(token())));
      statements.push_back(parse_statement());
      bool braced = at_ > start && tokens_[at_ - 1].kind == TokenKind::RightBrace && ends_at_brace(tokens_[start].kind);
      if (!panicking_) check_statement_end(start, braced);
    }
    if (panicking_) {
      if (at_ == start && kind() != TokenKind::End) advance();
      skip_to_next_statement(block);
    }
  }
}

// statement = function | definition | struct | extern | foreign-code | import | let | const | global | while | for
//           | 'break' | 'continue' | return | block | if | match | try | assignment | expression
const Stmt *Parser::parse_statement() {
  uint32_t begin = token().begin;
  switch (kind()) {
  case TokenKind::Fn:
    return kind(1) == TokenKind::LeftParen && !at_call_operator() ? parse_simple_statement() : parse_function();
  case TokenKind::Extern: return parse_extern();
  case TokenKind::Let: return parse_let();
  case TokenKind::Const: return parse_const();
  case TokenKind::Global: return parse_global();
  case TokenKind::While: return parse_while();
  case TokenKind::For: return parse_for();
  case TokenKind::Break: advance(); return ast_.make<BreakStmt>(since(begin));
  case TokenKind::Continue: advance(); return ast_.make<ContinueStmt>(since(begin));
  case TokenKind::Return: return parse_return();
  case TokenKind::If:
  case TokenKind::Try:
  case TokenKind::Match:
  case TokenKind::LeftBrace: return parse_block_statement();
  case TokenKind::Struct:
  case TokenKind::Class: return parse_struct();
  case TokenKind::Import: return parse_import();
  case TokenKind::Else:
    error<Diag::StrayElse>(span(token())).help("'else' follows the '}' of its 'if': '} else {'");
    return parse_error_statement(begin);
  case TokenKind::Catch:
    error<Diag::StrayCatch>(span(token())).help("'catch' follows the '}' of its 'try': '} catch e {'");
    return parse_error_statement(begin);
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
  case TokenKind::RightBrace:
    error<Diag::UnmatchedClosing>(span(token()), text(token()));
    advance();
    return parse_error_statement(begin);
  default: // Every other token starts an expression, or is reported as not starting one.
    break;
  }
  if (kind() == TokenKind::Identifier) {
    if (at_foreign_code()) return parse_foreign_code();
    if (report_foreign_statement()) return parse_error_statement(begin);
    if (kind(1) == TokenKind::Colon && !token(1).newline_before) return parse_annotated();
    if (at_definition()) return parse_definition();
  }
  return parse_simple_statement();
}

const Stmt *Parser::parse_error_statement(uint32_t begin) {
  return ast_.make<ExprStmt>(since(begin), error_expr(begin), false);
}

// simple = expression (assign-op expression | broadcast-assign-op expression)?
const Stmt *Parser::parse_simple_statement() {
  uint32_t begin = token().begin;
  const Expr *value = parse_expression();
  if (next_is(TokenKind::Assign) || (compound_operator(next()) && !panicking_))
    return parse_assignment(begin, to_pattern(value, kind() != TokenKind::Assign));
  if (next_is(TokenKind::BroadcastAssign)) return parse_broadcast_assignment(begin, value);
  return ast_.make<ExprStmt>(since(begin), value, next_is(TokenKind::Semicolon));
}

// broadcast-assignment = expression ('.=' | '.+=' | '.-=' | ...) expression
const Stmt *Parser::parse_broadcast_assignment(uint32_t begin, const Expr *target) {
  std::optional<BinaryOp> op = compound_operator(token().dotted);
  Span op_span = span(advance());
  const Expr *value = parse_expression();
  return ast_.make<BroadcastAssignStmt>(since(begin), target, op.has_value(), op.value_or(BinaryOp::Add), op_span,
                                        value);
}

// assignment = pattern ('=' | '+=' | '-=' | ...) expression
const Stmt *Parser::parse_assignment(uint32_t begin, const Pattern *target) {
  std::optional<BinaryOp> op = compound_operator(kind());
  Span op_span = span(token());
  if (!op && !expect(TokenKind::Assign, "'='")) return parse_error_statement(begin);
  if (op) advance();
  const Expr *value = parse_expression();
  return ast_.make<AssignStmt>(since(begin), target, op.has_value(), op.value_or(BinaryOp::Add), op_span, value,
                               next_is(TokenKind::Semicolon));
}

// annotated = name ':' type '=' expression
const Stmt *Parser::parse_annotated() {
  const Token &name = advance();
  advance();
  const TypeExpr *type = parse_type();
  Pattern target{PatternKind::Name, since(name.begin), text(name), type, {}, nullptr};
  return parse_assignment(name.begin, ast_.make_pattern(target));
}

// A statement that starts with `if`, `match`, `try` or `{` ends at its closing brace: what follows is the next one.
const Stmt *Parser::parse_block_statement() {
  uint32_t begin = token().begin;
  const Expr *value = parse_operand();
  return ast_.make<ExprStmt>(since(begin), value, next_is(TokenKind::Semicolon));
}

// let = 'let' pattern (':' type)? '=' expression
const Stmt *Parser::parse_let() {
  uint32_t begin = advance().begin;
  if (is_word(token(), "mut") && kind(1) == TokenKind::Identifier) {
    complain<Diag::NoMut>(span(token())).help("write 'let' without it");
    advance();
  }
  const Pattern *target = parse_pattern();
  if (accept(TokenKind::Colon)) {
    Pattern annotated = *target;
    annotated.type = parse_type();
    if (annotated.kind != PatternKind::Name) complain<Diag::AnnotatedPattern>(target->span);
    annotated.span = since(target->span.begin);
    target = ast_.make_pattern(annotated);
  }
  const Expr *value = nullptr;
  if (next_is(TokenKind::Comma))
    report_missing_parens(begin);
  else if (expect(TokenKind::Assign, "'=' and a value"))
    value = parse_expression();
  return ast_.make<LetStmt>(since(begin), target, value ? value : error_expr(begin));
}

// const = 'const' name (':' type)? '=' expression
const Stmt *Parser::parse_const() {
  std::string_view doc = doc_above(at_);
  uint32_t begin = advance().begin;
  std::optional<Ident> name = parse_name("the name of a constant");
  const TypeExpr *type = name && accept(TokenKind::Colon) ? parse_type() : nullptr;
  if (!name || !expect(TokenKind::Assign, "'=' and a value")) return parse_error_statement(begin);
  const Expr *value = parse_expression();
  return ast_.make<ConstStmt>(since(begin), *name, type, value, doc);
}

// global = 'global' name (',' name)*
const Stmt *Parser::parse_global() {
  uint32_t begin = advance().begin;
  std::vector<Ident> names;
  do {
    if (std::optional<Ident> name = parse_name("the name of a top-level variable")) names.push_back(*name);
  } while (accept(TokenKind::Comma));
  if (next_is(TokenKind::Assign))
    error<Diag::GlobalWithValue>(span(token())).help("declare it first: 'global x', then 'x = ...'");
  return ast_.make<GlobalStmt>(since(begin), ast_.list(names));
}

// while = 'while' condition block
const Stmt *Parser::parse_while() {
  uint32_t begin = advance().begin;
  const Expr *condition = parse_condition();
  const BlockExpr *body = parse_block("the condition of 'while'");
  return ast_.make<WhileStmt>(since(begin), condition, body);
}

// for = 'for' generators block
const Stmt *Parser::parse_for() {
  uint32_t begin = advance().begin;
  List<Generator> generators = parse_generators(false);
  const BlockExpr *body = parse_block("what 'for' runs over");
  return ast_.make<ForStmt>(since(begin), generators, body);
}

// return = 'return' expression?
const Stmt *Parser::parse_return() {
  uint32_t begin = advance().begin;
  bool bare = token().newline_before || kind() == TokenKind::Semicolon || at_closing();
  const Expr *value = bare ? nullptr : parse_expression();
  return ast_.make<ReturnStmt>(since(begin), value);
}

// if = 'if' condition block ('else' (if | block))?
const Expr *Parser::parse_if() {
  Nesting nesting(*this);
  if (too_deep()) return error_expr(token().begin);
  uint32_t begin = advance().begin;
  const Expr *condition = parse_condition();
  const Expr *yes = parse_block("the condition of 'if'");
  const Expr *no = nullptr;
  if (at_else_if()) {
    no = parse_if();
  } else if (kind() == TokenKind::Else && !panicking_) {
    advance();
    no = kind() == TokenKind::If ? parse_if() : parse_block("'else'");
  }
  return ast_.make<IfExpr>(since(begin), condition, yes, no);
}

// try = 'try' block 'catch' name? block
const Expr *Parser::parse_try() {
  Nesting nesting(*this);
  if (too_deep()) return error_expr(token().begin);
  const Token &word = advance();
  const BlockExpr *body = parse_block("'try'");
  if (kind() != TokenKind::Catch || panicking_) {
    if (kind() == TokenKind::End) note_unfinished();
    if (!panicking_)
      error<Diag::TryWithoutCatch>(span(word)).help("the form is 'try { ... } catch e { ... }', or 'catch {' without e");
    return error_expr(word.begin);
  }
  advance();
  bool parenthesised = kind() == TokenKind::LeftParen && kind(1) == TokenKind::Identifier && kind(2) == TokenKind::RightParen;
  if (parenthesised) {
    complain<Diag::CatchParens>(span(token())).help(fmt::format("write 'catch {} {{'", text(token(1))));
    advance();
  }
  Ident error;
  if (kind() == TokenKind::Identifier) error = {text(token()), span(token())}, advance();
  if (parenthesised) advance();
  const BlockExpr *handler = parse_block("'catch'");
  return ast_.make<TryExpr>(since(word.begin), body, error, handler);
}

// condition = expression
const Expr *Parser::parse_condition() {
  bool outer = std::exchange(colon_follows_, true); // Python's: the missing `{` is reported, and no range.
  const Expr *condition = parse_expression();
  colon_follows_ = outer;
  if (next_is(TokenKind::Assign)) {
    complain<Diag::AssignInCondition>(span(token())).help("to compare, write '=='");
    advance();
    parse_expression();
  }
  return condition;
}

// block = '{' statements '}'
// After an error in what stands before it, the block is still read when it begins on the same line.
const BlockExpr *Parser::parse_block(std::string_view after) {
  uint32_t begin = token().begin;
  Nesting nesting(*this);
  if (kind() != TokenKind::LeftBrace) report_missing_block(after);
  if (panicking_) find_block();
  if (too_deep() || panicking_) {
    return ast_.make<BlockExpr>(since(begin), List<const Stmt *>{});
  }
  begin = token().begin;
  uint32_t opener = at_;
  Bracket bracket(*this, true);
  std::vector<const Stmt *> statements;
  parse_statements(statements, opener);
  bracket.close("'}'");
  return ast_.make<BlockExpr>(since(begin), ast_.list(statements));
}

} // namespace kiln
