// Jumps, loops and calls, and the code behind the rest: where the interpreter takes over and comes back.
#include "codegen/layout.h"
#include "jit/baseline/baseline_compiler.h"
#include "jit/baseline/machine_frame.h"
#include "jit/runtime/calls.h"

namespace kiln {

using namespace Xbyak;

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
  if (inlining_) {
    if (cold_.empty() || cold_.back().kind != Cold::LeaveInlined || cold_.back().at != origin_ || cold_.back().call != inlining_)
      cold_.push_back({origin_, {}, {}, Cold::LeaveInlined, unwritten_, inlining_});
    return cold_.back().label;
  }
  if (cold_.empty() || cold_.back().at != at || cold_.back().kind != Cold::Leave) cold_.push_back({at, {}, {}, Cold::Leave, unwritten_});
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
    save_slots(cold.registers);
    mov(rax, reinterpret_cast<uint64_t>(cold.at));
    mov(rcx, reinterpret_cast<uint64_t>(&kiln_leave_machine_code));
    jmp(rcx);
    break;
  case Cold::LeaveInlined: // The frame gets its header: the rest of the call is the interpreter's.
    save_slots(cold.registers);
    mov(rax, reinterpret_cast<uint64_t>(cold.call->call));
    mov(place(cold.call->frame - 2), rax);
    mov(place(cold.call->frame - 1), rbx);
    lea(rax, ptr[rip + returns_.at(cold.call)->label]);
    mov(place(cold.call->frame - 3), rax);
    add(rbx, cold.call->frame * 8);
    mov(rax, reinterpret_cast<uint64_t>(cold.at));
    mov(rcx, reinterpret_cast<uint64_t>(&kiln_leave_machine_code));
    jmp(rcx);
    break;
  case Cold::Return:
    if (several_slots(cold.at) == 1) mov(place(cold.at->instruction.a), rax);
    load(cold.registers);
    jmp(cold.back);
    break;
  case Cold::Resume:
    load(cold.registers);
    if (auto op = static_cast<Bytecode>(cold.at->instruction.op); op != Bytecode::Loop) mov(rax, place(cold.at->instruction.a));
    jmp(cold.back);
    break;
  case Cold::Grow:
    save(cold.at);
    mov(rdi, rcx);
    mov(rsi, reinterpret_cast<uint64_t>(cold.at[1].pointer));
    call(reinterpret_cast<const void *>(&calls::kiln_array_grow));
    load(cold.registers & ~SlotRegisters::kept_by_calls);
    jmp(cold.back);
    break;
  }
}

void BaselineCompiler::write_inlined(const InlinedCall &call) {
  mov(rcx, reinterpret_cast<uint64_t>(static_cast<const RoutineEntry *>(call.callee)));
  add(qword[rcx + offsetof(RoutineEntry, calls)], 1);
  inlining_ = &call;
  for (const InlinedCall::Step &step : call.steps) {
    origin_ = step.origin;
    write_step(&call.words[step.word]);
  }
  inlining_ = nullptr;
  forget(call.frame, call.callee->code->frame_slots); // The frame is gone.
  cold_.push_back({call.call, {}, {}, Cold::Return, valid_, &call});
  returns_[&call] = &cold_.back();
  L(cold_.back().back);
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
    for (unsigned i = 0; i < b; ++i) store_element(place(c + i), at[2].slots[i]);
    mov(rax, reinterpret_cast<uint64_t>(at));
    mov(place(c - 2u), rax);
    mov(place(c - 1u), rbx);
    Label back;
    lea(rax, ptr[rip + back]);
    mov(place(c - 3u), rax);
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
    for (unsigned i = 0; i < b; ++i) store_element(place(c + i), at[2].slots[i]);
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
