// Instructions: those that have an operation of their own, and the rest by way of C++ functions.
#include "codegen/layout.h"
#include "jit/interpreter/function_assembler.h"
#include "jit/interpreter/native_call.h"
#include "jit/interpreter/operations.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr uint32_t word = sizeof(Slot);

/// Whether the value fills whole slots, in which it lies as in memory.
bool fills_slots(const Type *type) { return layout_of(type).size % word == 0; }
bool is_word(const Type *type) { return layout_of(type).size == word; }

} // namespace

void FunctionAssembler::write_inst(const Inst &inst) {
  switch (inst.op) {
  case Op::CallDirect: {
    Word routine;
    routine.pointer = &context_.routine(*inst.callee());
    return write_call(Bytecode::Call, result(inst), routine, inst.args);
  }
  case Op::CallIndirect: {
    Word cell{};
    cell.slots[0] = use(inst.args[0]);
    cell.slots[1] = static_cast<uint16_t>(FrameSlots::size_of(inst.type));
    return write_call(Bytecode::CallCell, result(inst), cell, std::span(inst.args).subspan(1), static_cast<uint16_t>(cell.slots[0] + 1));
  }
  case Op::CallDyn: {
    Word cell{};
    cell.slots[0] = scratch(1);
    cell.slots[1] = static_cast<uint16_t>(FrameSlots::size_of(inst.type));
    write_invocation(inst);
    code_->invocations.back().result = cell.slots[0];
    return write_call(Bytecode::CallCell, result(inst), cell, inst.args);
  }
  case Op::CellNew:
    if (inst.in_frame) return write_cell(inst);
    break;
  case Op::Index:
  case Op::SetIndex:
  case Op::LinearGet:
  case Op::LinearSet:
  case Op::CompAppend:
    if (write_array(inst)) return;
    break;
  case Op::Unary:
  case Op::Binary:
  case Op::Convert:
    if (write_number(inst)) return;
    break;
  case Op::Intrinsic:
    if (write_intrinsic(inst)) return;
    break;
  default:
    if (write_value(inst) || write_memory(inst) || write_union(inst)) return;
    break;
  }
  write_invocation(inst);
}

/// Words that move: tuples, structs, ranges.
bool FunctionAssembler::write_value(const Inst &inst) {
  if (inst.op == Op::Tuple || inst.op == Op::Lambda) {
    if (!std::ranges::all_of(inst.args, [](const Inst *part) { return fills_slots(part->type); })) return false;
    for (uint32_t i = 0; i < inst.args.size(); ++i) {
      const Inst *part = inst.args[i];
      if (part->type->is_empty()) continue;
      auto to = static_cast<uint16_t>(result(inst) + offset_of(inst.type, i) / word);
      if (part->op == Op::Const)
        write_constant(*part, to);
      else
        move(to, use(part), FrameSlots::size_of(part->type));
    }
    return true;
  }
  if (inst.op == Op::TupleGet || inst.op == Op::LambdaGet) {
    if (inst.type->is_empty()) return true;
    size_t offset = offset_of(inst.args[0]->type, inst.index);
    if (!fills_slots(inst.type)) return false;
    move(result(inst), static_cast<uint16_t>(use(inst.args[0]) + offset / word), FrameSlots::size_of(inst.type));
    return true;
  }
  if (inst.op == Op::TupleSet) {
    if (!fills_slots(inst.args[1]->type)) return false;
    move(result(inst), use(inst.args[0]), FrameSlots::size_of(inst.type));
    if (!inst.args[1]->type->is_empty())
      move(static_cast<uint16_t>(result(inst) + offset_of(inst.type, inst.index) / word), use(inst.args[1]), FrameSlots::size_of(inst.args[1]->type));
    return true;
  }
  if (inst.op == Op::Range && inst.args.size() < 3 && (!inst.inclusive || (context_.checks && !inst.unchecked))) {
    uint16_t first = use(inst.args[0]), last = use(inst.args[1]);
    return write(inst.inclusive ? Bytecode::RangeInclusive : Bytecode::Range, result(inst), first, last), true;
  }
  if (inst.op == Op::Increment) return write(Bytecode::Increment, result(inst), use(inst.args[0])), true;
  if (inst.op == Op::RangeGet && slots_.counted_range(*inst.args[1])) return true; // It is there.
  if (inst.op == Op::RangeGet && inst.args[0]->op == Op::Range && inst.args[0]->args.size() < 3)
    return write(Bytecode::AddWrap, result(inst), use(inst.args[0]), use(inst.args[1])), true;
  if (inst.op == Op::RangeGet || inst.op == Op::RangeHas) {
    uint16_t range = use(inst.args[0]), number = use(inst.args[1]);
    return write(inst.op == Op::RangeGet ? Bytecode::RangeGet : Bytecode::RangeHas, result(inst), range, number), true;
  }
  return false;
}

