#include "jit/code_cache/code_description.h"

#include "codegen/liveness.h"
#include "codegen/tail_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace kiln {

namespace {

constexpr uint32_t no_number = ~uint32_t(0);

/// The number in a text from a place on, and what follows it.
std::pair<uint32_t, std::string_view> number_in(std::string_view text) {
  uint32_t number = no_number;
  auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  return {number, text.substr(static_cast<size_t>(end - text.data()))};
}

} // namespace

template <typename Thing>
uint32_t CodeDescription::Numbers<Thing>::of(Thing &thing) {
  auto [known, is_new] = numbers.try_emplace(&thing, static_cast<uint32_t>(things.size()));
  if (is_new) things.push_back(&thing);
  return known->second;
}

template <typename Thing>
std::optional<uint32_t> CodeDescription::Numbers<Thing>::find(const Thing *thing) const {
  auto known = numbers.find(thing);
  return known == numbers.end() ? std::nullopt : std::optional(known->second);
}

CodeDescription::CodeDescription(Inference &inference, std::function<bool(Specialisation &)> is_copied)
    : inference_(inference), is_copied_(std::move(is_copied)) {}

void CodeDescription::Buffer::make_room(size_t bytes) {
  room_ = std::max<size_t>({4096, 2 * room_, used_ + bytes});
  std::unique_ptr<char[]> larger(new char[room_]);
  if (used_) std::memcpy(larger.get(), data_.get(), used_);
  data_ = std::move(larger);
}

template <typename... T>
void CodeDescription::put(const T &...values) {
  static_assert(((std::is_arithmetic_v<T> || std::is_enum_v<T>) && ...));
  char *to = bytes_.grow((sizeof values + ...));
  ((std::memcpy(to, &values, sizeof values), to += sizeof values), ...);
}

/// How many, and which.
void CodeDescription::put_ids(std::span<Inst *const> insts) {
  put(static_cast<uint32_t>(insts.size()));
  for (const Inst *inst : insts) put(inst->id);
}

void CodeDescription::put_text(std::string_view text) {
  put(text.size());
  if (!text.empty()) std::memcpy(bytes_.grow(text.size()), text.data(), text.size());
}

void CodeDescription::put_type(const Type *type) {
  if (!type) return put(no_number);
  if (type != last_type_) last_type_ = type, last_type_number_ = types_.of(*type);
  put(last_type_number_);
}

void CodeDescription::put_constant(const Constant &constant) {
  put(constant.kind());
  if (constant.kind() == Constant::None) return;
  put(constant.integer(), std::bit_cast<uint64_t>(constant.floating()));
  put_text(constant.text());
}

void CodeDescription::add(Specialisation &function) {
  pending_.push_back(&function);
  put_pending();
}

ContentHash CodeDescription::hash(std::string_view environment) const {
  std::string all;
  all.reserve(environment.size() + bytes_.view().size());
  return hash_of(all.append(environment).append(bytes_.view()));
}

std::optional<uint32_t> CodeDescription::number_of(const Specialisation &function) const {
  auto known = numbers_.find(&function);
  return known == numbers_.end() ? std::nullopt : std::optional(known->second.number);
}

std::vector<uint32_t> CodeDescription::described() const {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < functions_.size(); ++i)
    if (numbers_.at(functions_[i]).in_full) found.push_back(i);
  return found;
}

void CodeDescription::put_pending() {
  while (!pending_.empty()) {
    Specialisation &next = *pending_.back();
    pending_.pop_back();
    auto [known, is_new] = numbers_.try_emplace(&next, Function{static_cast<uint32_t>(functions_.size())});
    if (is_new) functions_.push_back(&next);
    if (std::exchange(known->second.in_full, true)) continue;
    put(known->second.number);
    put_body(next);
  }
  while (types_described_ < types_.things.size()) describe_type(*types_.things[types_described_++]);
}

void CodeDescription::put_body(Specialisation &function) {
  const KirFunction &typed = inference_.typed(function);
  put(static_cast<uint32_t>(function.params.size()));
  for (const Type *param : function.params) put_type(param);
  put_type(function.result);
  for (const std::optional<Constant> &constant : function.constants) {
    put(constant.has_value());
    if (constant) put_constant(*constant);
  }
  put(function.entered ? function.entered->id : no_number);
  for (bool flag : {function.may_resize, function.is_unit, function.resumed, typed.is_unit, typed.has_loop, typed.fused, typed.is_lambda, typed.is_adapter, typed.from_library})
    put(flag);
  put(static_cast<uint32_t>(typed.regions.size()));
  for (uint32_t around : typed.regions) put(around);
  put(static_cast<uint32_t>(typed.blocks.size()));
  for (const Block *block : typed.blocks) {
    put(static_cast<uint32_t>(block->params.size()));
    for (const Inst *param : block->params) put(param->id), put_type(param->type);
    put(static_cast<uint32_t>(block->insts.size()));
    for (const Inst *inst : block->insts) put_inst(function, *block, *inst);
    put(block->region, block->loop_header, block->loop_depth);
    put_end(block->end);
  }
}

