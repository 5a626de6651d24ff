// Arrays, objects and globals.
#include "jit/baseline/baseline_compiler.h"

#include "codegen/layout.h"

namespace kiln {

using namespace Xbyak;

Reg64 BaselineCompiler::checked_index(const Word *at, uint32_t array, uint32_t index) {
  Reg64 header = integer(array, rcx), place = integer(index, rdx);
  cmp(place, qword[header + offsetof(ArrayHeader, length)]);
  jae(leave(at));
  mov(rcx, qword[header + offsetof(ArrayHeader, data)]);
  return place;
}

Reg64 BaselineCompiler::checked_indices(const Word *at, uint32_t array, uint32_t first, uint32_t second) {
  Reg64 header = integer(array, rcx), row = integer(first, rdx), column = integer(second, rsi);
  constexpr size_t rows = offsetof(ArrayHeader, dims), columns = rows + sizeof(int64_t);
  cmp(row, qword[header + rows]);
  jae(leave(at));
  mov(rdi, qword[header + columns]);
  cmp(column, rdi);
  jae(leave(at));
  imul(rdi, row);
  add(rdi, column);
  mov(rcx, qword[header + offsetof(ArrayHeader, data)]);
  return rdi;
}

void BaselineCompiler::load_element(uint32_t to, const Address &from) {
  if (has_xmm(to)) {
    movsd(xmm(to), from);
    store(to, xmm(to));
  } else {
    mov(result(to), from);
    store(to, result(to));
  }
}

void BaselineCompiler::store_element(const Address &to, uint32_t from) {
  if (has_xmm(from) && is_valid(from))
    movsd(to, xmm(from));
  else
    mov(to, has_xmm(from) ? (load_integer(rax, from), rax) : integer(from, rax));
}

bool BaselineCompiler::write_array(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  switch (op) {
  case Bytecode::IndexWord: {
    Reg64 index = checked_index(at, b, c);
    return load_element(a, qword[rcx + index * 8]), true;
  }
  case Bytecode::IndexByte:
  case Bytecode::IndexSigned32:
  case Bytecode::IndexUnsigned32: {
    Reg64 index = checked_index(at, b, c), made = result(a);
    if (op == Bytecode::IndexByte)
      movzx(made.cvt32(), byte[rcx + index]);
    else if (op == Bytecode::IndexSigned32)
      movsxd(made, dword[rcx + index * 4]);
    else
      mov(made.cvt32(), dword[rcx + index * 4]);
    return store(a, made), true;
  }
  case Bytecode::IndexText: {
    Reg64 index = integer(c, rdx);
    combine(&CodeGenerator::cmp, &CodeGenerator::cmp, index, b + 1u);
    jae(leave(at));
    load_integer(rcx, b);
    movzx(result(a).cvt32(), byte[rcx + index]);
    return store(a, result(a)), true;
  }
  case Bytecode::SetIndexWord: {
    Reg64 index = checked_index(at, a, b);
    return store_element(qword[rcx + index * 8], c), true;
  }
  case Bytecode::SetIndexByte:
  case Bytecode::SetIndex32: {
    Reg64 index = checked_index(at, a, b);
    load_integer(rax, c);
    if (op == Bytecode::SetIndexByte)
      mov(byte[rcx + index], al);
    else
      mov(dword[rcx + index * 4], eax);
    return true;
  }
  case Bytecode::IndexWord2: {
    Reg64 place = checked_indices(at, b, c, at[1].slots[0]);
    return load_element(a, qword[rcx + place * 8]), true;
  }
  case Bytecode::SetIndexWord2: {
    Reg64 place = checked_indices(at, a, b, at[1].slots[0]);
    return store_element(qword[rcx + place * 8], c), true;
  }
  case Bytecode::IndexField:
  case Bytecode::SetIndexField: {
    bool sets = op == Bytecode::SetIndexField;
    Reg64 index = sets ? checked_index(at, a, b) : checked_index(at, b, c);
    imul(rdx, index, at[1].slots[1] * 8);
    Address element = qword[rcx + rdx + at[1].slots[0] * size_t(8)];
    return sets ? store_element(element, c) : load_element(a, element), true;
  }
  case Bytecode::IndexMany:
  case Bytecode::SetIndexMany:
  case Bytecode::ElementMany: {
    auto count = static_cast<size_t>(at[1].integer);
    bool sets = op == Bytecode::SetIndexMany;
    if (op == Bytecode::ElementMany) {
      Reg64 header = integer(b, rcx);
      mov(rcx, qword[header + offsetof(ArrayHeader, data)]);
      imul(rdx, integer(c, rdx), static_cast<int>(count * 8));
    } else {
      Reg64 index = sets ? checked_index(at, a, b) : checked_index(at, b, c);
      imul(rdx, index, static_cast<int>(count * 8));
    }
    add(rdx, rcx);
    if (sets) return copy(rdx, 0, rbx, c, count), true;
    copy(rbx, a, rdx, 0, count);
    return forget(a, static_cast<uint32_t>(count)), true;
  }
  case Bytecode::ElementWord:
  case Bytecode::ElementByte: {
    Reg64 index = integer(c, rdx);
    mov(rcx, qword[integer(b, rcx) + offsetof(ArrayHeader, data)]);
    if (op == Bytecode::ElementWord) return load_element(a, qword[rcx + index * 8]), true;
    movzx(result(a).cvt32(), byte[rcx + index]);
    return store(a, result(a)), true;
  }
  case Bytecode::SetElementWord: {
    Reg64 index = integer(b, rdx);
    mov(rcx, qword[integer(a, rcx) + offsetof(ArrayHeader, data)]);
    return store_element(qword[rcx + index * 8], c), true;
  }
  case Bytecode::Length:
    mov(result(a), qword[integer(b, rcx) + offsetof(ArrayHeader, length)]);
    return store(a, result(a)), true;
  case Bytecode::PushWord:
  case Bytecode::PushMany: {
    cold_.push_back({at, {}, {}, Cold::Grow, valid_});
    Cold &grow = cold_.back();
    L(grow.back);
    load_integer(rcx, a);
    mov(rdx, qword[rcx + offsetof(ArrayHeader, length)]);
    cmp(rdx, qword[rcx + offsetof(ArrayHeader, capacity)]);
    jge(grow.label);
    add(qword[rcx + offsetof(ArrayHeader, length)], 1);
    mov(rcx, qword[rcx + offsetof(ArrayHeader, data)]);
    if (op == Bytecode::PushWord) return store_element(qword[rcx + rdx * 8], b), true;
    imul(rdx, rdx, c * 8);
    add(rdx, rcx);
    return copy(rdx, 0, rbx, b, c), true;
  }
  default: return false;
  }
}

bool BaselineCompiler::write_memory(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  switch (op) {
  case Bytecode::LoadWord: return load_element(a, qword[integer(b, rcx) + c * size_t(8)]), true;
  case Bytecode::StoreWord: return store_element(qword[integer(b, rcx) + c * size_t(8)], a), true;
  case Bytecode::LoadMany: {
    auto count = static_cast<size_t>(at[1].integer);
    load_integer(rdx, b);
    copy(rbx, a, rdx, c, count);
    return forget(a, static_cast<uint32_t>(count)), true;
  }
  case Bytecode::StoreMany:
    load_integer(rdx, b);
    return copy(rdx, c, rbx, a, static_cast<size_t>(at[1].integer)), true;
  case Bytecode::LoadGlobal:
    mov(rcx, reinterpret_cast<uint64_t>(at[1].pointer));
    return load_element(a, qword[rcx]), true;
  case Bytecode::StoreGlobal:
    mov(rcx, reinterpret_cast<uint64_t>(at[1].pointer));
    return store_element(qword[rcx], a), true;
  default: return false;
  }
}

} // namespace kiln