/// Words of objects, cells and globals.
bool FunctionAssembler::write_memory(const Inst &inst) {
  auto many = [](const Type *type) { return !type->is_empty() && fills_slots(type) && !is_word(type); };
  auto write_count = [&](const Type *type) {
    Word count;
    count.integer = FrameSlots::size_of(type);
    write_word(count);
    return true;
  };
  auto at = [](const Type *type, uint32_t part) { return offset_of(type, part) / word; };
  if (inst.op == Op::ObjectGet && is_word(inst.type) && at(inst.args[0]->type, inst.index) < 0xffff)
    return write(Bytecode::LoadWord, result(inst), use(inst.args[0]), static_cast<uint16_t>(at(inst.args[0]->type, inst.index))), true;
  if (inst.op == Op::ObjectSet && is_word(inst.args[1]->type) && at(inst.args[0]->type, inst.index) < 0xffff) {
    uint16_t value = use(inst.args[1]), object = use(inst.args[0]);
    return write(Bytecode::StoreWord, value, object, static_cast<uint16_t>(at(inst.args[0]->type, inst.index))), true;
  }
  if (inst.op == Op::ObjectGet && many(inst.type) && at(inst.args[0]->type, inst.index) < 0xffff)
    return write(Bytecode::LoadMany, result(inst), use(inst.args[0]), static_cast<uint16_t>(at(inst.args[0]->type, inst.index))), write_count(inst.type);
  if (inst.op == Op::ObjectSet && many(inst.args[1]->type) && at(inst.args[0]->type, inst.index) < 0xffff) {
    uint16_t value = use(inst.args[1]), object = use(inst.args[0]);
    return write(Bytecode::StoreMany, value, object, static_cast<uint16_t>(at(inst.args[0]->type, inst.index))), write_count(inst.args[1]->type);
  }
  if (inst.op == Op::CellGet && inst.unchecked && is_word(inst.type)) {
    auto cell = frame_cells_.find(inst.args[0]);
    if (cell != frame_cells_.end()) return move(result(inst), cell->second, 1), true;
    return write(Bytecode::LoadWord, result(inst), use(inst.args[0]), 0), true;
  }
  if (inst.op == Op::CellSet && inst.args[0]->in_frame && is_word(inst.args[1]->type)) {
    auto cell = frame_cells_.find(inst.args[0]);
    uint16_t value = use(inst.args[1]);
    if (cell != frame_cells_.end()) return move(cell->second, value, 1), true;
    return write(Bytecode::StoreWord, value, use(inst.args[0]), 0), true;
  }
  if (inst.op == Op::LoadGlobal && inst.type->is_empty()) return true;
  if (inst.op == Op::StoreGlobal && inst.global()->type->is_empty()) return true;
  if (inst.op == Op::LoadGlobal && is_word(inst.type)) return write(Bytecode::LoadGlobal, result(inst)), write_pointer(inst.global()->address), true;
  if (inst.op == Op::StoreGlobal && is_word(inst.global()->type)) {
    uint16_t value = use(inst.args[0]);
    return write(Bytecode::StoreGlobal, value), write_pointer(inst.global()->address), true;
  }
  return false;
}

