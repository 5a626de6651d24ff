#include "codegen/scope.h"

#include <algorithm>
#include <cassert>

namespace kiln {

namespace {

/// Collects AssignedNames: keeps only which names are declared around the place.
class AssignedNamesWalk : public BodyWalk {
public:
  explicit AssignedNamesWalk(bool updates_assign) : updates_assign_(updates_assign) {}
  AssignedNames result;

private:
  void update(const void *node, std::string_view name, Span span) override {
    if (updates_assign_) assign(node, name, span);
  }
  void assign(const void *, std::string_view name, Span span) override {
    if (!declared_.contains(name) && is_new(name)) result.names.push_back({name, span});
  }
  void declare(const void *, std::string_view name, Span) override {
    declared_.insert(name);
    order_.push_back(name);
  }
  void global(const Ident &name) override { result.globals.push_back(name); }
  void test(std::string_view name, Span span) override {
    if (!declared_.contains(name)) result.tested.push_back({name, span});
  }
  void nested(const Callable &, std::string_view) override { result.has_callables = true; }
  void begin_scope() override { starts_.push_back(order_.size()); }
  void end_scope() override {
    for (; order_.size() > starts_.back(); order_.pop_back()) declared_.erase(declared_.find(order_.back()));
    starts_.pop_back();
  }

  /// Few names are looked through, which takes no memory.
  bool is_new(std::string_view name) {
    constexpr size_t few = 8;
    if (result.names.size() < few) return std::ranges::none_of(result.names, [name](const Ident &known) { return known.text == name; });
    if (seen_.empty())
      for (const Ident &known : result.names) seen_.insert(known.text);
    return seen_.insert(name).second;
  }

  bool updates_assign_; // At the top level, where a variable need not be assigned as a whole to be the unit's.
  std::unordered_multiset<std::string_view> declared_;
  std::vector<std::string_view> order_; // Declarations in scope, oldest first.
  std::vector<size_t> starts_;          // Where each scope begins in `order_`.
  std::unordered_set<std::string_view> seen_;
};

} // namespace

AssignedNames assigned_names(const Expr *body) {
  AssignedNamesWalk walk(false);
  walk.walk(body);
  return std::move(walk.result);
}

AssignedNames assigned_names(std::span<const Stmt *const> unit) {
  AssignedNamesWalk walk(true);
  for (const Stmt *statement : unit) walk.walk_top_level(statement);
  return std::move(walk.result);
}

/// Binds names in one pass: the locals of a body are known when it is entered, so look-up goes outward from the
/// innermost.
class Resolver : public BodyWalk {
public:
  Resolver(Resolution &resolution, Diagnostics *diagnostics) : resolution_(resolution), diagnostics_(diagnostics) {}

  void resolve(const Callable &callable, std::string_view name = {});
  void resolve_unit(std::span<const Stmt *const> statements, const Resolution::IsShared &is_shared);
  /// Decides which variables are cells, when everything has been seen.
  void finish();

private:
  struct Frame {
    Body *body;
    bool isolated = false; // A default value sees only the parameters before it.
    bool by_value = false; // Captures variables as they are.
    bool named = false;    // What lambdas in it assign without knowing it is not looked for further out.
    std::unordered_map<std::string_view, std::vector<Variable *>> visible; // Innermost last; null: said to be global.
    std::vector<std::string_view> order;                                   // Names declared in scopes, oldest first.
    std::vector<size_t> starts;                                            // Where each scope begins in `order`.
    std::vector<uint32_t> loops;                                           // Where each loop around the place begins.

    Variable *const *find(std::string_view name) const {
      auto found = visible.find(name);
      return found == visible.end() || found->second.empty() ? nullptr : &found->second.back();
    }
  };

  void read(const void *node, std::string_view name, Span span) override;
  void assign(const void *node, std::string_view name, Span span) override;
  void declare(const void *node, std::string_view name, Span span) override;
  void update(const void *node, std::string_view name, Span span) override;
  void nested(const Callable &callable, std::string_view name) override { resolve(callable, name); }
  void begin_scope() override { top().starts.push_back(top().order.size()); }
  void end_scope() override;
  void begin_loop() override { top().loops.push_back(++place_); }
  void end_loop() override { top().loops.pop_back(); }

  Frame &top() { return frames_.back(); }
  Frame &enter(const void *node, bool isolated);
  Variable *make_local(std::string_view name, Span span);
  Variable *self_candidate(std::string_view name) const;
  void note_mention(Variable *variable, Span span);
  void note_store(Variable *variable, Span span);
  void resolve_default(const Callable &callable, size_t param);
  void add_locals(const Callable &callable);
  Variable *find_to_read(std::string_view name, Span span);
  Variable *find_to_assign(std::string_view name, bool &known);
  void capture(Variable *variable, Span span);

