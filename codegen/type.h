#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kiln {

struct KirFunction;
struct Declaration;

enum class TypeKind : uint8_t {
  Error,    // Already reported; silences its consequences.
  Never,    // Of what does not return; joins as the other side.
  None,
  Bool,
  I8, I16, I32, I64,
  U8, U16, U32, U64,
  F32, F64,
  Str,
  Range,    // Of i64: first, last (exclusive), step.
  Tuple,    // elements; names is empty or as long.
  Array,    // element, rank.
  Function, // A function by name: `name`; no bits at run time. Methods are chosen at the call.
  Lambda,   // One lambda expression with the types of its captures (elements): captured values, in order.
  Cell,     // A variable that lives in memory (captured and reassigned, or assigned in a `try`): a reference to one `element`.
  Failure,  // A caught run-time error: a reference. People call it `error`.
  Union,    // One of several types (elements): 2 to most_alternatives of them, in the order of their ids, none last.
  Dyn,      // A value whose type is known at run time only: DynValue.
  Callable, // `fn(T): U`: any callable of this signature. elements: the parameters, then the result.
  Open,     // The element type of `[]` before anything reached it. Only during inference.
  Struct,   // `declaration` with the types of its fields (elements): a value with parts, as a tuple is.
  Class,    // `declaration` with the types of its `fields`: a reference to an object that has them.
  Map,      // elements: key, value (none: a set). A reference to an object with `fields` (lang/library/maps.kn works on them).
  Family,   // Any Struct or Class of `declaration`. Only what an annotation names, never the type of a value.
};

/// What a union may have at most.
constexpr size_t most_alternatives = 8;

/// A type, interned: equal types are the same pointer. Owned by `TypeTable`.
struct Type {
  TypeKind kind;
  uint32_t id;                           // Dense, from 0, in order of creation.
  std::span<const Type *const> elements; // Tuple, Lambda, Struct, Union, Callable, Map; Array and Cell: one.
  std::span<const std::string_view> names; // Tuple (or empty), Struct, Class, Map
  uint32_t rank = 0;                     // Array
  std::string_view name;                 // Function; the spelling of scalars
  const KirFunction *lambda = nullptr;   // Lambda
  const Declaration *declaration = nullptr; // Struct, Class, Family
  std::span<const Type *const> arguments; // Struct, Class: the types of the fields that the declaration leaves open.
  std::span<const Type *const> fields;    // Struct, Class: of all fields, once `complete`. Map.
  bool complete = true;                   // Struct, Class: false while their fields are being found.
  uint32_t site = 0;                     // Open, Cell: what made it. Function: 1 for the library's own.
  uint32_t depth = 1;                    // Levels of nesting.
  uint64_t weight = 1;                   // Types it consists of, itself included, each time they occur.

  bool is(TypeKind k) const { return kind == k; }
  bool is_signed() const { return kind >= TypeKind::I8 && kind <= TypeKind::I64; }
  bool is_unsigned() const { return kind >= TypeKind::U8 && kind <= TypeKind::U64; }
  bool is_integer() const { return kind >= TypeKind::I8 && kind <= TypeKind::U64; }
  bool is_float() const { return kind == TypeKind::F32 || kind == TypeKind::F64; }
  bool is_number() const { return kind >= TypeKind::I8 && kind <= TypeKind::F64; }
  bool is_scalar() const { return kind >= TypeKind::Bool && kind <= TypeKind::F64; }
  bool is_array() const { return kind == TypeKind::Array; }
  bool is_container() const { return kind == TypeKind::Array || kind == TypeKind::Map; }
  /// An array or map that nothing was ever put into, so that its types stayed unknown.
  bool stayed_open() const { return is_container() && elements[0]->is(TypeKind::None); }
  bool is_set() const { return kind == TypeKind::Map && elements[1]->is(TypeKind::None); }
  /// A reference to collected memory that holds the `fields`.
  bool is_object() const { return kind == TypeKind::Class || kind == TypeKind::Map; }
  bool is_declared() const { return kind == TypeKind::Struct || kind == TypeKind::Class; }
  /// A value that consists of its `elements`.
  bool is_record() const { return kind == TypeKind::Tuple || kind == TypeKind::Struct; }
  /// The types of what `x.name` reads: a tuple's elements, a struct's or object's fields.
  std::span<const Type *const> parts() const { return is_object() ? fields : elements; }
  /// The place of the part that has the name.
  std::optional<uint32_t> part(std::string_view part_name) const;
  bool is_union() const { return kind == TypeKind::Union; }
  /// Its values are pointers to collected memory that are never null.
  bool is_reference() const { return is_container() || kind == TypeKind::Class || kind == TypeKind::Failure; }
  /// A union of a reference and none: one pointer, null for none.
  bool is_nullable_reference() const {
    return is_union() && elements.size() == 2 && elements[0]->is_reference() && elements[1]->is(TypeKind::None);
  }
  /// The types that a value of this type may have at run time: a union's alternatives, or the type itself.
  std::vector<const Type *> alternatives() const;
  /// The place of an alternative in a union.
  std::optional<uint32_t> place_of(const Type *alternative) const;
  /// Has no bits at run time.
  bool is_empty() const;
  /// Width of a scalar in bits (bool: 8 in memory).
  unsigned bits() const;
  const Type *element() const { return elements[0]; }
  const Type *key() const { return elements[0]; }     // Map
  const Type *mapped() const { return elements[1]; }  // Map
  /// Whether values of the type hold references to collected memory.
  bool has_references() const;
};

