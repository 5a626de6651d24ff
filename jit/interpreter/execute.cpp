// The loop that runs bytecode: each operation jumps to the next by its own indirect jump.
#include "jit/baseline/machine_frame.h"
#include "jit/interpreter/interpreter.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"

#include <algorithm>
#include <cmath>

namespace kiln {

namespace {

constexpr int32_t waits_for_loop = 3;             // Calls after these rounds that may come before a loop, where baseline code begins.

[[noreturn, gnu::cold, gnu::noinline]] void fail_overflow(int64_t left, int64_t right, BinaryOp op) {
  calls::kiln_fail_overflow(left, right, static_cast<int32_t>(op) | static_cast<int32_t>(TypeKind::I64) << 8);
}
[[noreturn, gnu::cold, gnu::noinline]] void fail_division(int64_t left, BinaryOp op) {
  calls::kiln_fail_division(left, static_cast<int32_t>(op) | static_cast<int32_t>(TypeKind::I64) << 8);
}
[[noreturn, gnu::cold, gnu::noinline]] void fail_index(int64_t index, int64_t extent, int32_t dimension) {
  calls::kiln_fail_index(index, extent, dimension);
}

ArrayHeader *array(const Slot &slot) { return static_cast<ArrayHeader *>(slot.p); }

/// Whether a range has an element of that number: number times the step's size is below the distance from end to end. The
/// product does not fit where it is larger.
bool range_has(const Slot *range, uint64_t number) {
  bool up = range[2].i > 0;
  const Slot &low = range[up ? 0 : 1], &high = range[up ? 1 : 0];
  uint64_t stride = up ? range[2].u : 0 - range[2].u, distance;
  return low.i < high.i && !__builtin_mul_overflow(number, stride, &distance) && distance < high.u - low.u;
}

} // namespace

#define OPERATION(name) at_##name:
#define A fp[ip->instruction.a]
#define B fp[ip->instruction.b]
#define C fp[ip->instruction.c]
#define IMMEDIATE_B static_cast<int16_t>(ip->instruction.b)
#define IMMEDIATE_C static_cast<int16_t>(ip->instruction.c)
#define DISPATCH goto *labels[ip->instruction.op]
#define NEXT(words)                                                                                                    \
  do {                                                                                                                 \
    ip += 1 + (words);                                                                                                 \
    DISPATCH;                                                                                                          \
  } while (0)
#define SAVE() (activation.ip = ip, activation.fp = fp)
#define COUNT(taken, words) ++const_cast<Word *>(ip)[(words) - count_words + (taken)].integer
#define JUMP_WHEN(condition)                                                                                           \
  do {                                                                                                                 \
    bool taken = (condition);                                                                                          \
    COUNT(taken, 4);                                                                                                   \
    ip += taken ? ip[1].integer : 4;                                                                                   \
    DISPATCH;                                                                                                          \
  } while (0)
#define JUMP_ON_BOOL(condition)                                                                                        \
  do {                                                                                                                 \
    bool taken = (condition);                                                                                          \
    COUNT(taken, 3);                                                                                                   \
    ip += taken ? ip->instruction.distance() : 3;                                                                      \
    DISPATCH;                                                                                                          \
  } while (0)
#define CHECKED(function, operation, right)                                                                            \
  do {                                                                                                                 \
    int64_t value;                                                                                                     \
    if (__builtin_expect(function(B.i, right, &value), 0)) {                                                           \
      SAVE();                                                                                                          \
      fail_overflow(B.i, right, BinaryOp::operation);                                                                  \
    }                                                                                                                  \
    A.i = value;                                                                                                       \
    NEXT(0);                                                                                                           \
  } while (0)
#define REPEAT(loop)                                                                                                   \
  if (__builtin_expect(--budget <= 0, 0)) {                                                                            \
    SAVE();                                                                                                            \
    budget = period_ - counted_;                                                                                       \
    if (counting ? try_resume(activation, loop) : sample_loop(activation, loop)) { /* The look may have been at a call. */ \
      counting = 0;                                                                                                    \
      ip = activation.ip, fp = activation.fp;                                                                          \
      DISPATCH;                                                                                                        \
    }                                                                                                                  \
    if (counting)                                                                                                      \
      counting = 0;                                                                                                    \
    else                                                                                                               \
      COUNT_FROM_HERE();                                                                                               \
    if (!counting && (machine.target = loop_in_machine_code(ip))) goto enter_machine_code;                             \
  }
#define COUNT_FROM_HERE()                                                                                              \
  do {                                                                                                                 \
    if (counted_) budget = counted_, counting = waits_for_loop;                                                        \
  } while (0)
// The counted rounds end at a loop, rather than in a call, behind which the caller would be interpreted on.
#define LOOK_AT_CALL()                                                                                                 \
  do {                                                                                                                 \
    SAVE();                                                                                                            \
    budget = period_ - counted_;                                                                                       \
    if (!counting) {                                                                                                   \
      sample_call(*routine);                                                                                           \
      COUNT_FROM_HERE();                                                                                               \
    } else if (--counting) {                                                                                           \
      budget = 1;                                                                                                      \
    }                                                                                                                  \
  } while (0)

void Interpreter::execute(Activation &activation, const void *machine_code) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // Labels as values.
  static const void *const labels[] = {
#define KILN_BYTECODE(name, operands, words) &&at_##name,
#include "jit/interpreter/bytecode.def"
  };
  const Word *ip = activation.ip;
  Slot *fp = activation.fp;
  int32_t budget = budget_;
  int32_t counting = 0; // Not 0: these rounds are counted.
  MachineState machine{machine_code, nullptr, nullptr, 0, 0, &activation, limit_};
  if (!machine_code) DISPATCH;

enter_machine_code:
  machine.fp = fp;
  machine.budget = budget;
  kiln_enter_machine_code(&machine);
  ip = machine.ip;
  fp = machine.fp;
  budget = static_cast<int32_t>(machine.budget);
  DISPATCH;