/// A cell that stays in the frame.
void FunctionAssembler::write_cell(const Inst &inst) {
  uint16_t room = frame_cells_.at(&inst);
  if (!inst.args.empty() && !inst.args[0]->type->is_empty()) move(room, use(inst.args[0]), FrameSlots::size_of(inst.args[0]->type));
  write(Bytecode::Address, result(inst), room, static_cast<uint16_t>(FrameSlots::size_of(inst.type->element())));
}

bool FunctionAssembler::write_array(const Inst &inst) {
  const Type *array = inst.args[0]->type;
  if (array->is(TypeKind::Str)) {
    if (inst.op != Op::Index) return false;
    uint16_t text = use(inst.args[0]), index = use(inst.args[1]);
    return write(Bytecode::IndexText, result(inst), text, index), true;
  }
  const Type *element = array->element();
  bool is_byte = element->is(TypeKind::Bool) || element->is(TypeKind::U8);
  bool is_32 = element->is_scalar() && layout_of(element).size == 4;
  bool is_words = !is_word(element) && !element->is_empty() && fills_slots(element);
  auto write_count = [&] {
    Word count;
    count.integer = FrameSlots::size_of(element);
    write_word(count);
    return true;
  };
  uint16_t base = use(inst.args[0]);
  if (inst.op == Op::Index && array->rank == 1) {
    uint16_t index = use(inst.args[1]);
    if (is_words) return write(Bytecode::IndexMany, result(inst), base, index), write_count();
    if (is_word(element)) return write(Bytecode::IndexWord, result(inst), base, index), true;
    if (is_byte) return write(Bytecode::IndexByte, result(inst), base, index), true;
    if (is_32) return write(element->is_signed() ? Bytecode::IndexSigned32 : Bytecode::IndexUnsigned32, result(inst), base, index), true;
  } else if (inst.op == Op::SetIndex && array->rank == 1) {
    uint16_t index = use(inst.args[1]), value = use(inst.args[2]);
    if (is_words) return write(Bytecode::SetIndexMany, base, index, value), write_count();
    if (is_word(element)) return write(Bytecode::SetIndexWord, base, index, value), true;
    if (is_byte) return write(Bytecode::SetIndexByte, base, index, value), true;
    if (is_32) return write(Bytecode::SetIndex32, base, index, value), true;
  } else if (inst.op == Op::Index && array->rank == 2 && is_word(element)) {
    Word second{};
    uint16_t first = use(inst.args[1]);
    second.slots[0] = use(inst.args[2]);
    return write(Bytecode::IndexWord2, result(inst), base, first), write_word(second), true;
  } else if (inst.op == Op::SetIndex && array->rank == 2 && is_word(element)) {
    Word second{};
    uint16_t first = use(inst.args[1]);
    second.slots[0] = use(inst.args[2]);
    uint16_t value = use(inst.args[3]);
    return write(Bytecode::SetIndexWord2, base, first, value), write_word(second), true;
  } else if (inst.op == Op::LinearGet && (is_word(element) || is_byte)) {
    return write(is_byte ? Bytecode::ElementByte : Bytecode::ElementWord, result(inst), base, use(inst.args[1])), true;
  } else if (inst.op == Op::LinearGet && is_words) {
    return write(Bytecode::ElementMany, result(inst), base, use(inst.args[1])), write_count();
  } else if (inst.op == Op::LinearSet && is_word(element)) {
    uint16_t index = use(inst.args[1]), value = use(inst.args[2]);
    return write(Bytecode::SetElementWord, base, index, value), true;
  } else if (inst.op == Op::CompAppend && (is_word(element) || is_words) && FrameSlots::size_of(element) < 0xffff) {
    return write_push(inst), true;
  }
  return false;
}

