#pragma once

#include "codegen/kir.h"

#include <fmt/format.h>

#include <optional>

namespace kiln {

/// What inference knows of a value: its type, and the value itself where that is known.
struct Abstract {
  const Type *type = nullptr; // Null: nothing reached here yet.
  std::optional<Constant> constant;
  bool literal = false;       // An unsuffixed literal: takes the type of its neighbour.
  Span origin;                // Where the type came from.
  /// Not null: on another path the value has this type, which does not join with `type`. An error where it is used.
  const Type *other = nullptr;
  Span other_origin;
  /// Not empty: a variable that some path leaves unset. `other_origin` is that path's last branch.
  std::string_view unset;

  bool reached() const { return type != nullptr; }
  /// A value that can be used.
  bool usable() const { return type && !other && unset.empty(); }
  bool is(TypeKind kind) const { return type && type->kind == kind; }
  std::optional<bool> known_bool() const {
    return constant && type->is(TypeKind::Bool) ? std::optional(constant->integer != 0) : std::nullopt;
  }
};

/// The least type that two paths' values both convert to where control flow meets, in the language's join order (not arithmetic
/// promotion, which is not associative). Null when there is none. `Open` elements give way to what they meet.
const Type *join_types(TypeTable &types, const Type *a, const Type *b);

/// The same for abstract values: constants survive when equal; unlike types make a value that may not be used.
Abstract join(TypeTable &types, const Abstract &a, const Abstract &b);

/// Whether two are alike but for their constants, and the value without its constant: where loops and errors lead back.
bool same_state(const Abstract &a, const Abstract &b);
Abstract without_constant(Abstract value);

/// How a value of one type becomes another, where a place of fixed type is stored to or paths meet.
/// `known` is the value's constant, if any. No value: it does not convert.
std::optional<Conversion> store_conversion(const Type *from, const Type *to, const std::optional<Constant> &known, bool literal);

/// The constant converted, when that cannot fail.
std::optional<Constant> convert_constant(const Constant &constant, const Type *from, const Type *to);

/// Whether the integer (bits as from's) is a value of the type.
bool fits(const Type *type, int64_t value, bool value_is_u64 = false);

} // namespace kiln