  Resolution &resolution_;
  Diagnostics *diagnostics_;
  std::vector<Frame> frames_;
  uint32_t place_ = 0;
};

Resolver::Frame &Resolver::enter(const void *node, bool isolated) {
  Body &body = resolution_.body_storage_.emplace_back();
  body.parent = frames_.empty() ? nullptr : top().body;
  resolution_.bodies_[node] = &body;
  frames_.emplace_back();
  top().body = &body;
  top().isolated = isolated;
  return top();
}

Variable *Resolver::make_local(std::string_view name, Span span) {
  Variable &variable = resolution_.variable_storage_.emplace_back();
  variable.name = name;
  variable.span = span;
  variable.owner = top().body;
  variable.index = static_cast<uint32_t>(resolution_.variable_storage_.size() - 1);
  variable.loop_depth = static_cast<uint32_t>(top().loops.size());
  top().visible[name].push_back(&variable);
  return &variable;
}

/// The local of the function around the place that a lambda is assigned to.
Variable *Resolver::self_candidate(std::string_view name) const {
  if (name.empty() || frames_.empty()) return nullptr;
  Variable *const *found = frames_.back().find(name);
  return found && *found && !(*found)->top_level && (*found)->owner == frames_.back().body ? *found : nullptr;
}

void Resolver::resolve(const Callable &callable, std::string_view name) {
  Variable *holder = self_candidate(name);
  for (size_t i = 0; i < callable.params.size(); ++i)
    if (callable.params[i].default_value) resolve_default(callable, i);
  Frame &frame = enter(callable.node, false);
  frame.named = callable.is_named();
  frame.by_value = callable.by_value;
  frame.body->is_lambda = frames_.size() > 1;
  for (const Param &param : callable.params) {
    if (top().find(param.name.text) && diagnostics_)
      diagnostics_->report<Diag::DuplicateParameter>(param.name.span, param.name.text);
    Variable *variable = make_local(param.name.text, param.name.span);
    variable->is_parameter = true;
    variable->type = param.type;
    variable->last_assigned = ++place_;
    frame.body->params.push_back(variable);
  }
  if (holder && !top().find(name)) {
    frame.body->self = make_local(name, callable.span);
    frame.body->self->self_of = holder;
    frame.body->self->last_assigned = ++place_;
  }
  if (callable.body) {
    add_locals(callable);
    walk(callable.body);
  }
  frames_.pop_back();
}

void Resolver::resolve_default(const Callable &callable, size_t param) {
  Frame &frame = enter(callable.params[param].default_value, true);
  for (size_t i = 0; i < param; ++i) {
    Variable *variable = make_local(callable.params[i].name.text, callable.params[i].name.span);
    variable->is_parameter = true;
    variable->last_assigned = ++place_;
    frame.body->params.push_back(variable);
  }
  for (const Ident &name : assigned_names(callable.params[param].default_value).names)
    if (!frame.find(name.text)) frame.body->locals.push_back(make_local(name.text, name.span));
  walk(callable.params[param].default_value);
  frames_.pop_back();
}

/// What a function assigns is its own; what a lambda assigns belongs to the function around it where that has the name.
void Resolver::add_locals(const Callable &callable) {
  AssignedNames assigned = assigned_names(callable.body);
  for (const Ident &name : assigned.globals) {
    Variable *const *known = top().find(name.text);
    if (!known)
      top().visible[name.text].push_back(nullptr);
    else if (*known && diagnostics_)
      diagnostics_->report<Diag::GlobalParameter>(name.span, name.text);
  }
  for (const Ident &name : assigned.names) {
    if (top().find(name.text)) continue;
    bool known = false;
    if (!callable.is_named()) find_to_assign(name.text, known);
    if (!known) top().body->locals.push_back(make_local(name.text, name.span));
  }
}

void Resolver::resolve_unit(std::span<const Stmt *const> statements, const Resolution::IsShared &is_shared) {
  enter(nullptr, false).body->is_unit = true;
  AssignedNames assigned = assigned_names(statements);
  auto add = [&](const Ident &name, bool is_assigned) {
    if (top().find(name.text) || (is_shared && is_shared(name.text))) return;
    Variable *variable = make_local(name.text, name.span);
    variable->top_level = true;
    variable->assigned = is_assigned;
    top().body->locals.push_back(variable);
  };
  for (const Ident &name : assigned.names) add(name, true);
  for (const Ident &name : assigned.tested) add(name, false);
  for (const Stmt *statement : statements) walk_top_level(statement);
  frames_.pop_back();
}

void Resolver::end_scope() {
  Frame &frame = top();
  for (; frame.order.size() > frame.starts.back(); frame.order.pop_back()) frame.visible[frame.order.back()].pop_back();
  frame.starts.pop_back();
}

Variable *Resolver::find_to_read(std::string_view name, Span span) {
  bool isolated = false;
  for (size_t i = frames_.size(); i-- > 0;) {
    const Frame &frame = frames_[i];
    if (Variable *const *found = frame.find(name)) {
      Variable *variable = *found;
      // Lambdas reach top-level variables by name, always.
      if (!variable || (variable->top_level && i + 1 != frames_.size())) return nullptr;
      if (!isolated) return variable;
      if (diagnostics_) diagnostics_->report<Diag::DefaultUsesLocal>(span, name);
      return nullptr;
    }
    isolated |= frame.isolated;
  }
  return nullptr;
}

/// `known` is set when the name has a meaning, which is null when that is a global.
Variable *Resolver::find_to_assign(std::string_view name, bool &known) {
  for (size_t i = frames_.size(); i-- > 0;) {
    const Frame &frame = frames_[i];
    Variable *const *found = frame.find(name);
    // The top level is no function: lambdas share only what is local to its blocks and loops.
    if (found && *found && (*found)->top_level && i + 1 != frames_.size()) return nullptr;
    if (found) {
      known = true;
      return *found;
    }
    if (frame.isolated || frame.named) return nullptr;
  }
  return nullptr;
}

void Resolver::read(const void *node, std::string_view name, Span span) {
  ++place_;
  Variable *variable = find_to_read(name, span);
  if (!variable) {
    if (!top().body->is_unit) resolution_.free_names_.insert(name);
    return;
  }
  variable->read = true;
  note_mention(variable, span);
  if (variable->owner != top().body) capture(variable, span);
  resolution_.variables_[node] = variable;
}

void Resolver::note_mention(Variable *variable, Span span) {
  if (variable->self_of && !variable->mentioned.known()) variable->mentioned = span;
}

/// The variable's value, or a part of it, changes here.
void Resolver::note_store(Variable *variable, Span span) {
  if (variable->owner != top().body) {
    capture(variable, span);
    variable->assigned_in_lambda = true;
  }
  variable->last_assigned = place_;
}

void Resolver::assign(const void *node, std::string_view name, Span span) {
  ++place_;
  bool known = false;
  Variable *variable = find_to_assign(name, known);
  if (!variable) {
    if (!top().body->is_unit) resolution_.free_names_.insert(name);
    return;
  }
  note_store(variable, span);
  ++variable->assignments;
  if (variable->self_of) ++variable->self_of->assignments, note_mention(variable, span);
  resolution_.variables_[node] = variable;
}

void Resolver::update(const void *node, std::string_view name, Span span) {
  ++place_;
  Variable *variable = find_to_read(name, span);
  if (!variable) {
    bool said_global = top().body->is_unit;
    find_to_assign(name, said_global);
    if (said_global) resolution_.stored_globals_.insert(node);
    if (!top().body->is_unit) resolution_.free_names_.insert(name);
    return;
  }
  note_store(variable, span);
  resolution_.variables_[node] = variable;
}

void Resolver::declare(const void *node, std::string_view name, Span span) {
  Variable *variable = make_local(name, span);
  variable->last_assigned = ++place_;
  top().order.push_back(name);
  resolution_.variables_[node] = variable;
}

/// Every lambda between the variable's body and the place captures it from the one around.
void Resolver::capture(Variable *variable, Span span) {
  size_t frame = frames_.size() - 1;
  bool shared = false;
  for (; frames_[frame].body != variable->owner; --frame) {
    shared |= !frames_[frame].by_value;
    std::vector<Body::Capture> &captures = frames_[frame].body->captures;
    auto same = [variable](const Body::Capture &capture) { return capture.variable == variable; };
    if (std::none_of(captures.begin(), captures.end(), same)) captures.push_back({variable, span});
  }
  if (!shared) return;
  const std::vector<uint32_t> &loops = frames_[frame].loops;
  uint32_t at = variable->loop_depth < loops.size() ? loops[variable->loop_depth] : place_;
  variable->captured = true;
  variable->captured_at = std::min(variable->captured_at, at);
}

void Resolver::finish() {
  for (Body &body : resolution_.body_storage_) {
    if (!body.self) continue;
    const Variable &holder = *body.self->self_of;
    if (!body.self->mentioned.known())
      body.self = nullptr;
    else if ((holder.assignments > 1 || holder.is_parameter) && diagnostics_)
      diagnostics_->report<Diag::RecursiveLocalFunction>(body.self->mentioned, holder.name)
          .note(body.self->span, "this is the function")
          .help("give the function a variable of its own, or define it at the top level");
  }
  for (Variable &variable : resolution_.variable_storage_)
    variable.cell =
        variable.captured && (variable.assigned_in_lambda || variable.last_assigned >= variable.captured_at);
}

Resolution Resolution::of_function(const Callable &function, Diagnostics *diagnostics) {
  Resolution resolution;
  Resolver resolver(resolution, diagnostics);
  resolver.resolve(function);
  resolver.finish();
  return resolution;
}

Resolution Resolution::of_unit(std::span<const Stmt *const> statements, const IsShared &is_shared,
                               Diagnostics *diagnostics) {
  Resolution resolution;
  Resolver resolver(resolution, diagnostics);
  resolver.resolve_unit(statements, is_shared);
  resolver.finish();
  return resolution;
}

} // namespace kiln