/// A field of an element, read or written without the rest of the element. How many instructions that was; 0: not here.
size_t FunctionAssembler::write_field(const Block &block, size_t index) {
  const Inst &element = *block.insts[index];
  auto next = [&](size_t distance) { return index + distance < block.insts.size() ? block.insts[index + distance] : nullptr; };
  const Inst *part = next(1);
  if (element.op != Op::Index || !element.args[0]->type->is_array() || element.args[0]->type->rank != 1 || slots_.uses(element) != 1 || !part) return 0;
  bool sets = part->op == Op::TupleSet;
  if ((!sets && part->op != Op::TupleGet) || part->args[0] != &element || !fills_slots(element.type)) return 0;
  const Type *field = sets ? part->args[1]->type : part->type;
  size_t offset = offset_of(element.type, part->index) / word;
  if (!is_word(field) || FrameSlots::size_of(element.type) > 0xffff) return 0;
  Word where{};
  where.slots[0] = static_cast<uint16_t>(offset), where.slots[1] = static_cast<uint16_t>(FrameSlots::size_of(element.type));
  place(element.span);
  scratch_used_ = 0;
  if (!sets) {
    uint16_t array = use(element.args[0]), at = use(element.args[1]);
    write(Bytecode::IndexField, result(*part), array, at);
    write_word(where);
    return 2;
  }
  const Inst *store = next(2);
  if (!store || store->op != Op::SetIndex || slots_.uses(*part) != 1 || store->args.back() != part || store->args[0] != element.args[0] || store->args[1] != element.args[1]) return 0;
  uint16_t array = use(element.args[0]), at = use(element.args[1]), value = use(part->args[1]);
  write(Bytecode::SetIndexField, array, at, value);
  write_word(where);
  return 3;
}

/// An element of whole words.
void FunctionAssembler::write_push(const Inst &inst) {
  const Type *array = inst.args[0]->type;
  uint16_t base = use(inst.args[0]), value = use(inst.args[1]);
  uint32_t size = FrameSlots::size_of(array->element());
  if (size == 1)
    write(Bytecode::PushWord, base, value);
  else
    write(Bytecode::PushMany, base, value, static_cast<uint16_t>(size));
  write_pointer(array);
}

bool FunctionAssembler::write_union(const Inst &inst) {
  if (inst.op == Op::UnionNew) {
    const Inst &held = *inst.args[0];
    if (inst.type->is_nullable_reference()) {
      if (held.type->is_empty())
        write(Bytecode::Integer, result(inst), 0);
      else
        move(result(inst), use(&held), 1);
      return true;
    }
    if (!fills_slots(held.type)) return false;
    uint32_t size = FrameSlots::size_of(held.type);
    if (held.op == Op::Const && size)
      write_constant(held, static_cast<uint16_t>(result(inst) + 1));
    else if (size)
      move(static_cast<uint16_t>(result(inst) + 1), use(&held), size);
    write(Bytecode::Integer, result(inst), static_cast<uint16_t>(*inst.type->place_of(held.type)));
    for (uint32_t rest = 1 + size; rest < FrameSlots::size_of(inst.type); ++rest) write(Bytecode::Integer, static_cast<uint16_t>(result(inst) + rest), 0);
    return true;
  }
  if (inst.op == Op::UnionGet) {
    if (inst.type->is_empty()) return true;
    if (!fills_slots(inst.type)) return false;
    bool tagged = !inst.args[0]->type->is_nullable_reference();
    return move(result(inst), static_cast<uint16_t>(use(inst.args[0]) + tagged), FrameSlots::size_of(inst.type)), true;
  }
  return false;
}

// --- numbers ---

void FunctionAssembler::apply(Apply1 function, const Inst &inst) {
  possible_ &= function != nullptr;
  uint16_t operand = use(inst.args[0]);
  write(Bytecode::Apply1, result(inst), operand);
  write_pointer(reinterpret_cast<const void *>(function));
}

void FunctionAssembler::apply(Apply2 function, const Inst &inst) {
  possible_ &= function != nullptr;
  uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
  write(Bytecode::Apply2, result(inst), left, right);
  write_pointer(reinterpret_cast<const void *>(function));
}

