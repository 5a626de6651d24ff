#include "jit/interpreter/interpreter.h"

#include "jit/baseline/baseline.h"
#include "jit/baseline/machine_frame.h"
#include "jit/interpreter/frame_slots.h"
#include "jit/interpreter/native_call.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"
#include "jit/signals.h"
#include "jit/stacks.h"

#include <algorithm>
#include <ctime>
#include <cxxabi.h>
#include <new>
#include <sys/mman.h>

namespace kiln {

namespace {

constexpr size_t stack_bytes = size_t(256) << 20; // Address space.
constexpr size_t native_reserve = 256 << 10;      // Of the native stack, for what an activation calls.
constexpr int32_t counted_rounds = 4;             // Behind each look at the clock.

/// What is called by the host returns to here.
const Word host_call[] = {{.instruction = {static_cast<uint16_t>(Bytecode::Call), 0, 0, 0}},
                          {.integer = 0},
                          {.instruction = {static_cast<uint16_t>(Bytecode::Leave), 0, 0, 0}}};

uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

/// The stack of values, one for the process as activations are: mapped when the first interpreter is made.
Slot *value_stack() {
  static Slot *const stack = [] {
    void *at = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    return static_cast<Slot *>(at);
  }();
  return stack;
}

/// The values of all frames lie below this; that of what is called by the host or by compiled code begins here.
Slot *frames_end(Slot *stack) {
  const Activation *innermost = Activation::innermost;
  if (!innermost) return stack;
  const Code *code = code_at(innermost->ip);
  return innermost->fp + (code ? code->frame_slots : 0);
}

bool is_catchable(const RuntimeError &error) { return error.kind != RuntimeError::Interrupt && error.kind != RuntimeError::Exit; }

} // namespace

Interpreter::Interpreter(Host host, int32_t period)
    : host_(std::move(host)), period_(period), counted_(period > counted_rounds ? counted_rounds : 0), budget_(period) {
  stack_ = value_stack();
  limit_ = stack_ + stack_bytes / sizeof(Slot) - Code::no_slot; // Room for what baseline code inlines in the last frame.
  scan_also({stack_, []() -> const void * { return frames_end(value_stack()); }});
}

bool Interpreter::has_room() {
  const Stack *stack = own_stack();
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return !stack || !stack->holds(here) || here >= stack->usable_begin() + native_reserve;
}

/// What the host does now does not count.
void Interpreter::note_sample(Routine &routine, InterpretedLoop *loop) {
  host_.spent(routine, loop, last_sample_ ? now() - last_sample_ : 0);
  last_sample_ = now();
}

extern "C" [[gnu::noinline]] void kiln_interpret(Interpreter *interpreter, Routine *called, const Slot *arguments, size_t count, Slot *result) {
  Interpreter &self = *interpreter;
  Routine &routine = *called;
  Activation *outer = Activation::innermost;
  Activation activation{outer, host_call, nullptr, called->continued != nullptr};
  if (!Interpreter::has_room()) throw_error(RuntimeError::StackOverflow, "stack overflow");
  if (!routine.entry) self.host_.prepare(routine);
  Slot *base = frames_end(self.stack_);
  // The host's frame holds the result.
  Slot *frame = base + routine.result_slots + header_slots;
  copy_words(frame, arguments, count);
  if (!routine.entry) {
    call_native(routine.specialisation->entry, &routine.specialisation->entry, *routine.signature, frame, base);
    if (result) *result = *base;
    return;
  }
  if (frame + routine.frame_slots > self.limit_) throw_error(RuntimeError::StackOverflow, "stack overflow");
  frame[-3].p = const_cast<void *>(interpreted_caller);
  frame[-2].p = const_cast<Word *>(host_call);
  frame[-1].p = base;
  activation.ip = routine.entry;
  activation.fp = frame;
  struct Scope {
    Activation *outer;
    ~Scope() { Activation::innermost = outer; }
  } scope{outer};
  Activation::innermost = &activation;
  self.last_sample_ = 0;
  for (const void *machine_code = routine.machine;; machine_code = nullptr) {
    try {
      self.execute(activation, machine_code);
      if (result) *result = *base;
      return;
    } catch (RuntimeError &error) {
      if (!is_catchable(error) || !self.handle(activation)) throw;
      keep_caught(std::move(error), __builtin_frame_address(0));
    } catch (const abi::__forced_unwind &) { // The thread is being cancelled.
      throw;
    } catch (...) {
      RuntimeError error = host_error();
      if (!self.handle(activation)) throw error;
      keep_caught(std::move(error), __builtin_frame_address(0));
    }
    if (take_interrupt()) throw_error(RuntimeError::Interrupt, "interrupted"); // A loop that only fails meets no other look.
  }
}

void Interpreter::call(Routine &routine, NativeCall &call) {
  const NativeSignature &signature = *routine.signature;
  Slot *base = frames_end(stack_), *frame = base + routine.result_slots + header_slots;
  Slot *arguments = routine.continued ? frame + routine.frame_slots : frame;
  if (arguments + std::max(routine.frame_slots, signature.argument_slots) > limit_) throw_error(RuntimeError::StackOverflow, "stack overflow");
  read_arguments(call, signature, arguments);
  if (routine.continued) enter_loop(routine, arguments, frame);
  kiln_interpret(this, &routine, frame, 0, nullptr);
  return_result(call, signature, base); // Which the run has left there.
}

/// Makes a frame what it would be if the interpreter had come to the loop.
void Interpreter::enter_loop(const Routine &continuation, const Slot *arguments, Slot *frame) {
  const Code &code = *code_at(continuation.entry);
  for (const Word *at = code.words.data(), *end = at + code.constants_end; at < end; at += words_of(at)) {
    Slot *kept = frame + at->instruction.a;
    kept[0].i = at[1].integer;
    if (static_cast<Bytecode>(at->instruction.op) == Bytecode::Text) kept[1].i = at[2].integer;
  }
  const std::vector<InterpretedLoop::Carried> &carried = continuation.continued->carried;
  for (size_t i = 0; i < carried.size(); ++i)
    if (carried[i].less == Code::no_slot) frame[carried[i].slot] = arguments[i];
  for (size_t i = 0; i < carried.size(); ++i)
    if (carried[i].less != Code::no_slot) frame[carried[i].slot].u = arguments[i].u + frame[carried[i].less].u;
}

/// Finds the frame that catches an error, and makes it go on there.
bool Interpreter::handle(Activation &activation) {
  const Word *at = activation.ip;
  Slot *frame = activation.fp;
  while (const Code *code = code_at(at)) {
    if (const Word *handler = code->handler_at(at)) {
      activation.ip = handler;
      activation.fp = frame;
      return true;
    }
    at = static_cast<const Word *>(frame[-2].p);
    frame = static_cast<Slot *>(frame[-1].p);
  }
  return false;
}

/// A call of what has no bytecode yet, or never: it may have when this returns, and else was called.
void Interpreter::enter_other(Routine &routine, Slot *arguments, Slot *result) {
  host_.prepare(routine);
  if (!routine.entry) call_native(routine.specialisation->entry, &routine.specialisation->entry, *routine.signature, arguments, result);
}

void Interpreter::sample_call(Routine &routine) {
  if (take_interrupt()) throw_error(RuntimeError::Interrupt, "interrupted");
  if (routine.entry) note_sample(routine, nullptr);
}

/// True when the rest of the function was run as compiled code.
bool Interpreter::sample_loop(Activation &activation, uint16_t place) {
  if (take_interrupt()) throw_error(RuntimeError::Interrupt, "interrupted");
  auto &code = const_cast<Code &>(*code_at(activation.ip));
  note_sample(*code.specialisation->routine, &code.loops[place]);
  return try_resume(activation, place);
}

bool Interpreter::try_resume(Activation &activation, uint16_t place) {
  const Code &code = *code_at(activation.ip);
  const InterpretedLoop &loop = code.loops[place];
  if (!loop.resumed || !loop.resumed->compiled) return false;
  resume_compiled(activation, code, loop);
  return true;
}

void Interpreter::resume_compiled(Activation &activation, const Code &code, const InterpretedLoop &loop) {
  Slot *frame = activation.fp;
  Slot *arguments = frame + code.frame_slots, *result = arguments + loop.carried.size();
  if (result + FrameSlots::size_of(code.specialisation->result) > limit_) throw_error(RuntimeError::StackOverflow, "stack overflow");
  for (size_t i = 0; i < loop.carried.size(); ++i) {
    auto [slot, less] = loop.carried[i];
    arguments[i].u = frame[slot].u - (less == Code::no_slot ? 0 : frame[less].u);
  }
  call_native(loop.resumed->entry, &loop.resumed->entry, *loop.resumed->routine->signature, arguments, result);
  last_sample_ = now(); // The interpreter has not spent this time.
  auto *call = static_cast<const Word *>(frame[-2].p);
  activation.fp = static_cast<Slot *>(frame[-1].p);
  std::copy_n(result, FrameSlots::size_of(code.specialisation->result), activation.fp + call->instruction.a);
  activation.ip = behind_call(call);
}

/// Where baseline code goes on behind the look at the clock; null when there is none.
const void *Interpreter::loop_in_machine_code(const Word *ip) {
  const BaselineCode *baseline = code_at(ip)->baseline.get();
  return baseline ? baseline->loop_at(ip) : nullptr;
}

} // namespace kiln