  // --- values ---
  OPERATION(Move) A = B; NEXT(0);
  OPERATION(Move2) {
    Slot first = B, second = (&B)[1];
    A = first, (&A)[1] = second;
    NEXT(0);
  }
  OPERATION(MoveMany) std::copy_n(&B, ip->instruction.c, &A); NEXT(0);
  OPERATION(Integer) A.i = IMMEDIATE_B; NEXT(0);
  OPERATION(Word) A.i = ip[1].integer; NEXT(1);
  OPERATION(Text) A.i = ip[1].integer, (&A)[1].i = ip[2].integer; NEXT(2);
  OPERATION(Range) {
    Slot first = B, last = C, *range = &A;
    range[0] = first, range[1] = last, range[2].i = 1;
    NEXT(0);
  }
  OPERATION(RangeInclusive) {
    Slot first = B, last = C, *range = &A;
    if (__builtin_expect(last.i == INT64_MAX, 0)) {
      SAVE();
      fail_overflow(last.i, 1, BinaryOp::Add);
    }
    range[0] = first, range[1].i = last.i + 1, range[2].i = 1;
    NEXT(0);
  }
  OPERATION(RangeHas) A.u = range_has(&B, C.u); NEXT(0);
  OPERATION(RangeGet) A.u = (&B)[0].u + C.u * (&B)[2].u; NEXT(0);
  OPERATION(Address) A.p = &B; NEXT(0);

