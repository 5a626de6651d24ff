// Maps and sets. What is done with them is written in Kiln (lang/library/maps.kn); here its calls are typed, and the
// types of `[:]` and `set()` found.
#include "codegen/body_inference.h"

namespace kiln {

namespace {

/// Sites of open types are instructions' ids; an empty map has two.
constexpr uint32_t value_site = 0x20000000;

} // namespace

// --- making maps ---

Abstract BodyInference::empty_map(const Inst &inst, const Type *value) {
  auto part = [&](uint32_t site, const Type *unknown) -> const Type * {
    if (auto seed = open_seeds_.find(site); seed != open_seeds_.end()) return settle(seed->second);
    if (!settle_open_) return types_.open(site);
    // Nothing reached it. At the top level a later statement may; elsewhere it stays empty.
    return function_.is_unit ? types_.open(inference_.open_sites_++) : unknown;
  };
  const Type *key = part(inst.id, types_.none);
  return of(types_.map(key, value ? value : part(inst.id | value_site, types_.never)), inst);
}

Abstract BodyInference::rule_map(const Inst &inst) {
  if (inst.args.empty()) return empty_map(inst, nullptr);
  Abstract parts[] = {value(inst.args[0]), value(inst.args[1])};
  for (size_t i = 0; i < inst.args.size(); ++i) {
    const Inst *arg = inst.args[i];
    Abstract &part = parts[i % 2];
    unify_open(part, value(arg));
    Abstract joined = join(types_, part, value(arg));
    if (joined.other()) {
      report_conflict(arg->span, joined);
      return error_value(inst);
    }
    part = joined;
    if (i % 2 == 0 && !is_key(part.type)) {
      report_bad_key(diagnostics_, arg->span, part.type);
      return error_value(inst);
    }
  }
  const Type *map = types_.map(parts[0].type, parts[1].type);
  for (size_t i = 0; i < inst.args.size(); ++i) settle_as(value(inst.args[i]), map->elements[i % 2], inst);
  if (is_open(map) && !settle_open_) return of(map, inst);
  if (!settled(inst, inst, map)) return error_value(inst);
  Abstract stores = call_library(inst, "map_set", {&inst, inst.args[0], inst.args[1]}, {map, map->key(), map->mapped()});
  return stores.is(TypeKind::Error) ? stores : of(map, inst);
}

/// Whether the value can be stored in a place of the type; reports when not.
bool BodyInference::storable(const Inst &stored, const Type *type, const char *place) {
  const Abstract &given = value(&stored);
  if (type->is(TypeKind::Open)) return true;
  if (settle_as(given, type, stored) || convertible(given, type)) return true;
  report_store(stored, given, type, place);
  return false;
}

bool BodyInference::raise_map(const Type *map, const Inst &key, const Inst &stored) {
  if (is_unused(map) && !is_key(value(&key).type)) {
    report_bad_key(diagnostics_, key.span, value(&key).type);
    return false;
  }
  raise(map->key(), value(&key));
  raise(map->mapped(), value(&stored));
  return true;
}

// --- calls of the library ---

Abstract BodyInference::call_library(const Inst &inst, std::string_view name, const std::vector<const Inst *> &arguments,
                                     const std::vector<const Type *> &operands) {
  CallPlan made;
  made.kind = CallPlan::Direct;
  made.arguments = arguments;
  made.operands = operands;
  for (size_t i = 0; i < operands.size(); ++i) made.sources.push_back(static_cast<int>(i));
  return call_specialisation(inst, *inference_.names().library_methods(name).front(), std::move(made));
}

Abstract BodyInference::call_map(const Inst &inst, std::string_view name, const std::vector<const Inst *> &arguments,
                                 const Type *result) {
  const Type *map = value(arguments[0]).type;
  std::vector<const Type *> operands = {map};
  for (size_t i = 1; i < arguments.size(); ++i) {
    operands.push_back(i <= 2 ? map->elements[i - 1] : value(arguments[i]).type);
    if (i <= 2 && !storable(*arguments[i], operands[i], i == 1 ? "a key" : "a value")) return error_value(inst);
  }
  if (is_open(map) && !settle_open_) return of(result, inst);
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!settled(inst, *arguments[i], operands[i])) return error_value(inst);
  return call_library(inst, name, arguments, operands);
}

// --- elements ---

/// Looks the key up once for what an assignment reads and stores there. What is wrong, the Index reports.
Abstract BodyInference::rule_find(const Inst &inst) {
  const Type *map = value(inst.args[0]).type;
  bool finds = map->is(TypeKind::Map) && inst.args.size() == 2 && !map->is_set() && !is_unused(map) &&
               convertible(value(inst.args[1]), map->key());
  return finds ? call_map(inst, "map_found", {inst.args[0], inst.args[1]}, types_.none) : of(types_.none, inst);
}

namespace {

/// Whether there is one key, on a map that has values; reports when not.
bool has_one_key(Diagnostics &diagnostics, const Inst &inst, const Type *map, size_t count) {
  if (map->is_set())
    diagnostics.report<Diag::NotIndexable>(inst.span, map).help("`has(s, x)` tells whether x is in the set s");
  else if (count != 1)
    diagnostics.report<Diag::IndexCount>(inst.span, map, "1 key", count)
        .help("a tuple is one key, as in `m[(i, j)]`");
  return !map->is_set() && count == 1;
}

} // namespace

Abstract BodyInference::index_map(const Inst &inst) {
  const Inst *map = inst.args[0], *key = inst.args[1];
  const Type *type = value(map).type;
  if (!has_one_key(diagnostics_, inst, type, inst.args.size() - 1)) return error_value(inst);
  if (is_unused(type)) return call_library(inst, "no_entry", {}, {});
  if (!inst.found() || !value(inst.found()).is(TypeKind::Tuple)) return call_map(inst, "map_get", {map, key}, type->mapped());
  return call_library(inst, "found_value", {map, key, inst.found()}, {type, type->key(), value(inst.found()).type});
}

Abstract BodyInference::set_index_map(const Inst &inst) {
  const Inst *map = inst.args[0], *key = inst.args[1], *stored = inst.args.back();
  const Type *type = value(map).type;
  if (!has_one_key(diagnostics_, inst, type, inst.args.size() - 2) || !raise_map(type, *key, *stored))
    return error_value(inst);
  if (!inst.found() || !value(inst.found()).is(TypeKind::Tuple))
    return call_map(inst, "map_set", {map, key, stored}, types_.none);
  if (!storable(*stored, type->mapped(), "a value")) return error_value(inst);
  return call_library(inst, "found_set", {map, key, stored, inst.found()},
                      {type, type->key(), type->mapped(), value(inst.found()).type});
}

/// What a `for` visits: the elements of a set, the pairs of key and value of a map.
Abstract BodyInference::map_elements(const Inst &inst, const Inst &source) {
  const Type *map = value(&source).type;
  if (map->is_set()) return call_map(inst, "map_keys", {&source}, types_.array(map->key()));
  const Type *pair[] = {map->key(), map->mapped()};
  return call_map(inst, "map_entries", {&source}, types_.array(types_.tuple(pair)));
}

} // namespace kiln
