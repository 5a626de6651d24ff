// Text, output, errors, the world, and C functions.
#include "jit/interpreter/native_call.h"
#include "jit/interpreter/operations.h"
#include "jit/interpreter/slot_value.h"
#include "jit/runtime/calls.h"

#include <algorithm>

namespace kiln {

namespace {

StrValue text_of(Slot *frame, const Invocation &at, size_t i) { return *reinterpret_cast<const StrValue *>(operand(frame, at, i)); }
StrValue constant_text(std::string_view text) { return {text.data(), static_cast<int64_t>(text.size())}; }
void give(Slot *frame, const Invocation &at, StrValue text) { std::memcpy(result(frame, at), &text, sizeof text); }

void concat(Slot *frame, const Invocation &at) {
  std::vector<StrValue> parts;
  for (size_t i = 0; i < at.args.size(); ++i) parts.push_back(text_of(frame, at, i));
  give(frame, at, parts.empty() ? constant_text("") : calls::kiln_str_concat(parts.data(), static_cast<int64_t>(parts.size())));
}

void format(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  Slot *value = operand(frame, at, 0);
  if (at.inst->name.empty()) {
    if (type->is(TypeKind::Str)) return give(frame, at, text_of(frame, at, 0));
    if (type->is(TypeKind::F64)) return give(frame, at, calls::kiln_format_f64(value->f));
    if (type->is_integer() && !type->is(TypeKind::U64)) return give(frame, at, calls::kiln_format_i64(value->i));
  }
  give(frame, at, calls::kiln_format(type, value, constant_text(at.inst->name)));
}

template <bool as_line>
void write(Slot *frame, const Invocation &at) {
  for (size_t i = 0; i < at.args.size(); ++i) {
    if (as_line && i > 0) calls::kiln_write_str(constant_text(" "));
    const Type *type = operand_type(at, i);
    Slot *value = operand(frame, at, i);
    if (type->is(TypeKind::Str))
      calls::kiln_write_str(text_of(frame, at, i));
    else if (type->is(TypeKind::F64))
      calls::kiln_write_f64(value->f);
    else if (type->is_integer() && !type->is(TypeKind::U64))
      calls::kiln_write_i64(value->i);
    else
      calls::kiln_write_value(type, value);
  }
  if (as_line) calls::kiln_write_str(constant_text("\n"));
}

template <BinaryOp op>
void compare_texts(Slot *frame, const Invocation &at) {
  int64_t order = calls::kiln_str_compare(text_of(frame, at, 0), text_of(frame, at, 1));
  bool holds = false;
  if constexpr (op == BinaryOp::Less) holds = order < 0;
  if constexpr (op == BinaryOp::LessEqual) holds = order <= 0;
  if constexpr (op == BinaryOp::Greater) holds = order > 0;
  if constexpr (op == BinaryOp::GreaterEqual) holds = order >= 0;
  result(frame, at)->u = holds;
}

void raise_error(Slot *frame, const Invocation &at) { calls::kiln_fail_message(text_of(frame, at, 0)); }
void rethrow(Slot *frame, const Invocation &at) { calls::kiln_rethrow(operand(frame, at, 0)->p); }
void error_message(Slot *frame, const Invocation &at) { give(frame, at, calls::kiln_error_message(operand(frame, at, 0)->p)); }
void error_line(Slot *frame, const Invocation &at) { result(frame, at)->i = calls::kiln_error_line(operand(frame, at, 0)->p); }
void error_trace(Slot *frame, const Invocation &at) { result(frame, at)->p = calls::kiln_error_trace(operand(frame, at, 0)->p, at.inst->type); }
void check_assertion(Slot *frame, const Invocation &at) {
  if (!operand(frame, at, 0)->u) calls::kiln_fail_assert(text_of(frame, at, 1));
}
void leave_program(Slot *frame, const Invocation &at) { calls::kiln_exit(operand(frame, at, 0)->i); }
void time_of_day(Slot *frame, const Invocation &at) { result(frame, at)->f = calls::kiln_time(); }
void arguments(Slot *frame, const Invocation &at) { result(frame, at)->p = calls::kiln_arguments(); }
void evaluate(Slot *frame, const Invocation &at) {
  DynValue value = calls::kiln_eval(text_of(frame, at, 0));
  std::memcpy(result(frame, at), &value, sizeof value);
}
void parse_int(Slot *frame, const Invocation &at) { result(frame, at)->i = calls::kiln_parse_int(text_of(frame, at, 0)); }
void parse_float(Slot *frame, const Invocation &at) { result(frame, at)->f = calls::kiln_parse_float(text_of(frame, at, 0)); }
void chars(Slot *frame, const Invocation &at) { result(frame, at)->p = calls::kiln_str_chars(text_of(frame, at, 0)); }
void from_bytes(Slot *frame, const Invocation &at) { give(frame, at, calls::kiln_str_from_bytes(operand(frame, at, 0)->p)); }

/// `extra`: the signature, in which a str is a pointer.
void call_extern(Slot *frame, const Invocation &at) {
  const ExternFunction &function = *at.inst->external();
  const auto &signature = *static_cast<const NativeSignature *>(at.extra);
  // On the stack, where the collector finds copies of texts.
  auto *passed = static_cast<Slot *>(__builtin_alloca((signature.argument_slots + 1) * sizeof(Slot)));
  size_t count = 0;
  for (size_t i = 0; i < at.args.size(); ++i) {
    const Type *type = operand_type(at, i);
    if (type->is_empty()) continue;
    Slot slot = *operand(frame, at, i);
    if (type->is(TypeKind::Str)) {
      slot.p = calls::kiln_str_to_c(text_of(frame, at, i));
      passed[count++] = slot;
      continue;
    }
    for (size_t word = 0; word * sizeof(Slot) < layout_of(type).size; ++word) passed[count++] = operand(frame, at, i)[word];
  }
  if (function.result->is(TypeKind::Str)) {
    Slot pointer;
    call_native(function.address, nullptr, signature, passed, &pointer);
    return give(frame, at, calls::kiln_str_from_c(pointer.p));
  }
  call_native(function.address, nullptr, signature, passed, result(frame, at));
}

/// f32: `extra` is the C function.
void math(Slot *frame, const Invocation &at) {
  float first = operand(frame, at, 0)->s;
  float value = at.args.size() > 1 ? reinterpret_cast<float (*)(float, float)>(const_cast<void *>(at.extra))(first, operand(frame, at, 1)->s)
                                   : reinterpret_cast<float (*)(float)>(const_cast<void *>(at.extra))(first);
  *result(frame, at) = slot_of(value);
}

} // namespace

Invocation::Handler text_handler(const Inst &inst) {
  switch (inst.op) {
  case Op::Concat: return &concat;
  case Op::Format: return &format;
  case Op::CallExtern: return inst.external()->kind == ForeignCode::Llvm ? nullptr : &call_extern;
  case Op::Binary:
    if (inst.binary_op == BinaryOp::Power && inst.type->is(TypeKind::F32)) return &math;
    if (!inst.args[0]->type->is(TypeKind::Str)) return nullptr;
    switch (inst.binary_op) {
    case BinaryOp::Add: return &concat;
    case BinaryOp::Less: return &compare_texts<BinaryOp::Less>;
    case BinaryOp::LessEqual: return &compare_texts<BinaryOp::LessEqual>;
    case BinaryOp::Greater: return &compare_texts<BinaryOp::Greater>;
    case BinaryOp::GreaterEqual: return &compare_texts<BinaryOp::GreaterEqual>;
    default: return nullptr;
    }
  case Op::Intrinsic:
    switch (inst.intrinsic) {
    case IntrinsicKind::Math: return &math;
    case IntrinsicKind::Print: return &write<true>;
    case IntrinsicKind::Write: return &write<false>;
    case IntrinsicKind::Error: return &raise_error;
    case IntrinsicKind::Rethrow: return &rethrow;
    case IntrinsicKind::ErrorMessage: return &error_message;
    case IntrinsicKind::ErrorLine: return &error_line;
    case IntrinsicKind::ErrorTrace: return &error_trace;
    case IntrinsicKind::Assert: return &check_assertion;
    case IntrinsicKind::Exit: return &leave_program;
    case IntrinsicKind::Time: return &time_of_day;
    case IntrinsicKind::Arguments: return &arguments;
    case IntrinsicKind::Eval: return &evaluate;
    case IntrinsicKind::ParseInt: return &parse_int;
    case IntrinsicKind::ParseFloat: return &parse_float;
    case IntrinsicKind::Chars: return &chars;
    case IntrinsicKind::FromBytes: return &from_bytes;
    default: return nullptr;
    }
  default: return nullptr;
  }
}

} // namespace kiln
