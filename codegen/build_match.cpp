// `match`, `??` and `?.`: type tests and comparisons, with what is then known of the value.
#include "codegen/build_body.h"

#include <algorithm>

namespace kiln {

namespace {

/// Whether the pattern takes every value.
bool takes_all(const CasePattern &pattern) {
  return (pattern.kind == CaseKind::Ignore || pattern.kind == CaseKind::Bind) && !pattern.type;
}

bool binds(const CasePattern &pattern) {
  if (pattern.kind == CaseKind::Bind) return true;
  for (const CasePattern *element : pattern.elements)
    if (binds(*element)) return true;
  return false;
}

/// Whether two literals are the same value, as far as their texts tell.
bool same_literal(const Expr *a, const Expr *b) {
  if (a->kind != b->kind) return false;
  if (const NumberExpr *number = as<NumberExpr>(a)) {
    const NumberExpr &other = cast<NumberExpr>(b);
    return number->type == other.type && number->integer == other.integer && number->floating == other.floating;
  }
  if (const BoolExpr *truth = as<BoolExpr>(a)) return truth->value == cast<BoolExpr>(b).value;
  if (const StringExpr *string = as<StringExpr>(a)) {
    List<StringPart> parts = string->parts, others = cast<StringExpr>(b).parts;
    bool plain = parts.size() == 1 && others.size() == 1 && !parts[0].expr && !others[0].expr;
    return plain && parts[0].text == others[0].text;
  }
  return a->kind == ExprKind::None;
}

constexpr NamedType bool_type{{{TypeExprKind::Named, {}}}, "bool", {}};

} // namespace

Inst *BodyBuilder::add_test(Op op, const TypeTest &test, Inst *value, Span span) {
  Inst *inst = ssa_.add(op, span, {value});
  inst->refer_to(test.type);
  inst->count = test.tuple_size;
  return inst;
}

/// Goes on where the value passes, with the value as it is known then; else leads to `otherwise`, with what is known of
/// the variable `subject` (if not null) there.
Inst *BodyBuilder::branch_on_type(Inst *value, const TypeTest &test, Span span, Block *otherwise,
                                  const Variable *subject) {
  Block *yes = ssa_.new_block(), *no = ssa_.new_block();
  ssa_.branch(add_test(Op::Is, test, value, span), span, yes, no);
  if (subject) {
    ssa_.enter(no);
    Inst *left = add_test(Op::Narrow, test, value, span);
    left->negated = true;
    ssa_.write(subject, left);
  } else {
    ssa_.enter(no);
  }
  ssa_.jump(otherwise, span);
  ssa_.enter(yes);
  Inst *narrowed = add_test(Op::Narrow, test, value, span);
  if (subject) ssa_.write(subject, narrowed);
  return narrowed;
}

void BodyBuilder::branch_on_equal(Inst *value, const Expr *literal, Block *otherwise) {
  auto go_on_if = [&](BinaryOp op, const Expr *operand) {
    Inst *compared = emit_binary(op, literal->span, literal->span, value, build(operand));
    compared->in_pattern = true;
    Block *yes = ssa_.new_block();
    ssa_.branch(compared, literal->span, yes, otherwise);
    ssa_.enter(yes);
  };
  const RangeExpr *range = as<RangeExpr>(literal);
  if (!range) return go_on_if(BinaryOp::Equal, literal);
  go_on_if(BinaryOp::GreaterEqual, range->first);
  go_on_if(range->inclusive ? BinaryOp::LessEqual : BinaryOp::Less, range->last);
}

/// Goes on where the value is what the pattern asks for, with its names bound; else leads to `otherwise`.
void BodyBuilder::test_case(const CasePattern &pattern, Inst *value, Block *otherwise, const Variable *subject) {
  switch (pattern.kind) {
  case CaseKind::Ignore:
  case CaseKind::Bind:
    if (pattern.type) value = branch_on_type(value, {pattern.type}, pattern.span, otherwise, subject);
    if (pattern.kind == CaseKind::Bind) bind_case(pattern, value);
    return;
  case CaseKind::Value:
    if (pattern.value->kind == ExprKind::None)
      branch_on_type(value, {}, pattern.span, otherwise, subject);
    else
      branch_on_equal(value, pattern.value, otherwise);
    return;
  case CaseKind::Tuple:
  case CaseKind::Struct: {
    TypeTest test{pattern.type, static_cast<uint32_t>(pattern.elements.size())};
    value = branch_on_type(value, test, pattern.span, otherwise, subject);
    for (size_t i = 0; i < pattern.elements.size(); ++i) {
      Inst *part = ssa_.add(Op::Destructure, pattern.elements[i]->span, {value});
      part->op_span = pattern.span;
      part->in_pattern = true;
      part->index = static_cast<uint32_t>(i);
      part->count = static_cast<uint32_t>(pattern.elements.size());
      test_case(*pattern.elements[i], part, otherwise, nullptr);
    }
    return;
  }
  }
}

void BodyBuilder::bind_case(const CasePattern &pattern, Inst *value) {
  if (!pattern.type && context_.types.named(pattern.name))
    context_.diagnostics.report<Diag::PatternIsType>(pattern.span, pattern.name)
        .help(fmt::format("for any value of the type write `_: {}`", pattern.name));
  Variable *variable = context_.resolution.variable(&pattern);
  if (variable->cell) {
    value = ssa_.add(Op::CellNew, pattern.span, {value});
    value->name = keep(pattern.name);
  }
  ssa_.write(variable, value);
}

/// The variable that a case's tests are about: the subject's own where that is a local, so that the cases see what is
/// known of it.
const Variable *BodyBuilder::subject_of(const Expr *expr) {
  if (const NameExpr *name = as<NameExpr>(expr))
    if (const Variable *variable = narrowable(*name)) return variable;
  Variable *subject = make_temporary(expr->span, {});
  ssa_.write(subject, build(expr));
  return subject;
}

Inst *BodyBuilder::build_match(const MatchExpr &match, bool wants_value) {
  const Variable *subject = subject_of(match.subject);
  Block *merge = ssa_.new_block();
  Inst *value = wants_value ? ssa_.add_param(merge, match.span, {}) : nullptr;
  std::vector<const Expr *> seen; // Literals of cases without a guard.
  bool all_taken = false;
  for (const MatchCase &choice : match.cases) {
    Block *body = ssa_.new_block(), *next = ssa_.new_block();
    report_case(choice, seen, all_taken);
    for (const CasePattern *pattern : choice.patterns) {
      bool last = pattern == choice.patterns.back();
      Block *otherwise = last ? next : ssa_.new_block();
      Inst *now = ssa_.read(subject, match.subject->span);
      const BoolExpr *truth = as<BoolExpr>(pattern->value);
      auto opposite = [&](const Expr *literal) { return as<BoolExpr>(literal) && !same_literal(literal, truth); };
      if (truth && std::any_of(seen.begin(), seen.end(), opposite)) // Of the bools, this is what is left.
        branch_on_type(now, {&bool_type}, pattern->span, otherwise, subject);
      else
        test_case(*pattern, now, otherwise, subject);
      if (!choice.guard && pattern->kind == CaseKind::Value) seen.push_back(pattern->value);
      ssa_.jump(body, pattern->span);
      if (!last) ssa_.enter(otherwise);
    }
    ssa_.enter(body);
    if (choice.guard) {
      Block *chosen = ssa_.new_block();
      branch_on(choice.guard, chosen, next);
      ssa_.enter(chosen);
    }
    build_arm(choice.body, merge, wants_value);
    ssa_.enter(next);
  }
  Inst *missing = ssa_.add(Op::NoCase, match.span, {ssa_.read(subject, match.subject->span)});
  if (wants_value)
    ssa_.jump(merge, match.span, {missing});
  else
    ssa_.jump(merge, match.span);
  ssa_.enter(merge);
  return value;
}

void BodyBuilder::report_case(const MatchCase &choice, const std::vector<const Expr *> &seen, bool &all_taken) {
  for (const CasePattern *pattern : choice.patterns) {
    auto repeats = [pattern](const Expr *literal) { return same_literal(literal, pattern->value); };
    bool repeated = pattern->kind == CaseKind::Value && std::any_of(seen.begin(), seen.end(), repeats);
    if (all_taken || repeated)
      context_.diagnostics.report<Diag::UnreachableCase>(pattern->span)
          .help(repeated ? "an earlier case takes this value" : "an earlier case takes every value");
    if (choice.patterns.size() > 1 && binds(*pattern))
      context_.diagnostics.report<Diag::PatternBinds>(pattern->span).help("write a case for each");
    bool is_type = context_.types.named(pattern->name) != nullptr; // Reported where it is bound.
    all_taken |= !choice.guard && takes_all(*pattern) && !is_type;
  }
}

/// One arm of an `if` or `match`, which leads to the block where they meet.
void BodyBuilder::build_arm(const Expr *arm, Block *merge, bool wants_value) {
  if (!wants_value) {
    effect(arm);
    return ssa_.jump(merge, arm->span);
  }
  Inst *value = build(arm);
  ssa_.jump(merge, arm->span, {value});
}

// --- none ---

/// `a ?? b`, with a built.
Inst *BodyBuilder::build_coalesce(const CoalesceExpr &coalesce, Inst *left) {
  Block *present = ssa_.new_block(), *merge = ssa_.new_block();
  Inst *result = ssa_.add_param(merge, coalesce.span, {});
  const Variable *held = make_temporary(coalesce.left->span, left);
  branch_on_type(left, {}, coalesce.left->span, present, held);
  Inst *other = build(coalesce.right);
  ssa_.jump(merge, coalesce.span, {other});
  ssa_.enter(present);
  ssa_.jump(merge, coalesce.span, {ssa_.read(held, coalesce.left->span)});
  ssa_.enter(merge);
  return result;
}

/// `x?.f`, with x built: none where x is none; else the member, which `emit_member` makes.
Inst *BodyBuilder::build_optional(const Expr *expr, Inst *base, const std::function<Inst *(Inst *)> &emit_member) {
  Block *present = ssa_.new_block(), *merge = ssa_.new_block();
  Inst *result = ssa_.add_param(merge, expr->span, {});
  const Variable *held = make_temporary(base->span, base);
  branch_on_type(base, {}, base->span, present, held);
  ssa_.jump(merge, expr->span, {none(expr->span)});
  ssa_.enter(present);
  Inst *member = emit_member(ssa_.read(held, base->span));
  ssa_.jump(merge, expr->span, {member});
  ssa_.enter(merge);
  return result;
}

// --- what conditions tell of variables ---

/// A variable that holds a value while it is looked at.
Variable *BodyBuilder::make_temporary(Span span, Inst *value) {
  Variable &made = temporaries_.emplace_back();
  made.span = span;
  made.index = UINT32_MAX - static_cast<uint32_t>(temporaries_.size());
  if (value) ssa_.write(&made, value);
  return &made;
}

/// The local that a name means, when nothing but this body's own assignments changes it; null for others.
const Variable *BodyBuilder::narrowable(const NameExpr &name) {
  if (const Variable *variable = context_.resolution.variable(&name)) return variable->cell ? nullptr : variable;
  return nullptr;
}

/// Whether the condition is a type test of a local, and which.
std::optional<BodyBuilder::Fact> BodyBuilder::fact_of(const Expr *condition) {
  const NameExpr *name = tested_name(condition);
  const Variable *variable = name ? narrowable(*name) : nullptr;
  if (!variable) return std::nullopt;
  if (const IsExpr *is = as<IsExpr>(condition)) return Fact{variable, {is->type}, is->negated};
  return Fact{variable, {}, cast<CompareExpr>(condition).ops[0] == BinaryOp::NotEqual};
}

/// Branches on a condition that is no control flow itself. On each edge, a local that it tests is known better.
void BodyBuilder::branch_on_value(const Expr *condition, Block *yes, Block *no) {
  Inst *value = build(condition);
  std::optional<Fact> fact = fact_of(condition);
  if (!fact) return ssa_.branch(value, condition->span, yes, no);
  Block *edges[] = {ssa_.new_block(), ssa_.new_block()};
  ssa_.branch(value, condition->span, edges[0], edges[1]);
  for (bool holds : {true, false}) {
    ssa_.enter(edges[holds ? 0 : 1]);
    Inst *known = add_test(Op::Narrow, fact->test, ssa_.read(fact->variable, condition->span), condition->span);
    known->negated = holds == fact->negated;
    ssa_.write(fact->variable, known);
    ssa_.jump(holds ? yes : no, condition->span);
  }
}

} // namespace kiln
