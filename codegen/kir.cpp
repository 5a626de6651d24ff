#include "codegen/kir.h"

#include <bit>
#include <cassert>

namespace kiln {

std::string_view to_string(Op op) {
  static constexpr std::string_view names[] = {
#define KILN_OP(name, stage) #name,
#include "codegen/kir_ops.def"
  };
  return names[static_cast<size_t>(op)];
}

std::string_view to_string(IntrinsicKind kind) {
  static constexpr std::string_view texts[] = {
#define KILN_INTRINSIC(name, text) text,
#include "codegen/intrinsics.def"
  };
  return texts[static_cast<size_t>(kind)];
}

Constant Constant::of_bool(bool value) {
  Constant made(Bool);
  made.integer_ = value;
  return made;
}

Constant Constant::of_int(int64_t value) {
  Constant made(Int);
  made.integer_ = value;
  return made;
}

Constant Constant::of_float(double value) {
  Constant made(Float);
  made.floating_ = value;
  return made;
}

Constant Constant::of_text(std::string_view value) {
  assert(value.size() <= UINT32_MAX);
  Constant made(Str);
  made.text_ = value.data();
  made.length_ = static_cast<uint32_t>(value.size());
  return made;
}

bool operator==(const Constant &a, const Constant &b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
  case Constant::None: return true;
  case Constant::Bool:
  case Constant::Int: return a.integer() == b.integer();
  case Constant::Float: // By bits: 0.0 and -0.0 differ, a NaN equals itself.
    return std::bit_cast<uint64_t>(a.floating()) == std::bit_cast<uint64_t>(b.floating());
  case Constant::Str: return a.text() == b.text();
  }
  return false;
}

} // namespace kiln
