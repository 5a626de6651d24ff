#include "jit/interpreter/native_call.h"

#include "codegen/layout.h"
#include "jit/interpreter/frame_slots.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

namespace kiln {

namespace {

constexpr size_t integer_registers = 6, vector_registers = 8, returned_integers = 3, returned_vectors = 2,
                 returned_floats = 4; // The others on the x87 stack, as doubles.

static_assert(std::size(NativeCall{}.integers) == integer_registers && std::size(NativeCall{}.vectors) == vector_registers &&
              std::size(NativeCall{}.returned) == returned_integers && std::size(NativeCall{}.floats) == returned_floats);

/// What native_call.S reads and fills in.
struct Registers {
  uint64_t integers[integer_registers];
  uint64_t vectors[vector_registers];
  void *cell;
  const uint64_t *stack;
  uint64_t stack_words;
  uint64_t returned[returned_integers];
  uint64_t floats[returned_floats];
  uint64_t on_x87;
};

using Kind = NativeSignature::Kind;

void add_parts(const Type *type, uint32_t offset, std::vector<NativeSignature::Part> &parts) {
  if (type->is_empty()) return;
  if (type->is_record() || type->is(TypeKind::Lambda)) {
    for (size_t i = 0; i < type->elements.size(); ++i)
      add_parts(type->elements[i], offset + static_cast<uint32_t>(offset_of(type, i)), parts);
    return;
  }
  auto size = static_cast<uint32_t>(layout_of(type).size);
  if (type->is_union() && !type->is_nullable_reference()) {
    for (WordKind word : union_words(type)) {
      parts.push_back({offset, 8, word == WordKind::Float ? Kind::Float64 : Kind::Unsigned});
      offset += 8;
    }
    return;
  }
  if (type->is_float())
    parts.push_back({offset, static_cast<uint8_t>(size), type->is(TypeKind::F32) ? Kind::Float32 : Kind::Float64});
  else if (type->is_scalar())
    parts.push_back({offset, static_cast<uint8_t>(size), type->is_signed() ? Kind::Signed : Kind::Unsigned});
  else
    for (uint32_t word = 0; word < size; word += 8) parts.push_back({offset + word, 8, Kind::Unsigned});
}

uint64_t extended(uint64_t bits, const NativeSignature::Part &part) {
  if (part.size == 8) return bits;
  unsigned unused = 64 - 8 * part.size;
  bits <<= unused;
  return part.kind == Kind::Signed ? static_cast<uint64_t>(static_cast<int64_t>(bits) >> unused) : bits >> unused;
}

/// The bytes at `from`, not extended. A copy of a size that is known is one instruction.
uint64_t read_part(const char *from, uint8_t size) {
  uint64_t bits = 0;
  if (size == 8)
    std::memcpy(&bits, from, 8);
  else if (size == 4)
    std::memcpy(&bits, from, 4);
  else
    std::memcpy(&bits, from, size);
  return bits;
}

void find_x87_floats(NativeSignature &signature) {
  if (signature.result_in_memory) return;
  size_t floats = static_cast<size_t>(std::ranges::count_if(signature.result, [](const NativeSignature::Part &part) { return part.kind >= Kind::Float32; }));
  if (floats > returned_vectors) signature.floats_on_x87 = static_cast<uint8_t>(floats - returned_vectors);
}

} // namespace

extern "C" void kiln_call_native(void *code, Registers *registers);

NativeSignature native_signature(std::span<const Type *const> params, const Type *result) {
  NativeSignature signature;
  for (const Type *param : params) {
    add_parts(param, signature.argument_slots * 8, signature.arguments);
    signature.argument_slots += FrameSlots::size_of(param);
  }
  add_parts(result, 0, signature.result);
  size_t floats = 0;
  for (const NativeSignature::Part &part : signature.result) floats += part.kind >= Kind::Float32;
  signature.result_in_memory = floats > returned_floats || signature.result.size() - floats > returned_integers;
  find_x87_floats(signature);
  return signature;
}

NativeSignature extern_signature(const ExternFunction &function) {
  NativeSignature made;
  auto add = [&](const Type *type, std::vector<NativeSignature::Part> &parts, uint32_t slot) {
    if (type->is(TypeKind::Str))
      parts.push_back({slot * 8, 8, Kind::Unsigned});
    else
      add_parts(type, slot * 8, parts);
  };
  for (const Type *param : function.params) {
    add(param, made.arguments, made.argument_slots);
    made.argument_slots += param->is(TypeKind::Str) ? 1 : FrameSlots::size_of(param);
  }
  add(function.result, made.result, 0);
  find_x87_floats(made);
  return made;
}

void call_native(void *code, void *cell, const NativeSignature &signature, const Slot *arguments, Slot *result) {
  Registers registers;
  registers.cell = cell;
  size_t integers = 0, vectors = 0, beyond = 0;
  if (signature.result_in_memory) registers.integers[integers++] = reinterpret_cast<uint64_t>(result);
  constexpr size_t usual = 32;
  uint64_t few[usual];
  std::vector<uint64_t> many;
  uint64_t *stack = few;
  if (signature.arguments.size() > usual) {
    many.resize(signature.arguments.size());
    stack = many.data();
  }
  auto *bytes = reinterpret_cast<const char *>(arguments);
  for (const NativeSignature::Part &part : signature.arguments) {
    uint64_t bits = read_part(bytes + part.offset, part.size);
    if (part.kind >= Kind::Float32)
      (vectors < vector_registers ? registers.vectors[vectors++] : stack[beyond++]) = bits;
    else
      (integers < integer_registers ? registers.integers[integers++] : stack[beyond++]) = extended(bits, part);
  }
  registers.on_x87 = signature.floats_on_x87;
  registers.stack = stack;
  registers.stack_words = beyond;
  kiln_call_native(code, &registers);
  if (signature.result_in_memory) return;
  integers = vectors = 0;
  if (signature.result.size() == 1) { // A scalar fills its slot.
    const NativeSignature::Part &part = signature.result[0];
    result->u = part.kind >= Kind::Float32 ? registers.floats[0] : extended(registers.returned[0], part);
    if (part.kind == Kind::Float32) result->u &= 0xffffffff;
    return;
  }
  auto *out = reinterpret_cast<char *>(result);
  for (const NativeSignature::Part &part : signature.result) {
    uint64_t bits = part.kind >= Kind::Float32 ? registers.floats[vectors++] : registers.returned[integers++];
    if (part.kind == Kind::Float32 && vectors > returned_vectors) bits = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
    std::memcpy(out + part.offset, &bits, part.size);
  }
}

void read_arguments(const NativeCall &call, const NativeSignature &signature, Slot *arguments) {
  const uint64_t *stack = call.stack();
  size_t integers = signature.result_in_memory, vectors = 0;
  auto *bytes = reinterpret_cast<char *>(arguments);
  for (const NativeSignature::Part &part : signature.arguments) {
    bool is_float = part.kind >= Kind::Float32;
    uint64_t bits;
    if (is_float)
      bits = vectors < vector_registers ? call.vectors[vectors++].low : *stack++;
    else
      bits = integers < integer_registers ? call.integers[integers++] : *stack++;
    // The first part of a slot fills it, as a scalar does.
    bits = extended(bits, part);
    std::memcpy(bytes + part.offset, &bits, part.offset % sizeof(Slot) == 0 ? sizeof(Slot) : part.size);
  }
}

void return_result(NativeCall &call, const NativeSignature &signature, const Slot *result) {
  auto *bytes = reinterpret_cast<const char *>(result);
  call.on_x87 = signature.floats_on_x87;
  if (signature.result_in_memory) {
    auto *place = reinterpret_cast<char *>(call.returned[0] = call.integers[0]);
    for (const NativeSignature::Part &part : signature.result) std::memcpy(place + part.offset, bytes + part.offset, part.size);
    return;
  }
  size_t integers = 0, vectors = 0;
  for (const NativeSignature::Part &part : signature.result) {
    uint64_t bits = extended(read_part(bytes + part.offset, part.size), part);
    if (part.kind == Kind::Float32 && vectors >= returned_vectors) bits = std::bit_cast<uint64_t>(double(std::bit_cast<float>(static_cast<uint32_t>(bits))));
    (part.kind >= Kind::Float32 ? call.floats[vectors++] : call.returned[integers++]) = bits;
  }
}

} // namespace kiln
