#include "codegen/abstract.h"

#include "codegen/declaration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kiln {

template <typename Change> void Abstract::change_paths(Change change) {
  auto changed = paths_ ? std::make_shared<Paths>(*paths_) : std::make_shared<Paths>();
  change(*changed);
  paths_ = std::move(changed);
}

void Abstract::set_alternatives(std::vector<AlternativeOrigin> alternatives) {
  if (paths_ || !alternatives.empty())
    change_paths([&](Paths &paths) { paths.alternatives = std::move(alternatives); });
}

void Abstract::set_other(const Type *type, Span where) {
  change_paths([&](Paths &paths) { paths.other = type, paths.other_origin = where; });
}

void Abstract::set_unset(std::string_view name, Span where) {
  change_paths([&](Paths &paths) { paths.unset = name, paths.other_origin = where; });
}

namespace {

const Type *join_numbers(TypeTable &types, const Type *a, const Type *b) {
  if (!a->is_number() || !b->is_number() || a->is(TypeKind::U64) || b->is(TypeKind::U64))
    return nullptr;
  if (a->is_integer() && b->is_integer())
    return types.i64;
  return types.f64;
}

const Type *join_tuples(TypeTable &types, const Type *a, const Type *b) {
  if (a->elements.size() != b->elements.size() || !std::equal(a->names.begin(), a->names.end(), b->names.begin(), b->names.end()))
    return nullptr;
  std::vector<const Type *> elements;
  for (size_t i = 0; i < a->elements.size(); ++i) {
    const Type *element = join_types(types, a->elements[i], b->elements[i]);
    if (!element)
      return nullptr;
    elements.push_back(element);
  }
  return types.tuple(elements, a->names);
}

/// Structs of one declaration join field by field. Declared types of fields are the same in both.
const Type *join_structs(TypeTable &types, const Type *a, const Type *b) {
  if (a->declaration != b->declaration || a->arguments.size() != b->arguments.size())
    return nullptr;
  std::vector<const Type *> fields, arguments;
  for (size_t i = 0; i < a->fields.size(); ++i) {
    fields.push_back(join_types(types, a->fields[i], b->fields[i]));
    if (!fields.back())
      return nullptr;
  }
  for (size_t i = 0; i < a->arguments.size(); ++i)
    arguments.push_back(join_types(types, a->arguments[i], b->arguments[i]));
  const Type *joined = types.instance(*a->declaration, arguments);
  if (!joined->complete)
    types.set_fields(joined, fields);
  return joined;
}

const Type *join_containers(TypeTable &types, const Type *a, const Type *b);

/// Elements of arrays and maps never convert; only a type that is still open gives way.
const Type *join_elements(TypeTable &types, const Type *a, const Type *b) {
  if (a == b || b->is(TypeKind::Open))
    return a;
  return a->is(TypeKind::Open) ? b : join_containers(types, a, b);
}

const Type *join_containers(TypeTable &types, const Type *a, const Type *b) {
  if (a->kind != b->kind || a->rank != b->rank || (!a->is_array() && !a->is(TypeKind::Map)))
    return nullptr;
  const Type *first = join_elements(types, a->elements[0], b->elements[0]);
  if (a->is_array() || !first)
    return first ? types.array(first, a->rank) : nullptr;
  const Type *value = join_elements(types, a->mapped(), b->mapped());
  return value ? types.map(first, value) : nullptr;
}

/// Two types of one kind that widen to one type of that kind. Null: they do not.
const Type *join_alike(TypeTable &types, const Type *a, const Type *b) {
  if (a == b)
    return a;
  if (const Type *number = join_numbers(types, a, b))
    return number;
  if (a->is(TypeKind::Tuple) && b->is(TypeKind::Tuple))
    return join_tuples(types, a, b);
  if (a->is(TypeKind::Struct) && b->is(TypeKind::Struct))
    return join_structs(types, a, b);
  return join_containers(types, a, b);
}

/// Adds an alternative: one that has room for it takes it; else it widens one; else it is one more.
void add_alternative(TypeTable &types, std::vector<const Type *> &all, const Type *added) {
  for (const Type *alternative : all)
    if (join_alike(types, alternative, added) == alternative)
      return;
  for (const Type *&alternative : all)
    if (const Type *wider = join_alike(types, alternative, added)) {
      alternative = wider;
      return;
    }
  all.push_back(added);
}

} // namespace