bool FunctionAssembler::write_comparison(const Inst &inst) {
  const Type *left_type = inst.args[0]->type, *right_type = inst.args[1]->type;
  if (!left_type->is_scalar()) return false; // By contents, or of texts.
  auto as_integer = [](const Type *type) { return !type->is_float() && !type->is(TypeKind::U64); };
  bool integers = as_integer(left_type) && as_integer(right_type);
  bool words = left_type->is(TypeKind::U64) && right_type == left_type, floats = left_type->is(TypeKind::F64) && right_type == left_type;
  if (!integers && !words && !floats) return apply(comparison_function(inst.binary_op, left_type, right_type), inst), true;
  BinaryOp op = inst.binary_op;
  uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
  if (op == BinaryOp::Greater || op == BinaryOp::GreaterEqual) {
    std::swap(left, right);
    op = op == BinaryOp::Greater ? BinaryOp::Less : BinaryOp::LessEqual;
  }
  Bytecode code;
  if (op == BinaryOp::Less)
    code = floats ? Bytecode::LessFloat : words ? Bytecode::LessUnsigned : Bytecode::Less;
  else if (op == BinaryOp::LessEqual)
    code = floats ? Bytecode::LessEqualFloat : words ? Bytecode::LessEqualUnsigned : Bytecode::LessEqual;
  else if (op == BinaryOp::Equal)
    code = floats ? Bytecode::EqualFloat : Bytecode::Equal;
  else
    code = floats ? Bytecode::NotEqualFloat : Bytecode::NotEqual;
  return write(code, result(inst), left, right), true;
}

bool FunctionAssembler::write_number(const Inst &inst) {
  const Type *type = inst.type;
  bool checked = context_.checks && !inst.unchecked;
  if (inst.op == Op::Convert) {
    const Type *from = inst.args[0]->type;
    // A map that nothing was in when its variable was made becomes what is put into it later: the same object.
    bool same = from == type || !type->is_scalar() || (inst.conversion == Conversion::Exact && !from->is_float() && type->is_integer());
    if (same) return move(result(inst), use(inst.args[0]), FrameSlots::size_of(type)), true;
    bool to_float = from->is(TypeKind::I64) && type->is(TypeKind::F64) && inst.conversion != Conversion::CheckedExact;
    if (to_float) return write(Bytecode::IntegerToFloat, result(inst), use(inst.args[0])), true;
    bool from_unsigned = from->is(TypeKind::U64) && type->is(TypeKind::F64) && inst.conversion != Conversion::CheckedExact;
    if (from_unsigned) return write(Bytecode::UnsignedToFloat, result(inst), use(inst.args[0])), true;
    return apply(conversion_function(inst.conversion, from, type, !inst.unchecked), inst), true;
  }
  if (inst.op == Op::Unary) {
    if (inst.unary_op == UnaryOp::Not) return write(Bytecode::Not, result(inst), use(inst.args[0])), true;
    if (inst.unary_op == UnaryOp::Plus) return move(result(inst), use(inst.args[0]), 1), true;
    if (inst.unary_op == UnaryOp::Negate && type->is(TypeKind::F64)) return write(Bytecode::NegateFloat, result(inst), use(inst.args[0])), true;
    return apply(unary_function(inst.unary_op, type, checked), inst), true;
  }
  BinaryOp op = inst.binary_op;
  if (is_comparison(op)) return write_comparison(inst);
  if (!type->is_scalar()) return false;
  const Type *left_type = inst.args[0]->type;
  bool bits = op == BinaryOp::BitAnd || op == BinaryOp::BitOr || op == BinaryOp::BitXor;
  if (bits && left_type == inst.args[1]->type) {
    Bytecode code = op == BinaryOp::BitAnd ? Bytecode::BitAnd : op == BinaryOp::BitOr ? Bytecode::BitOr : Bytecode::BitXor;
    uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
    return write(code, result(inst), left, right), true;
  }
  bool shifts = (op == BinaryOp::ShiftLeft || op == BinaryOp::ShiftRight) && (type->is(TypeKind::I64) || type->is(TypeKind::U64));
  if (auto count = shifts ? immediate(inst.args[1]) : std::nullopt; count && *count >= 0 && *count < 64) {
    Bytecode code = op == BinaryOp::ShiftLeft ? Bytecode::ShiftLeftBy : type->is_signed() ? Bytecode::ShiftRightBy : Bytecode::ShiftRightUnsignedBy;
    return write(code, result(inst), use(inst.args[0]), static_cast<uint16_t>(*count)), true;
  }
  if (bits || op == BinaryOp::ShiftLeft || op == BinaryOp::ShiftRight) return apply(bit_function(op, left_type), inst), true;
  if (op == BinaryOp::Power && type->is(TypeKind::F64)) {
    uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
    write(Bytecode::Math2, result(inst), left, right);
    return write_pointer(math_function("pow", type)), true;
  }
  if (op == BinaryOp::Power && type->is_float()) return false;
  std::optional<Bytecode> code;
  if (type->is(TypeKind::F64)) {
    if (op == BinaryOp::Add) code = Bytecode::AddFloat;
    if (op == BinaryOp::Subtract) code = Bytecode::SubtractFloat;
    if (op == BinaryOp::Multiply) code = Bytecode::MultiplyFloat;
    if (op == BinaryOp::Divide) code = Bytecode::DivideFloat;
  } else if (type->is(TypeKind::I64)) {
    if (checked && (op == BinaryOp::Add || op == BinaryOp::Subtract))
      if (auto number = immediate(inst.args[1]))
        return write(op == BinaryOp::Add ? Bytecode::AddImmediate : Bytecode::SubtractImmediate, result(inst), use(inst.args[0]), static_cast<uint16_t>(*number)), true;
    if (op == BinaryOp::Add) code = checked ? Bytecode::Add : Bytecode::AddWrap;
    if (op == BinaryOp::Subtract) code = checked ? Bytecode::Subtract : Bytecode::SubtractWrap;
    if (op == BinaryOp::Multiply) code = checked ? Bytecode::Multiply : Bytecode::MultiplyWrap;
    if (op == BinaryOp::FloorDivide) code = Bytecode::FloorDivide;
    if (op == BinaryOp::Modulo) code = Bytecode::Modulo;
  }
  if (op == BinaryOp::AddWrap && layout_of(type).size == word) code = Bytecode::AddWrap;
  if (op == BinaryOp::SubtractWrap && layout_of(type).size == word) code = Bytecode::SubtractWrap;
  if (op == BinaryOp::MultiplyWrap && layout_of(type).size == word) code = Bytecode::MultiplyWrap;
  if (!code) return apply(arithmetic_function(op, type, checked), inst), true;
  uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
  return write(*code, result(inst), left, right), true;
}

