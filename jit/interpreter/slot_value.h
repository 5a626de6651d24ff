#pragma once

#include "codegen/layout.h"
#include "jit/interpreter/bytecode.h"

#include <cstring>
#include <type_traits>

namespace kiln {

/// The number in a slot, and the slot that holds a number.
template <typename T>
T number(const Slot &slot) {
  if constexpr (std::is_same_v<T, double>)
    return slot.f;
  else if constexpr (std::is_same_v<T, float>)
    return slot.s;
  else
    return static_cast<T>(slot.i);
}
template <typename T>
Slot slot_of(T number) {
  Slot slot;
  if constexpr (std::is_same_v<T, double>)
    slot.f = number;
  else if constexpr (std::is_same_v<T, float>)
    slot.u = 0, slot.s = number;
  else
    slot.i = static_cast<int64_t>(number);
  return slot;
}

/// Calls `body` with a value of the C++ type of a number or bool.
template <typename Body>
void with_number(const Type *type, Body body) {
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::U8: return body(uint8_t{});
  case TypeKind::I8: return body(int8_t{});
  case TypeKind::I16: return body(int16_t{});
  case TypeKind::I32: return body(int32_t{});
  case TypeKind::I64: return body(int64_t{});
  case TypeKind::U16: return body(uint16_t{});
  case TypeKind::U32: return body(uint32_t{});
  case TypeKind::U64: return body(uint64_t{});
  case TypeKind::F32: return body(float{});
  case TypeKind::F64: return body(double{});
  default: return;
  }
}

inline void load_value(const Type *type, Slot *to, const void *from) {
  if (type->is_scalar())
    with_number(type, [&](auto kind) {
      decltype(kind) value;
      std::memcpy(&value, from, sizeof value);
      *to = slot_of(value);
    });
  else
    std::memcpy(to, from, layout_of(type).size);
}
inline void store_value(const Type *type, void *to, const Slot *from) {
  if (size_t size = layout_of(type).size) std::memcpy(to, from, size);
}

} // namespace kiln
