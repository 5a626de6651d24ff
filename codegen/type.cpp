#include "codegen/type.h"

#include "codegen/declaration.h"
#include "codegen/kir.h"

#include <algorithm>
#include <cassert>

namespace kiln {

unsigned Type::bits() const {
  switch (kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::U8: return 8;
  case TypeKind::I16:
  case TypeKind::U16: return 16;
  case TypeKind::I32:
  case TypeKind::U32:
  case TypeKind::F32: return 32;
  case TypeKind::I64:
  case TypeKind::U64:
  case TypeKind::F64: return 64;
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Tuple:
  case TypeKind::Array:
  case TypeKind::Function:
  case TypeKind::Lambda:
  case TypeKind::Cell:
  case TypeKind::Union:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Failure:
  case TypeKind::Open:
  case TypeKind::Struct:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Family: break;
  }
  assert(false && "only scalars have a width");
  return 0;
}

bool Type::is_empty() const {
  switch (kind) {
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function: return true;
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Lambda:
    return std::all_of(elements.begin(), elements.end(), [](const Type *element) { return element->is_empty(); });
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64:
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Array:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Cell:
  case TypeKind::Family:
  case TypeKind::Failure:
  case TypeKind::Union:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Open: return false;
  }
  return false;
}

bool Type::has_references() const {
  switch (kind) {
  case TypeKind::Str:
  case TypeKind::Array:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Cell:
  case TypeKind::Failure: return true;
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Union:
  case TypeKind::Lambda:
    return std::any_of(elements.begin(), elements.end(), [](const Type *element) { return element->has_references(); });
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64:
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Range:
  case TypeKind::Function:
  case TypeKind::Family:
  case TypeKind::Open: return false;
  }
  return false;
}

std::vector<const Type *> Type::alternatives() const {
  if (is_union()) return {elements.begin(), elements.end()};
  return {this};
}

std::optional<uint32_t> Type::place_of(const Type *alternative) const {
  auto found = std::find(elements.begin(), elements.end(), alternative);
  if (found == elements.end()) return std::nullopt;
  return static_cast<uint32_t>(found - elements.begin());
}

std::optional<uint32_t> Type::part(std::string_view part_name) const {
  auto found = std::find(names.begin(), names.end(), part_name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<uint32_t>(found - names.begin()));
}

namespace {

/// Whether annotations of the kind may name families within.
bool may_nest_families(const Type *annotation) {
  return annotation->is_container() || annotation->is(TypeKind::Tuple) || annotation->is_union() ||
         annotation->is(TypeKind::Callable);
}

} // namespace

bool has_family(const Type *annotation) {
  if (annotation->is(TypeKind::Family)) return true;
  return may_nest_families(annotation) && std::any_of(annotation->elements.begin(), annotation->elements.end(), has_family);
}

bool is_instance(const Type *type, const Type *annotation) {
  if (type == annotation) return true;
  if (type->is_union() || annotation->is_union()) {
    std::vector<const Type *> types = type->alternatives(), wanted = annotation->alternatives();
    return std::all_of(types.begin(), types.end(), [&](const Type *held) {
      return std::any_of(wanted.begin(), wanted.end(), [held](const Type *named) { return is_instance(held, named); });
    });
  }
  if (annotation->is(TypeKind::Family)) return type->is_declared() && type->declaration == annotation->declaration;
  return may_nest_families(annotation) && type->kind == annotation->kind && type->rank == annotation->rank &&
         std::equal(type->names.begin(), type->names.end(), annotation->names.begin(), annotation->names.end()) &&
         std::equal(type->elements.begin(), type->elements.end(), annotation->elements.begin(),
                    annotation->elements.end(), is_instance);
}

bool is_key(const Type *type) {
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64:
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Class: return true;
  case TypeKind::Tuple:
  case TypeKind::Struct: return std::ranges::all_of(type->elements, is_key);
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Array:
  case TypeKind::Map:
  case TypeKind::Function:
  case TypeKind::Lambda:
  case TypeKind::Cell:
  case TypeKind::Failure:
  case TypeKind::Family:
  case TypeKind::Dyn:
  case TypeKind::Union:
  case TypeKind::Callable:
  case TypeKind::Open: return false;
  }
  return false;
}

namespace {

std::string instance_text(const Type *type) {
  std::string text = type->declaration->replaced ? "old " : "";
  text += type->declaration->name;
  for (size_t i = 0; i < type->arguments.size(); ++i)
    text += (i == 0 ? "(" : ", ") + to_string(type->arguments[i]);
  return text += type->arguments.empty() ? "" : ")";
}

std::string tuple_text(const Type *type) {
  std::string text = "(";
  for (size_t i = 0; i < type->elements.size(); ++i) {
    if (i != 0) text += ", ";
    if (!type->names.empty() && !type->names[i].empty()) text.append(type->names[i]).append(": ");
    text += to_string(type->elements[i]);
  }
  bool lone = type->elements.size() == 1 && type->names.empty(); // (T) would read as T in parentheses.
  return text += lone ? ",)" : ")";
}

std::string lambda_text(const KirFunction *function) {
  if (!function) return "fn";
  std::string text = "fn(";
  for (size_t i = 0; i < function->params.size(); ++i) {
    if (i != 0) text += ", ";
    text += function->params[i].name;
  }
  return text += ")";
}

std::string callable_text(const Type *type) {
  std::string text = "fn(";
  size_t count = type->elements.size() - 1;
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) text += ", ";
    text += to_string(type->elements[i]);
  }
  text += ")";
  if (!type->elements[count]->is(TypeKind::None)) text += ": " + to_string(type->elements[count]);
  return text;
}

