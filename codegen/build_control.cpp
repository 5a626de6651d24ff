#include "codegen/build_body.h"

namespace kiln {

// --- conditions ---

/// Branches on a condition; `and`, `or`, `not` and chains of comparisons become control flow. Seals no target.
void BodyBuilder::branch_on(const Expr *condition, Block *yes, Block *no) {
  while (const UnaryExpr *negation = as<UnaryExpr>(condition)) {
    if (negation->op != UnaryOp::Not) break;
    std::swap(yes, no);
    condition = negation->operand;
  }
  // Down the left spine of `and` and `or`: each leaves one way to its right side, the other way to where its parent
  // says.
  struct Pending {
    const LogicalExpr *logical;
    Block *right, *yes, *no;
  };
  std::vector<Pending> spine;
  while (const LogicalExpr *logical = as<LogicalExpr>(condition)) {
    Block *right = ssa_.new_block();
    spine.push_back({logical, right, yes, no});
    (logical->is_and ? yes : no) = right;
    condition = logical->left;
  }
  const CompareExpr *compare = as<CompareExpr>(condition);
  if (compare && compare->ops.size() > 1) {
    branch_on_chain(*compare, yes, no);
  } else if (!spine.empty() && condition->kind == ExprKind::Unary) {
    branch_on(condition, yes, no);
  } else {
    branch_on_value(condition, yes, no);
  }
  for (size_t i = spine.size(); i-- > 0;) {
    ssa_.enter(spine[i].right);
    branch_on(spine[i].logical->right, spine[i].yes, spine[i].no);
  }
}

/// `a < b <= c`: each operand once, the later ones only while the comparisons hold.
void BodyBuilder::branch_on_chain(const CompareExpr &compare, Block *yes, Block *no) {
  Inst *left = build(compare.operands[0]);
  for (size_t i = 0; i < compare.ops.size(); ++i) {
    Inst *right = build(compare.operands[i + 1]);
    Span span = join(compare.operands[i]->span, compare.operands[i + 1]->span);
    Inst *holds = emit_binary(compare.ops[i], span, compare.op_spans[i], left, right);
    bool last = i + 1 == compare.ops.size();
    Block *next = last ? yes : ssa_.new_block();
    ssa_.branch(holds, span, next, no);
    if (!last) ssa_.enter(next);
    left = right;
  }
}

/// The value of a condition that is control flow.
Inst *BodyBuilder::build_truth(const Expr *condition) {
  Block *yes = ssa_.new_block();
  Block *no = ssa_.new_block();
  Block *merge = ssa_.new_block();
  Inst *value = ssa_.add_param(merge, condition->span, {});
  branch_on(condition, yes, no);
  for (Block *side : {yes, no}) {
    ssa_.enter(side);
    ssa_.jump(merge, condition->span, {constant(condition->span, Constant::of_bool(side == yes))});
  }
  ssa_.enter(merge);
  return value;
}

// --- if and blocks ---

Inst *BodyBuilder::build_if(const IfExpr &branch, bool wants_value) {
  // Without a last `else` the value is none, whatever the arms give.
  const IfExpr *last = &branch;
  while (const IfExpr *next = as<IfExpr>(last->no)) last = next;
  if (wants_value && !last->no) {
    build_if(branch, false);
    return none(branch.span);
  }
  Block *merge = ssa_.new_block();
  Inst *value = wants_value ? ssa_.add_param(merge, branch.span, {}) : nullptr;
  // A chain of `else if` leads to one merge, whatever its length.
  const IfExpr *test = &branch;
  for (;;) {
    Block *yes = ssa_.new_block();
    Block *no = ssa_.new_block();
    branch_on(test->condition, yes, no);
    ssa_.enter(yes);
    build_arm(test->yes, merge, wants_value);
    ssa_.enter(no);
    const IfExpr *next = as<IfExpr>(test->no);
    if (!next) break;
    test = next;
  }
  if (test->no) {
    build_arm(test->no, merge, wants_value);
  } else {
    ssa_.jump(merge, test->span);
  }
  ssa_.enter(merge);
  return value;
}

Inst *BodyBuilder::build_block(const BlockExpr &block, bool wants_value) {
  Inst *value = nullptr;
  for (const Stmt *next : block.statements) value = statement(next, wants_value && next == block.statements.back());
  if (!value && wants_value) value = none(block.span);
  return value;
}

void BodyBuilder::effect(const Expr *expr) {
  if (const IfExpr *branch = as<IfExpr>(expr))
    build_if(*branch, false);
  else if (const BlockExpr *block = as<BlockExpr>(expr))
    build_block(*block, false);
  else if (const TryExpr *attempt = as<TryExpr>(expr))
    build_try(*attempt, false);
  else if (const MatchExpr *match = as<MatchExpr>(expr))
    build_match(*match, false);
  else
    build(expr);
}

// --- loops ---

void BodyBuilder::build_while(const WhileStmt &statement) {
  Block *header = ssa_.new_block();
  Block *body = ssa_.new_block();
  Block *exit = ssa_.new_block();
  ssa_.jump(header, statement.span);
  ssa_.enter_loop(header);
  branch_on(statement.condition, body, exit);
  ssa_.enter(body);
  loops_.push_back({exit, header});
  effect(statement.body);
  loops_.pop_back();
  ssa_.jump(header, statement.span);
  ssa_.seal(header);
  ssa_.enter(exit);
}

BodyBuilder::Loop BodyBuilder::begin_loop(Inst *iterable, Span span) {
  Loop loop{ssa_.new_block(), ssa_.new_block(), ssa_.new_block(), iterable, nullptr, nullptr, span};
  Block *body = ssa_.new_block();
  Inst *start = ssa_.add(Op::IterStart, span, {iterable});
  ssa_.jump(loop.header, span, {start});
  loop.state = ssa_.add_param(loop.header, span, {});
  ssa_.enter_loop(loop.header);
  Inst *has = ssa_.add(Op::IterHas, span, {iterable, loop.state});
  ssa_.branch(has, span, body, loop.exit);
  ssa_.enter(body);
  loop.element = ssa_.add(Op::IterGet, span, {iterable, loop.state});
  return loop;
}

void BodyBuilder::end_loop(const Loop &loop) {
  ssa_.jump(loop.latch, loop.span);
  ssa_.enter(loop.latch);
  Inst *next = ssa_.add(Op::IterNext, loop.span, {loop.iterable, loop.state});
  ssa_.jump(loop.header, loop.span, {next});
  ssa_.seal(loop.header);
  ssa_.enter(loop.exit);
}

void BodyBuilder::build_for(const ForStmt &statement) {
  if (statement.generators.empty()) return; // Could not be parsed.
  std::vector<Loop> loops;
  for (const Generator &generator : statement.generators) {
    Inst *source = ssa_.add(Op::Iterable, generator.source->span, {build(generator.source)});
    loops.push_back(begin_loop(source, generator.source->span));
    declare(*generator.target, loops.back().element);
  }
  loops_.push_back({loops.front().exit, loops.back().latch});
  effect(statement.body);
  loops_.pop_back();
  for (size_t i = loops.size(); i-- > 0;) end_loop(loops[i]);
}

Inst *BodyBuilder::build_comprehension(const ComprehensionExpr &comprehension) {
  if (comprehension.generators.empty()) return none(comprehension.span); // Could not be parsed.
  std::vector<Inst *> sources;
  for (const Generator &generator : comprehension.generators)
    sources.push_back(ssa_.add(Op::Iterable, generator.source->span, {build(generator.source)}));
  Inst *array = ssa_.add(Op::CompNew, comprehension.span, sources);
  array->index = static_cast<uint32_t>(sources.size());
  array->exact = !comprehension.condition;

  std::vector<Loop> loops;
  for (size_t i = 0; i < sources.size(); ++i) {
    const Generator &generator = comprehension.generators[i];
    loops.push_back(begin_loop(sources[i], generator.source->span));
    declare(*generator.target, loops.back().element);
  }
  if (comprehension.condition && loops.size() > 1) {
    context_.diagnostics.report<Diag::ComprehensionCondition>(comprehension.condition->span)
        .help("the result has one element for each combination: use `for` loops and `push`");
  } else if (comprehension.condition) {
    Block *chosen = ssa_.new_block();
    branch_on(comprehension.condition, chosen, loops.back().latch);
    ssa_.enter(chosen);
  }
  Inst *value = build(comprehension.value);
  ssa_.add(Op::CompAppend, comprehension.value->span, {array, value});
  for (size_t i = loops.size(); i-- > 0;) end_loop(loops[i]);
  return ssa_.add(Op::CompDone, comprehension.span, {array});
}

// --- leaving ---

void BodyBuilder::build_leave(const Stmt *statement, std::string_view word) {
  if (loops_.empty()) {
    context_.diagnostics.report<Diag::BreakOutsideLoop>(statement->span, word);
    return;
  }
  const LoopTargets &loop = loops_.back();
  ssa_.jump(statement->kind == StmtKind::Break ? loop.on_break : loop.on_continue, statement->span);
  ssa_.enter_unreachable();
}

void BodyBuilder::build_return(const ReturnStmt &statement) {
  if (body_.is_unit) {
    context_.diagnostics.report<Diag::ReturnOutsideFunction>(statement.span);
    return;
  }
  Inst *value = statement.value ? build(statement.value) : none(statement.span);
  value = coerce(value, result_type_, Inst::Result);
  Span span = statement.value ? statement.value->span : statement.span;
  if (ssa_.reachable() && tries_.empty()) {
    ssa_.return_value(value, span);
  } else if (ssa_.reachable()) {
    if (!leave_) {
      leave_ = ssa_.new_outer_block();
      ssa_.add_param(leave_, span, {});
      leave_span_ = span;
    }
    ssa_.jump(leave_, span, {value});
  }
  ssa_.enter_unreachable();
}

} // namespace kiln