  // --- integers ---
  OPERATION(Add) CHECKED(__builtin_add_overflow, Add, C.i);
  OPERATION(Subtract) CHECKED(__builtin_sub_overflow, Subtract, C.i);
  OPERATION(Multiply) CHECKED(__builtin_mul_overflow, Multiply, C.i);
  OPERATION(AddImmediate) CHECKED(__builtin_add_overflow, Add, static_cast<int64_t>(IMMEDIATE_C));
  OPERATION(SubtractImmediate) CHECKED(__builtin_sub_overflow, Subtract, static_cast<int64_t>(IMMEDIATE_C));
  OPERATION(FloorDivide) {
    int64_t left = B.i, right = C.i;
    if (__builtin_expect(right == 0 || right == -1, 0)) {
      SAVE();
      if (right == 0) fail_division(left, BinaryOp::FloorDivide);
      if (left == INT64_MIN) fail_overflow(left, right, BinaryOp::FloorDivide);
      A.i = -left;
      NEXT(0);
    }
    int64_t quotient = left / right, rest = left - quotient * right;
    A.i = quotient - (rest != 0 && (rest ^ right) < 0);
    NEXT(0);
  }
  OPERATION(Modulo) {
    int64_t left = B.i, right = C.i;
    if (__builtin_expect(right == 0 || right == -1, 0)) {
      SAVE();
      if (right == 0) fail_division(left, BinaryOp::Modulo);
      A.i = 0;
      NEXT(0);
    }
    int64_t rest = left % right;
    A.i = rest != 0 && (rest ^ right) < 0 ? rest + right : rest;
    NEXT(0);
  }
  OPERATION(AddWrap) A.u = B.u + C.u; NEXT(0);
  OPERATION(SubtractWrap) A.u = B.u - C.u; NEXT(0);
  OPERATION(MultiplyWrap) A.u = B.u * C.u; NEXT(0);
  OPERATION(Increment) A.u = B.u + 1; NEXT(0);
  OPERATION(BitAnd) A.u = B.u & C.u; NEXT(0);
  OPERATION(BitOr) A.u = B.u | C.u; NEXT(0);
  OPERATION(BitXor) A.u = B.u ^ C.u; NEXT(0);
  OPERATION(ShiftLeftBy) A.u = B.u << IMMEDIATE_C; NEXT(0);
  OPERATION(ShiftRightBy) A.i = B.i >> IMMEDIATE_C; NEXT(0);
  OPERATION(ShiftRightUnsignedBy) A.u = B.u >> IMMEDIATE_C; NEXT(0);
  OPERATION(Not) A.u = !B.u; NEXT(0);
  OPERATION(Minimum) A.i = std::min(B.i, C.i); NEXT(0);
  OPERATION(Maximum) A.i = std::max(B.i, C.i); NEXT(0);

  // --- floats ---
  OPERATION(AddFloat) A.f = B.f + C.f; NEXT(0);
  OPERATION(SubtractFloat) A.f = B.f - C.f; NEXT(0);
  OPERATION(MultiplyFloat) A.f = B.f * C.f; NEXT(0);
  OPERATION(DivideFloat) A.f = B.f / C.f; NEXT(0);
  OPERATION(MultiplyAdd) {
    double product = B.f * C.f;
    A.f = fp[ip[1].slots[0]].f + product;
    NEXT(1);
  }
  OPERATION(MultiplySubtract) {
    double product = B.f * C.f;
    A.f = fp[ip[1].slots[0]].f - product;
    NEXT(1);
  }
  OPERATION(NegateFloat) A.f = -B.f; NEXT(0);
  OPERATION(Sqrt) A.f = std::sqrt(B.f); NEXT(0);
  OPERATION(AbsFloat) A.f = std::fabs(B.f); NEXT(0);
  OPERATION(IntegerToFloat) A.f = static_cast<double>(B.i); NEXT(0);
  OPERATION(UnsignedToFloat) A.f = static_cast<double>(B.u); NEXT(0);
  OPERATION(Math1) A.f = reinterpret_cast<double (*)(double)>(ip[1].integer)(B.f); NEXT(1);
  OPERATION(Math2) A.f = reinterpret_cast<double (*)(double, double)>(ip[1].integer)(B.f, C.f); NEXT(1);