/// `i64?`, `i64 | str`, `i64 | str | none`. Callables stand in parentheses: what follows would belong to their result.
std::string union_text(const Type *type) {
  auto part = [](const Type *alternative) {
    std::string text = to_string(alternative);
    return alternative->is(TypeKind::Callable) ? "(" + text + ")" : text;
  };
  if (type->elements.size() == 2 && type->elements[1]->is(TypeKind::None)) {
    bool spaced = type->elements[0]->is(TypeKind::Function); // `fn f`
    return spaced ? part(type->elements[0]) + " | none" : part(type->elements[0]) + "?";
  }
  std::string text;
  for (const Type *alternative : type->elements) text += (text.empty() ? "" : " | ") + part(alternative);
  return text;
}

} // namespace

bool is_iterator(const Type *type) {
  static constexpr std::string_view parts[] = {"start", "has", "get", "next"};
  return type->is(TypeKind::Tuple) && std::ranges::equal(type->names, parts);
}

std::string to_string(const Type *type) {
  if (!type) return "?";
  switch (type->kind) {
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64:
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Dyn:
  case TypeKind::Failure: return std::string(type->name);
  case TypeKind::Tuple: return is_iterator(type) ? "iterator" : tuple_text(type);
  case TypeKind::Map:
    if (type->is_set()) return type->key()->is(TypeKind::Open) ? "set()" : "set(" + to_string(type->key()) + ")";
    if (type->key()->is(TypeKind::Open)) return "[:]"; // As it is written.
    return "[" + to_string(type->key()) + ": " + to_string(type->mapped()) + "]";
  case TypeKind::Array:
    if (type->element()->is(TypeKind::Open)) return "[]"; // As it is written.
    if (type->rank == 1) return "[" + to_string(type->element()) + "]";
    return "[" + to_string(type->element()) + ", " + std::to_string(type->rank) + "]";
  case TypeKind::Function: return "fn " + std::string(type->name);
  case TypeKind::Lambda: return lambda_text(type->lambda);
  case TypeKind::Cell: return "cell of " + to_string(type->element());
  case TypeKind::Union: return union_text(type);
  case TypeKind::Callable: return callable_text(type);
  case TypeKind::Open: return "?";
  case TypeKind::Struct:
  case TypeKind::Class:
  case TypeKind::Family: return instance_text(type);
  }
  return {};
}

TypeTable::TypeTable() {
  auto simple = [this](TypeKind kind, std::string_view name, bool spelled = true) {
    Type type{};
    type.kind = kind;
    type.name = name;
    const Type *made = intern_type(type);
    if (spelled) named_.emplace(made->name, made);
    return made;
  };
  error = simple(TypeKind::Error, "error", false);
  never = simple(TypeKind::Never, "never", false);
  none = simple(TypeKind::None, "none");
  boolean = simple(TypeKind::Bool, "bool");
  i8 = simple(TypeKind::I8, "i8");
  i16 = simple(TypeKind::I16, "i16");
  i32 = simple(TypeKind::I32, "i32");
  i64 = simple(TypeKind::I64, "i64");
  u8 = simple(TypeKind::U8, "u8");
  u16 = simple(TypeKind::U16, "u16");
  u32 = simple(TypeKind::U32, "u32");
  u64 = simple(TypeKind::U64, "u64");
  f32 = simple(TypeKind::F32, "f32");
  f64 = simple(TypeKind::F64, "f64");
  str = simple(TypeKind::Str, "str");
  range = simple(TypeKind::Range, "range");
  failure = simple(TypeKind::Failure, "error");
  dyn = simple(TypeKind::Dyn, "dyn");
}

std::string_view TypeTable::intern(std::string_view text) {
  if (auto found = interned_.find(text); found != interned_.end()) return found->second;
  std::string_view kept = texts_.emplace_back(text);
  interned_.emplace(kept, kept);
  return kept;
}

