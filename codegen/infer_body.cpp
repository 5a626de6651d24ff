#include "codegen/body_inference.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr int most_passes = 200;

bool contains_open(const Type *type) {
  if (type->is(TypeKind::Open))
    return true;
  for (const Type *element : type->elements)
    if (contains_open(element))
      return true;
  return false;
}

} // namespace

BodyInference::BodyInference(Inference &inference, Specialisation &specialisation, Diagnostics &diagnostics)
    : inference_(inference), types_(inference.types()), specialisation_(specialisation), function_(*specialisation.function),
      diagnostics_(diagnostics), unequal_is_false_(function_.is_adapter) {}

bool BodyInference::run() {
  int passes = 0;
  while (true) {
    diagnostics_.clear();
    again_ = false;
    returned_ = {};
    pass();
    take_raised_cells();
    if (again_ && ++passes < most_passes)
      continue;
    bool still_open = false;
    for (const Abstract &value : values())
      if (value.reached() && contains_open(value.type))
        still_open = true;
    if (!still_open || settle_open_)
      break;
    settle_open_ = true;
  }
  if (!diagnostics_.has_errors())
    for (const Abstract &value : values())
      if (value.is(TypeKind::Error) && value.usable()) {
        diagnostics_.report<Diag::NotTypable>(value.origin);
        break;
      }
  if (function_.is_unit)
    commit_unit_globals();
  if (!diagnostics_.has_errors() && !function_.from_library)
    warn_of_lost_stores();
  auto note_resizing = [this](const CallPlan &plan) {
    bool resizes = plan.kind == CallPlan::Extern || plan.kind == CallPlan::Indirect ||
                   (plan.kind == CallPlan::Intrinsic && (plan.intrinsic == IntrinsicKind::Push || plan.intrinsic == IntrinsicKind::Pop || plan.intrinsic == IntrinsicKind::Eval)) ||
                   (plan.kind == CallPlan::Direct && plan.callee != &specialisation_ &&
                    (plan.callee->state != Specialisation::Done || plan.callee->may_resize));
    specialisation_.may_resize |= resizes;
  };
  for (const auto &[id, plan] : result_->plans)
    note_resizing(plan);
  for (const auto &[id, dispatch] : result_->dispatches)
    for (const Dispatch::Case &chosen : dispatch.cases)
      if (chosen.plan)
        note_resizing(*chosen.plan);
  specialisation_.inferred = result_;
  return !diagnostics_.has_errors();
}

void BodyInference::pass() {
  std::vector<Diagnostic> warnings = result_ ? std::move(result_->warnings) : std::vector<Diagnostic>();
  result_ = std::make_shared<InferenceResult>();
  result_->warnings = std::move(warnings);
  result_->values.resize(function_.inst_count());
  result_->blocks.resize(function_.blocks.size());
  size_t params_end = 0; // A long straight text has parameters at its beginning only.
  for (const Block *block : function_.blocks)
    for (const Inst *param : block->params)
      params_end = std::max<size_t>(params_end, param->id + 1);
  incoming_.assign(params_end, {});
  if (std::exchange(forget_open_, false))
    open_seeds_.clear();
  specialisation_.names.clear();
  specialisation_.callees.clear();
  if (function_.is_unit)
    begin_unit_globals();

  const Block *entry = function_.entry();
  result_->blocks[0].reached = true;
  for (size_t i = 0; i < entry->params.size(); ++i) {
    Abstract &value = values()[entry->params[i]->id];
    value = of(specialisation_.params[i], *entry->params[i]);
    if (!specialisation_.constants.empty())
      value.constant = specialisation_.constants[i];
  }
  for (const Block *block : function_.blocks) {
    if (!result_->blocks[block->id].reached)
      continue;
    if (block != entry)
      enter(*block);
    bool ended = false;
    for (const Inst *inst : block->insts) {
      Abstract made = infer(*inst);
      bool never = made.is(TypeKind::Never) && made.unset().empty();
      values()[inst->id] = std::move(made);
      if (never) {
        ended = true;
        result_->blocks[block->id].end = inst->id;
        break;
      }
    }
    if (!ended)
      finish_block(*block);
  }
}

void BodyInference::enter(const Block &block) {
  for (const Inst *param : block.params) {
    Abstract &value = values()[param->id];
    value = incoming_[param->id];
    if (!block.loop_header)
      continue;
    if (auto seed = header_seeds_.find(param->id); seed != header_seeds_.end())
      value = join(types_, value, seed->second);
    value = without_constant(value);
  }
}

