// Dynamic values: operations whose operands have types that are known at run time only.
#include "codegen/body_inference.h"
#include "codegen/builtin_rules.h"

#include <algorithm>
#include <cstring>

namespace kiln {

size_t DynSite::dynamic_operands() const {
  return static_cast<size_t>(std::ranges::count_if(operands, [](const Operand &operand) { return operand.type->is(TypeKind::Dyn); }));
}

namespace {

DynSite::Way &way_for(DynSite::Way *table, const Type *const *held, size_t count) {
  size_t hash = held[0]->id * 31 + (count > 1 ? held[1]->id : 0);
  return table[hash % DynSite::table_size];
}

bool holds(const DynSite::Way &way, const Type *const *held, size_t count) { return std::equal(held, held + count, way.types); }

} // namespace

void *const *DynSite::find(const Type *const *held) {
  size_t count = dynamic_operands();
  if (count <= compared)
    if (Way &way = way_for(table, held, count); holds(way, held, count))
      return way.cell;
  auto found = known.find({held, held + count});
  if (found == known.end())
    return nullptr;
  if (count <= compared) {
    Way &way = way_for(table, held, count);
    std::copy_n(held, count, way.types);
    way.cell = found->second;
  }
  return found->second;
}

void DynSite::remember(const Type *const *held, void *const *cell) {
  size_t count = dynamic_operands();
  known[{held, held + count}] = cell;
  if (count > compared || next_way == ways)
    return;
  Way &way = cache.ways[next_way++];
  std::copy_n(held, count, way.types);
  way.cell = cell;
}

void DynSite::forget() {
  if (known.empty())
    return;
  known.clear();
  next_way = 0;
  std::ranges::fill(cache.ways, Way{});
  std::ranges::fill(table, Way{});
}

DynSite &Inference::dyn_site(const Inst &inst, const Specialisation &where, std::vector<DynSite::Operand> operands) {
  size_t id = next_site_++;
  DynSite &site = dyn_sites_[id];
  site.cache.site = &site;
  site.id = id;
  site.inst = &inst;
  site.where = &where;
  site.operands = std::move(operands);
  return site;
}

namespace {

NumberType number_type_of(const Type *type) {
  constexpr std::pair<TypeKind, NumberType> kinds[] = {
      {TypeKind::I8, NumberType::I8},   {TypeKind::I16, NumberType::I16}, {TypeKind::I32, NumberType::I32}, {TypeKind::I64, NumberType::I64},
      {TypeKind::U8, NumberType::U8},   {TypeKind::U16, NumberType::U16}, {TypeKind::U32, NumberType::U32}, {TypeKind::U64, NumberType::U64},
      {TypeKind::F32, NumberType::F32}, {TypeKind::F64, NumberType::F64}};
  auto found = std::ranges::find(kinds, type->kind, [](const auto &kind) { return kind.first; });
  return found == std::end(kinds) ? NumberType::I64 : found->second;
}

/// A function of the site's operands that takes the values out of those that are dyn and does the operation with them.
std::unique_ptr<KirFunction> build_adapter(const DynSite &site, std::span<const Type *const> held, const Type *dyn) {
  auto function = std::make_unique<KirFunction>();
  function->name = "dyn";
  function->is_adapter = true;
  function->from_library = site.where->function->from_library;
  Block *entry = function->make_block();
  function->blocks.push_back(entry);
  auto add = [&](Op op, std::vector<Inst *> args) {
    Inst *inst = function->make(op, site.inst->span, args);
    inst->op_span = site.inst->op_span;
    inst->block = entry;
    (op == Op::Param ? entry->params : entry->insts).push_back(inst);
    return inst;
  };
  std::vector<Inst *> operands;
  size_t next = 0;
  for (const DynSite::Operand &operand : site.operands) {
    if (operand.constant) {
      Inst *constant = add(Op::Const, {});
      constant->constant = *operand.constant;
      constant->number_type = number_type_of(operand.type);
      constant->literal = operand.literal;
      operands.push_back(constant);
      continue;
    }
    function->params.emplace_back();
    Inst *param = add(Op::Param, {});
    if (operand.type->is(TypeKind::Dyn)) {
      param = add(Op::DynGet, {param});
      param->type = held[next++];
      param->unchecked = true; // That is what it is called for.
    }
    operands.push_back(param);
  }
  Inst *made = add(site.inst->op, {});
  uint32_t id = made->id;
  *made = *site.inst;
  made->id = id;
  made->block = entry;
  made->args = function->copy(std::span(operands));
  made->writes_back = false;
  if (made->found())
    made->refer_to(static_cast<Inst *>(nullptr)); // A value of the site's function.
  Inst *result = add(Op::Coerce, {made});
  result->type = dyn;
  result->role = Inst::Result;
  entry->end.kind = TermKind::Return;
  entry->end.span = site.inst->span;
  entry->end.value = result;
  return function;
}

} // namespace

Specialisation &Inference::specialise_dyn(DynSite &site, std::span<const Type *const> held) {
  std::unique_ptr<KirFunction> &adapter = site.adapters[{held.begin(), held.end()}];
  if (!adapter)
    adapter = build_adapter(site, held, types_.dyn);
  std::vector<const Type *> params;
  for (const DynSite::Operand &operand : site.operands)
    if (!operand.constant)
      params.push_back(operand.type);
  std::string key = key_of(*adapter, params, {});
  if (!by_key_.contains(key)) // It gives a dyn, also when it does not return.
    make(*adapter, params, {}, std::move(key)).result = types_.dyn;
  return specialise(*adapter, std::move(params));
}

/// The type of what the operation gives, whatever its operands hold.
const Type *BodyInference::result_with_dyn(const Inst &inst) {
  switch (inst.op) {
  case Op::Binary: return is_comparison(inst.binary_op) || inst.binary_op == BinaryOp::In ? types_.boolean : types_.dyn;
  case Op::Unary: return inst.unary_op == UnaryOp::Not ? types_.boolean : types_.dyn;
  case Op::Format: return types_.str;
  case Op::Range: return types_.range;
  case Op::SetIndex: return types_.none;
  case Op::Coerce: return inst.type ? inst.type : resolve(inst.type_expr());
  case Op::Call:
  case Op::CallMethod: {
    std::string_view name = inst.op == Op::CallMethod ? inst.name : value(inst.args[0]).is(TypeKind::Function) ? value(inst.args[0]).type->name : "";
    if (name == "typeof" || name == "str")
      return types_.str;
    const Type *named = types_.named(name);
    return named && named->is_scalar() && look_up(name).methods.empty() ? named : types_.dyn;
  }
  default: return types_.dyn;
  }
}

/// Whether a call hands its dyn arguments on as they are: to a built-in, a constructor, or a parameter declared as dyn.
bool BodyInference::takes_dyn(const Inst &inst) {
  if (inst.op != Op::Call && inst.op != Op::CallMethod)
    return true;
  const Abstract &first = value(inst.args[0]);
  if (inst.op == Op::Call && first.is(TypeKind::Dyn))
    return false;
  if (inst.op == Op::Call && first.is(TypeKind::Callable))
    return true;
  auto declares = [&](const KirFunction *method) {
    return method->constructs || std::ranges::any_of(method->params, [&](const KirParam &param) {
      return param.type_expr && resolve(param.type_expr, method->from_library)->is(TypeKind::Dyn);
    });
  };
  if (inst.op == Op::Call && first.is(TypeKind::Lambda))
    return declares(first.type->lambda);
  if (inst.op == Op::Call && !first.is(TypeKind::Function))
    return true; // An error.
  std::string_view name = inst.op == Op::CallMethod ? inst.name : first.type->name;
  if (name == "typeof")
    return false;
  remember_name(name);
  bool as_library = inst.op == Op::Call ? first.type->site != 0 : function_.from_library;
  NameMeaning meaning = inference_.names().lookup(name, as_library);
  std::vector<const KirFunction *> methods = meaning.methods;
  if (methods.empty() || !methods.front()->from_library)
    for (const KirFunction *method : inference_.names().library_methods(name))
      methods.push_back(method);
  return methods.empty() || std::ranges::any_of(methods, declares);
}

Abstract BodyInference::infer_with_dyn(const Inst &inst) {
  bool iterates = inst.op == Op::IterStart || inst.op == Op::IterHas || inst.op == Op::IterGet || inst.op == Op::IterNext;
  if (iterates || inst.op == Op::Broadcast || inst.op == Op::BroadcastStore) {
    diagnostics_.report<Diag::NotIterable>(inst.span, types_.dyn).help("`is` or `match` narrows it: `if xs is [i64] { ... }`");
    return error_value(inst);
  }
  bool is_operator = inst.op == Op::Binary || inst.op == Op::Unary || inst.op == Op::Index || inst.op == Op::Field;
  if (!is_operator && takes_dyn(inst)) { // As they are, where a rule takes them so.
    size_t reported = diagnostics_.list().size();
    callee_failed_ = false;
    result_->plans.erase(inst.id);
    Abstract whole = apply_rule(inst);
    if (!whole.is(TypeKind::Error) || callee_failed_)
      return whole;
    diagnostics_.truncate(reported);
    result_->plans.erase(inst.id);
  }
  const Type *result = result_with_dyn(inst);
  if (result->is(TypeKind::Error))
    return error_value(inst);
  if (has_family(result) || result->is_union())
    result = types_.dyn;
  result_->dynamic[inst.id] = result;
  return of(result, inst);
}

} // namespace kiln
