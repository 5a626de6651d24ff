#include "codegen/operator_definition.h"

#include "codegen/arithmetic.h"

#include <algorithm>
#include <optional>

namespace kiln {

namespace {

constexpr BinaryOp binary_operators[] = {
#define KILN_BINARY(name, spelling, level, rule) BinaryOp::name,
#include "lang/operators.def"
};
constexpr UnaryOp unary_operators[] = {
#define KILN_UNARY(name, spelling) UnaryOp::name,
#include "lang/operators.def"
};

template <typename Op> std::optional<Op> find(std::span<const Op> operators, std::string_view name) {
  for (Op op : operators)
    if (spelling(op) == name) return op;
  return std::nullopt;
}

/// Elements are taken of a container with indices, and a call is of a callable with any arguments.
struct Bracket {
  std::string_view name;
  size_t least;
  std::string_view operands;
};
constexpr Bracket brackets[] = {{"[]", 2, "a container and at least 1 index"},
                                {"[]=", 3, "a container, at least 1 index and a value"},
                                {"()", 1, "a callable and its arguments"}};

bool is_own(std::string_view name, std::span<const Type *const> params, TypeTable &types) {
  if (!std::all_of(params.begin(), params.end(), [](const Type *param) { return param && !param->is(TypeKind::Error); }))
    return false;
  if (std::any_of(params.begin(), params.end(), [](const Type *param) { return param->is_declared() || param->is(TypeKind::Family); }))
    return false;
  auto operand = [&](size_t i) { return Abstract(params[i]); };
  if (name.starts_with("["))
    return params[0]->is_array() || params[0]->is(TypeKind::Tuple) || (name == "[]" && params[0]->is(TypeKind::Str));
  if (params.size() == 1) {
    std::optional<UnaryOp> op = find<UnaryOp>(unary_operators, name);
    return op && unary_types(types, *op, operand(0));
  }
  std::optional<BinaryOp> op = find<BinaryOp>(binary_operators, name);
  return op && binary_types(types, *op, operand(0), operand(1));
}

} // namespace

void check_operator(const Ident &name, std::span<const Type *const> params, TypeTable &types, Diagnostics &diagnostics) {
  const bool binary = find<BinaryOp>(binary_operators, name.text).has_value();
  const bool unary = find<UnaryOp>(unary_operators, name.text).has_value();
  const auto *bracket = std::find_if(std::begin(brackets), std::end(brackets),
                                     [&](const Bracket &row) { return row.name == name.text; });
  if (bracket != std::end(brackets)) {
    if (params.size() < bracket->least) {
      diagnostics.report<Diag::OperatorArity>(name.span, name.text, bracket->operands, params.size());
      return;
    }
  } else if (!binary && !unary) {
    return;
  } else if (!(unary && params.size() == 1) && !(binary && params.size() == 2)) {
    diagnostics.report<Diag::OperatorArity>(name.span, name.text,
                                            binary && unary ? "1 or 2 operands" : counted(unary ? 1 : 2, "operand"),
                                            params.size());
    return;
  }
  if (!is_own(name.text, params, types)) return;
  std::string operands;
  for (const Type *param : params) operands += (operands.empty() ? "" : " and ") + to_string(param);
  diagnostics.report<Diag::OwnOperator>(name.span, name.text, operands)
      .help("an operator is defined for a struct or class, or where the language has none");
}

} // namespace kiln
