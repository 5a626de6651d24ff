#include "jit/session.h"

#include "codegen/ir_body.h"
#include "codegen/layout.h"
#include "codegen/operator_definition.h"
#include "codegen/type_resolve.h"
#include "jit/llvm_start.h"
#include "jit/map_ahead.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"
#include "jit/stopwatch.h"
#include "lang/library.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <dlfcn.h>
#include <gnu/lib-names.h>

namespace kiln {

namespace {

void mark_library(KirFunction &function) {
  function.from_library = true;
  for (auto &lambda : function.lambdas)
    mark_library(*lambda);
  for (KirParam &param : function.params)
    if (param.default_value)
      mark_library(*param.default_value);
}

/// Gives a new variable a value that can be looked at: an array or map is empty, not null. (An object cannot be made up.)
void initialise(const Type *type, void *place) {
  if (type->is_array()) {
    auto *header = static_cast<ArrayHeader *>(allocate(header_size(type->rank), true));
    std::memset(header, 0, header_size(type->rank));
    *static_cast<ArrayHeader **>(place) = header;
  } else if (type->is(TypeKind::Map)) {
    auto *object = static_cast<char *>(allocate(object_layout(type).size, true));
    for (size_t i = 0; i < type->fields.size(); ++i) initialise(type->fields[i], object + offset_of(type, i));
    *static_cast<void **>(place) = object;
  } else if (type->is(TypeKind::Failure)) {
    *static_cast<CaughtError **>(place) = make_caught_error({});
  } else if (type->is(TypeKind::Cell)) {
    void *cell = allocate(std::max<size_t>(layout_of(type->element()).size, 1), true);
    initialise(type->element(), cell);
    *static_cast<void **>(place) = cell;
  } else if (type->is_union() && !type->is_nullable_reference()) {
    auto *header = static_cast<UnionHeader *>(place);
    header->alternative = static_cast<int64_t>(type->elements.size() - 1);
    initialise(type->elements.back(), header + 1);
  } else if (type->is_record() || type->is(TypeKind::Lambda)) {
    for (size_t i = 0; i < type->elements.size(); ++i)
      initialise(type->elements[i], static_cast<char *>(place) + offset_of(type, i));
  }
}

} // namespace

Session::Session() : imports_(types_), inference_(types_, sources_, *this), library_sources_(library_files().size()) {}
Session::~Session() {
  for (GlobalVariable &variable : variables_)
    if (variable.address)
      free_root(variable.address);
}

std::string Session::parameters_of(const FunctionStmt &function) const {
  std::string text;
  for (const Param &param : function.params) {
    text += param.type ? std::string(sources_.text(param.type->span)) : "";
    text += param.default_value ? "=," : ",";
  }
  return text;
}

std::vector<const KirFunction *> Session::replaced_functions() const {
  std::vector<const KirFunction *> functions;
  for (const auto &method : retired_)
    if (method->kir) functions.push_back(method->kir.get());
  return functions;
}

void Session::erase_replaced(const std::function<bool(const KirFunction &)> &is_dead, std::unordered_set<uint32_t> used_sources) {
  std::erase_if(retired_, [&](const auto &method) { return method->function && (!method->kir || is_dead(*method->kir)); });
  auto use = [&](const std::vector<std::unique_ptr<Method>> &methods) {
    for (const auto &method : methods) used_sources.insert(method->name_span().source);
  };
  use(retired_);
  for (const Methods *table : {&methods_, &library_})
    for (const auto &[name, methods] : *table) use(methods);
  std::erase_if(asts_, [&](const std::unique_ptr<Ast> &ast) {
    return std::ranges::none_of(ast->statements, [&](const Stmt *statement) { return as<StructStmt>(statement) || used_sources.contains(statement->span.source); });
  });
}

void Session::note_shared_names(const Stmt &statement) {
  std::unordered_set<std::string_view> names;
  collect_free_names(statement, names);
  for (std::string_view name : names)
    if (!shared_.contains(name)) shared_.insert(types_.intern(name));
}

Session::Method *Session::add(std::string_view name, Method method, bool replace, Diagnostics &diagnostics) {
  auto &methods = methods_[name];
  inference_.name_changed(name);
  for (auto &known : methods) {
    if (known->parameters != method.parameters)
      continue;
    if (!replace) {
      diagnostics.report<Diag::RepeatedDefinition>(method.name_span(), name).note(known->name_span(), "the first is here");
      return nullptr;
    }
    if (known->declaration)
      known->declaration->replaced = true;
    retired_.push_back(std::move(known));
    known = std::make_unique<Method>(std::move(method));
    return known.get();
  }
  methods.push_back(std::make_unique<Method>(std::move(method)));
  if (replace && globals_.contains(name))
    globals_.erase(name);
  return methods.back().get();
}

void Session::define(const FunctionStmt &function, bool replace, Diagnostics &diagnostics) {
  TypeResolver resolver(types_, *this, diagnostics, false);
  std::vector<const Type *> params;
  for (const Param &param : function.params)
    params.push_back(param.type ? resolver.resolve(param.type) : nullptr);
  if (function.result)
    resolver.resolve(function.result);
  check_operator(function.name, params, types_, diagnostics);
  Method method;
  method.function = &function;
  method.parameters = parameters_of(function);
  add(key_of(function.name, true), std::move(method), replace, diagnostics);
}

Session::Method Session::constructor_of(const StructStmt &structure, TypeTable &types) {
  Method method;
  method.structure = &structure;
  method.parameters = "struct"; // One of a name.
  method.declaration = std::make_unique<Declaration>();
  Declaration &declaration = *method.declaration;
  declaration.name = types.intern(structure.name.text);
  declaration.span = structure.name.span;
  declaration.is_class = structure.is_class;
  for (const Param &field : structure.fields)
    declaration.fields.push_back({types.intern(field.name.text), field.name.span, field.type});
  return method;
}

Session::Method *Session::add_struct(const StructStmt &structure, bool replace, Diagnostics &diagnostics) {
  std::string_view name = types_.intern(structure.name.text);
  if (!types_.named(name))
    return add(key_of(structure.name, true), constructor_of(structure, types_), replace, diagnostics);
  diagnostics.report<Diag::BuiltinType>(structure.name.span, name);
  return nullptr;
}

void Session::define_structs(std::span<const Stmt *const> statements, bool replace, Diagnostics &diagnostics) {
  std::vector<const Declaration *> made;
  for (const Stmt *statement : statements)
    if (const auto *structure = as<StructStmt>(statement))
      if (const Method *method = add_struct(*structure, replace, diagnostics))
        made.push_back(method->declaration.get());
  for (const Declaration *declaration : made)
    TypeResolver(types_, *this, diagnostics, false).check(*declaration);
}

void Session::declare(const ExternStmt &statement, Diagnostics &diagnostics) {
  auto made = std::make_unique<ExternFunction>();
  made->name = types_.intern(statement.name.text);
  std::string_view key = key_of(statement.name, false);
  made->kind = statement.kind;
  made->code = types_.intern(statement.code);
  made->code_span = statement.code_span;
  made->symbol = fmt::format("extern.{}.{}", made->name, retired_externs_.size() + externs_.size());
  auto passable = [&](const TypeExpr *expr, bool result) -> const Type * {
    const Type *type = TypeResolver(types_, *this, diagnostics, false).resolve(expr);
    if (type->is(TypeKind::Error) || type->is_scalar() || type->is(TypeKind::Str) || (result && type->is(TypeKind::None)))
      return type;
    diagnostics.report<Diag::ExternType>(expr->span, type).help("numbers, bool and str can be passed; a pointer is a u64");
    return types_.error;
  };
  bool ok = true;
  for (const Param &param : statement.params) {
    if (!param.type) {
      diagnostics.report<Diag::ExternUntyped>(param.name.span, param.name.text);
      ok = false;
      continue;
    }
    made->param_names.push_back(types_.intern(param.name.text));
    made->params.push_back(passable(param.type, false));
    ok &= !made->params.back()->is(TypeKind::Error);
  }
  made->result = statement.result ? passable(statement.result, true) : types_.none;
  if (!ok || made->result->is(TypeKind::Error) || !find_code(*made, statement, diagnostics))
    return;
  auto &place = externs_[key];
  if (place)
    retired_externs_.push_back(std::move(place));
  place = std::move(made);
  inference_.name_changed(key);
}

bool Session::find_code(ExternFunction &function, const ExternStmt &statement, Diagnostics &diagnostics) {
  switch (function.kind) {
  case ForeignCode::Machine: return !function.code.empty(); // Placed when it is first called.
  case ForeignCode::Llvm: {
    {
      Stopwatch watch(start_llvm_seconds);
      start_llvm();
    }
    return check_ir_body(function, sources_, diagnostics);
  }
  case ForeignCode::Library: break;
  }
  std::string path(function.code);
  dlopen(LIBM_SO, RTLD_LAZY | RTLD_GLOBAL); // The program may do without till now (repl/delay_libm.S), where a library expects it.
  void *library = dlopen(path.empty() ? nullptr : path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    const char *why = dlerror();
    diagnostics.report<Diag::NoLibrary>(statement.span, path, why ? why : "unknown reason");
    return false;
  }
  function.address = dlsym(library, std::string(function.name).c_str());
  if (!function.address)
    diagnostics.report<Diag::NoSymbol>(statement.name.span, function.name, path.empty() ? "the program" : path);
  return function.address != nullptr;
}

void Session::note_variables(std::span<const Stmt *const> statements) {
  for (const Stmt *statement : statements) {
    Imports::File &file = *imports_.file_of(statement->span.source);
    const bool own_names = file.name.empty() && file.merged.empty() && file.aliases.empty();
    auto note = [&](std::string_view name) { top_level_.insert(own_names ? types_.intern(name) : imports_.define(file, name, false)); };
    for (const Ident &name : assigned_names(*statement)) note(name.text);
    if (const auto *constant = as<ConstStmt>(statement)) note(constant->name.text);
  }
}

bool Session::is_constant(std::string_view name) const {
  auto found = globals_.find(name);
  return found != globals_.end() && found->second.is_const;
}

void Session::make_constant(std::string_view name, const std::optional<Constant> &value) {
  auto found = globals_.find(name);
  if (found == globals_.end())
    return;
  GlobalState state = found->second;
  state.is_const = true;
  state.value.constant = value;
  change(types_.intern(name), state);
}

bool Session::forget(std::string_view name) {
  auto global = globals_.find(name);
  bool found = global != globals_.end();
  if (found)
    globals_.erase(global);
  if (auto methods = methods_.find(name); methods != methods_.end()) {
    for (auto &method : methods->second)
      retired_.push_back(std::move(method));
    methods_.erase(methods);
    found = true;
  }
  if (auto external = externs_.find(name); external != externs_.end()) {
    retired_externs_.push_back(std::move(external->second));
    externs_.erase(external);
    found = true;
  }
  if (found)
    inference_.name_changed(name);
  return found;
}

void Session::change(std::string_view name, GlobalState state) {
  if (journalling_) {
    auto before = globals_.find(name);
    journal_.emplace_back(name, before == globals_.end() ? std::nullopt : std::optional(before->second));
  }
  globals_[name] = std::move(state);
  inference_.name_changed(name);
}

void Session::roll_back() {
  journalling_ = false;
  while (!journal_.empty()) {
    auto [name, state] = std::move(journal_.back());
    journal_.pop_back();
    if (state)
      globals_[name] = *state;
    else
      globals_.erase(name);
    inference_.name_changed(name);
  }
}

const GlobalState &Session::assign(std::string_view given_name, const Abstract &value) {
  if (given_name == "ans" && value.is(TypeKind::None))
    return no_value_;
  std::string_view name = types_.intern(given_name);
  auto found = globals_.find(name);
  bool exists = found != globals_.end();
  GlobalState state;
  state.value = value;
  state.value.constant.reset();
  state.value.literal = false;
  bool has_storage = value.usable() && !value.is(TypeKind::Error) && !value.is(TypeKind::Never);
  if (exists && !found->second.is_const && found->second.value.type == value.type && found->second.value.usable() && value.usable()) {
    found->second.value.origin = value.origin;
    return found->second;
  }
  if (has_storage) {
    const Type *type = value.type;
    const GlobalVariable *old = exists ? found->second.variable : nullptr;
    if (old && old->type == type) {
      state.variable = old;
    } else if (old && old->type->kind == type->kind && (type->is_array() || type->is(TypeKind::Map)) &&
               join_types(types_, old->type, type) == type) {
      // `[]` or `[:]` whose types are known now keeps its storage: it is empty.
      const_cast<GlobalVariable *>(old)->type = type;
      state.variable = old;
    } else {
      GlobalVariable &made = variables_.emplace_back();
      made.name = name;
      made.type = type;
      made.version = ++versions_[name];
      made.symbol = fmt::format("global.{}.{}", name, made.version);
      if (size_t size = layout_of(type).size) {
        made.address = make_root(size);
        initialise(type, made.address);
      }
      state.variable = &made;
    }
  }
  // The latest meaning counts: a variable hides functions of its name.
  change(name, std::move(state));
  return globals_[name];
}

std::vector<const KirFunction *> Session::built(std::vector<std::unique_ptr<Method>> &methods, bool library) {
  std::vector<const KirFunction *> result;
  for (auto &method : methods) {
    if (!method->kir) {
      Stopwatch watch(build_seconds);
      extend_large_pages();
      ++functions_built;
      method->kir = method->function ? build_function(*method->function, sources_, types_, build_errors_, *this)
                                     : build_constructor(*method->structure, types_, build_errors_, *this);
      method->kir->constructs = method->declaration.get();
      if (library)
        mark_library(*method->kir);
    }
    result.push_back(method->kir.get());
  }
  return result;
}

bool Session::defines(const KirFunction &function) const {
  auto found = methods_.find(function.name);
  return found != methods_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const auto &method) { return method->kir.get() == &function; });
}

