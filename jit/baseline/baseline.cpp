#include "jit/baseline/baseline.h"

#include "jit/baseline/baseline_compiler.h"
#include "jit/baseline/machine_memory.h"

#include <algorithm>

namespace kiln {

using namespace Xbyak;

namespace {

constexpr size_t most_words = 100'000;
constexpr size_t bytes_per_word = 320, bytes_more = 4096; // More than any function takes, as far as anyone knows: Xbyak checks.
constexpr SlotRegisters::Set all = ~SlotRegisters::Set(0);

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
  InlinedCalls inlined = inline_calls(code);
  size_t size = BaselineCompiler::most_bytes(code, inlined);
  std::unique_ptr<unsigned char[]> buffer(new unsigned char[size]);
  try {
    return BaselineCompiler(code, inlined, {buffer.get(), size}).run();
  } catch (const Xbyak::Error &) {
    return nullptr;
  }
}

#else

std::unique_ptr<BaselineCode> compile_baseline(const Code &) { return nullptr; }

#endif

BaselineCompiler::BaselineCompiler(const Code &code, const InlinedCalls &inlined, std::span<unsigned char> buffer)
    : CodeGenerator(buffer.size(), buffer.data()), code_(code), inlined_(inlined), registers_(code, inlined), incoming_(code.words.size() + 1, unreached),
      loops_(code.words.size() + 1), labels_(code.words.size() + 1), repeats_(code.words.size() + 1), constants_(slots_with(code, inlined)),
      constants_of_(constants_.size()) {
  setDefaultJmpNEAR(true);
}

size_t BaselineCompiler::most_bytes(const Code &code, const InlinedCalls &inlined) {
  size_t words = code.words.size();
  for (const auto &[word, call] : inlined) words += call.words.size();
  return words * bytes_per_word + bytes_more;
}

std::span<const unsigned char> BaselineCompiler::write_all() {
  const Word *begin = code_.words.data(), *end = begin + code_.words.size();
  for (const Word *at = begin; at < end; at += words_of(at)) {
    uint32_t word = word_of(at);
    if (registers_.is_target(word)) {
      write_back(all);
      ++stretch_;
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
  unwritten_ = 0;
  for (size_t i = 0; i < cold_.size(); ++i) write_cold(cold_[i]);
  ready();
  return {getCode(), getSize()};
}

std::unique_ptr<BaselineCode> BaselineCompiler::run() {
  auto place = MachineMemory::place(write_all());
  if (!place) return nullptr;
  for (const auto &[word, call] : inlined_) call.callee->code->is_inlined = true;
  auto made = std::make_unique<BaselineCode>();
  made->offset = *place;
  made->bytes = getSize();
  made->entry = MachineMemory::at(*place);
  for (const Cold &cold : cold_)
    if (cold.kind == Cold::Resume) made->loops.push_back({cold.at, MachineMemory::at(*place + address_of(cold.label))});
  return made;
}

void BaselineCompiler::write(const Word *at) {
  auto call = inlined_.find(word_of(at));
  if (call != inlined_.end())
    write_inlined(call->second);
  else
    write_step(at);
}

/// An operation that none knows is the interpreter's: it goes on from there.
void BaselineCompiler::write_step(const Word *at) {
  auto op = static_cast<Bytecode>(at->instruction.op);
  defers_ = is_plain(op);
  if (!defers_) write_back(all);
  bool is_known = write_value(at, op) || write_integers(at, op) || write_floats(at, op) || write_comparison(at, op) || write_jump(at, op) ||
                  write_array(at, op) || write_memory(at, op) || write_call(at, op);
  if (!is_known) {
    jmp(leave(at));
    valid_ = unreached, unwritten_ = 0;
  }
  note_constants(at);
}

// --- slots ---

std::optional<int64_t> BaselineCompiler::known(uint32_t slot) const {
  if (constants_of_[slot] == stretch_) return constants_[slot];
  return registers_.constant(slot);
}

void BaselineCompiler::note_constants(const Word *at) {
  if (is_call(*at)) ++stretch_;
  each_access(at, [&](const SlotAccess &access) {
    for (uint32_t i = 0; access.is_write && i < access.count; ++i) constants_of_[access.slot + i] = 0;
  });
  auto op = static_cast<Bytecode>(at->instruction.op);
  uint16_t slot = at->instruction.a;
  if ((op != Bytecode::Integer && op != Bytecode::Word) || registers_.escapes(slot)) return;
  constants_[slot] = op == Bytecode::Word ? at[1].integer : static_cast<int16_t>(at->instruction.b);
  constants_of_[slot] = stretch_;
}

void BaselineCompiler::forget(uint32_t slot, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (registers_.of(slot + i) == SlotRegisters::none) continue;
    Set bit = Set(1) << registers_.of(slot + i);
    valid_ &= ~bit, unwritten_ &= ~bit;
  }
}

void BaselineCompiler::write_back(Set registers) {
  save_slots(registers & unwritten_);
  unwritten_ &= ~registers;
}

void BaselineCompiler::save_slots(Set registers) {
  for (uint8_t bit = 0; bit < 32; ++bit) {
    if (!(registers >> bit & 1)) continue;
    uint32_t slot = registers_.slot_of(bit);
    if (bit < SlotRegisters::first_xmm)
      mov(place(slot), general(slot));
    else
      movsd(place(slot), xmm(slot));
  }
}

void BaselineCompiler::load(Set registers) {
  for (uint8_t bit = 0; bit < 32; ++bit) {
    if (!(registers >> bit & 1)) continue;
    uint32_t slot = registers_.slot_of(bit);
    if (bit < SlotRegisters::first_xmm)
      mov(general(slot), place(slot));
    else
      movsd(xmm(slot), place(slot));
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
  } else if (auto constant = known(slot)) {
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
  if (!has_general(slot)) {
    mov(place(slot), value);
    return forget(slot);
  }
  if (value.getIdx() != general(slot).getIdx()) mov(general(slot), value);
  set_written(slot);
}

void BaselineCompiler::store(uint32_t slot, const Xmm &value) {
  if (!has_xmm(slot)) {
    movsd(place(slot), value);
    return forget(slot);
  }
  if (value.getIdx() != xmm(slot).getIdx()) movaps(xmm(slot), value);
  set_written(slot);
}

/// The slot's register has a new value.
void BaselineCompiler::set_written(uint32_t slot) {
  Set bit = Set(1) << registers_.of(slot);
  valid_ |= bit, unwritten_ |= bit;
  if (!defers_) write_back(bit);
}

void BaselineCompiler::combine(Integer2 with, Immediate2 with_immediate, const Reg64 &left, uint32_t right) {
  auto constant = known(right);
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
      mov(place(a), static_cast<uint64_t>(value));
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
    mov(place(a + 2u), uint64_t(1));
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

} // namespace kiln