  // --- comparisons ---
  OPERATION(Less) A.u = B.i < C.i; NEXT(0);
  OPERATION(LessEqual) A.u = B.i <= C.i; NEXT(0);
  OPERATION(Equal) A.u = B.u == C.u; NEXT(0);
  OPERATION(NotEqual) A.u = B.u != C.u; NEXT(0);
  OPERATION(LessUnsigned) A.u = B.u < C.u; NEXT(0);
  OPERATION(LessEqualUnsigned) A.u = B.u <= C.u; NEXT(0);
  OPERATION(LessFloat) A.u = B.f < C.f; NEXT(0);
  OPERATION(LessEqualFloat) A.u = B.f <= C.f; NEXT(0);
  OPERATION(EqualFloat) A.u = B.f == C.f; NEXT(0);
  OPERATION(NotEqualFloat) A.u = B.f != C.f; NEXT(0);

  // --- jumps ---
  OPERATION(Jump) ip += ip->instruction.distance(); DISPATCH;
  OPERATION(JumpIf) JUMP_ON_BOOL(A.u != 0);
  OPERATION(JumpUnless) JUMP_ON_BOOL(A.u == 0);
  OPERATION(JumpIfLess) JUMP_WHEN(A.i < B.i);
  OPERATION(JumpIfLessEqual) JUMP_WHEN(A.i <= B.i);
  OPERATION(JumpIfEqual) JUMP_WHEN(A.i == B.i);
  OPERATION(JumpIfNotEqual) JUMP_WHEN(A.i != B.i);
  OPERATION(JumpIfLessImmediate) JUMP_WHEN(A.i < IMMEDIATE_B);
  OPERATION(JumpIfLessEqualImmediate) JUMP_WHEN(A.i <= IMMEDIATE_B);
  OPERATION(JumpIfGreaterImmediate) JUMP_WHEN(A.i > IMMEDIATE_B);
  OPERATION(JumpIfGreaterEqualImmediate) JUMP_WHEN(A.i >= IMMEDIATE_B);
  OPERATION(JumpIfEqualImmediate) JUMP_WHEN(A.i == IMMEDIATE_B);
  OPERATION(JumpIfNotEqualImmediate) JUMP_WHEN(A.i != IMMEDIATE_B);
  OPERATION(JumpIfLessFloat) JUMP_WHEN(A.f < B.f);
  OPERATION(JumpIfLessEqualFloat) JUMP_WHEN(A.f <= B.f);
  OPERATION(JumpIfEqualFloat) JUMP_WHEN(A.f == B.f);
  OPERATION(JumpUnlessLessFloat) JUMP_WHEN(!(A.f < B.f));
  OPERATION(JumpUnlessLessEqualFloat) JUMP_WHEN(!(A.f <= B.f));
  OPERATION(JumpUnlessEqualFloat) JUMP_WHEN(!(A.f == B.f));
  OPERATION(JumpIfInRange) JUMP_WHEN(static_cast<int64_t>((&B)[0].u + A.u) < (&B)[1].i);
  OPERATION(JumpUnlessInRange) JUMP_WHEN(static_cast<int64_t>((&B)[0].u + A.u) >= (&B)[1].i);
  OPERATION(JumpIfInArray) JUMP_WHEN(A.i < array(B)->length);
  OPERATION(JumpUnlessInArray) JUMP_WHEN(A.i >= array(B)->length);
  OPERATION(Loop) {
    REPEAT(ip->instruction.a);
    NEXT(0);
  }
  OPERATION(NextBelow) {
    ++A.u;
    REPEAT(ip->instruction.c);
    JUMP_WHEN(A.i < B.i);
  }
  OPERATION(NextInArray) {
    ++A.u;
    REPEAT(ip->instruction.c);
    JUMP_WHEN(A.i < array(B)->length);
  }

