#pragma once

#include "codegen/type.h"

#include <optional>
#include <string>
#include <string_view>

namespace kiln {

/// A format spec taken apart: `[[fill]align][sign][#][0][width][.precision][type]`, the fmt mini-language.
struct FormatSpec {
  std::string_view fill = " "; // One code point.
  char align = 0;              // '<', '>', '^'; 0: numbers to the right, else to the left.
  char sign = '-';             // '-' only for negative numbers, '+' always, ' ' a space for positive ones.
  bool alternate = false;      // '#': a prefix (0x, 0b, 0o), or always a decimal point.
  bool zero = false;           // Zeros between sign and digits up to the width.
  int width = 0;
  int precision = -1; // -1: not given.
  char type = 0;      // 0: as print shows it.

  static constexpr int longest = 1000; // Of width and precision.
};

/// Takes a spec apart, or says in `error` what is wrong with it.
std::optional<FormatSpec> parse_format_spec(std::string_view spec, std::string &error);

/// What is wrong with a spec for values of a type; nothing when it fits. Arrays and tuples format each element by the
/// spec, so it must fit the elements.
std::optional<std::string> check_format_spec(const Type *type, std::string_view spec);

} // namespace kiln