bool is_too_large(const Type *type) {
  constexpr uint32_t most_nested_types = 32;
  constexpr uint64_t heaviest_type = 2000;
  return type->depth > most_nested_types || type->weight > heaviest_type;
}

const Type *join_types(TypeTable &types, const Type *a, const Type *b) {
  if (a == b)
    return a;
  if (a->is(TypeKind::Error) || b->is(TypeKind::Error))
    return types.error;
  if (a->is(TypeKind::Never))
    return b;
  if (b->is(TypeKind::Never))
    return a;
  auto is_open = [](const Type *type) { return type->is(TypeKind::Cell) || type->is(TypeKind::Open); };
  if (is_open(a) || is_open(b))
    return nullptr;
  if (a->is(TypeKind::Dyn) || b->is(TypeKind::Dyn))
    return types.dyn;
  const Type *joined = join_alike(types, a, b);
  if (!joined) {
    std::vector<const Type *> all = a->alternatives();
    for (const Type *added : b->alternatives())
      add_alternative(types, all, added);
    joined = types.union_of(all);
  }
  return joined && !is_too_large(joined) ? joined : nullptr;
}

namespace {

/// Where each alternative of a joined union came from: the first place that brought it.
std::vector<AlternativeOrigin> join_origins(const Type *joined, const Abstract &a, const Abstract &b) {
  std::vector<AlternativeOrigin> origins;
  for (const Type *alternative : joined->elements)
    for (const Abstract *side : {&a, &b}) {
      List<AlternativeOrigin> all = side->alternatives();
      auto known = std::ranges::find(all, alternative, &AlternativeOrigin::type);
      bool of_union = known != all.end();
      if (!of_union && side->type != alternative)
        continue;
      origins.push_back({alternative, of_union ? known->span : side->origin});
      break;
    }
  return origins;
}

} // namespace

Abstract join(TypeTable &types, const Abstract &a, const Abstract &b) {
  if (!a.reached())
    return b;
  if (!b.reached())
    return a;
  Abstract result = a;
  result.literal = false;
  if (a.unset().empty() && !b.unset().empty())
    result.set_unset(b.unset(), b.other_origin());
  if (a.other() || b.other()) {
    const Abstract &conflict = a.other() ? a : b;
    result.type = conflict.type, result.origin = conflict.origin;
    result.set_other(conflict.other(), conflict.other_origin());
    result.constant.reset();
    return result;
  }
  if (const Type *type = join_types(types, a.type, b.type)) {
    result.type = type;
    result.origin = type == a.type && !a.type->is(TypeKind::Never) ? a.origin : b.origin;
    if (type->is_union())
      result.set_alternatives(join_origins(type, a, b));
    if (!(a.type == b.type && a.constant && b.constant && *a.constant == *b.constant))
      result.constant.reset();
    return result;
  }
  result.constant.reset();
  result.set_other(b.type, b.origin);
  return result;
}

bool same_state(const Abstract &a, const Abstract &b) {
  return a.type == b.type && (a.other() != nullptr) == (b.other() != nullptr) && a.unset().empty() == b.unset().empty();
}

Abstract without_constant(Abstract value) {
  value.constant.reset();
  value.literal = false;
  return value;
}

bool fits(const Type *type, int64_t value, bool value_is_u64) {
  if (type->is(TypeKind::U64))
    return value_is_u64 || value >= 0;
  if (value_is_u64 && value < 0)
    return false;
  unsigned bits = type->bits();
  if (type->is_signed())
    return bits == 64 || (value >= -(int64_t{1} << (bits - 1)) && value < (int64_t{1} << (bits - 1)));
  return value >= 0 && value < (int64_t{1} << bits);
}