  // --- arrays ---
#define CHECK_INDEX(header, index)                                                                                     \
  if (__builtin_expect((index) >= static_cast<uint64_t>((header)->length), 0)) {                                       \
    SAVE();                                                                                                            \
    fail_index(static_cast<int64_t>(index), (header)->length, -1);                                                     \
  }
#define INDEX(element)                                                                                                 \
  do {                                                                                                                 \
    const ArrayHeader *header = array(B);                                                                              \
    uint64_t index = C.u;                                                                                              \
    CHECK_INDEX(header, index);                                                                                        \
    A.i = static_cast<int64_t>(static_cast<const element *>(header->data)[index]);                                     \
    NEXT(0);                                                                                                           \
  } while (0)
#define SET_INDEX(element)                                                                                             \
  do {                                                                                                                 \
    const ArrayHeader *header = array(A);                                                                              \
    uint64_t index = B.u;                                                                                              \
    CHECK_INDEX(header, index);                                                                                        \
    static_cast<element *>(header->data)[index] = static_cast<element>(C.u);                                           \
    NEXT(0);                                                                                                           \
  } while (0)
  OPERATION(IndexWord) INDEX(int64_t);
  OPERATION(IndexByte) INDEX(uint8_t);
  OPERATION(IndexSigned32) INDEX(int32_t);
  OPERATION(IndexUnsigned32) INDEX(uint32_t);
  OPERATION(SetIndexWord) SET_INDEX(uint64_t);
  OPERATION(SetIndexByte) SET_INDEX(uint8_t);
  OPERATION(SetIndex32) SET_INDEX(uint32_t);
#define CHECK_INDICES(header, first, second)                                                                           \
  if (__builtin_expect((first) >= static_cast<uint64_t>((header)->dims[0]) || (second) >= static_cast<uint64_t>((header)->dims[1]), 0)) { \
    SAVE();                                                                                                            \
    bool is_second = (first) < static_cast<uint64_t>((header)->dims[0]);                                               \
    fail_index(static_cast<int64_t>(is_second ? (second) : (first)), (header)->dims[is_second], is_second);            \
  }
  OPERATION(IndexWord2) {
    const ArrayHeader *header = array(B);
    uint64_t first = C.u, second = fp[ip[1].slots[0]].u;
    CHECK_INDICES(header, first, second);
    A.u = static_cast<const uint64_t *>(header->data)[first * static_cast<uint64_t>(header->dims[1]) + second];
    NEXT(1);
  }
  OPERATION(SetIndexWord2) {
    const ArrayHeader *header = array(A);
    uint64_t first = B.u, second = fp[ip[1].slots[0]].u;
    CHECK_INDICES(header, first, second);
    static_cast<uint64_t *>(header->data)[first * static_cast<uint64_t>(header->dims[1]) + second] = C.u;
    NEXT(1);
  }
  OPERATION(IndexMany) {
    const ArrayHeader *header = array(B);
    uint64_t index = C.u, count = static_cast<uint64_t>(ip[1].integer);
    CHECK_INDEX(header, index);
    copy_words(&A, static_cast<const Slot *>(header->data) + index * count, count);
    NEXT(1);
  }
  OPERATION(SetIndexMany) {
    const ArrayHeader *header = array(A);
    uint64_t index = B.u, count = static_cast<uint64_t>(ip[1].integer);
    CHECK_INDEX(header, index);
    copy_words(static_cast<Slot *>(header->data) + index * count, &C, count);
    NEXT(1);
  }
  OPERATION(IndexField) {
    const ArrayHeader *header = array(B);
    uint64_t index = C.u;
    CHECK_INDEX(header, index);
    A = static_cast<const Slot *>(header->data)[index * ip[1].slots[1] + ip[1].slots[0]];
    NEXT(1);
  }
  OPERATION(SetIndexField) {
    const ArrayHeader *header = array(A);
    uint64_t index = B.u;
    CHECK_INDEX(header, index);
    static_cast<Slot *>(header->data)[index * ip[1].slots[1] + ip[1].slots[0]] = C;
    NEXT(1);
  }
  OPERATION(IndexText) {
    uint64_t index = C.u, length = (&B)[1].u;
    if (__builtin_expect(index >= length, 0)) {
      SAVE();
      fail_index(static_cast<int64_t>(index), static_cast<int64_t>(length), -2);
    }
    A.u = static_cast<const unsigned char *>(B.p)[index];
    NEXT(0);
  }
  OPERATION(ElementWord) A.u = static_cast<const uint64_t *>(array(B)->data)[C.u]; NEXT(0);
  OPERATION(ElementByte) A.u = static_cast<const uint8_t *>(array(B)->data)[C.u]; NEXT(0);
  OPERATION(SetElementWord) static_cast<uint64_t *>(array(A)->data)[B.u] = C.u; NEXT(0);
  OPERATION(ElementMany) {
    uint64_t count = static_cast<uint64_t>(ip[1].integer);
    copy_words(&A, static_cast<const Slot *>(array(B)->data) + C.u * count, count);
    NEXT(1);
  }
  OPERATION(Length) A.i = array(B)->length; NEXT(0);
  OPERATION(PushWord) {
    ArrayHeader *header = array(A);
    if (__builtin_expect(header->length >= header->capacity, 0)) {
      SAVE();
      calls::kiln_array_grow(header, static_cast<const Type *>(ip[1].pointer));
    }
    static_cast<uint64_t *>(header->data)[header->length++] = B.u;
    NEXT(1);
  }

