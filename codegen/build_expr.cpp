#include "codegen/build_body.h"

#include <cassert>

namespace kiln {

Inst *BodyBuilder::build(const Expr *expr) {
  // Down the left spine without recursion: `a + b + c + ...` is as deep as it is long.
  std::vector<const Expr *> spine;
  auto is_leaf = [this](const Expr *at) {
    if (elements_ && elements_->contains(at)) return true;
    return named_file(at) || at->kind == ExprKind::Logical || (at->kind == ExprKind::Broadcast && !elements_); // Have spines of their own.
  };
  while (!is_leaf(expr)) {
    const Expr *left = left_operand(expr);
    if (!left) break;
    spine.push_back(expr);
    expr = left;
  }
  Inst *value = elements_ && elements_->contains(expr) ? elements_->at(expr) : emit_leaf(expr);
  for (size_t i = spine.size(); i-- > 0;) value = emit_above_left(spine[i], value);
  return value;
}

Inst *BodyBuilder::emit_above_left(const Expr *expr, Inst *left) {
  if (expr->kind == ExprKind::Broadcast) return left; // Within a nest: its operation on elements.
  if (const BinaryExpr *binary = as<BinaryExpr>(expr))
    return emit_binary(binary->op, expr->span, binary->op_span, left, build(binary->right));
  if (const CoalesceExpr *coalesce = as<CoalesceExpr>(expr)) return build_coalesce(*coalesce, left);
  if (const CallExpr *call = as<CallExpr>(expr)) return emit_call(Op::Call, expr, left, {}, {}, call->arguments);
  if (const MethodCallExpr *call = as<MethodCallExpr>(expr)) {
    auto emit_member = [&](Inst *base) {
      return emit_call(Op::CallMethod, expr, base, call->name.text, call->name.span, call->arguments);
    };
    return call->optional ? build_optional(expr, left, emit_member) : emit_member(left);
  }
  if (const IndexExpr *index = as<IndexExpr>(expr)) {
    if (index->indices.empty()) return none(expr->span); // Reported by the parser.
    return ssa_.add(Op::Index, expr->span, with_indices(left, *index));
  }
  const FieldExpr &field = cast<FieldExpr>(expr);
  auto emit_member = [&](Inst *base) {
    Inst *inst = ssa_.add(Op::Field, expr->span, {base});
    inst->name = keep(field.name.text);
    inst->op_span = field.name.span;
    return inst;
  };
  return field.optional ? build_optional(expr, left, emit_member) : emit_member(left);
}

std::vector<Inst *> BodyBuilder::with_indices(Inst *base, const IndexExpr &place) {
  std::vector<Inst *> args = {base};
  for (const Expr *index : place.indices) args.push_back(build(index));
  return args;
}

Inst *BodyBuilder::emit_leaf(const Expr *expr) {
  switch (expr->kind) {
  case ExprKind::Error: // Reported by the parser.
  case ExprKind::None: return none(expr->span);
  case ExprKind::Number: return emit(cast<NumberExpr>(expr));
  case ExprKind::Bool: return constant(expr->span, Constant::of_bool(cast<BoolExpr>(expr).value));
  case ExprKind::String: return emit(cast<StringExpr>(expr));
  case ExprKind::Name: return emit(cast<NameExpr>(expr));
  case ExprKind::Unary: return emit(cast<UnaryExpr>(expr));
  case ExprKind::Logical: return build_truth(expr);
  case ExprKind::Compare: {
    const CompareExpr &compare = cast<CompareExpr>(expr);
    if (compare.ops.size() > 1) return build_truth(expr);
    Inst *left = build(compare.operands[0]);
    return emit_binary(compare.ops[0], expr->span, compare.op_spans[0], left, build(compare.operands[1]));
  }
  case ExprKind::Is: return emit(cast<IsExpr>(expr));
  case ExprKind::Match: return build_match(cast<MatchExpr>(expr), true);
  case ExprKind::If: return build_if(cast<IfExpr>(expr), true);
  case ExprKind::Block: return build_block(cast<BlockExpr>(expr), true);
  case ExprKind::Range: return emit(cast<RangeExpr>(expr));
  case ExprKind::Tuple: return emit(cast<TupleExpr>(expr));
  case ExprKind::Array: return emit(cast<ArrayExpr>(expr));
  case ExprKind::EmptyArray: return emit(cast<EmptyArrayExpr>(expr));
  case ExprKind::Map: return emit(cast<MapExpr>(expr));
  case ExprKind::Comprehension: return build_comprehension(cast<ComprehensionExpr>(expr));
  case ExprKind::Generator: return emit(cast<GeneratorExpr>(expr));
  case ExprKind::Lambda: return emit(Callable(cast<LambdaExpr>(expr)));
  case ExprKind::Broadcast: return build_broadcast(cast<BroadcastExpr>(expr));
  case ExprKind::Try: return build_try(cast<TryExpr>(expr), true);
  case ExprKind::MethodCall:
  case ExprKind::Field: return emit_of_file(expr);
  case ExprKind::Binary:
  case ExprKind::Coalesce:
  case ExprKind::Call:
  case ExprKind::Index: // Have a left operand.
    break;
  }
  assert(false && "not a leaf");
  return none(expr->span);
}

Inst *BodyBuilder::constant(Span span, const Constant &value) {
  Inst *inst = ssa_.add(Op::Const, span);
  inst->constant = value;
  return inst;
}

Inst *BodyBuilder::emit(const NumberExpr &number) {
  bool is_float = number.type == NumberType::F32 || number.type == NumberType::F64;
  Inst *inst = constant(number.span, is_float ? Constant::of_float(number.floating) : Constant::of_int(number.integer));
  inst->number_type = number.type;
  inst->literal = !number.suffixed;
  return inst;
}

Inst *BodyBuilder::emit(const StringExpr &string) {
  std::vector<Inst *> pieces;
  for (const StringPart &part : string.parts) {
    if (!part.expr) {
      pieces.push_back(text(string.span, part.text));
      continue;
    }
    Inst *value = build(part.expr);
    Inst *format = ssa_.add(Op::Format, part.expr->span, {value});
    format->name = keep(part.format);
    format->op_span = part.format_span;
    pieces.push_back(format);
  }
  if (pieces.empty()) return text(string.span, "");
  return pieces.size() == 1 ? pieces[0] : ssa_.add(Op::Concat, string.span, std::move(pieces));
}

Inst *BodyBuilder::emit(const NameExpr &name) { return read_variable(&name, name.name, name.span); }

Inst *BodyBuilder::emit(const UnaryExpr &unary) {
  Inst *operand = build(unary.operand);
  Inst *inst = ssa_.add(Op::Unary, unary.span, {operand});
  inst->unary_op = unary.op;
  inst->op_span = unary.op_span;
  return inst;
}

Inst *BodyBuilder::emit_binary(BinaryOp op, Span span, Span op_span, Inst *left, Inst *right) {
  Inst *inst = ssa_.add(Op::Binary, span, {left, right});
  inst->binary_op = op;
  inst->op_span = op_span;
  return inst;
}

Inst *BodyBuilder::emit(const IsExpr &is) {
  Inst *inst = ssa_.add(Op::Is, is.span, {build(is.value)});
  inst->refer_to(is.type);
  if (!is.negated) return inst;
  Inst *negated = ssa_.add(Op::Unary, is.span, {inst});
  negated->unary_op = UnaryOp::Not;
  negated->op_span = is.span;
  return negated;
}

Inst *BodyBuilder::emit(const RangeExpr &range) {
  std::vector<Inst *> args = {build(range.first)};
  args.push_back(build(range.last));
  if (range.step) args.push_back(build(range.step));
  Inst *inst = ssa_.add(Op::Range, range.span, args);
  inst->inclusive = range.inclusive;
  return inst;
}

Inst *BodyBuilder::emit(const TupleExpr &tuple) {
  if (tuple.elements.empty()) return none(tuple.span); // Reported by the parser.
  std::vector<Inst *> args;
  for (const Expr *element : tuple.elements) args.push_back(build(element));
  Inst *inst = ssa_.add(Op::Tuple, tuple.span, args);
  std::vector<Ident> names;
  for (const Ident &name : tuple.names) names.push_back({keep(name.text), name.span});
  function_.name_args(*inst, names);
  return inst;
}

Inst *BodyBuilder::emit(const ArrayExpr &array) {
  if (array.elements.empty()) return ssa_.add(Op::EmptyArray, array.span);
  std::vector<Inst *> args;
  for (const Expr *element : array.elements) args.push_back(build(element));
  Inst *inst = ssa_.add(Op::Array, array.span, args);
  inst->literal = true; // Until a variable holds it.
  return inst;
}

Inst *BodyBuilder::emit(const EmptyArrayExpr &array) {
  Inst *inst = ssa_.add(Op::EmptyArray, array.span);
  inst->refer_to(array.type);
  return inst;
}

Inst *BodyBuilder::emit(const MapExpr &map) {
  std::vector<Inst *> args;
  for (const MapExpr::Entry &entry : map.entries) {
    args.push_back(build(entry.key));
    args.push_back(build(entry.value));
  }
  return ssa_.add(Op::Map, map.span, args);
}

Inst *BodyBuilder::emit(const Callable &callable) {
  const KirFunction *lambda = function_.lambdas.emplace_back(build_callable(context_, callable)).get();
  std::vector<Inst *> captured;
  for (const Body::Capture &capture : context_.resolution.body(callable.node).captures)
    captured.push_back(ssa_.read(capture.variable, capture.span)); // The cell itself when it is one.
  Inst *inst = ssa_.add(Op::Lambda, callable.span, std::move(captured));
  inst->refer_to(lambda);
  return inst;
}

const NameExpr *BodyBuilder::named_file(const Expr *expr) const {
  const auto *field = as<FieldExpr>(expr);
  const auto *call = as<MethodCallExpr>(expr);
  const NameExpr *name = field ? as<NameExpr>(field->base) : call ? as<NameExpr>(call->receiver) : nullptr;
  bool is_file = name && !context_.resolution.variable(name) && context_.files.is_file(name->name, name->span.source);
  return is_file ? name : nullptr;
}

/// `g.x`, `g.f(x)` where g is an imported file.
Inst *BodyBuilder::emit_of_file(const Expr *expr) {
  const NameExpr *file = named_file(expr);
  const auto *call = as<MethodCallExpr>(expr);
  const Ident &name = call ? call->name : cast<FieldExpr>(expr).name;
  std::string_view key = context_.files.member(file->name, file->span, name.text, name.span, context_.diagnostics);
  if (key.empty()) return none(expr->span);
  Inst *member = global(key, call ? name.span : expr->span);
  return call ? emit_call(Op::Call, expr, member, {}, {}, call->arguments) : member;
}

/// An iterator of the library's: of the sources' combinations, chosen by the condition, made into values.
Inst *BodyBuilder::emit(const GeneratorExpr &generator) {
  std::vector<Inst *> sources;
  for (const Expr *source : generator.sources) sources.push_back(ssa_.add(Op::Iterable, source->span, {build(source)}));
  Inst *elements = sources[0];
  for (size_t i = 1; i < sources.size(); ++i)
    elements = call_library("crossed", generator.span, {elements, sources[i]});
  if (generator.condition)
    elements = call_library("chosen", generator.span, {elements, emit(Callable(*generator.condition))});
  return call_library("mapped", generator.span, {elements, emit(Callable(*generator.value))});
}

Inst *BodyBuilder::call_library(std::string_view name, Span span, std::vector<Inst *> args) {
  Inst *inst = ssa_.add(Op::CallLibrary, span, args);
  inst->name = keep(name);
  return inst;
}

/// `first`: the callee, or a method call's receiver.
Inst *BodyBuilder::emit_call(Op op, const Expr *call, Inst *first, std::string_view name, Span name_span,
                             List<Argument> arguments) {
  std::vector<Inst *> args = {first};
  bool any_name = false;
  for (const Argument &argument : arguments) {
    args.push_back(build(argument.value));
    any_name |= !argument.name.text.empty();
  }
  Inst *inst = ssa_.add(op, call->span, args);
  inst->name = op == Op::CallMethod ? key_of(name, name_span) : keep(name);
  inst->op_span = name_span;
  if (any_name) {
    std::vector<Ident> names;
    for (const Argument &argument : arguments) names.push_back({keep(argument.name.text), argument.name.span});
    function_.name_args(*inst, names);
  }
  return inst;
}

} // namespace kiln