void Session::build_all() {
  for (auto &[name, methods] : methods_)
    built(methods, false);
}

void Session::load_library(std::string_view name) {
  auto functions = std::ranges::equal_range(library_functions(), name, {}, &LibraryFunction::name);
  if (functions.empty() || library_.contains(name)) return;
  auto &methods = library_[functions.front().name];
  for (const LibraryFunction &function : functions) {
    uint32_t &source = library_sources_[function.file];
    if (!source) {
      const LibraryFile &file = library_files()[function.file];
      source = sources_.add(std::string(file.name), std::string(file.text));
      imports_.set_file(source, nullptr);
    }
    Diagnostics diagnostics;
    TokenList tokens = lex(sources_, Span{source, function.begin, function.end}, diagnostics);
    const Ast &ast = keep(parse(sources_, source, std::move(tokens), diagnostics));
    assert(!diagnostics.has_errors() && ast.statements.size() == 1);
    methods.push_back(std::make_unique<Method>());
    methods.back()->function = &cast<FunctionStmt>(ast.statements[0]);
  }
}

std::vector<const KirFunction *> Session::library_methods(std::string_view name) {
  load_library(name);
  auto found = library_.find(name);
  return found == library_.end() ? std::vector<const KirFunction *>() : built(found->second, true);
}

