// Numbers, comparisons and the jumps that ask them.
#include "codegen/layout.h"
#include "jit/baseline/baseline_compiler.h"

#include <bit>

namespace kiln {

using namespace Xbyak;

/// Of an operation that may overflow: the interpreter then wants the operands, if only registers have them.
Reg64 BaselineCompiler::result(uint32_t to, uint32_t left, uint32_t right) const {
  if (!has_general(to)) return rax;
  bool is_right = to == right && to != left, is_operand = to == left || to == right;
  return is_right || (is_operand && unwritten_ >> registers_.of(to) & 1) ? rax : general(to);
}

Reg64 BaselineCompiler::compute(uint32_t to, uint32_t left, uint32_t right, Integer2 with, Immediate2 with_immediate, bool commutes) {
  if (commutes && ((to == right && to != left) || known(left))) std::swap(left, right);
  Reg64 made = result(to, left, right);
  load_integer(made, left);
  combine(with, with_immediate, made, right);
  return made;
}

void BaselineCompiler::compute(uint32_t to, uint32_t left, uint32_t right, Float2 with, bool commutes) {
  if (commutes && to == right) std::swap(left, right);
  Xmm made = has_xmm(right) && to == right && to != left ? xmm0 : float_result(to);
  load_float(made, left);
  combine(with, made, right);
  store(to, made);
}

Reg64 BaselineCompiler::multiply(uint32_t to, uint32_t left, uint32_t right) {
  if ((to == right && to != left) || known(left)) std::swap(left, right);
  Reg64 made = result(to, left, right);
  auto constant = known(right);
  if (constant && *constant == static_cast<int32_t>(*constant)) {
    imul(made, integer(left, rcx), static_cast<int>(*constant));
    return made;
  }
  load_integer(made, left);
  if (has_general(right))
    imul(made, integer(right, rcx));
  else
    imul(made, this->at(right));
  return made;
}

/// Towards minus infinity. The interpreter divides by 0 and -1, where the processor would fail.
void BaselineCompiler::divide(const Word *at, bool modulo) {
  auto [code, a, b, c] = at->instruction;
  auto constant = known(c);
  if (constant && *constant > 0 && std::has_single_bit(static_cast<uint64_t>(*constant)) && *constant <= (int64_t(1) << 30)) {
    Reg64 made = result(a);
    load_integer(made, b);
    if (modulo)
      and_(made, static_cast<uint32_t>(*constant - 1));
    else if (*constant > 1)
      sar(made, std::countr_zero(static_cast<uint64_t>(*constant)));
    return store(a, made);
  }
  Reg64 divisor = integer(c, rcx);
  if (!constant || *constant == 0 || *constant == -1) {
    lea(rax, ptr[divisor + 1]);
    cmp(rax, 1);
    jbe(leave(at));
  }
  load_integer(rax, b);
  cqo();
  idiv(divisor);
  Label exact;
  test(rdx, rdx);
  je(exact);
  mov(rsi, rdx);
  xor_(rsi, divisor);
  jns(exact);
  if (modulo)
    add(rdx, divisor);
  else
    sub(rax, 1);
  L(exact);
  store(a, modulo ? rdx : rax);
}

bool BaselineCompiler::write_integers(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  auto immediate = static_cast<uint32_t>(static_cast<int16_t>(c));
  auto finish = [&](const Reg64 &made, bool checked) {
    if (checked) jo(leave(at));
    store(a, made);
    return true;
  };
  switch (op) {
  case Bytecode::Add: return finish(compute(a, b, c, &CodeGenerator::add, &CodeGenerator::add, true), true);
  case Bytecode::Subtract: return finish(compute(a, b, c, &CodeGenerator::sub, &CodeGenerator::sub, false), true);
  case Bytecode::AddWrap: return finish(compute(a, b, c, &CodeGenerator::add, &CodeGenerator::add, true), false);
  case Bytecode::SubtractWrap: return finish(compute(a, b, c, &CodeGenerator::sub, &CodeGenerator::sub, false), false);
  case Bytecode::BitAnd: return finish(compute(a, b, c, &CodeGenerator::and_, &CodeGenerator::and_, true), false);
  case Bytecode::BitOr: return finish(compute(a, b, c, &CodeGenerator::or_, &CodeGenerator::or_, true), false);
  case Bytecode::BitXor: return finish(compute(a, b, c, &CodeGenerator::xor_, &CodeGenerator::xor_, true), false);
  case Bytecode::Multiply: return finish(multiply(a, b, c), true);
  case Bytecode::MultiplyWrap: return finish(multiply(a, b, c), false);
  case Bytecode::AddImmediate:
  case Bytecode::SubtractImmediate:
  case Bytecode::Increment: {
    Reg64 sum = result(a, b, b);
    load_integer(sum, b);
    if (op == Bytecode::SubtractImmediate)
      sub(sum, immediate);
    else
      add(sum, op == Bytecode::Increment ? 1 : immediate);
    return finish(sum, op != Bytecode::Increment);
  }
  case Bytecode::ShiftLeftBy:
  case Bytecode::ShiftRightBy:
  case Bytecode::ShiftRightUnsignedBy: {
    Reg64 shifted = result(a);
    load_integer(shifted, b);
    if (op == Bytecode::ShiftLeftBy)
      shl(shifted, c);
    else if (op == Bytecode::ShiftRightBy)
      sar(shifted, c);
    else
      shr(shifted, c);
    return finish(shifted, false);
  }
  case Bytecode::FloorDivide: divide(at, false); return true;
  case Bytecode::Modulo: divide(at, true); return true;
  case Bytecode::Minimum:
  case Bytecode::Maximum: {
    Reg64 right = integer(c, rcx);
    load_integer(rax, b);
    cmp(rax, right);
    op == Bytecode::Minimum ? cmovg(rax, right) : cmovl(rax, right);
    return finish(rax, false);
  }
  case Bytecode::Not:
    load_integer(result(a), b);
    xor_(result(a), 1);
    store(a, result(a));
    return true;
  default: return false;
  }
}

bool BaselineCompiler::write_floats(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  switch (op) {
  case Bytecode::AddFloat: compute(a, b, c, &CodeGenerator::addsd, true); return true;
  case Bytecode::SubtractFloat: compute(a, b, c, &CodeGenerator::subsd, false); return true;
  case Bytecode::MultiplyFloat: compute(a, b, c, &CodeGenerator::mulsd, true); return true;
  case Bytecode::DivideFloat: compute(a, b, c, &CodeGenerator::divsd, false); return true;
  case Bytecode::MultiplyAdd:
  case Bytecode::MultiplySubtract: {
    uint16_t other = at[1].slots[0];
    load_float(xmm0, b);
    combine(&CodeGenerator::mulsd, xmm0, c);
    if (op == Bytecode::MultiplyAdd) {
      combine(&CodeGenerator::addsd, xmm0, other);
      store(a, xmm0);
    } else {
      load_float(xmm1, other);
      subsd(xmm1, xmm0);
      store(a, xmm1);
    }
    return true;
  }
  case Bytecode::NegateFloat:
  case Bytecode::AbsFloat:
    load_float(xmm0, b);
    mov(rax, op == Bytecode::NegateFloat ? uint64_t(1) << 63 : ~uint64_t(0) >> 1);
    movq(xmm1, rax);
    if (op == Bytecode::NegateFloat)
      xorpd(xmm0, xmm1);
    else
      andpd(xmm0, xmm1);
    store(a, xmm0);
    return true;
  case Bytecode::Sqrt:
    combine(&CodeGenerator::sqrtsd, float_result(a), b);
    store(a, float_result(a));
    return true;
  case Bytecode::IntegerToFloat: {
    Reg64 number = integer(b, rax);
    Xmm made = float_result(a);
    xorps(made, made); // The conversion leaves the other half, and would wait for it.
    cvtsi2sd(made, number);
    store(a, made);
    return true;
  }
  case Bytecode::UnsignedToFloat: { // Of the upper half, half is converted, odd if there is a rest, and doubled.
    load_integer(rax, b);
    xorps(xmm0, xmm0);
    Label large, done;
    test(rax, rax);
    js(large);
    cvtsi2sd(xmm0, rax);
    jmp(done);
    L(large);
    mov(rcx, rax);
    shr(rcx, 1);
    and_(eax, 1);
    or_(rcx, rax);
    cvtsi2sd(xmm0, rcx);
    addsd(xmm0, xmm0);
    L(done);
    store(a, xmm0);
    return true;
  }
  case Bytecode::Math1:
  case Bytecode::Math2:
    if (op == Bytecode::Math2) load_float(xmm1, c);
    load_float(xmm0, b);
    call(at[1].pointer);
    store(a, xmm0);
    return true;
  default: return false;
  }
}

// --- comparisons ---

void BaselineCompiler::compare(uint32_t left, uint32_t right) {
  auto constant = known(right);
  if (has_general(left) || !constant || *constant != static_cast<int32_t>(*constant))
    combine(&CodeGenerator::cmp, &CodeGenerator::cmp, integer(left, rax), right);
  else
    cmp(this->at(left), static_cast<uint32_t>(*constant));
}

void BaselineCompiler::compare_floats(uint32_t left, uint32_t right) {
  combine(&CodeGenerator::ucomisd, floating(left, xmm0), right);
}

/// Of floats, x < y is asked as y > x: it does not hold of a NaN.
bool BaselineCompiler::write_comparison(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  auto finish = [&] {
    movzx(eax, al);
    store(a, rax);
    return true;
  };
  switch (op) {
  case Bytecode::Less: return compare(b, c), setl(al), finish();
  case Bytecode::LessEqual: return compare(b, c), setle(al), finish();
  case Bytecode::Equal: return compare(b, c), sete(al), finish();
  case Bytecode::NotEqual: return compare(b, c), setne(al), finish();
  case Bytecode::LessUnsigned: return compare(b, c), setb(al), finish();
  case Bytecode::LessEqualUnsigned: return compare(b, c), setbe(al), finish();
  case Bytecode::LessFloat: return compare_floats(c, b), seta(al), finish();
  case Bytecode::LessEqualFloat: return compare_floats(c, b), setae(al), finish();
  case Bytecode::EqualFloat:
    compare_floats(b, c);
    setnp(al);
    sete(cl);
    and_(al, cl);
    return finish();
  case Bytecode::NotEqualFloat:
    compare_floats(b, c);
    setp(al);
    setne(cl);
    or_(al, cl);
    return finish();
  default: return false;
  }
}

void BaselineCompiler::write_equal_jump(const Word *at, bool when) {
  const Word *target = at + at[1].integer;
  compare_floats(at->instruction.a, at->instruction.b);
  if (when) {
    Label different;
    Set valid = valid_;
    jp(different);
    jump(target, &CodeGenerator::je);
    L(different);
    valid_ &= valid; // What the jump loaded was left out on the way here.
  } else {
    jump(target, &CodeGenerator::jp);
    jump(target, &CodeGenerator::jne);
  }
}

bool BaselineCompiler::write_jump(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  if (op == Bytecode::Loop || op == Bytecode::NextBelow || op == Bytecode::NextInArray) return write_loop(at, op), true;
  auto distance = jump_distance(at);
  if (!distance) return false;
  const Word *target = at + *distance;
  auto compare_immediate = [&] {
    auto number = static_cast<uint32_t>(static_cast<int16_t>(b));
    if (!has_general(a))
      cmp(this->at(a), number);
    else if (number)
      cmp(integer(a, rax), number);
    else
      test(integer(a, rax), integer(a, rax));
  };
  switch (op) {
  case Bytecode::Jump:
    jump(target, static_cast<Jump>(&CodeGenerator::jmp));
    valid_ = unreached;
    return true;
  case Bytecode::JumpIf:
  case Bytecode::JumpUnless:
    if (has_general(a))
      test(integer(a, rax), integer(a, rax));
    else
      cmp(this->at(a), 0);
    return jump(target, op == Bytecode::JumpIf ? Jump(&CodeGenerator::jne) : Jump(&CodeGenerator::je)), true;
  case Bytecode::JumpIfLess: return compare(a, b), jump(target, &CodeGenerator::jl), true;
  case Bytecode::JumpIfLessEqual: return compare(a, b), jump(target, &CodeGenerator::jle), true;
  case Bytecode::JumpIfEqual: return compare(a, b), jump(target, &CodeGenerator::je), true;
  case Bytecode::JumpIfNotEqual: return compare(a, b), jump(target, &CodeGenerator::jne), true;
  case Bytecode::JumpIfLessImmediate: return compare_immediate(), jump(target, &CodeGenerator::jl), true;
  case Bytecode::JumpIfLessEqualImmediate: return compare_immediate(), jump(target, &CodeGenerator::jle), true;
  case Bytecode::JumpIfGreaterImmediate: return compare_immediate(), jump(target, &CodeGenerator::jg), true;
  case Bytecode::JumpIfGreaterEqualImmediate: return compare_immediate(), jump(target, &CodeGenerator::jge), true;
  case Bytecode::JumpIfEqualImmediate: return compare_immediate(), jump(target, &CodeGenerator::je), true;
  case Bytecode::JumpIfNotEqualImmediate: return compare_immediate(), jump(target, &CodeGenerator::jne), true;
  case Bytecode::JumpIfLessFloat: return compare_floats(b, a), jump(target, &CodeGenerator::ja), true;
  case Bytecode::JumpIfLessEqualFloat: return compare_floats(b, a), jump(target, &CodeGenerator::jae), true;
  case Bytecode::JumpUnlessLessFloat: return compare_floats(b, a), jump(target, &CodeGenerator::jbe), true;
  case Bytecode::JumpUnlessLessEqualFloat: return compare_floats(b, a), jump(target, &CodeGenerator::jb), true;
  case Bytecode::JumpIfEqualFloat: return write_equal_jump(at, true), true;
  case Bytecode::JumpUnlessEqualFloat: return write_equal_jump(at, false), true;
  case Bytecode::JumpIfInRange:
  case Bytecode::JumpUnlessInRange:
    load_integer(rax, a);
    add(rax, this->at(b));
    cmp(rax, this->at(b + 1u));
    return jump(target, op == Bytecode::JumpIfInRange ? Jump(&CodeGenerator::jl) : Jump(&CodeGenerator::jge)), true;
  case Bytecode::JumpIfInArray:
  case Bytecode::JumpUnlessInArray: {
    Reg64 array = integer(b, rcx);
    cmp(integer(a, rax), qword[array + offsetof(ArrayHeader, length)]);
    return jump(target, op == Bytecode::JumpIfInArray ? Jump(&CodeGenerator::jl) : Jump(&CodeGenerator::jge)), true;
  }
  default: return false;
  }
}

} // namespace kiln
