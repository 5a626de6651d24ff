#pragma once

#include "codegen/abstract.h"

namespace kiln {

/// What an operator does with its operands' types: what each is converted to before, and the type of the result.
struct OperatorTypes {
  const Type *left = nullptr; // Null: the operator does not take these types.
  const Type *right = nullptr;
  const Type *result = nullptr;
  /// A narrow integer's bit operation: computed in the operand types, then the low bits are taken.
  bool wraps = false;
  /// How to write it instead, when not possible.
  std::string help;

  explicit operator bool() const { return left != nullptr; }
};

/// The rules of the operator table (arithmetic, bits, comparisons; not `in`).
OperatorTypes binary_types(TypeTable &types, BinaryOp op, const Abstract &left, const Abstract &right);
OperatorTypes unary_types(TypeTable &types, UnaryOp op, const Abstract &operand);

/// The type that a number computes as: `bool i8 i16 u8 u16` as i64.
const Type *computes_as(TypeTable &types, const Type *type);
/// The wider of two numbers' types, after `computes_as`; null for signed with u64.
const Type *promoted(TypeTable &types, const Abstract &left, const Abstract &right);

/// The operator's value for operands already converted to its operand types, when known and sure not to fail.
std::optional<Constant> fold_binary(BinaryOp op, const OperatorTypes &rule, const Constant &left, const Constant &right);
std::optional<Constant> fold_unary(UnaryOp op, const OperatorTypes &rule, const Constant &operand);

} // namespace kiln
