#include "codegen/infer.h"

#include "codegen/body_inference.h"
#include "codegen/reify.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace kiln {

namespace {

constexpr size_t most_nested_calls = 1000;  // Of which so many are of one function...
constexpr size_t most_of_one_function = 100;
constexpr size_t most_nested_functions = 3000; // ...and of all together: inference recurses.
constexpr uint64_t longest_shown = 60;

/// The constant as a program would write it.
std::string written(const Constant &constant, const Type *type) {
  switch (constant.kind()) {
  case Constant::None: return "none";
  case Constant::Bool: return constant.integer() ? "true" : "false";
  case Constant::Int:
    return type->is(TypeKind::U64) ? fmt::format("{}", static_cast<uint64_t>(constant.integer())) : fmt::format("{}", constant.integer());
  case Constant::Float: return fmt::format("{}", constant.floating());
  case Constant::Str: break;
  }
  bool all = constant.text().size() <= longest_shown;
  return fmt::format("\"{}{}\"", constant.text().substr(0, longest_shown), all ? "" : "...");
}

/// A name that assemblers and LLVM take as it is.
std::string symbol_for(const KirFunction &function, uint32_t id) {
  std::string symbol = function.is_lambda ? "lambda" : function.is_unit ? "top_level" : function.name;
  for (char &c : symbol)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
      c = '_';
  return symbol + "$" + std::to_string(id);
}

/// A function that calls the callable in its captured cell, and gives the result as the Callable type says.
std::unique_ptr<KirFunction> build_adapter(const Type *type) {
  auto function = std::make_unique<KirFunction>();
  function->name = "fn";
  function->is_lambda = true;
  function->captures.push_back("callable");
  Block *entry = function->make_block();
  function->blocks.push_back(entry);
  auto add = [&](Op op, std::vector<Inst *> args) {
    Inst *inst = function->make(op, {}, args);
    inst->block = entry;
    (op == Op::Param ? entry->params : entry->insts).push_back(inst);
    return inst;
  };
  std::vector<Inst *> params{add(Op::Param, {})};
  for (size_t i = 0; i + 1 < type->elements.size(); ++i) {
    function->params.emplace_back();
    params.push_back(add(Op::Param, {}));
  }
  Inst *get = add(Op::CellGet, {params[0]});
  get->unchecked = true;
  params[0] = get;
  Inst *result = add(Op::Call, params);
  if (type->elements.back()->is(TypeKind::None))
    result = add(Op::Const, {});
  else
    result = add(Op::Coerce, {result});
  result->type = type->elements.back();
  result->role = Inst::Result;
  entry->end.kind = TermKind::Return;
  entry->end.value = result;
  return function;
}

} // namespace

std::string Inference::key_of(const KirFunction &function, std::span<const Type *const> arguments,
                              std::span<const std::optional<Constant>> constants) {
  std::string key(sizeof(const void *), '\0');
  const KirFunction *address = &function;
  std::memcpy(key.data(), &address, sizeof address);
  for (const Type *type : arguments)
    key.append(reinterpret_cast<const char *>(&type->id), sizeof type->id);
  auto add = [&](auto value) { key.append(reinterpret_cast<const char *>(&value), sizeof value); };
  for (const std::optional<Constant> &constant : constants) {
    add(constant ? constant->kind() : Constant::None);
    if (!constant)
      continue;
    add(constant->integer());
    add(constant->floating());
    add(constant->text().size());
    key += constant->text();
  }
  return key;
}

std::string display_name(const KirFunction &function, std::span<const Type *const> arguments,
                         std::span<const std::optional<Constant>> constants) {
  if (function.is_unit)
    return "top level";
  std::string text = function.name + "(";
  size_t first = function.captures.size();
  for (size_t i = first; i < arguments.size(); ++i) {
    if (i > first)
      text += ", ";
    if (i < constants.size() && constants[i])
      text += "const " + written(*constants[i], arguments[i]);
    else
      text += arguments[i]->weight <= longest_shown ? to_string(arguments[i]) : "...";
  }
  return text + ")";
}

Inference::Inference(TypeTable &types, const Sources &sources, Names &names) : types_(types), sources_(sources), names_(names) {}
Inference::~Inference() = default;