/// A named tuple (start, has, get, next): the first state, and functions of a state: whether there is an element, the
/// element, the next state.
bool is_iterator(const Type *type);

/// How people write the type: `[f64, 2]`, `(x: i64, str)`, `fn(x) at line 3` for lambdas.
std::string to_string(const Type *type);

/// Whether an annotation leaves types of fields open: `Point`, `[Point]` where those of Point are not declared.
bool has_family(const Type *annotation);
/// Whether values of the type can be keys of a map: they have parts that do not change, down to numbers and texts, or are
/// objects of a class, which are the same or not.
bool is_key(const Type *type);

/// Whether values of the type are what the annotation names: it is the annotation, or an instance of its family.
bool is_instance(const Type *type, const Type *annotation);

/// Owns and interns types. One per session; lives as long as any code compiled from it.
class TypeTable {
public:
  TypeTable();
  TypeTable(const TypeTable &) = delete;
  TypeTable &operator=(const TypeTable &) = delete;

  const Type *error, *never, *none, *boolean, *i8, *i16, *i32, *i64, *u8, *u16, *u32, *u64, *f32, *f64, *str, *range, *failure, *dyn;

  const Type *tuple(std::span<const Type *const> elements, std::span<const std::string_view> names = {});
  const Type *array(const Type *element, uint32_t rank = 1);
  /// A map; where `value` is none, a set of the keys.
  const Type *map(const Type *key, const Type *value);
  /// `from_library`: the name as the library's own code means it.
  const Type *function(std::string_view name, bool from_library = false);
  const Type *lambda(const KirFunction *function, std::span<const Type *const> captures);
  const Type *cell(const Type *element, uint32_t site = 0);
  const Type *open(uint32_t site);
  const Type *family(const Declaration &declaration);
  /// The struct or class with these types of the fields that the declaration leaves open. Where it is new, it is not
  /// complete before set_fields().
  const Type *instance(const Declaration &declaration, std::span<const Type *const> arguments);
  void set_fields(const Type *instance, std::span<const Type *const> fields);
  /// The union of these types and of the alternatives of the unions among them; the type itself when that is one.
  /// Null when there are more than most_alternatives.
  const Type *union_of(std::span<const Type *const> types);
  const Type *callable(std::span<const Type *const> params, const Type *result);
  /// The scalar, str or range type of a name, or null.
  const Type *named(std::string_view name) const;
  const Type *at(uint32_t id) const { return all_[id].get(); }
  size_t size() const { return all_.size(); }
  /// A copy of the text that lives as long as the table; equal texts are the same pointer.
  std::string_view intern(std::string_view text);

private:
  const Type *intern_type(Type type);
  std::span<const Type *const> keep_list(std::span<const Type *const> list) {
    return list.empty() ? list : element_lists_.emplace_back(list.begin(), list.end());
  }
  std::vector<std::unique_ptr<Type>> all_;
  std::unordered_map<std::string, const Type *> by_key_;
  std::unordered_map<std::string_view, const Type *> named_;
  std::deque<std::vector<const Type *>> element_lists_;
  std::deque<std::vector<std::string_view>> name_lists_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::string_view> interned_;
};

} // namespace kiln
