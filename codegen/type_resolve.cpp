#include "codegen/infer.h"

namespace kiln {

namespace {

const Type *resolve_name(TypeTable &types, const NamedType &named, Diagnostics &diagnostics) {
  if (const Type *type = types.named(named.name))
    return type;
  Diagnostic &error = diagnostics.report<Diag::UnknownType>(named.span, named.name);
  const std::pair<std::string_view, std::string_view> foreign[] = {
      {"int", "i64"},   {"integer", "i64"}, {"long", "i64"},   {"float", "f64"},   {"double", "f64"},  {"real", "f64"},
      {"string", "str"}, {"String", "str"},  {"boolean", "bool"}, {"Int", "i64"},     {"Float64", "f64"}, {"Int64", "i64"},
      {"void", "none"}, {"byte", "u8"},     {"char", "u8"},    {"number", "f64"}, {"int64", "i64"},   {"float64", "f64"},
      {"int32", "i32"}, {"float32", "f32"}, {"array", "[f64]"}, {"list", "[f64]"}};
  for (auto [theirs, ours] : foreign)
    if (named.name == theirs) {
      error.help(fmt::format("Kiln writes `{}`", ours));
      return types.error;
    }
  if (auto near = closest(named.name, {"none", "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "str", "range"}))
    error.help(fmt::format("did you mean `{}`?", *near));
  return types.error;
}

} // namespace

const Type *resolve_type(TypeTable &types, const TypeExpr *expr, Diagnostics &diagnostics) {
  switch (expr->kind) {
  case TypeExprKind::Error: return types.error;
  case TypeExprKind::Named: return resolve_name(types, cast<NamedType>(expr), diagnostics);
  case TypeExprKind::Tuple: {
    const auto &tuple = cast<TupleType>(expr);
    std::vector<const Type *> elements;
    for (const TypeExpr *element : tuple.elements) {
      elements.push_back(resolve_type(types, element, diagnostics));
      if (elements.back()->is(TypeKind::Error))
        return types.error;
    }
    return types.tuple(elements, tuple.names);
  }
  case TypeExprKind::Array: {
    const auto &array = cast<ArrayType>(expr);
    const Type *element = resolve_type(types, array.element, diagnostics);
    return element->is(TypeKind::Error) ? types.error : types.array(element, array.rank);
  }
  case TypeExprKind::Function:
    diagnostics.report<Diag::UnknownType>(expr->span, "fn(...)").help("leave the type out: a callable's own type is taken");
    return types.error;
  }
  return types.error;
}

} // namespace kiln