Specialisation &Inference::make(const KirFunction &function, std::vector<const Type *> arguments,
                                std::vector<std::optional<Constant>> constants, std::string key) {
  uint32_t id = next_id_++;
  Specialisation &made = all_[id];
  made.id = id;
  made.function = &function;
  made.params = std::move(arguments);
  made.constants = std::move(constants);
  made.result = types_.never;
  made.symbol = symbol_for(function, made.id);
  made.display = display_name(function, made.params, made.constants);
  made.is_unit = function.is_unit;
  if (!key.empty()) {
    ++specialised;
    by_key_[key] = &made;
    keys_[&made] = std::move(key);
  }
  if (on_new)
    on_new(made);
  return made;
}

Specialisation &Inference::specialise(const KirFunction &function, std::vector<const Type *> arguments,
                                      std::vector<std::optional<Constant>> constants) {
  std::string key = key_of(function, arguments, constants);
  auto found = by_key_.find(key);
  Specialisation &result = found != by_key_.end() ? *found->second : make(function, std::move(arguments), std::move(constants), std::move(key));
  switch (result.state) {
  case Specialisation::InProgress:
    stack_[result.depth].recursed = true;
    depend_on(result.depth);
    break;
  case Specialisation::Provisional: depend_on(result.depth); break;
  case Specialisation::New: infer(result); break;
  case Specialisation::Done:
  case Specialisation::Failed: break;
  }
  return result;
}

Specialisation &Inference::specialise_callable(const Type *callable, const Type *type) {
  std::unique_ptr<KirFunction> &adapter = adapters_[type];
  if (!adapter)
    adapter = build_adapter(type);
  std::vector<const Type *> arguments{types_.cell(callable)};
  arguments.insert(arguments.end(), type->elements.begin(), type->elements.end() - 1);
  std::string key = key_of(*adapter, arguments, {});
  if (!by_key_.contains(key)) // What it gives is converted to that, also when it does not return.
    make(*adapter, arguments, {}, std::move(key)).result = type->elements.back();
  Specialisation &result = specialise(*adapter, std::move(arguments));
  note_stored(callable);
  result.held = 1;
  return result;
}

Specialisation &Inference::specialise_unit(const KirFunction &unit) {
  Specialisation &result = make(unit, {}, {}, {});
  infer(result);
  return result;
}

void Inference::depend_on(size_t depth) {
  for (size_t i = depth + 1; i < stack_.size(); ++i)
    stack_[i].lowest = std::min(stack_[i].lowest, depth);
}

void Inference::infer(Specialisation &specialisation) {
  size_t depth = stack_.size();
  Diagnostics diagnostics;
  auto is_same = [&](const auto &outer) { return outer.specialisation->function == specialisation.function; };
  bool is_endless = depth >= most_nested_calls && static_cast<size_t>(std::ranges::count_if(stack_, is_same)) >= most_of_one_function;
  if (depth >= most_nested_functions) {
    diagnostics.report<Diag::TooManyNestedCalls>(specialisation.function->name_span, specialisation.function->name, most_nested_functions);
    specialisation.errors = diagnostics.list();
    specialisation.state = Specialisation::Failed;
    specialisation.result = types_.error;
    return;
  }
  if (is_endless || std::any_of(specialisation.params.begin(), specialisation.params.end(), is_too_large)) {
    Diagnostic &error = diagnostics.report<Diag::EndlessSpecialisation>(specialisation.function->name_span, specialisation.function->name);
    // The latest calls show how the signature grows.
    for (size_t i = stack_.size() > 3 ? stack_.size() - 3 : 0; i < stack_.size(); ++i)
      error.note({}, fmt::format("after {}", stack_[i].specialisation->display.substr(0, 120)));
    error.help("a recursive function's argument types and `const` arguments must not be new ones in each call");
    specialisation.errors = diagnostics.list();
    specialisation.state = Specialisation::Failed;
    specialisation.result = types_.error;
    return;
  }
  stack_.push_back({&specialisation});
  specialisation.state = Specialisation::InProgress;
  specialisation.depth = depth;
  size_t provisional_mark = provisional_.size();
  bool ok;
  while (true) {
    const Type *before = specialisation.result;
    diagnostics.clear();
    specialisation.names.clear();
    specialisation.callees.clear();
    stack_[depth].recursed = false;
    ok = run_body(specialisation, diagnostics);
    if (!stack_[depth].recursed || specialisation.result == before || specialisation.result->is(TypeKind::Error))
      break;
    // The result rose and something was inferred from the lower one: forget that and infer again.
    for (size_t i = provisional_mark; i < provisional_.size(); ++i) {
      provisional_[i]->state = Specialisation::New;
      provisional_[i]->result = types_.never;
    }
    provisional_.resize(provisional_mark);
  }
  StackEntry entry = stack_.back();
  stack_.pop_back();
  if (!ok) {
    specialisation.errors = diagnostics.list();
    specialisation.result = types_.error;
  }
  for (std::string_view name : specialisation.names)
    users_[name].push_back(&specialisation);
  for (Specialisation *callee : specialisation.callees)
    callers_[callee].push_back(&specialisation);
  if (entry.lowest < depth) {
    // Its result holds only as long as that of a caller still in progress.
    specialisation.state = ok ? Specialisation::Provisional : Specialisation::Failed;
    specialisation.depth = entry.lowest;
    for (size_t i = provisional_mark; i < provisional_.size(); ++i)
      provisional_[i]->depth = std::min(provisional_[i]->depth, entry.lowest);
    provisional_.push_back(&specialisation);
    return;
  }
  specialisation.state = ok ? Specialisation::Done : Specialisation::Failed;
  for (size_t i = provisional_mark; i < provisional_.size(); ++i)
    if (provisional_[i]->state == Specialisation::Provisional)
      provisional_[i]->state = Specialisation::Done;
  provisional_.resize(provisional_mark);
}