void CodeDescription::put_inst(Specialisation &function, const Block &block, const Inst &inst) {
  put(inst.op, inst.id);
  put_type(inst.type);
  put_ids(inst.args);
  put_constant(inst.constant);
  uint32_t flags = 0;
  for (bool flag : {inst.literal, inst.inclusive, inst.unchecked, inst.fresh, inst.negated, inst.in_pattern, inst.exact, inst.stored, inst.writes_back, inst.shared, inst.in_frame})
    flags = flags << 1 | flag;
  put(flags, inst.binary_op, inst.unary_op, inst.conversion, inst.intrinsic, inst.index, inst.count);
  put_text(inst.op == Op::Param ? std::string_view() : inst.name);
  if (inst.callee()) put_callee(function, block, inst);
  if (inst.global()) {
    put('g'), put(globals_.of(*inst.global()));
    put_type(inst.global()->type);
  }
  if (inst.external()) {
    put('x'), put(externals_.of(*inst.external()));
    describe_external(*inst.external());
  }
  if (inst.wanted()) put('w'), put_type(inst.wanted());
  if (inst.site()) {
    put('d'), put(sites_.of(*inst.site()));
    describe_site(*inst.site());
  }
}

void CodeDescription::put_callee(Specialisation &caller, const Block &block, const Inst &inst) {
  Specialisation &callee = *inst.callee();
  auto [known, is_new] = numbers_.try_emplace(&callee, Function{static_cast<uint32_t>(functions_.size())});
  put('c'), put(known->second.number);
  if (is_new) {
    functions_.push_back(&callee);
    put(static_cast<uint32_t>(callee.params.size()));
    for (const Type *param : callee.params) put_type(param);
    put_type(callee.result);
    put(callee.may_resize);
  }
  if (!known->second.in_full && (is_jump(caller, block, inst) || is_copied_(callee))) pending_.push_back(&callee);
}

void CodeDescription::put_end(const Terminator &end) {
  put(end.kind, end.value ? end.value->id : no_number);
  for (const Edge &edge : end.edges) {
    put(edge.target ? edge.target->id : no_number);
    put_ids(edge.args);
  }
}

void CodeDescription::describe_type(const Type &type) {
  put(type.kind, type.rank, type.complete);
  for (auto list : {type.elements, type.fields}) {
    put(static_cast<uint32_t>(list.size()));
    for (const Type *part : list) put_type(part);
  }
}

void CodeDescription::describe_external(const ExternFunction &function) {
  put(function.kind);
  put(static_cast<uint32_t>(function.params.size()));
  for (const Type *param : function.params) put_type(param);
  put_type(function.result);
  if (function.kind == ForeignCode::Llvm) {
    put_text(function.code);
    for (std::string_view name : function.param_names) put_text(name);
  }
  complete_ &= function.kind != ForeignCode::Machine; // Its code has a place in this process only.
}

void CodeDescription::describe_site(const DynSite &site) {
  put(static_cast<uint32_t>(site.operands.size()));
  for (const DynSite::Operand &operand : site.operands) {
    put_type(operand.type);
    put(operand.constant.has_value());
    if (operand.constant) put_constant(*operand.constant);
    put(operand.literal);
  }
}

// #T type, #D site, #G variable, #X extern function, #F entry cell of a function, #C that of its continuation at a block.
std::string CodeDescription::reference_to(std::string_view symbol) const {
  auto numbered = [](char kind, std::optional<uint32_t> number) { return number ? fmt::format("#{}{}", kind, *number) : std::string(); };
  if (symbol.starts_with("type.")) return numbered('T', types_.find(inference_.types().at(number_in(symbol.substr(5)).first)));
  if (symbol.starts_with("dyn.")) return numbered('D', sites_.find(&inference_.dyn_site(number_in(symbol.substr(4)).first)));
  if (symbol.ends_with(".entry")) {
    const Specialisation &function = inference_.all().at(number_in(symbol.substr(symbol.rfind('$') + 1)).first);
    if (auto number = number_of(function)) return numbered('F', number);
    auto number = function.continues && !function.resumed ? number_of(*function.continues) : std::nullopt;
    return number ? fmt::format("#C{}.{}", *number, function.entered->id) : std::string();
  }
  for (uint32_t i = 0; i < globals_.things.size(); ++i)
    if (globals_.things[i]->symbol == symbol) return numbered('G', i);
  for (uint32_t i = 0; i < externals_.things.size(); ++i)
    if (externals_.things[i]->symbol == symbol) return numbered('X', i);
  return std::string(symbol);
}

void *CodeDescription::address_of(std::string_view reference) {
  if (reference.size() < 3) return nullptr;
  auto [number, rest] = number_in(reference.substr(2));
  switch (reference[1]) {
  case 'T': return number < types_.things.size() ? const_cast<Type *>(types_.things[number]) : nullptr;
  case 'D': return number < sites_.things.size() ? &sites_.things[number]->cache : nullptr;
  case 'G': return number < globals_.things.size() ? globals_.things[number]->address : nullptr;
  case 'X': return number < externals_.things.size() ? externals_.things[number]->address : nullptr;
  case 'F': return number < functions_.size() ? &functions_[number]->entry : nullptr;
  case 'C': {
    if (number >= functions_.size() || rest.size() < 2) return nullptr;
    Specialisation &function = *functions_[number];
    const KirFunction &typed = inference_.typed(function);
    uint32_t block = number_in(rest.substr(1)).first;
    if (block >= typed.blocks.size()) return nullptr;
    std::vector<const Type *> params;
    for (const Inst *inst : Liveness(typed).at(*typed.blocks[block])) params.push_back(inst->type);
    return &inference_.continuation(function, *typed.blocks[block], std::move(params), false).entry;
  }
  default: return nullptr;
  }
}

} // namespace kiln