const Type *TypeTable::intern_type(Type type) {
  // Everything a type consists of is interned already, so that its parts' addresses and numbers identify it.
  std::string key;
  auto add = [&key](auto part) { key.append(reinterpret_cast<const char *>(&part), sizeof part); };
  add(type.kind);
  add(type.rank);
  add(type.site);
  add(type.lambda);
  add(type.declaration);
  type.name = intern(type.name);
  add(type.name.data());
  for (const Type *element : type.elements) add(element->id);
  for (const Type *argument : type.arguments) add(argument->id);
  add(uint32_t(-1));
  std::vector<std::string_view> names;
  for (std::string_view name : type.names) add(names.emplace_back(intern(name)).data());

  auto [place, is_new] = by_key_.try_emplace(std::move(key), nullptr);
  if (!is_new) return place->second;
  type.id = static_cast<uint32_t>(all_.size());
  type.elements = keep_list(type.elements);
  type.arguments = keep_list(type.arguments);
  for (std::span<const Type *const> list : {type.elements, type.arguments})
    for (const Type *element : list) {
      constexpr uint64_t heaviest = uint64_t(1) << 40;
      type.depth = std::max(type.depth, element->depth + 1);
      type.weight = std::min(heaviest, type.weight + element->weight);
    }
  if (!names.empty()) type.names = name_lists_.emplace_back(std::move(names));
  return place->second = all_.emplace_back(std::make_unique<Type>(type)).get();
}

const Type *TypeTable::tuple(std::span<const Type *const> elements, std::span<const std::string_view> names) {
  assert(names.empty() || names.size() == elements.size());
  Type type{};
  type.kind = TypeKind::Tuple;
  type.elements = elements;
  type.names = names;
  return intern_type(type);
}

const Type *TypeTable::array(const Type *element, uint32_t rank) {
  assert(rank >= 1);
  Type type{};
  type.kind = TypeKind::Array;
  type.elements = {&element, 1};
  type.rank = rank;
  return intern_type(type);
}

const Type *TypeTable::map(const Type *key, const Type *value) {
  static constexpr std::string_view names[] = {
#define KILN_MAP_FIELD(name, type) #name,
#include "codegen/map_fields.def"
  };
  const Type *elements[] = {key, value};
  Type type{};
  type.kind = TypeKind::Map;
  type.elements = elements;
  type.names = names;
  const Type *made = intern_type(type);
  if (made->fields.empty()) {
    const Type *fields[] = {
#define KILN_MAP_FIELD(name, type) type,
#include "codegen/map_fields.def"
    };
    all_[made->id]->fields = keep_list(fields);
  }
  return made;
}

const Type *TypeTable::function(std::string_view name, bool from_library) {
  Type type{};
  type.site = from_library;
  type.kind = TypeKind::Function;
  type.name = name;
  return intern_type(type);
}

const Type *TypeTable::lambda(const KirFunction *function, std::span<const Type *const> captures) {
  Type type{};
  type.kind = TypeKind::Lambda;
  type.lambda = function;
  type.elements = captures;
  return intern_type(type);
}

const Type *TypeTable::cell(const Type *element, uint32_t site) {
  Type type{};
  type.site = site;
  type.kind = TypeKind::Cell;
  type.elements = {&element, 1};
  return intern_type(type);
}

const Type *TypeTable::open(uint32_t site) {
  Type type{};
  type.kind = TypeKind::Open;
  type.site = site;
  return intern_type(type);
}

const Type *TypeTable::family(const Declaration &declaration) {
  Type type{};
  type.kind = TypeKind::Family;
  type.declaration = &declaration;
  return intern_type(type);
}

const Type *TypeTable::instance(const Declaration &declaration, std::span<const Type *const> arguments) {
  Type type{};
  type.kind = declaration.is_class ? TypeKind::Class : TypeKind::Struct;
  type.declaration = &declaration;
  type.arguments = arguments;
  std::vector<std::string_view> names;
  for (const Declaration::Field &field : declaration.fields) names.push_back(field.name);
  type.names = names;
  type.complete = false;
  return intern_type(type);
}

void TypeTable::set_fields(const Type *instance, std::span<const Type *const> fields) {
  Type &type = *all_[instance->id];
  assert(!type.complete && fields.size() == type.declaration->fields.size());
  type.fields = keep_list(fields);
  type.complete = true;
  if (type.is(TypeKind::Struct)) type.elements = type.fields;
}

const Type *TypeTable::union_of(std::span<const Type *const> types) {
  std::vector<const Type *> all;
  for (const Type *type : types)
    for (const Type *alternative : type->alternatives())
      if (std::find(all.begin(), all.end(), alternative) == all.end()) all.push_back(alternative);
  if (std::find(all.begin(), all.end(), dyn) != all.end()) return dyn; // It takes them all.
  if (all.size() == 1) return all[0];
  if (all.size() > most_alternatives) return nullptr;
  std::sort(all.begin(), all.end(), [](const Type *a, const Type *b) {
    bool a_none = a->is(TypeKind::None), b_none = b->is(TypeKind::None);
    return a_none != b_none ? b_none : a->id < b->id;
  });
  Type type{};
  type.kind = TypeKind::Union;
  type.elements = all;
  return intern_type(type);
}

const Type *TypeTable::callable(std::span<const Type *const> params, const Type *result) {
  std::vector<const Type *> elements(params.begin(), params.end());
  elements.push_back(result);
  Type type{};
  type.kind = TypeKind::Callable;
  type.elements = elements;
  return intern_type(type);
}

const Type *TypeTable::named(std::string_view name) const {
  auto found = named_.find(name);
  return found == named_.end() ? nullptr : found->second;
}

} // namespace kiln