bool Inference::run_body(Specialisation &specialisation, Diagnostics &diagnostics) {
  BodyInference body(*this, specialisation, diagnostics);
  bool ok = body.run();
  const Abstract &returned = body.returned();
  if (returned.reached() && !returned.type->is(TypeKind::Error))
    if (const Type *joined = join_types(types_, specialisation.result, returned.type))
      specialisation.result = joined;
  specialisation.typed.reset();
  return ok;
}

void Inference::name_changed(std::string_view name) {
  for (auto &[id, site] : dyn_sites_)
    site.forget();
  auto found = users_.find(name);
  if (found == users_.end())
    return;
  std::vector<Specialisation *> stale = std::move(found->second);
  users_.erase(found);
  while (!stale.empty()) {
    Specialisation *next = stale.back();
    stale.pop_back();
    auto key = keys_.find(next);
    if (key == keys_.end())
      continue;
    by_key_.erase(key->second);
    keys_.erase(key);
    if (auto callers = callers_.find(next); callers != callers_.end()) {
      stale.insert(stale.end(), callers->second.begin(), callers->second.end());
      callers_.erase(callers);
    }
  }
}

void Inference::erase(const std::function<bool(const Specialisation &)> &is_dead) {
  assert(stack_.empty() && provisional_.empty());
  // Drops the dead of each list, and the lists that are empty then or not wanted.
  auto thin_out = [&](auto &lists, auto is_wanted) {
    for (auto entry = lists.begin(); entry != lists.end();) {
      std::erase_if(entry->second, [&](const Specialisation *specialisation) { return is_dead(*specialisation); });
      entry = entry->second.empty() || !is_wanted(entry->first) ? lists.erase(entry) : std::next(entry);
    }
  };
  thin_out(users_, [](std::string_view) { return true; });
  thin_out(callers_, [&](const Specialisation *callee) { return !is_dead(*callee); });
  std::erase_if(keys_, [&](const auto &entry) { return is_dead(*entry.first) && by_key_.erase(entry.second) > 0; });
  std::erase_if(dyn_sites_, [&](const auto &entry) { return is_dead(*entry.second.where); });
  std::erase_if(all_, [&](const auto &entry) { return is_dead(entry.second); });
}

bool Inference::is_current(const Specialisation &specialisation) const { return keys_.contains(&specialisation); }

Specialisation &Inference::continuation(Specialisation &specialisation, const Block &header,
                                        std::vector<const Type *> params, bool resumed) {
  Specialisation *&known = specialisation.continuations[2 * uint64_t(header.id) + resumed];
  if (known)
    return *known;
  Specialisation &made = make(*specialisation.function, std::move(params), {}, {});
  made.result = specialisation.result;
  made.display = specialisation.display;
  made.may_resize = specialisation.may_resize;
  made.continues = &specialisation;
  made.entered = &header;
  made.resumed = resumed;
  made.state = Specialisation::Done;
  return *(known = &made);
}

const KirFunction &Inference::typed(Specialisation &specialisation) {
  if (specialisation.continues)
    return typed(*specialisation.continues);
  if (!specialisation.typed)
    specialisation.typed = reify(*this, specialisation);
  return *specialisation.typed;
}

} // namespace kiln
