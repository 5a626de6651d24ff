#include "codegen/type_resolve.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr std::pair<std::string_view, std::string_view> foreign_names[] = {
    {"int", "i64"},   {"integer", "i64"}, {"long", "i64"},    {"float", "f64"},  {"double", "f64"},  {"real", "f64"},
    {"string", "str"}, {"String", "str"},  {"boolean", "bool"}, {"Int", "i64"},    {"Float64", "f64"}, {"Int64", "i64"},
    {"void", "none"}, {"byte", "u8"},     {"char", "u8"},     {"number", "f64"}, {"int64", "i64"},   {"float64", "f64"},
    {"int32", "i32"}, {"float32", "f32"}, {"array", "[f64]"}, {"list", "[f64]"}};

} // namespace

Diagnostic &report_wide_union(Diagnostics &diagnostics, Span span, std::span<const Type *const> types) {
  std::string list;
  size_t count = 0;
  for (const Type *type : types)
    for (const Type *alternative : type->alternatives()) {
      list += (list.empty() ? "" : ", ") + to_string(alternative);
      ++count;
    }
  return diagnostics.report<Diag::TooManyAlternatives>(span, count, list)
      .help(fmt::format("a union has at most {} types: give some of them one type, such as a struct that all of them fit",
                        most_alternatives));
}

const Type *TypeResolver::resolve(const TypeExpr *expr) {
  switch (expr->kind) {
  case TypeExprKind::Error: return types_.error;
  case TypeExprKind::Named: return resolve_name(cast<NamedType>(expr));
  case TypeExprKind::Tuple: {
    const auto &tuple = cast<TupleType>(expr);
    std::vector<const Type *> elements;
    for (const TypeExpr *element : tuple.elements) {
      elements.push_back(resolve(element));
      if (elements.back()->is(TypeKind::Error)) return types_.error;
    }
    return types_.tuple(elements, tuple.names);
  }
  case TypeExprKind::Array: {
    const auto &array = cast<ArrayType>(expr);
    const Type *element = resolve(array.element);
    return element->is(TypeKind::Error) ? types_.error : types_.array(element, array.rank);
  }
  case TypeExprKind::Map: {
    const auto &map = cast<MapType>(expr);
    return resolve_map(*map.key, resolve(map.key), resolve(map.value));
  }
  case TypeExprKind::Function: return resolve_function(cast<FunctionType>(expr));
  case TypeExprKind::Union: return resolve_union(cast<UnionType>(expr));
  }
  return types_.error;
}

const Type *TypeResolver::resolve_map(const TypeExpr &key_expr, const Type *key, const Type *value) {
  if (key->is(TypeKind::Error) || value->is(TypeKind::Error)) return types_.error;
  if (is_key(key) || has_family(key)) return types_.map(key, value);
  report_bad_key(diagnostics_, key_expr.span, key);
  return types_.error;
}

void report_bad_key(Diagnostics &diagnostics, Span span, const Type *key) {
  Diagnostic &error = diagnostics.report<Diag::BadKey>(span, key);
  if (key->is_array())
    error.help("an array can change; a tuple cannot");
  else if (!key->is(TypeKind::None))
    error.help("keys are numbers, strings, tuples and structs of them, and objects of classes");
}

/// Empty when one of them is wrong.
std::vector<const Type *> TypeResolver::resolve_all(List<const TypeExpr *> exprs) {
  std::vector<const Type *> types;
  for (const TypeExpr *expr : exprs) {
    types.push_back(resolve(expr));
    if (types.back()->is(TypeKind::Error)) return {};
  }
  return types;
}

const Type *TypeResolver::resolve_union(const UnionType &expr) {
  std::vector<const Type *> alternatives = resolve_all(expr.alternatives);
  if (alternatives.empty()) return types_.error;
  if (const Type *type = types_.union_of(alternatives)) return type;
  report_wide_union(diagnostics_, expr.span, alternatives);
  return types_.error;
}

const Type *TypeResolver::resolve_function(const FunctionType &expr) {
  std::vector<const Type *> params = resolve_all(expr.params);
  if (params.size() != expr.params.size()) return types_.error;
  const Type *result = expr.result ? resolve(expr.result) : types_.none;
  if (result->is(TypeKind::Error)) return result;
  const Type *type = types_.callable(params, result);
  if (!has_family(type)) return type;
  diagnostics_.report<Diag::OpenFieldTypes>(expr.span, to_string(type));
  return types_.error;
}

const Declaration *TypeResolver::declaration_of(const NamedType &named) {
  std::string_view name = named.name;
  uint32_t source = named.span.source;
  if (size_t dot = name.find('.'); dot == std::string_view::npos) {
    name = names_.resolve(name, source);
  } else if (std::string_view file = name.substr(0, dot); names_.is_file(file, source)) {
    Diagnostics ignored; // An unknown type is reported as such.
    name = names_.member(file, named.span, name.substr(dot + 1), named.span, ignored);
  }
  if (mentioned_) mentioned_->push_back(types_.intern(name));
  return names_.declaration(name, from_library_);
}

const Type *TypeResolver::resolve_name(const NamedType &named) {
  if (const Type *type = types_.named(named.name)) {
    if (named.arguments.empty()) return type;
    diagnostics_.report<Diag::TypeArguments>(named.span, named.name, 0, "s", named.arguments.size());
    return types_.error;
  }
  const Declaration *declaration = declaration_of(named);
  if (!declaration && named.name == "set" && named.arguments.size() == 1)
    return resolve_map(*named.arguments[0], resolve(named.arguments[0]), types_.none);
  return declaration ? resolve_declared(named, *declaration) : unknown(named);
}