/// Whether the next instruction adds the product to something, or subtracts it, and nothing else needs it.
bool FunctionAssembler::is_fused_product(const Block &block, size_t place) const {
  const Inst &product = *block.insts[place];
  if (product.op != Op::Binary || product.binary_op != BinaryOp::Multiply || !product.type->is(TypeKind::F64) || slots_.uses(product) != 1) return false;
  const Inst *next = nullptr;
  while (++place < block.insts.size() && !next)
    if (block.insts[place]->op != Op::Const) next = block.insts[place];
  if (!next || next->op != Op::Binary || !next->type->is(TypeKind::F64)) return false;
  if (next->binary_op == BinaryOp::Add) return next->args[0] == &product || next->args[1] == &product;
  return next->binary_op == BinaryOp::Subtract && next->args[1] == &product;
}

void FunctionAssembler::write_product(const Inst &product, const Inst &sum) {
  Word other{};
  other.slots[0] = use(sum.args[sum.args[0] == &product ? 1 : 0]);
  uint16_t left = use(product.args[0]), right = use(product.args[1]);
  write(sum.binary_op == BinaryOp::Add ? Bytecode::MultiplyAdd : Bytecode::MultiplySubtract, result(sum), left, right);
  write_word(other);
}

bool FunctionAssembler::write_intrinsic(const Inst &inst) {
  const Type *first = inst.args.empty() ? nullptr : inst.args[0]->type;
  bool is_double = first && first->is(TypeKind::F64);
  switch (inst.intrinsic) {
  case IntrinsicKind::Sqrt:
    if (!is_double) break;
    return write(Bytecode::Sqrt, result(inst), use(inst.args[0])), true;
  case IntrinsicKind::Abs:
    if (!is_double) break;
    return write(Bytecode::AbsFloat, result(inst), use(inst.args[0])), true;
  case IntrinsicKind::Min:
  case IntrinsicKind::Max: {
    if (!first->is_integer() || first->is(TypeKind::U64)) break;
    uint16_t left = use(inst.args[0]), right = use(inst.args[1]);
    return write(inst.intrinsic == IntrinsicKind::Min ? Bytecode::Minimum : Bytecode::Maximum, result(inst), left, right), true;
  }
  case IntrinsicKind::Math: {
    if (!is_double) return false;
    uint16_t left = use(inst.args[0]), right = inst.args.size() > 1 ? use(inst.args[1]) : 0;
    write(inst.args.size() > 1 ? Bytecode::Math2 : Bytecode::Math1, result(inst), left, right);
    return write_pointer(math_function(inst.name, inst.type)), true;
  }
  case IntrinsicKind::Length:
    if (first->is(TypeKind::Str)) return move(result(inst), static_cast<uint16_t>(use(inst.args[0]) + 1), 1), true;
    if (!first->is_array()) return false;
    return write(Bytecode::Length, result(inst), use(inst.args[0])), true;
  case IntrinsicKind::Push: {
    const Type *element = first->element();
    if (element->is_empty() || !fills_slots(element) || FrameSlots::size_of(element) >= 0xffff) return false;
    return write_push(inst), true;
  }
  default: break;
  }
  if (!first || !first->is_scalar()) return false;
  if (Apply1 function = inst.args.size() == 1 ? intrinsic_function(inst.intrinsic, first) : nullptr) return apply(function, inst), true;
  if (Apply2 function = inst.args.size() == 2 ? intrinsic_function2(inst.intrinsic, first) : nullptr) return apply(function, inst), true;
  return false;
}