namespace {

/// Whether every value of the integer type is a value of the other.
bool contains_all(const Type *wide, const Type *narrow) {
  if (wide->is_signed() == narrow->is_signed())
    return wide->bits() >= narrow->bits();
  return wide->is_signed() && wide->bits() > narrow->bits();
}

bool exact_as_float(const Type *to, int64_t value, bool is_u64) {
  double wide = is_u64 ? static_cast<double>(static_cast<uint64_t>(value)) : static_cast<double>(value);
  // The largest doubles of the range round to 2^63 or 2^64, which do not convert back.
  if (is_u64 ? wide >= 0x1p64 : wide >= 0x1p63)
    return false;
  bool exact = is_u64 ? static_cast<uint64_t>(wide) == static_cast<uint64_t>(value) : static_cast<int64_t>(wide) == value;
  return exact && (to->is(TypeKind::F64) || static_cast<double>(static_cast<float>(wide)) == wide);
}

} // namespace

std::optional<Conversion> store_conversion(const Type *from, const Type *to, const std::optional<Constant> &known, bool literal) {
  if (from->is_integer() && to->is_integer()) {
    if (contains_all(to, from) || (known && fits(to, known->integer(), from->is(TypeKind::U64))))
      return Conversion::Exact;
    return known && literal ? std::nullopt : std::optional(Conversion::Checked);
  }
  if (from->is_integer() && to->is_float()) {
    if (from->bits() <= (to->is(TypeKind::F64) ? 32u : 16u))
      return Conversion::Exact;
    if (known)
      return exact_as_float(to, known->integer(), from->is(TypeKind::U64)) ? std::optional(Conversion::Exact) : std::nullopt;
    return Conversion::CheckedExact;
  }
  if (from->is(TypeKind::F32) && to->is(TypeKind::F64))
    return Conversion::Exact;
  if (from->is(TypeKind::F64) && to->is(TypeKind::F32) && literal)
    return Conversion::Rounding;
  return std::nullopt;
}

std::optional<uint32_t> alternative_for(TypeTable &types, const Type *from, const Type *to, const std::optional<Constant> &known, bool literal) {
  if (auto place = to->place_of(from))
    return place;
  for (uint32_t i = 0; i < to->elements.size(); ++i)
    if (join_types(types, from, to->elements[i]) == to->elements[i])
      return i;
  for (uint32_t i = 0; i < to->elements.size(); ++i)
    if (store_conversion(from, to->elements[i], known, literal))
      return i;
  if (from->is(TypeKind::Lambda) || from->is(TypeKind::Function) || from->is(TypeKind::Callable))
    for (uint32_t i = 0; i < to->elements.size(); ++i)
      if (to->elements[i]->is(TypeKind::Callable))
        return i;
  return std::nullopt;
}

std::optional<Constant> convert_constant(const Constant &constant, const Type *from, const Type *to) {
  Constant result = constant;
  if (from == to)
    return result;
  if (from->is(TypeKind::Bool) && to->is_number()) {
    if (to->is_float())
      return Constant::of_float(static_cast<double>(constant.integer()));
    return Constant::of_int(constant.integer());
  }
  if (from->is_integer() && to->is_integer())
    return fits(to, constant.integer(), from->is(TypeKind::U64)) ? std::optional(result) : std::nullopt;
  if (from->is_integer() && to->is_float()) {
    double wide = from->is(TypeKind::U64) ? static_cast<double>(static_cast<uint64_t>(constant.integer()))
                                          : static_cast<double>(constant.integer());
    if (to->is(TypeKind::F32))
      wide = from->is(TypeKind::U64) ? static_cast<float>(static_cast<uint64_t>(constant.integer()))
                                     : static_cast<float>(constant.integer());
    return Constant::of_float(wide);
  }
  if (from->is_float() && to->is_float())
    return Constant::of_float(to->is(TypeKind::F32) ? static_cast<float>(constant.floating()) : constant.floating());
  return std::nullopt;
}

} // namespace kiln
