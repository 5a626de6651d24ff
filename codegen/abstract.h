#pragma once

#include "codegen/kir.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace kiln {

/// Where an alternative of a union came from.
struct AlternativeOrigin {
  const Type *type;
  Span span;
};

/// What inference knows of a value: its type, and the value itself where that is known.
struct Abstract {
  const Type *type = nullptr; // Null: nothing reached here yet.
  std::optional<Constant> constant;
  Span origin;                // Where the type came from.
  bool literal = false;       // An unsuffixed literal: takes the type of its neighbour.

  Abstract() = default;
  explicit Abstract(const Type *type, Span origin = {}) : type(type), origin(origin) {}

  /// A union's, as far as known.
  List<AlternativeOrigin> alternatives() const { return paths_ ? paths_->alternatives : List<AlternativeOrigin>(); }
  void set_alternatives(std::vector<AlternativeOrigin> alternatives);
  /// Not null: on another path the value has this type, and the two make no union. An error where it is used.
  const Type *other() const { return paths_ ? paths_->other : nullptr; }
  void set_other(const Type *type, Span where);
  /// Not empty: a variable that some path leaves unset, the last branch of which is the other origin.
  std::string_view unset() const { return paths_ ? paths_->unset : std::string_view(); }
  void set_unset(std::string_view name, Span where);
  Span other_origin() const { return paths_ ? paths_->other_origin : Span(); }

  bool reached() const { return type != nullptr; }
  /// A value that can be used.
  bool usable() const { return type && !other() && unset().empty(); }
  bool is(TypeKind kind) const { return type && type->kind == kind; }
  std::optional<bool> known_bool() const {
    return constant && type->is(TypeKind::Bool) ? std::optional(constant->integer() != 0) : std::nullopt;
  }

private:
  struct Paths {
    std::vector<AlternativeOrigin> alternatives;
    const Type *other = nullptr;
    Span other_origin;
    std::string_view unset;
  };
  template <typename Change> void change_paths(Change change);

  std::shared_ptr<const Paths> paths_; // Null for most values: all paths agree. Shared by copies.
};
// There is one for every instruction of every function, filled anew in each pass.
static_assert(sizeof(Abstract) <= 64);

/// The least type that two paths' values both convert to where control flow meets, in the language's join order (not arithmetic
/// promotion, which is not associative): unlike types make a union. Null when that has too many alternatives or grows without
/// end. `Open` elements give way to what they meet.
const Type *join_types(TypeTable &types, const Type *a, const Type *b);

/// The same for abstract values: constants survive when equal; types that do not join make a value that may not be used.
Abstract join(TypeTable &types, const Abstract &a, const Abstract &b);

/// Whether two are alike but for their constants, and the value without its constant: where loops and errors lead back.
bool same_state(const Abstract &a, const Abstract &b);
Abstract without_constant(Abstract value);

/// How a value of one type becomes another, where a place of fixed type is stored to or paths meet.
/// `known` is the value's constant, if any. No value: it does not convert.
std::optional<Conversion> store_conversion(const Type *from, const Type *to, const std::optional<Constant> &known, bool literal);

/// The alternative of a union that a value becomes when it is stored there: its own type, else the first it widens to, else the
/// first it can be stored in. No value: there is none.
std::optional<uint32_t> alternative_for(TypeTable &types, const Type *from, const Type *to, const std::optional<Constant> &known, bool literal);

/// Whether the type nests deeper, or has more parts, than what a program means.
bool is_too_large(const Type *type);

/// The constant converted, when that cannot fail.
std::optional<Constant> convert_constant(const Constant &constant, const Type *from, const Type *to);

/// Whether the integer (bits as from's) is a value of the type.
bool fits(const Type *type, int64_t value, bool value_is_u64 = false);

} // namespace kiln