void BodyInference::flow(const Block &from, const Edge &edge, bool back_edge) {
  const Block &to = *edge.target;
  result_->blocks[to.id].reached = true;
  for (size_t i = 0; i < to.params.size(); ++i) {
    Abstract brought = value(edge.args[i]);
    brought.literal = false;
    if (!brought.unset().empty() && !brought.other_origin().known())
      brought.set_unset(brought.unset(), from.end.span);
    const Inst *param = to.params[i];
    if (back_edge && brought.is(TypeKind::Error))
      continue; // Reported in this pass; another one would start from an error and be silent about it.
    unify_open(back_edge ? value(param) : incoming_[param->id], brought);
    if (!back_edge) {
      incoming_[param->id] = join(types_, incoming_[param->id], brought);
      continue;
    }
    const Abstract &current = value(param);
    Abstract joined = without_constant(join(types_, current, brought));
    if (same_state(joined, current))
      continue;
    const Inst *last = edge.args[i];
    if (joined.is(TypeKind::F64) && current.type && current.type->is_integer() && last->op == Op::Binary &&
        last->binary_op == BinaryOp::Divide && !param->name.empty())
      warn_of_float(*last, param->name);
    header_seeds_[param->id] = joined;
    again_ = forget_open_ = true;
  }
}

void BodyInference::warn_of_float(const Inst &division, std::string_view name) {
  Diagnostics warning;
  warning.report<Diag::BecomesFloat>(division.span, name).help("`//` is integer division");
  result_->warnings.push_back(warning.list().front());
}

void BodyInference::finish_block(const Block &block) {
  const Terminator &end = block.end;
  auto follow = [&](int which) {
    result_->blocks[block.id].taken[which] = true;
    flow(block, end.edges[which], end.edges[which].target->id <= block.id);
  };
  switch (end.kind) {
  case TermKind::None:
  case TermKind::Unreachable: return;
  case TermKind::Jump: follow(0); return;
  case TermKind::Try: follow(0), follow(1); return;
  case TermKind::Return: {
    if (!usable(end.value, end.span))
      return;
    Abstract result = value(end.value);
    result.literal = false;
    if (contains_open(result.type) && !function_.is_unit)
      result.type = settle(result.type);
    if (settle_open_ && result.type->stayed_open() && !function_.is_unit && !diagnostics_.has_errors()) {
      report_open(result.origin, result.type, {});
      return;
    }
    unify_open(returned_, result);
    result_->returned = returned_.reached() ? std::nullopt : result.constant;
    Abstract joined = join(types_, returned_, without_constant(result));
    if (joined.other() && !returned_.other())
      report_conflict(end.span, joined);
    returned_ = joined;
    return;
  }
  case TermKind::Branch: {
    if (!usable(end.value, end.span))
      return;
    const Abstract &condition = value(end.value);
    if (condition.is(TypeKind::Error)) {
      follow(0), follow(1);
      return;
    }
    if (!condition.is(TypeKind::Bool)) {
      Diagnostic &error = diagnostics_.report<Diag::NotBool>(end.span, condition.type);
      if (condition.type->is_number())
        error.help("compare it, as in `x != 0`");
      else if (condition.type->is_array() && condition.type->element()->is(TypeKind::Bool))
        error.help("ask for `any(...)` or `all(...)` of them");
      else if (condition.type->is_array() || condition.is(TypeKind::Str))
        error.help("ask for its length, as in `len(x) > 0`");
      follow(0), follow(1);
      return;
    }
    if (auto known = condition.known_bool()) {
      follow(*known ? 0 : 1);
      return;
    }
    follow(0), follow(1);
    return;
  }
  }
}

bool BodyInference::usable(const Inst *inst, Span use) {
  Abstract &found = values()[inst->id];
  if (!found.reached() || found.usable())
    return found.reached();
  if (!found.unset().empty() && found.is(TypeKind::Never) && function_.is_unit) {
    unknown_name(use, found.unset());
  } else if (!found.unset().empty()) {
    Diagnostic &error = diagnostics_.report<Diag::UnsetVariable>(use, found.unset());
    if (found.other_origin().known() && !(found.other_origin() == use))
      error.note(found.other_origin(), "on the path through here nothing assigns it");
    if (hides_top_level(found.unset()))
      error.help(fmt::format("to assign the top-level '{}', say `global {}` first", found.unset(), found.unset()));
  } else {
    report_conflict(use, Abstract(found));
  }
  // Said once: what follows from it is silent.
  found = Abstract(types_.error, use);
  return true;
}

// --- the top-level variables that a unit assigns in place ---

void BodyInference::begin_unit_globals() {
  for (const Block *block : function_.blocks)
    for (const Inst *inst : block->insts) {
      if (inst->op != Op::StoreGlobal || inst->fresh)
        continue;
      auto [seed, first] = global_seeds_.try_emplace(inst->name);
      if (first)
        if (const GlobalState *state = look_up(inst->name).global) {
          globals_before_[inst->name] = *state;
          seed->second = without_constant(state->value);
        }
    }
  for (auto &[name, seed] : global_seeds_)
    if (seed.reached())
      inference_.names().assign(name, seed);
}

