#include "lang/ast.h"

#include <cstring>

namespace kiln {

std::string_view spelling(BinaryOp op) {
  static constexpr std::string_view table[] = {
#define KILN_BINARY(name, spelling, level, rule) spelling,
#include "lang/operators.def"
  };
  return table[static_cast<size_t>(op)];
}

std::string_view spelling(UnaryOp op) {
  static constexpr std::string_view table[] = {
#define KILN_UNARY(name, spelling) spelling,
#include "lang/operators.def"
  };
  return table[static_cast<size_t>(op)];
}

std::string_view Ast::text(std::string_view text) {
  if (text.empty()) return {};
  auto *memory = static_cast<char *>(arena_.allocate(text.size(), 1));
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

} // namespace kiln