// --- calls ---

void FunctionAssembler::write_call(Bytecode op, uint16_t result, Word target, std::span<Inst *const> args, std::optional<uint16_t> first) {
  std::vector<uint16_t> passed;
  if (first) passed.push_back(*first);
  for (const Inst *arg : args) {
    if (arg->type->is_empty()) continue;
    uint16_t slot = use(arg);
    for (uint32_t i = 0; i < FrameSlots::size_of(arg->type); ++i) passed.push_back(static_cast<uint16_t>(slot + i));
  }
  if (passed.size() > 0xffff) possible_ = false;
  calls_.push_back(write(op, result, static_cast<uint16_t>(passed.size())));
  write_word(target);
  for (size_t i = 0; i < passed.size(); i += 4) {
    Word slots{};
    for (size_t k = 0; k < 4 && i + k < passed.size(); ++k) slots.slots[k] = passed[i + k];
    write_word(slots);
  }
}

void FunctionAssembler::write_invocation(const Inst &inst) {
  Invocation::Handler handler = handler_of(inst);
  if (!handler) {
    possible_ = false;
    return;
  }
  Invocation made{handler, &inst, result(inst), {}, nullptr};
  for (const Inst *arg : inst.args) made.args.push_back(use(arg));
  if (inst.op == Op::Range && (!context_.checks || inst.unchecked)) made.extra = &inst;
  if (inst.op == Op::CallExtern) {
    if (!context_.prepare(*inst.external())) {
      possible_ = false;
      return;
    }
    made.extra = &code_->signatures.emplace_back(extern_signature(*inst.external()));
  }
  if (inst.op == Op::Intrinsic && inst.intrinsic == IntrinsicKind::Math) made.extra = math_function(inst.name, inst.type);
  if (inst.op == Op::Binary && inst.binary_op == BinaryOp::Power) made.extra = math_function("pow", inst.type);
  code_->invocations.push_back(std::move(made));
  write(Bytecode::Invoke);
  write_pointer(&code_->invocations.back());
}

} // namespace kiln