  OPERATION(PushMany) {
    ArrayHeader *header = array(A);
    if (__builtin_expect(header->length >= header->capacity, 0)) {
      SAVE();
      calls::kiln_array_grow(header, static_cast<const Type *>(ip[1].pointer));
    }
    uint64_t count = ip->instruction.c;
    copy_words(static_cast<Slot *>(header->data) + static_cast<uint64_t>(header->length++) * count, &B, count);
    NEXT(1);
  }

  // --- other memory ---
  OPERATION(LoadMany) copy_words(&A, static_cast<const Slot *>(B.p) + ip->instruction.c, static_cast<uint64_t>(ip[1].integer)); NEXT(1);
  OPERATION(StoreMany) copy_words(static_cast<Slot *>(B.p) + ip->instruction.c, &A, static_cast<uint64_t>(ip[1].integer)); NEXT(1);
  OPERATION(LoadWord) A.u = static_cast<const uint64_t *>(B.p)[ip->instruction.c]; NEXT(0);
  OPERATION(StoreWord) static_cast<uint64_t *>(B.p)[ip->instruction.c] = A.u; NEXT(0);
  OPERATION(LoadGlobal) A.u = *static_cast<const uint64_t *>(ip[1].pointer); NEXT(1);
  OPERATION(StoreGlobal) *static_cast<uint64_t *>(const_cast<void *>(ip[1].pointer)) = A.u; NEXT(1);

