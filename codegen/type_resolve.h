#pragma once

#include "codegen/declaration.h"
#include "codegen/names.h"
#include "lang/diagnostics.h"

#include <span>
#include <string_view>
#include <vector>

namespace kiln {

/// Says that a union of these types has too many.
Diagnostic &report_wide_union(Diagnostics &diagnostics, Span span, std::span<const Type *const> types);
/// Reports a type whose values cannot be keys.
void report_bad_key(Diagnostics &diagnostics, Span span, const Type *key);

/// Finds the types that type expressions name, and the fields of the structs and classes among them.
/// What is wrong is reported, and gives the error type.
class TypeResolver {
public:
  /// `mentioned`: gets the names that were looked up, found or not; may be null.
  TypeResolver(TypeTable &types, Names &names, Diagnostics &diagnostics, bool from_library,
               std::vector<std::string_view> *mentioned = nullptr)
      : types_(types), names_(names), diagnostics_(diagnostics), from_library_(from_library), mentioned_(mentioned) {}

  /// A struct or class some of whose fields are open, named without their types, is its family; in its own declaration
  /// it is the instance that is being made.
  const Type *resolve(const TypeExpr *expr);
  /// The struct or class with these types of its open fields.
  const Type *instance(const Declaration &declaration, std::span<const Type *const> arguments);
  /// Whether the field's type comes from the constructor's call: it has no annotation, or one that is a family.
  bool is_open(const Declaration &declaration, const Declaration::Field &field);
  size_t count_open(const Declaration &declaration);
  /// Reports what is wrong with the types of the fields, whatever those that are open may be.
  void check(const Declaration &declaration);

private:
  std::vector<const Type *> resolve_all(List<const TypeExpr *> exprs);
  const Type *resolve_union(const UnionType &expr);
  const Type *resolve_function(const FunctionType &expr);
  const Type *resolve_map(const TypeExpr &key_expr, const Type *key, const Type *value);
  const Type *resolve_name(const NamedType &named);
  const Type *resolve_declared(const NamedType &named, const Declaration &declaration);
  const Type *unknown(const NamedType &named);
  bool names_open(const Declaration &declaration, const TypeExpr *annotation);
  bool contains_itself(const Type *type) const;
  const Declaration *declaration_of(const NamedType &named);

  TypeTable &types_;
  Names &names_;
  Diagnostics &diagnostics_;
  bool from_library_;
  std::vector<std::string_view> *mentioned_;
  std::vector<const Type *> making_;               // Instances whose fields are being found, outermost first.
  std::vector<const Declaration *> asked_open_;    // Declarations whose open fields are being counted.
};

} // namespace kiln