void BodyInference::commit_unit_globals() {
  if (diagnostics_.has_errors()) {
    for (auto &[name, state] : globals_before_)
      inference_.names().assign(name, state.value);
  }
  for (auto &[name, before] : globals_before_) {
    const GlobalState *now = look_up(name).global;
    if (now && before.variable && now->variable != before.variable)
      result_->entry_conversions.push_back({before.variable, now->variable});
  }
  // What was open at the top level and is known now keeps its storage and gets its type.
  for (const Block *block : function_.blocks) {
    if (!result_->blocks[block->id].reached)
      continue;
    for (const Inst *inst : block->insts) {
      const Abstract &made = values()[inst->id];
      if (inst->op == Op::StoreGlobal && inst->fresh && value(inst->args[0]).reached()) {
        Abstract stored = diagnostics_.has_errors() ? error_value(*inst) : value(inst->args[0]);
        stored.literal = false;
        result_->globals[inst->id] = inference_.names().assign(inst->name, stored).variable;
      } else if (inst->op == Op::Name && made.usable()) {
        const GlobalState *state = look_up(inst->name).global;
        if (state && state->value.usable() && contains_open(state->value.type) && !contains_open(made.type))
          inference_.names().assign(inst->name, made);
      }
    }
  }
}

// --- types that are not known yet ---

bool BodyInference::is_open(const Type *type) const { return contains_open(type); }

const Type *BodyInference::settle(const Type *type) {
  if (!contains_open(type))
    return type;
  if (type->is(TypeKind::Open)) {
    auto seed = open_seeds_.find(type->site);
    return seed != open_seeds_.end() ? settle(seed->second) : type;
  }
  std::vector<const Type *> elements;
  for (const Type *element : type->elements)
    elements.push_back(settle(element));
  if (type->is_array())
    return types_.array(elements[0], type->rank);
  if (type->is(TypeKind::Map))
    return types_.map(elements[0], elements[1]);
  if (type->is(TypeKind::Tuple))
    return types_.tuple(elements, type->names);
  if (type->is(TypeKind::Lambda))
    return types_.lambda(type->lambda, elements);
  if (type->is_union())
    return types_.union_of(elements);
  return type->is(TypeKind::Cell) ? types_.cell(elements[0], type->site) : type;
}

void BodyInference::take_raised_cells() {
  for (const Block *block : function_.blocks)
    for (const Inst *inst : block->insts) {
      if (inst->op != Op::CellNew || !value(inst).is(TypeKind::Cell))
        continue;
      auto raised = inference_.raised_cells_.find(cell_site(*inst));
      if (raised == inference_.raised_cells_.end())
        continue;
      const Type *now = value(inst).type->element();
      if (const Type *joined = join_types(types_, now, raised->second); joined && joined != now) {
        cell_seeds_[inst->id] = joined;
        again_ = forget_open_ = true;
      }
    }
}

void BodyInference::unify_open(const Abstract &a, const Abstract &b) {
  if (!a.reached() || !b.reached() || a.type == b.type)
    return;
  for (const Type *x : a.type->alternatives())
    for (const Type *y : b.type->alternatives()) {
      if (!x->is_container() || x == y || x->kind != y->kind || x->rank != y->rank)
        continue;
      for (size_t i = 0; i < x->elements.size(); ++i) {
        bool x_is_open = x->elements[i]->is(TypeKind::Open);
        Abstract element = x_is_open ? b : a;
        element.type = (x_is_open ? y : x)->elements[i];
        raise((x_is_open ? x : y)->elements[i], element);
      }
    }
}

bool BodyInference::settle_as(const Abstract &stored, const Type *to, const Inst &inst) {
  if (!stored.type->is_container() || std::ranges::none_of(stored.type->elements, [](const Type *part) { return part->is(TypeKind::Open); }))
    return false;
  for (const Type *alternative : to->alternatives())
    if (alternative->kind == stored.type->kind && join_types(types_, stored.type, alternative) == alternative) {
      for (size_t i = 0; i < alternative->elements.size(); ++i)
        raise(stored.type->elements[i], of(alternative->elements[i], inst));
      return true;
    }
  return false;
}

bool BodyInference::raise_open(const Type *array, const Abstract &element, Span) {
  return array->is_array() && raise(array->element(), element);
}

bool BodyInference::raise(const Type *open, const Abstract &known) {
  if (!open->is(TypeKind::Open))
    return false;
  if (known.type->is(TypeKind::Error) || (known.is(TypeKind::Open) && known.type->site == open->site))
    return true;
  // The first that reaches it decides; what comes later must convert to that.
  if (open_seeds_.try_emplace(open->site, known.type).second)
    again_ = true;
  return true;
}

} // namespace kiln