  // --- calls ---
  {
    Routine *routine;
    OPERATION(CallCell) {
      Specialisation &callee = Specialisation::of(fp[ip[1].slots[0]].p);
      routine = callee.routine;
      if (__builtin_expect(!routine, 0)) routine = &host_.routine(callee);
      goto call;
    }
    OPERATION(Call) routine = static_cast<Routine *>(const_cast<void *>(ip[1].pointer));
  call:
    const uint16_t *from = ip[2].slots;
    Slot *frame = fp + ip->instruction.c;
    unsigned count = ip->instruction.b;
    if (__builtin_expect(frame + count + header_slots + Code::no_slot > limit_, 0)) {
      SAVE();
      throw_error(RuntimeError::StackOverflow, "stack overflow");
    }
    for (unsigned i = 0; i < count; ++i) frame[i] = fp[from[i]];
    // Calls of compiled code are not counted: what repeats them is, and so comes to be compiled as well.
    if (__builtin_expect(routine->entry && --budget <= 0, 0)) LOOK_AT_CALL();
    if (__builtin_expect(!routine->entry, 0)) {
      SAVE();
      enter_other(*routine, frame, &A);
      if (!routine->entry) {
        ip = behind_call(ip);
        DISPATCH;
      }
    }
    ++routine->calls;
    frame[-3].p = const_cast<void *>(interpreted_caller);
    frame[-2].p = const_cast<Word *>(ip);
    frame[-1].p = fp;
    fp = frame;
    if (!counting && (machine.target = routine->machine)) goto enter_machine_code;
    ip = routine->entry;
    DISPATCH;
  }
  OPERATION(Again) {
    auto *routine = static_cast<Routine *>(const_cast<void *>(ip[1].pointer));
    const uint16_t *from = ip[2].slots;
    Slot *frame = fp + ip->instruction.c;
    unsigned count = ip->instruction.b;
    for (unsigned i = 0; i < count; ++i) frame[i] = fp[from[i]];
    if (__builtin_expect(routine->entry && --budget <= 0, 0)) LOOK_AT_CALL();
    if (__builtin_expect(!routine->entry, 0)) {
      SAVE();
      Slot *result = frame + count;
      enter_other(*routine, frame, result);
      if (!routine->entry) {
        auto *call = static_cast<const Word *>(fp[-2].p);
        fp = static_cast<Slot *>(fp[-1].p);
        std::copy_n(result, routine->result_slots, fp + call->instruction.a);
        ip = behind_call(call);
        DISPATCH;
      }
    }
    for (unsigned i = 0; i < count; ++i) fp[i] = frame[i];
    if (__builtin_expect(fp + routine->frame_slots + Code::no_slot > limit_, 0)) {
      SAVE();
      throw_error(RuntimeError::StackOverflow, "stack overflow");
    }
    if (!counting && (machine.target = routine->machine)) goto enter_machine_code;
    ip = routine->entry;
    DISPATCH;
  }
  OPERATION(Return) {
    Slot value = A;
    auto *call = static_cast<const Word *>(fp[-2].p);
    const void *caller = fp[-3].p;
    fp = static_cast<Slot *>(fp[-1].p);
    fp[call->instruction.a] = value;
    if (__builtin_expect(caller != interpreted_caller, 0)) {
      machine.target = caller;
      machine.value = value.u;
      goto enter_machine_code;
    }
    ip = behind_call(call);
    DISPATCH;
  }
  OPERATION(ReturnMany) {
    const Slot *value = &A;
    unsigned count = ip->instruction.b;
    auto *call = static_cast<const Word *>(fp[-2].p);
    const void *caller = fp[-3].p;
    fp = static_cast<Slot *>(fp[-1].p);
    std::copy_n(value, count, fp + call->instruction.a);
    if (__builtin_expect(caller != interpreted_caller, 0)) {
      machine.target = caller;
      goto enter_machine_code;
    }
    ip = behind_call(call);
    DISPATCH;
  }
  OPERATION(Leave) {
    budget_ = budget;
    return;
  }

  // --- functions ---
  OPERATION(Apply1) {
    SAVE();
    reinterpret_cast<void (*)(Slot *, const Slot *)>(ip[1].integer)(&A, &B);
    NEXT(1);
  }
  OPERATION(Apply2) {
    SAVE();
    reinterpret_cast<void (*)(Slot *, const Slot *, const Slot *)>(ip[1].integer)(&A, &B, &C);
    NEXT(1);
  }
  OPERATION(Invoke) {
    SAVE();
    auto *invocation = static_cast<const Invocation *>(ip[1].pointer);
    invocation->handler(fp, *invocation);
    NEXT(1);
  }
#pragma GCC diagnostic pop
}

} // namespace kiln
