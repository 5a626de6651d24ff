#include "jit/reachable_code.h"

#include <algorithm>

namespace kiln {

ReachableCode::ReachableCode(const Session &session, std::span<const std::unique_ptr<KirFunction>> finished) {
  const Inference &inference = session.inference();
  for (const KirFunction *function : session.replaced_functions()) note_parts(*function, *function);
  for (const auto &function : finished) note_parts(*function, *function);
  for (const auto &[id, site] : inference.dyn_sites()) {
    sites_.emplace(site.where, &site);
    for (const auto &[held, adapter] : site.adapters) adapted_for_[adapter.get()] = site.where;
  }

  for (const auto &[id, specialisation] : inference.all())
    if (specialisation.held > 0) reach(specialisation);
  for (const Type *type : inference.stored_types()) reach_stored(type);
  for (const auto &[name, state] : session.globals()) {
    reach(state.value.type);
    reach_global(state.variable);
  }
  size_t before;
  do {
    before = specialisations_.size();
    for (const auto &[id, specialisation] : inference.all())
      if (inference.is_current(specialisation) && can_be_found(specialisation)) reach(specialisation);
    while (!unvisited_.empty()) {
      const Specialisation *next = unvisited_.back();
      unvisited_.pop_back();
      reach_all(*next);
    }
  } while (specialisations_.size() != before);
}

void ReachableCode::note_parts(const KirFunction &function, const KirFunction &outermost) {
  outermost_[&function] = &outermost;
  for (const auto &lambda : function.lambdas) note_parts(*lambda, outermost);
  for (const KirParam &param : function.params)
    if (param.default_value) note_parts(*param.default_value, outermost);
}

void ReachableCode::note_mentioned(const Type *type, Mentioned &mentioned, std::unordered_set<const Type *> &seen) {
  if (!seen.insert(type).second) return; // Objects may refer to objects of their class.
  if (type->lambda) mentioned.lambdas.push_back(type->lambda);
  mentioned.caught_error |= type->is(TypeKind::Failure);
  for (std::span<const Type *const> list : {type->elements, type->arguments, type->fields})
    for (const Type *part : list) note_mentioned(part, mentioned, seen);
}

const ReachableCode::Mentioned &ReachableCode::mentioned(const Type *type) {
  auto [place, is_new] = mentioned_.try_emplace(type);
  if (is_new) {
    std::unordered_set<const Type *> seen;
    note_mentioned(type, place->second, seen);
  }
  return place->second;
}

bool ReachableCode::is_reachable(const KirFunction &function) const {
  if (auto adapter = adapted_for_.find(&function); adapter != adapted_for_.end()) return contains(*adapter->second);
  auto part = outermost_.find(&function);
  return part == outermost_.end() || functions_.contains(part->second);
}

/// By a call that is inferred later.
bool ReachableCode::can_be_found(const Specialisation &specialisation) {
  return is_reachable(*specialisation.function) && std::ranges::all_of(specialisation.params, [&](const Type *type) {
           return std::ranges::all_of(mentioned(type).lambdas, [&](const KirFunction *lambda) { return is_reachable(*lambda); });
         });
}

void ReachableCode::reach(const Specialisation &specialisation) {
  if (specialisations_.insert(&specialisation).second) unvisited_.push_back(&specialisation);
}

void ReachableCode::reach(const KirFunction &function) {
  if (auto adapter = adapted_for_.find(&function); adapter != adapted_for_.end()) return reach(*adapter->second);
  if (auto part = outermost_.find(&function); part != outermost_.end()) functions_.insert(part->second);
}

void ReachableCode::reach(const Type *type) {
  if (type)
    for (const KirFunction *lambda : mentioned(type).lambdas) reach(*lambda);
}

void ReachableCode::reach_stored(const Type *type) {
  reach(type);
  has_caught_errors_ |= mentioned(type).caught_error;
}

void ReachableCode::reach_global(const GlobalVariable *variable) {
  if (variable) reach_stored(variable->type);
}

void ReachableCode::reach_plan(const CallPlan &plan) {
  if (plan.callee) reach(*plan.callee);
  for (const Specialisation *value : plan.defaults) reach(*value);
  for (const Type *type : plan.operands) reach(type);
  reach(plan.result);
  for (const CallPlan &shown : plan.shown) reach_plan(shown);
}

void ReachableCode::reach_all(const Specialisation &specialisation) {
  reach(*specialisation.function);
  for (const Type *type : specialisation.params) reach(type);
  reach(specialisation.result);
  for (const Specialisation *callee : specialisation.callees) reach(*callee);
  for (const auto &[header, continuation] : specialisation.continuations) reach(*continuation);
  if (specialisation.continues) reach(*specialisation.continues);
  if (specialisation.typed) reach_all(*specialisation.typed);
  if (specialisation.inferred) reach_all(*specialisation.inferred);
  for (auto [site, last] = sites_.equal_range(&specialisation); site != last; ++site) {
    for (const auto &[held, cell] : site->second->known) {
      reach(Specialisation::of(const_cast<void **>(cell)));
      for (const Type *type : held) reach(type);
    }
  }
}

void ReachableCode::reach_all(const KirFunction &typed) {
  for (const Inst *inst : typed.insts) {
    reach(inst->type);
    reach(inst->wanted());
    reach_global(inst->global());
    if (inst->callee()) reach(*inst->callee());
    if (inst->function()) reach(*inst->function());
  }
}

void ReachableCode::reach_all(const InferenceResult &inferred) {
  for (const Abstract &value : inferred.values) reach(value.type);
  for (const auto &[id, plan] : inferred.plans) reach_plan(plan);
  for (const auto &[id, dispatch] : inferred.dispatches)
    for (const Dispatch::Case &alternative : dispatch.cases) {
      for (const Abstract &operand : alternative.operands) reach(operand.type);
      reach(alternative.result.type);
      reach_global(alternative.global);
      if (alternative.plan) reach_plan(*alternative.plan);
    }
  for (const auto &[id, type] : inferred.dynamic) reach(type);
  for (const auto &[id, variable] : inferred.globals) reach_global(variable);
}

} // namespace kiln
