#include "jit/baseline/baseline.h"

#include "jit/baseline/baseline_compiler.h"
#include "jit/baseline/machine_frame.h"
#include "jit/baseline/machine_memory.h"
#include "codegen/layout.h"
#include "jit/runtime/calls.h"

#include <algorithm>

namespace kiln {

using namespace Xbyak;

namespace {

constexpr size_t most_words = 100'000;
constexpr size_t bytes_per_word = 256, bytes_more = 4096; // More than any function takes, as far as anyone knows: Xbyak checks.

} // namespace

BaselineCode::~BaselineCode() {
  if (bytes) MachineMemory::release(offset, bytes);
}

const void *BaselineCode::loop_at(const Word *ip) const {
  auto found = std::ranges::lower_bound(loops, ip, {}, &Place::ip);
  return found != loops.end() && found->ip == ip ? found->address : nullptr;
}

#if defined(__x86_64__)

std::unique_ptr<BaselineCode> compile_baseline(const Code &code) {
  if (code.words.size() > most_words) return nullptr;
  size_t size = BaselineCompiler::most_bytes(code);
  std::unique_ptr<unsigned char[]> buffer(new unsigned char[size]);
  try {
    return BaselineCompiler(code, {buffer.get(), size}).run();
  } catch (const Xbyak::Error &) {
    return nullptr;
  }
}

#else

std::unique_ptr<BaselineCode> compile_baseline(const Code &) { return nullptr; }

#endif

BaselineCompiler::BaselineCompiler(const Code &code, std::span<unsigned char> buffer)
    : CodeGenerator(buffer.size(), buffer.data()), code_(code), registers_(code), incoming_(code.words.size() + 1, unreached),
      loops_(code.words.size() + 1), labels_(code.words.size() + 1), repeats_(code.words.size() + 1) {
  setDefaultJmpNEAR(true);
}

size_t BaselineCompiler::most_bytes(const Code &code) { return code.words.size() * bytes_per_word + bytes_more; }

std::span<const unsigned char> BaselineCompiler::write_all() {
  const Word *begin = code_.words.data(), *end = begin + code_.words.size();
  for (const Word *at = begin; at < end; at += words_of(at)) {
    uint32_t word = word_of(at);
    if (registers_.is_target(word)) {
      valid_ &= incoming_[word];
      if (valid_ == unreached) valid_ = 0; // Only errors lead here.
      L(labels_[word]);
      if (registers_.is_loop(word)) {
        loops_[word] = registers_.at_loop(word);
        load(loops_[word] & ~valid_);
        valid_ = loops_[word];
        L(repeats_[word]);
      }
    } else if (valid_ == unreached) {
      valid_ = 0;
    }
    starts_[word] = getSize();
    write(at);
  }
  starts_[static_cast<uint32_t>(code_.words.size())] = getSize();
  for (size_t i = 0; i < cold_.size(); ++i) write_cold(cold_[i]);
  ready();
  return {getCode(), getSize()};
}

std::unique_ptr<BaselineCode> BaselineCompiler::run() {
  auto place = MachineMemory::place(write_all());
  if (!place) return nullptr;
  auto made = std::make_unique<BaselineCode>();
  made->offset = *place;
  made->bytes = getSize();
  made->entry = MachineMemory::at(*place);
  for (const Cold &cold : cold_)
    if (cold.kind == Cold::Resume) made->loops.push_back({cold.at, MachineMemory::at(*place + address_of(cold.label))});
  return made;
}

/// An operation that none knows is the interpreter's: it goes on from there.
void BaselineCompiler::write(const Word *at) {
  auto op = static_cast<Bytecode>(at->instruction.op);
  if (write_value(at, op) || write_integers(at, op) || write_floats(at, op) || write_comparison(at, op) || write_jump(at, op) ||
      write_array(at, op) || write_memory(at, op) || write_call(at, op))
    return;
  jmp(leave(at));
  valid_ = unreached;
}

// --- slots ---

void BaselineCompiler::forget(uint32_t slot, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    if (registers_.of(slot + i) != SlotRegisters::none) valid_ &= ~(Set(1) << registers_.of(slot + i));
}

void BaselineCompiler::load(Set registers) {
  for (uint8_t bit = 0; bit < 32; ++bit) {
    if (!(registers >> bit & 1)) continue;
    uint32_t slot = registers_.slot_of(bit);
    if (bit < SlotRegisters::first_xmm)
      mov(general(slot), this->at(slot));
    else
      movsd(xmm(slot), this->at(slot));
  }
}

Reg64 BaselineCompiler::integer(uint32_t slot, const Reg64 &otherwise) {
  if (!has_general(slot)) return load_integer(otherwise, slot), otherwise;
  if (!is_valid(slot)) load(Set(1) << registers_.of(slot)), set_valid(slot);
  return general(slot);
}

Xmm BaselineCompiler::floating(uint32_t slot, const Xmm &otherwise) {
  if (!has_xmm(slot)) return load_float(otherwise, slot), otherwise;
  if (!is_valid(slot)) load(Set(1) << registers_.of(slot)), set_valid(slot);
  return xmm(slot);
}

void BaselineCompiler::load_integer(const Reg64 &to, uint32_t slot) {
  if (has_general(slot) && is_valid(slot)) {
    if (to.getIdx() != general(slot).getIdx()) mov(to, general(slot));
  } else if (has_xmm(slot) && is_valid(slot)) {
    movq(to, xmm(slot));
  } else if (auto constant = registers_.constant(slot)) {
    if (*constant)
      mov(to, static_cast<uint64_t>(*constant));
    else
      xor_(to.cvt32(), to.cvt32());
  } else {
    mov(to, this->at(slot));
    if (has_general(slot) && to.getIdx() == general(slot).getIdx()) set_valid(slot);
  }
}

void BaselineCompiler::load_float(const Xmm &to, uint32_t slot) {
  if (has_xmm(slot) && is_valid(slot)) {
    if (to.getIdx() != xmm(slot).getIdx()) movaps(to, xmm(slot));
  } else if (has_general(slot) && is_valid(slot)) {
    movq(to, general(slot));
  } else {
    movsd(to, this->at(slot));
    if (has_xmm(slot) && to.getIdx() == xmm(slot).getIdx()) set_valid(slot);
  }
}

void BaselineCompiler::store(uint32_t slot, const Reg64 &value) {
  mov(this->at(slot), value);
  if (has_general(slot)) {
    if (value.getIdx() != general(slot).getIdx()) mov(general(slot), value);
    set_valid(slot);
  } else {
    forget(slot);
  }
}

void BaselineCompiler::store(uint32_t slot, const Xmm &value) {
  movsd(this->at(slot), value);
  if (has_xmm(slot)) {
    if (value.getIdx() != xmm(slot).getIdx()) movaps(xmm(slot), value);
    set_valid(slot);
  } else {
    forget(slot);
  }
}

void BaselineCompiler::combine(Integer2 with, Immediate2 with_immediate, const Reg64 &left, uint32_t right) {
  auto constant = registers_.constant(right);
  if (constant && *constant == static_cast<int32_t>(*constant))
    (this->*with_immediate)(left, static_cast<uint32_t>(*constant));
  else if (has_general(right))
    (this->*with)(left, integer(right, rcx));
  else
    (this->*with)(left, this->at(right));
}

void BaselineCompiler::combine(Float2 with, const Xmm &left, uint32_t right) {
  if (has_xmm(right))
    (this->*with)(left, floating(right, xmm1));
  else
    (this->*with)(left, this->at(right));
}

void BaselineCompiler::copy(const Reg64 &to, size_t to_slot, const Reg64 &from, size_t from_slot, size_t count) {
  constexpr size_t most_unrolled = 16;
  if (count <= most_unrolled) {
    for (size_t i = 0; i < count; ++i) {
      mov(rax, qword[from + (from_slot + i) * 8]);
      mov(qword[to + (to_slot + i) * 8], rax);
    }
    return;
  }
  lea(rdi, ptr[to + to_slot * 8]);
  lea(rsi, ptr[from + from_slot * 8]);
  mov(rcx, count);
  rep();
  movsq();
}

/// As the interpreter's function of this name.
void BaselineCompiler::range_has(const Word *at) {
  auto [code, a, b, c] = at->instruction;
  Label up, none, done;
  load_integer(rcx, c);
  mov(rsi, this->at(b));
  mov(rdi, this->at(b + 1u));
  mov(rax, this->at(b + 2u));
  test(rax, rax);
  jns(up);
  neg(rax);
  xchg(rsi, rdi);
  L(up);
  cmp(rsi, rdi);
  jge(none);
  sub(rdi, rsi);
  mul(rcx);
  jc(none);
  cmp(rax, rdi);
  setb(al);
  movzx(eax, al);
  jmp(done);
  L(none);
  xor_(eax, eax);
  L(done);
  store(a, rax);
}

bool BaselineCompiler::write_value(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  switch (op) {
  case Bytecode::Move:
    if (has_xmm(a) || (has_xmm(b) && is_valid(b))) {
      load_float(float_result(a), b);
      store(a, float_result(a));
    } else if (has_general(b) && is_valid(b)) {
      store(a, general(b));
    } else {
      load_integer(result(a), b);
      store(a, result(a));
    }
    return true;
  case Bytecode::Move2:
    load_integer(rax, b);
    load_integer(rcx, b + 1u);
    store(a, rax);
    store(a + 1u, rcx);
    return true;
  case Bytecode::MoveMany:
    copy(rbx, a, rbx, b, c);
    forget(a, c);
    return true;
  case Bytecode::Integer:
  case Bytecode::Word: {
    auto value = op == Bytecode::Word ? at[1].integer : static_cast<int16_t>(b);
    if (has_general(a) || value != static_cast<int32_t>(value)) {
      mov(result(a), static_cast<uint64_t>(value));
      store(a, result(a));
    } else {
      mov(this->at(a), static_cast<uint64_t>(value));
      forget(a);
    }
    return true;
  }
  case Bytecode::Text:
    mov(rax, static_cast<uint64_t>(at[1].integer));
    mov(rcx, static_cast<uint64_t>(at[2].integer));
    store(a, rax);
    store(a + 1u, rcx);
    return true;
  case Bytecode::Range:
  case Bytecode::RangeInclusive:
    load_integer(rax, b);
    load_integer(rcx, c);
    if (op == Bytecode::RangeInclusive) {
      add(rcx, 1);
      jo(leave(at));
    }
    store(a, rax);
    store(a + 1u, rcx);
    mov(this->at(a + 2u), uint64_t(1));
    forget(a + 2u);
    return true;
  case Bytecode::RangeHas: range_has(at); return true;
  case Bytecode::RangeGet:
    load_integer(rax, c);
    imul(rax, this->at(b + 2u));
    add(rax, this->at(b));
    store(a, rax);
    return true;
  case Bytecode::Address:
    lea(rax, this->at(b));
    store(a, rax);
    return true;
  default: return false;
  }
}

// --- control ---

/// The loads that a loop expects change no flags, which the jump is to ask.
void BaselineCompiler::jump(const Word *target, Jump with) {
  uint32_t word = word_of(target);
  if (repeats_[word].getAddress()) {
    load(loops_[word] & ~valid_);
    valid_ |= loops_[word];
    return (this->*with)(repeats_[word], T_NEAR);
  }
  incoming_[word] &= valid_;
  (this->*with)(labels_[word], T_NEAR);
}

Label &BaselineCompiler::leave(const Word *at) {
  if (cold_.empty() || cold_.back().at != at || cold_.back().kind != Cold::Leave) cold_.push_back({at, {}, {}, Cold::Leave, 0});
  return cold_.back().label;
}

/// The activation's place, for what may fail or look at the stack.
void BaselineCompiler::save(const Word *at) {
  mov(rdx, qword[rsp + 8]);
  mov(rax, reinterpret_cast<uint64_t>(at));
  mov(qword[rdx + offsetof(Activation, ip)], rax);
  mov(qword[rdx + offsetof(Activation, fp)], rbx);
}

void BaselineCompiler::call(const void *function) {
  mov(rax, reinterpret_cast<uint64_t>(function));
  CodeGenerator::call(rax);
  valid_ &= SlotRegisters::kept_by_calls;
}

void BaselineCompiler::write_cold(Cold &cold) {
  L(cold.label);
  switch (cold.kind) {
  case Cold::Leave:
    mov(rax, reinterpret_cast<uint64_t>(cold.at));
    mov(rcx, reinterpret_cast<uint64_t>(&kiln_leave_machine_code));
    jmp(rcx);
    break;
  case Cold::Resume:
    load(cold.valid);
    if (auto op = static_cast<Bytecode>(cold.at->instruction.op); op != Bytecode::Loop) mov(rax, this->at(cold.at->instruction.a));
    jmp(cold.back);
    break;
  case Cold::Grow:
    save(cold.at);
    mov(rdi, rcx);
    mov(rsi, reinterpret_cast<uint64_t>(cold.at[1].pointer));
    call(reinterpret_cast<const void *>(&calls::kiln_array_grow));
    load(cold.valid & ~SlotRegisters::kept_by_calls);
    jmp(cold.back);
    break;
  }
}

/// A look at the clock now and then, which is the interpreter's; the next element; its test.
void BaselineCompiler::write_loop(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  const Word *target = op == Bytecode::Loop ? nullptr : at + at[1].integer;
  if (target && has_general(a)) integer(a, rax);
  sub(r15d, 1);
  jle(leave(at));
  if (target) {
    Reg64 counter = result(a);
    load_integer(counter, a);
    add(counter, 1);
    store(a, counter);
  }
  cold_.push_back({at, {}, {}, Cold::Resume, valid_});
  L(cold_.back().back);
  if (!target) return;
  if (op == Bytecode::NextBelow) {
    combine(&CodeGenerator::cmp, &CodeGenerator::cmp, result(a), b);
  } else {
    Reg64 array = integer(b, rcx);
    cmp(result(a), qword[array + offsetof(ArrayHeader, length)]);
  }
  jump(target, &CodeGenerator::jl);
}

bool BaselineCompiler::write_call(const Word *at, Bytecode op) {
  auto [code, a, b, c] = at->instruction;
  switch (op) {
  case Bytecode::Call:
  case Bytecode::CallCell: {
    sub(r15d, 1);
    jle(leave(at));
    lea(rax, ptr[rbx + (c + b + header_slots + size_t(Code::no_slot)) * 8]);
    cmp(rax, qword[rsp + 16]);
    ja(leave(at));
    if (op == Bytecode::Call) {
      mov(rcx, reinterpret_cast<uint64_t>(at[1].pointer));
    } else {
      load_integer(rcx, at[1].slots[0]);
      mov(rcx, qword[rcx + offsetof(EntryCell, routine)]);
      test(rcx, rcx);
      je(leave(at));
    }
    mov(rdx, qword[rcx + offsetof(RoutineEntry, machine)]);
    test(rdx, rdx);
    je(leave(at));
    add(qword[rcx + offsetof(RoutineEntry, calls)], 1);
    for (unsigned i = 0; i < b; ++i) store_element(this->at(c + i), at[2].slots[i]);
    mov(rax, reinterpret_cast<uint64_t>(at));
    mov(this->at(c - 2u), rax);
    mov(this->at(c - 1u), rbx);
    Label back;
    lea(rax, ptr[rip + back]);
    mov(this->at(c - 3u), rax);
    add(rbx, c * 8u);
    jmp(rdx);
    L(back);
    valid_ = 0;
    if (several_slots(at) == 1) {
      if (has_xmm(a)) {
        movq(xmm(a), rax);
        store(a, xmm(a));
      } else {
        store(a, rax);
      }
    }
    return true;
  }
  case Bytecode::Again: {
    auto *routine = static_cast<const Routine *>(at[1].pointer);
    sub(r15d, 1);
    jle(leave(at));
    mov(rcx, reinterpret_cast<uint64_t>(routine));
    mov(rdx, qword[rcx + offsetof(RoutineEntry, machine)]);
    test(rdx, rdx);
    je(leave(at));
    mov(eax, dword[rcx + offsetof(RoutineEntry, frame_slots)]);
    lea(rax, ptr[rbx + rax * 8 + size_t(Code::no_slot) * 8]);
    cmp(rax, qword[rsp + 16]);
    ja(leave(at));
    for (unsigned i = 0; i < b; ++i) store_element(this->at(c + i), at[2].slots[i]);
    copy(rbx, 0, rbx, c, b);
    if (b > 16) mov(rdx, reinterpret_cast<uint64_t>(&routine->machine)), mov(rdx, qword[rdx]);
    jmp(rdx);
    valid_ = unreached;
    return true;
  }
  case Bytecode::Return:
    load_integer(rax, a);
    mov(rcx, qword[rbx - 24]);
    mov(rdx, qword[rbx - 16]);
    mov(rbx, qword[rbx - 8]);
    jmp(rcx);
    valid_ = unreached;
    return true;
  case Bytecode::ReturnMany: // The first word once more for the caller, which may be the interpreter and store it.
    mov(rdx, qword[rbx - 16]);
    mov(r8, qword[rbx - 8]);
    movzx(eax, word[rdx + offsetof(Instruction, a)]);
    lea(r9, ptr[r8 + rax * 8]);
    copy(r9, 0, rbx, a, b);
    mov(rax, qword[r9]);
    mov(rcx, qword[rbx - 24]);
    mov(rbx, r8);
    jmp(rcx);
    valid_ = unreached;
    return true;
  case Bytecode::Apply1:
  case Bytecode::Apply2:
    save(at);
    lea(rdi, this->at(a));
    lea(rsi, this->at(b));
    if (op == Bytecode::Apply2) lea(rdx, this->at(c));
    call(at[1].pointer);
    forget(a);
    return true;
  case Bytecode::Invoke: {
    auto *invocation = static_cast<const Invocation *>(at[1].pointer);
    save(at);
    mov(rdi, rbx);
    mov(rsi, reinterpret_cast<uint64_t>(invocation));
    call(reinterpret_cast<const void *>(invocation->handler));
    valid_ = 0;
    return true;
  }
  default: return false;
  }
}

} // namespace kiln
