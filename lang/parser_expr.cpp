#include "lang/recursive_descent.h"

namespace kiln {

namespace {

// The levels of the binary operators that parse_binary() handles, loosest first.
enum Level { none, compare, bit_or, bit_xor, bit_and, shift, sum, product, power };

struct BinaryInfo {
  BinaryOp op;
  Level level;
};

constexpr Level level_table[] = {
#define KILN_BINARY(name, spelling, level, rule) level,
#include "lang/operators.def"
};

BinaryInfo binary_operator(TokenKind kind) {
  auto info = [](BinaryOp op) { return BinaryInfo{op, level_table[static_cast<size_t>(op)]}; };
  switch (kind) {
  case TokenKind::Less: return info(BinaryOp::Less);
  case TokenKind::LessEqual: return info(BinaryOp::LessEqual);
  case TokenKind::Greater: return info(BinaryOp::Greater);
  case TokenKind::GreaterEqual: return info(BinaryOp::GreaterEqual);
  case TokenKind::EqualEqual: return info(BinaryOp::Equal);
  case TokenKind::NotEqual: return info(BinaryOp::NotEqual);
  case TokenKind::Bar: return info(BinaryOp::BitOr);
  case TokenKind::Xor: return info(BinaryOp::BitXor);
  case TokenKind::Ampersand: return info(BinaryOp::BitAnd);
  case TokenKind::ShiftLeft: return info(BinaryOp::ShiftLeft);
  case TokenKind::ShiftRight: return info(BinaryOp::ShiftRight);
  case TokenKind::Plus: return info(BinaryOp::Add);
  case TokenKind::Minus: return info(BinaryOp::Subtract);
  case TokenKind::PlusPercent: return info(BinaryOp::AddWrap);
  case TokenKind::MinusPercent: return info(BinaryOp::SubtractWrap);
  case TokenKind::Star: return info(BinaryOp::Multiply);
  case TokenKind::StarPercent: return info(BinaryOp::MultiplyWrap);
  case TokenKind::Slash: return info(BinaryOp::Divide);
  case TokenKind::SlashSlash: return info(BinaryOp::FloorDivide);
  case TokenKind::Percent: return info(BinaryOp::Modulo);
  default: // Every other token ends the operand.
    return {BinaryOp::Power, Level::none};
  }
}

bool chains(BinaryOp op) { return is_comparison(op) && op != BinaryOp::NotEqual; }

} // namespace

// expression = or ('?' expression ':' expression)?
const Expr *Parser::parse_expression() {
  Nesting nesting(*this);
  if (too_deep()) return error_expr(token().begin);
  uint32_t begin = token().begin;
  const Expr *condition = parse_or();
  if (!next_is(TokenKind::Question)) return condition;
  const Token &question = advance();
  bool outer = std::exchange(colon_follows_, true);
  const Expr *yes = parse_expression();
  colon_follows_ = outer;
  if (!accept(TokenKind::Colon)) {
    if (!panicking_ && kind() != TokenKind::End)
      error<Diag::MissingElseOfConditional>(span(question)).help("the form is 'condition ? value : other value'");
    else
      expected("':' of 'condition ? value : other value'");
    return error_expr(begin);
  }
  const Expr *no = parse_expression();
  return ast_.make<IfExpr>(since(begin), condition, yes, no);
}

// Each operator below the conditional may have a dot before it, which makes it a broadcast (but for '..', 'is', 'in' and
// operators that are words).

// or = and (('or' | '||') and)*
const Expr *Parser::parse_or() {
  uint32_t begin = token().begin;
  const Expr *left = parse_and();
  while (operator_is(TokenKind::Or)) {
    if (++height_; too_deep()) return error_expr(begin);
    bool dotted = at_broadcast();
    Span op = span(advance());
    const Expr *right = parse_and();
    left = broadcast(dotted, ast_.make<LogicalExpr>(since(begin), false, op, left, right));
  }
  return left;
}

// and = not (('and' | '&&') not)*
const Expr *Parser::parse_and() {
  uint32_t begin = token().begin;
  const Expr *left = parse_not();
  while (operator_is(TokenKind::And)) {
    if (++height_; too_deep()) return error_expr(begin);
    bool dotted = at_broadcast();
    Span op = span(advance());
    const Expr *right = parse_not();
    left = broadcast(dotted, ast_.make<LogicalExpr>(since(begin), true, op, left, right));
  }
  return left;
}

// not = 'not' not | compare
const Expr *Parser::parse_not() {
  if (kind() != TokenKind::Not) return parse_compare();
  Nesting nesting(*this);
  if (too_deep()) return error_expr(token().begin);
  const Token &op = advance();
  const Expr *operand = parse_not();
  return ast_.make<UnaryExpr>(since(op.begin), UnaryOp::Not, span(op), operand);
}

// compare = coalesce ((('<' | '<=' | '>' | '>=' | '==') coalesce)* | ('!=' | 'in' | 'not' 'in') coalesce
//                    | 'is' 'not'? type)
const Expr *Parser::parse_compare() {
  uint32_t begin = token().begin;
  const Expr *left = parse_coalesce();
  bool not_in = next_is(TokenKind::Not) && kind(1) == TokenKind::In;
  if (not_in || next_is(TokenKind::In)) {
    Span op = span(advance());
    if (not_in) op = join(op, span(advance()));
    const Expr *right = parse_coalesce();
    left = ast_.make<BinaryExpr>(since(begin), BinaryOp::In, op, left, right);
    if (not_in) left = ast_.make<UnaryExpr>(since(begin), UnaryOp::Not, op, left);
  } else if (next_is(TokenKind::Is)) {
    left = parse_is(begin, left);
  } else if (binary_operator(next_operator()).level == Level::compare && !panicking_) {
    left = parse_chain(begin, left);
  } else {
    return left;
  }
  bool again = next_is(TokenKind::In) || next_is(TokenKind::Is) ||
               binary_operator(next_operator()).level == Level::compare ||
               (next_is(TokenKind::Not) && kind(1) == TokenKind::In);
  if (again) error<Diag::DoesNotChain>(span(token()), text(token())).help("join two comparisons with 'and'");
  return left;
}

// chain = (('<' | '<=' | '>' | '>=' | '==') coalesce)+ | '!=' coalesce
// Apart from parse_compare(), through which every nested expression goes: its frame must stay small.
const Expr *Parser::parse_chain(uint32_t begin, const Expr *first) {
  std::vector<const Expr *> operands{first};
  std::vector<BinaryOp> ops;
  std::vector<Span> spans;
  bool dotted = at_broadcast();
  do {
    ops.push_back(binary_operator(next_operator()).op);
    spans.push_back(span(advance()));
    operands.push_back(parse_coalesce());
  } while (chains(ops.back()) && chains(binary_operator(next_operator()).op) && at_broadcast() == dotted && !panicking_);
  return broadcast(dotted,
                   ast_.make<CompareExpr>(since(begin), ast_.list(operands), ast_.list(ops), ast_.list(spans)));
}

// is = 'is' 'not'? type
const Expr *Parser::parse_is(uint32_t begin, const Expr *value) {
  advance();
  bool negated = accept(TokenKind::Not);
  const TypeExpr *type = parse_type(TypePlace::AfterIs);
  return ast_.make<IsExpr>(since(begin), value, type, negated);
}

// A `:` between two operands where none is due: a range of Python, Julia or Matlab.
bool Parser::at_range_with_colon() const {
  return next_is(TokenKind::Colon) && !colon_follows_ && !token(1).newline_before && kind(1) != TokenKind::End &&
         kind(1) != TokenKind::RightParen && kind(1) != TokenKind::RightBracket && kind(1) != TokenKind::LeftBrace &&
         kind(1) != TokenKind::Comma && kind(1) != TokenKind::Return;
}

// coalesce = range ('??' range)*
const Expr *Parser::parse_coalesce() {
  uint32_t begin = token().begin;
  const Expr *left = parse_range();
  while (next_is(TokenKind::QuestionQuestion)) {
    if (++height_; too_deep()) return error_expr(begin);
    advance();
    const Expr *right = parse_range();
    left = ast_.make<CoalesceExpr>(since(begin), left, right);
  }
  return left;
}

// range = bits (('..' | '..=') bits ('by' bits)?)?
const Expr *Parser::parse_range() {
  uint32_t begin = token().begin;
  bool braced = at_ > 0 && tokens_[at_ - 1].kind == TokenKind::LeftBrace;
  const Expr *first = parse_binary(Level::bit_or);
  if (at_range_with_colon())
    complain<Diag::RangeWithColon>(span(token()))
        .help(braced ? "a map is written in brackets: '[\"ann\": 31]'"
                     : "write 'a..b' (without b) or 'a..=b' (with b), and 'by' a step");
  else if (!next_is(TokenKind::DotDot) && !next_is(TokenKind::DotDotEqual))
    return first;
  bool inclusive = advance().kind == TokenKind::DotDotEqual;
  const Expr *last = parse_binary(Level::bit_or);
  const Expr *step = nullptr;
  if (next_is(TokenKind::Identifier) && is_word(token(), "by")) {
    advance();
    step = parse_binary(Level::bit_or);
  }
  return ast_.make<RangeExpr>(since(begin), first, last, step, inclusive);
}

// bits and arithmetic: left-associative levels, by precedence climbing.
// binary(level) = unary (operator-of-this-level-or-tighter binary(tighter))*
const Expr *Parser::parse_binary(int level) {
  uint32_t begin = token().begin;
  const Expr *left = parse_unary();
  for (;;) {
    BinaryInfo info = binary_operator(next_operator());
    if (info.level < level || panicking_) return left;
    if (++height_; too_deep()) return error_expr(begin);
    bool dotted = at_broadcast();
    Span op = span(advance());
    if (report_increment()) return error_expr(begin);
    const Expr *right = parse_binary(info.level + 1);
    left = broadcast(dotted, ast_.make<BinaryExpr>(since(begin), info.op, op, left, right));
  }
}

// unary = ('-' | '+' | '~' | '!') unary | power
// A minus sign directly before a number is part of it, unless a tighter operator takes the number first: -2^2 is
// -(2^2).
const Expr *Parser::parse_unary() {
  UnaryOp op;
  bool dotted = at_broadcast();
  switch (dotted ? token().dotted : kind()) {
  case TokenKind::Minus: op = UnaryOp::Negate; break;
  case TokenKind::Plus: op = UnaryOp::Plus; break;
  case TokenKind::Tilde: op = UnaryOp::BitNot; break;
  case TokenKind::Bang: op = UnaryOp::Not; break;
  default: return parse_power();
  }
  Nesting nesting(*this);
  if (too_deep() || report_prefix_increment()) return error_expr(token().begin);
  if (op == UnaryOp::Negate && !dotted && kind(1) == TokenKind::Number && adjacent(1)) {
    const Token &after = token(2);
    bool taken = after.kind == TokenKind::Caret || after.dotted == TokenKind::Caret || after.kind == TokenKind::Dot || after.kind == TokenKind::LeftParen ||
                 after.kind == TokenKind::LeftBracket || after.kind == TokenKind::QuestionDot;
    if (!taken || (newlines_count_ && after.newline_before && after.kind != TokenKind::Dot)) return parse_number(true);
  }
  const Token &sign = advance();
  const Expr *operand = parse_unary();
  return broadcast(dotted, ast_.make<UnaryExpr>(since(sign.begin), op, span(sign), operand));
}

// power = postfix ('^' unary)?
// Binds tighter than unary minus on its left and looser on its right, so -2^-2 is -(2^(-2)).
const Expr *Parser::parse_power() {
  uint32_t begin = token().begin;
  const Expr *base = parse_postfix();
  if (!operator_is(TokenKind::Caret)) return base;
  Nesting nesting(*this);
  if (too_deep()) return error_expr(begin);
  bool dotted = at_broadcast();
  Span op = span(advance());
  const Expr *exponent = parse_unary();
  return broadcast(dotted, ast_.make<BinaryExpr>(since(begin), BinaryOp::Power, op, base, exponent));
}

} // namespace kiln