const Type *TypeResolver::resolve_declared(const NamedType &named, const Declaration &declaration) {
  if (named.arguments.empty() && !making_.empty() && making_.back()->declaration == &declaration)
    return instance(declaration, making_.back()->arguments);
  size_t open = count_open(declaration);
  if (named.arguments.empty()) return open ? types_.family(declaration) : instance(declaration, {});
  if (named.arguments.size() != open) {
    diagnostics_.report<Diag::TypeArguments>(named.span, named.name, open, open == 1 ? "" : "s", named.arguments.size())
        .note(declaration.span, "those of the fields that are declared without one");
    return types_.error;
  }
  std::vector<const Type *> arguments;
  for (const TypeExpr *argument : named.arguments) {
    arguments.push_back(resolve(argument));
    if (has_family(arguments.back())) {
      diagnostics_.report<Diag::OpenFieldTypes>(argument->span, to_string(arguments.back()));
      return types_.error;
    }
    if (arguments.back()->is(TypeKind::Error)) return types_.error;
  }
  return instance(declaration, arguments);
}

const Type *TypeResolver::unknown(const NamedType &named) {
  Diagnostic &error = diagnostics_.report<Diag::UnknownType>(named.span, named.name);
  for (auto [theirs, ours] : foreign_names)
    if (named.name == theirs) {
      error.help(fmt::format("Kiln writes `{}`", ours));
      return types_.error;
    }
  std::vector<std::string_view> candidates = {"none", "bool", "i8",  "i16", "i32", "i64", "u8",
                                              "u16",  "u32",  "u64", "f32", "f64", "str", "range"};
  for (std::string_view name : names_.all())
    if (names_.declaration(name, from_library_)) candidates.push_back(name);
  if (auto near = closest(named.name, candidates)) error.help(fmt::format("did you mean `{}`?", *near));
  return types_.error;
}

const Type *TypeResolver::instance(const Declaration &declaration, std::span<const Type *const> arguments) {
  const Type *made = types_.instance(declaration, arguments);
  if (made->complete) return made;
  if (std::find(making_.begin(), making_.end(), made) != making_.end()) {
    if (!contains_itself(made)) return made;
    diagnostics_.report<Diag::RecursiveStruct>(declaration.span, declaration.name)
        .help(fmt::format("a struct is a value and would have no end; a class is a reference: `class {} {{ ... }}`",
                          declaration.name));
    return types_.error;
  }
  making_.push_back(made);
  bool outer = std::exchange(from_library_, false);
  std::vector<const Type *> fields;
  bool ok = true;
  size_t next = 0;
  for (const Declaration::Field &field : declaration.fields) {
    fields.push_back(is_open(declaration, field) ? arguments[next++] : resolve(field.annotation));
    ok &= !fields.back()->is(TypeKind::Error);
  }
  from_library_ = outer;
  making_.pop_back();
  if (!ok) return types_.error;
  types_.set_fields(made, fields);
  return made;
}

/// Whether the struct, which is being made, would lie inside of itself: with no class in between.
bool TypeResolver::contains_itself(const Type *type) const {
  auto from = std::find(making_.begin(), making_.end(), type);
  return std::none_of(from, making_.end(), [](const Type *inner) { return inner->is(TypeKind::Class); });
}

bool TypeResolver::is_open(const Declaration &declaration, const Declaration::Field &field) {
  return !field.annotation || names_open(declaration, field.annotation);
}

size_t TypeResolver::count_open(const Declaration &declaration) {
  if (std::find(asked_open_.begin(), asked_open_.end(), &declaration) != asked_open_.end()) return 0;
  asked_open_.push_back(&declaration);
  size_t count = 0;
  for (const Declaration::Field &field : declaration.fields) count += is_open(declaration, field);
  asked_open_.pop_back();
  return count;
}

/// Whether the annotation of a field names a family. The declaration's own name never does.
bool TypeResolver::names_open(const Declaration &declaration, const TypeExpr *annotation) {
  auto any = [&](List<const TypeExpr *> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const TypeExpr *part) { return names_open(declaration, part); });
  };
  switch (annotation->kind) {
  case TypeExprKind::Error:
  case TypeExprKind::Function: return false;
  case TypeExprKind::Union: return any(cast<UnionType>(annotation).alternatives);
  case TypeExprKind::Tuple: return any(cast<TupleType>(annotation).elements);
  case TypeExprKind::Array: return names_open(declaration, cast<ArrayType>(annotation).element);
  case TypeExprKind::Map:
    return names_open(declaration, cast<MapType>(annotation).key) || names_open(declaration, cast<MapType>(annotation).value);
  case TypeExprKind::Named: {
    const auto &named = cast<NamedType>(annotation);
    if (types_.named(named.name) || !named.arguments.empty()) return any(named.arguments);
    const Declaration *other = declaration_of(named);
    return other && other != &declaration && count_open(*other) != 0;
  }
  }
  return false;
}

void TypeResolver::check(const Declaration &declaration) {
  instance(declaration, std::vector<const Type *>(count_open(declaration), types_.none));
}

} // namespace kiln
