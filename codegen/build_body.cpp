#include "codegen/build_body.h"

namespace kiln {

BodyBuilder::BodyBuilder(BuildContext &context, KirFunction &function, const Body &body)
    : context_(context), function_(function), body_(body),
      ssa_(function, body.is_unit ? Op::Name : Op::Unset, [this](const Variable &variable, Span span) {
        return body_.is_unit ? key_of(variable.name, span) : variable.name;
      }) {}

void BodyBuilder::begin(const Callable *callable) {
  result_type_ = callable ? callable->result : nullptr;
  Block *entry = &function_.block_storage.front();
  for (const Body::Capture &capture : body_.captures)
    ssa_.write(capture.variable, ssa_.add_param(entry, capture.span, keep(capture.variable->name)));
  for (Variable *variable : body_.params)
    ssa_.write(variable, ssa_.add_param(entry, variable->span, keep(variable->name)));
  if (body_.self) {
    std::vector<Inst *> captured;
    for (const Body::Capture &capture : body_.captures) captured.push_back(ssa_.read(capture.variable, capture.span));
    Inst *self = ssa_.add(Op::Lambda, body_.self->span, std::move(captured));
    self->refer_to(&function_);
    ssa_.write(body_.self, self);
  }
  for (Variable *variable : body_.params)
    if (variable->cell) {
      Inst *cell = ssa_.add(Op::CellNew, variable->span, {ssa_.read(variable, variable->span)});
      cell->name = keep(variable->name);
      ssa_.write(variable, cell);
    }
  for (Variable *variable : body_.locals)
    if (variable->cell) {
      Inst *cell = ssa_.add(Op::CellNew, variable->span);
      cell->name = keep(variable->name);
      ssa_.write(variable, cell);
    }
}

namespace {

/// Where the value comes from: the last expression of a block.
Span value_span(const Expr *expr) {
  while (const BlockExpr *block = as<BlockExpr>(expr)) {
    const ExprStmt *last = block->statements.empty() ? nullptr : as<ExprStmt>(block->statements.back());
    if (!last) break;
    expr = last->value;
  }
  return expr->span;
}

} // namespace

void BodyBuilder::build_result(const Expr *expr, const TypeExpr *type, Inst::Role role) {
  Inst *value = coerce(build(expr), type, role);
  if (ssa_.reachable()) ssa_.return_value(value, value_span(expr));
  if (!leave_) return;
  ssa_.enter(leave_);
  ssa_.return_value(leave_->params[0], leave_span_);
}

void BodyBuilder::build_unit(std::span<const Stmt *const> statements, std::string_view value_name) {
  const AssignStmt *assignment = statements.size() == 1 ? as<AssignStmt>(statements[0]) : nullptr;
  single_assignment_ =
      statements.size() == 1 && (assignment ? !assignment->compound : as<LetStmt>(statements[0]) != nullptr);
  Span end = function_.span;
  for (const Stmt *next : statements) {
    bool wants_value = !value_name.empty() && next == statements.back() && next->kind == StmtKind::Expr;
    Inst *value = unit_statement(next, wants_value);
    if (value && wants_value) store_fresh(value_name, next->span, value);
    end = next->span;
  }
  if (!ssa_.reachable()) return;
  for (const Variable *variable : body_.locals)
    if (variable->assigned) store_fresh(variable->name, variable->span, ssa_.read(variable, variable->span));
  ssa_.return_value(none(end), end);
}

/// At the top level itself, `let` and `const` make top-level variables.
Inst *BodyBuilder::unit_statement(const Stmt *next, bool wants_value) {
  if (!ssa_.reachable()) return nullptr;
  if (const LetStmt *let = as<LetStmt>(next)) {
    assign_to(*let->target, build(let->value));
    return nullptr;
  }
  if (const ConstStmt *constant = as<ConstStmt>(next)) {
    Inst *value = coerce(build(constant->value), constant->type, Inst::Variable);
    store_fresh(constant->name.text, constant->name.span, value);
    return nullptr;
  }
  return statement(next, wants_value);
}

void BodyBuilder::store_fresh(std::string_view name, Span span, Inst *value) {
  Inst *store = ssa_.add(Op::StoreGlobal, span, {value});
  store->name = key_of(name, span);
  store->fresh = true;
}

// --- statements ---

Inst *BodyBuilder::statement(const Stmt *next, bool wants_value) {
  if (!ssa_.reachable()) return nullptr;
  switch (next->kind) {
  case StmtKind::Expr:
    if (wants_value) return build(cast<ExprStmt>(next).value);
    effect(cast<ExprStmt>(next).value);
    return nullptr;
  case StmtKind::Assign: assign(cast<AssignStmt>(next)); return nullptr;
  case StmtKind::BroadcastAssign: assign_elements(cast<BroadcastAssignStmt>(next)); return nullptr;
  case StmtKind::Let: declare(*cast<LetStmt>(next).target, build(cast<LetStmt>(next).value)); return nullptr;
  case StmtKind::While: build_while(cast<WhileStmt>(next)); return nullptr;
  case StmtKind::For: build_for(cast<ForStmt>(next)); return nullptr;
  case StmtKind::Break: build_leave(next, "break"); return nullptr;
  case StmtKind::Continue: build_leave(next, "continue"); return nullptr;
  case StmtKind::Return: build_return(cast<ReturnStmt>(next)); return nullptr;
  case StmtKind::Function: {
    const FunctionStmt &function = cast<FunctionStmt>(next);
    assign_name(&function, function.name.text, function.name.span, nullptr, emit(Callable(function)));
    return nullptr;
  }
  case StmtKind::Const: context_.diagnostics.report<Diag::NestedDefinition>(next->span, "const"); return nullptr;
  case StmtKind::Struct:
    context_.diagnostics.report<Diag::NestedDefinition>(next->span, cast<StructStmt>(next).is_class ? "class" : "struct");
    return nullptr;
  case StmtKind::Extern: context_.diagnostics.report<Diag::NestedDefinition>(next->span, "extern"); return nullptr;
  case StmtKind::Import: context_.diagnostics.report<Diag::NestedDefinition>(next->span, "import"); return nullptr;
  case StmtKind::Global: // Its names were bound before.
    return nullptr;
  }
  return nullptr;
}

void BodyBuilder::assign(const AssignStmt &statement) {
  const Pattern &target = *statement.target;
  if (target.place) return assign_place(target, statement);
  if (!statement.compound) return assign_to(target, build(statement.value));
  if (target.kind != PatternKind::Name) {
    if (target.kind == PatternKind::Tuple)
      context_.diagnostics.report<Diag::CompoundTuple>(target.span, spelling(statement.op));
    else
      assign_to(target, build(statement.value));
    return;
  }
  Inst *before = read_variable(&target, target.name, target.span);
  Inst *operand = build(statement.value);
  assign_to(target, emit_binary(statement.op, statement.span, statement.op_span, before, operand));
}

template <typename Bind>
void BodyBuilder::destructure(const Pattern &pattern, Inst *value, Bind bind) {
  std::vector<Inst *> parts; // All before the first assignment: (a, b) = (b, a).
  for (size_t i = 0; i < pattern.elements.size(); ++i) {
    Inst *part = ssa_.add(Op::Destructure, pattern.elements[i]->span, {value});
    part->op_span = pattern.span;
    part->index = static_cast<uint32_t>(i);
    part->count = static_cast<uint32_t>(pattern.elements.size());
    parts.push_back(part);
  }
  for (size_t i = 0; i < parts.size(); ++i) bind(*pattern.elements[i], parts[i]);
}

void BodyBuilder::assign_to(const Pattern &pattern, Inst *value) {
  switch (pattern.kind) {
  case PatternKind::Name: return assign_name(&pattern, pattern.name, pattern.span, pattern.type, value);
  case PatternKind::Tuple:
    return destructure(pattern, value, [this](const Pattern &part, Inst *of) { assign_to(part, of); });
  case PatternKind::Index:
  case PatternKind::Field: {
    Place place = open_place(pattern);
    return store_place(place, value);
  }
  case PatternKind::Ignore: return;
  }
}

void BodyBuilder::assign_name(const void *node, std::string_view name, Span span, const TypeExpr *type, Inst *value) {
  Variable *variable = context_.resolution.variable(node);
  if (!variable) {
    Inst *store = ssa_.add(Op::StoreGlobal, span, {coerce(value, type, Inst::Variable)});
    store->name = key_of(name, span);
    store->fresh = single_assignment_ && body_.is_unit;
    return;
  }
  if (type) variable->type = type;
  value = coerce(value, variable->type, Inst::Variable);
  if (variable->cell)
    ssa_.add(Op::CellSet, span, {ssa_.read(variable, span), value});
  else
    write(variable, value, span);
}

/// The handlers around the place see it, should an error come.
void BodyBuilder::write(const Variable *variable, Inst *value, Span span) {
  ssa_.write(variable, value);
  for (const std::vector<Slot> &slots : tries_)
    for (const Slot &slot : slots)
      if (slot.variable == variable) ssa_.add(Op::SlotSet, span, {slot.place, value});
}

void BodyBuilder::declare(const Pattern &pattern, Inst *value) {
  switch (pattern.kind) {
  case PatternKind::Name: return declare_name(pattern, value);
  case PatternKind::Tuple:
    return destructure(pattern, value, [this](const Pattern &part, Inst *of) { declare(part, of); });
  case PatternKind::Index:
  case PatternKind::Field: context_.diagnostics.report<Diag::NotAVariable>(pattern.span); return;
  case PatternKind::Ignore: return;
  }
}

void BodyBuilder::declare_name(const Pattern &pattern, Inst *value) {
  Variable *variable = context_.resolution.variable(&pattern);
  variable->type = pattern.type;
  value = coerce(value, pattern.type, Inst::Variable);
  if (variable->cell) {
    value = ssa_.add(Op::CellNew, pattern.span, {value});
    value->name = keep(pattern.name);
  }
  ssa_.write(variable, value);
}

Inst *BodyBuilder::global(std::string_view key, Span span) {
  Inst *global = ssa_.add(Op::Name, span);
  global->name = key;
  return global;
}

Inst *BodyBuilder::read_variable(const void *node, std::string_view name, Span span) {
  const Variable *variable = context_.resolution.variable(node);
  if (!variable) {
    if (context_.files.is_file(name, span.source)) {
      context_.diagnostics.report<Diag::FileIsNoValue>(span, name).help(fmt::format("what it defines is written '{}.name'", name));
      return none(span);
    }
    return global(key_of(name, span), span);
  }
  Inst *value = ssa_.read(variable, span);
  if (!variable->cell) return value;
  Inst *get = ssa_.add(Op::CellGet, span, {value});
  get->name = keep(name);
  return get;
}

Inst *BodyBuilder::coerce(Inst *value, const TypeExpr *type, Inst::Role role) {
  if (!type) return value;
  const ArrayType *array = as<ArrayType>(type);
  if (array && array->rank == 1 && value->op == Op::Array && value->literal)
    value->refer_to(type); // Its elements are stored as such.
  Inst *coerced = ssa_.add(Op::Coerce, value->span, {value});
  coerced->refer_to(type);
  coerced->role = role;
  return coerced;
}

} // namespace kiln