const Declaration *Session::declaration(std::string_view name, bool from_library) {
  auto found = methods_.find(name);
  if (from_library || found == methods_.end()) return nullptr; // The library has none.
  for (auto &method : found->second)
    if (method->declaration) return method->declaration.get();
  return nullptr;
}

NameMeaning Session::lookup(std::string_view name, bool from_library) {
  NameMeaning meaning;
  if (!from_library) {
    if (auto global = globals_.find(name); global != globals_.end()) {
      meaning.global = &global->second;
      return meaning;
    }
    if (auto external = externs_.find(name); external != externs_.end()) {
      meaning.external = external->second.get();
      return meaning;
    }
    if (auto methods = methods_.find(name); methods != methods_.end()) {
      meaning.methods = built(methods->second, false);
      return meaning;
    }
  }
  meaning.methods = library_methods(name);
  return meaning;
}

std::vector<std::string_view> Session::all() const {
  std::vector<std::string_view> names;
  for (auto &[name, state] : globals_)
    names.push_back(name);
  for (auto &[name, methods] : methods_)
    names.push_back(name);
  for (auto &[name, external] : externs_)
    names.push_back(name);
  for (const LibraryFunction &function : library_functions())
    if (names.empty() || names.back() != function.name) // Its methods follow each other.
      names.push_back(function.name);
  return names;
}

/// The definition without its body; of a struct or class, all of it.
std::string Session::head_of(const Method &method) const {
  if (method.structure)
    return std::string(sources_.text(method.structure->span));
  const FunctionStmt &function = *method.function;
  uint32_t end = function.result ? function.result->span.end : function.name.span.end;
  if (!function.result) // Up to the closing parenthesis.
    while (end < function.span.end && sources_.get(function.span).text()[end] != ')')
      ++end;
  std::string head(sources_.text({function.span.source, function.name.span.begin, std::min(end + 1, function.span.end)}));
  while (!head.empty() && std::isspace(static_cast<unsigned char>(head.back())))
    head.pop_back();
  return head;
}

std::vector<std::string> Session::documentation(std::string_view name) {
  load_library(name);
  std::vector<std::string> result;
  for (Methods *table : {&methods_, &library_})
    if (auto found = table->find(name); found != table->end())
      for (auto &method : found->second) {
        std::string_view doc = method->function ? method->function->doc : method->structure->doc;
        result.push_back(head_of(*method) + (doc.empty() ? "" : "\n") + std::string(doc));
      }
  return result;
}

} // namespace kiln
