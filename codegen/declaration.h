#pragma once

#include "lang/source.h"

#include <string_view>
#include <vector>

namespace kiln {

struct TypeExpr;

/// What a `struct` or `class` statement declares. One that replaces another at the prompt is a declaration of its own:
/// values of the old one keep their type.
struct Declaration {
  struct Field {
    std::string_view name;
    Span span;
    const TypeExpr *annotation = nullptr; // Null: its type comes from the constructor's call.
  };
  std::string_view name;
  Span span; // Of the name.
  bool is_class = false;
  bool replaced = false; // Another declaration has the name now.
  std::vector<Field> fields;
};

} // namespace kiln
