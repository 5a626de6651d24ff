// `try` and `catch`. The blocks of the body are a region: lowering makes a function of it, which an error leaves.
#include "codegen/build_body.h"

#include <algorithm>

namespace kiln {

namespace {

/// The variables of `owner` that an expression assigns and that exist outside of it.
class AssignedVariables : public BodyWalk {
public:
  AssignedVariables(const Resolution &resolution, const Body &owner) : resolution_(resolution), owner_(owner) {}
  std::vector<const Variable *> found;

private:
  void assign(const void *node, std::string_view, Span) override { add(resolution_.variable(node)); }
  void update(const void *node, std::string_view, Span) override { add(resolution_.variable(node)); }
  void declare(const void *node, std::string_view, Span) override { declared_.insert(resolution_.variable(node)); }

  void add(const Variable *variable) {
    bool known = !variable || variable->owner != &owner_ || variable->cell || declared_.contains(variable);
    if (!known && std::ranges::find(found, variable) == found.end()) found.push_back(variable);
  }

  const Resolution &resolution_;
  const Body &owner_;
  std::unordered_set<const Variable *> declared_;
};

} // namespace

Inst *BodyBuilder::build_try(const TryExpr &attempt, bool wants_value) {
  Block *handler = ssa_.new_block(), *merge = ssa_.new_block();
  Inst *value = wants_value ? ssa_.add_param(merge, attempt.span, {}) : nullptr;
  auto build_arm = [&](const BlockExpr &block) {
    Inst *of_arm = build_block(block, wants_value);
    if (wants_value)
      ssa_.jump(merge, block.span, {of_arm});
    else
      ssa_.jump(merge, block.span);
  };
  AssignedVariables assigned(context_.resolution, body_);
  assigned.walk(attempt.body);
  std::vector<Slot> slots;
  for (const Variable *variable : assigned.found) {
    Inst *slot = ssa_.add(Op::SlotNew, variable->span, {ssa_.read(variable, attempt.span)});
    slot->name = keep(variable->name);
    slots.push_back({variable, slot});
  }

  tries_.push_back(slots);
  ssa_.begin_region(attempt.span, handler);
  build_arm(*attempt.body);
  ssa_.end_region();
  tries_.pop_back();

  ssa_.enter(handler);
  for (const Slot &slot : slots) ssa_.write(slot.variable, ssa_.add(Op::SlotGet, attempt.handler->span, {slot.place}));
  if (!attempt.error.text.empty()) {
    const Variable *error = context_.resolution.variable(&attempt);
    Inst *caught = ssa_.add(Op::Caught, attempt.error.span);
    if (error->cell) {
      caught = ssa_.add(Op::CellNew, attempt.error.span, {caught});
      caught->name = keep(error->name);
    }
    ssa_.write(error, caught);
  }
  build_arm(*attempt.handler);
  ssa_.enter(merge);
  return value;
}

} // namespace kiln
