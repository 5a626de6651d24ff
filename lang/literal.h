#pragma once

#include "lang/ast.h"
#include "lang/diagnostics.h"

#include <string>
#include <string_view>

namespace kiln {

/// The value of a number as written; errors are reported at `span`, and then the type still stands.
struct NumberValue {
  NumberType type = NumberType::I64;
  bool suffixed = false;
  int64_t integer = 0;
  double floating = 0;
};
/// `negative`: a minus sign stands directly before, so that -128i8 fits its type.
NumberValue read_number(std::string_view text, bool negative, Span span, Diagnostics &diagnostics);

/// The value of 'a' or '\n', quotes included.
uint8_t read_character(std::string_view text, Span span, Diagnostics &diagnostics);

/// Appends the text with its escapes decoded; `span` is where it stands in the source.
void read_escapes(std::string_view text, Span span, std::string &out, Diagnostics &diagnostics);

std::string_view name(NumberType type);
constexpr bool is_float(NumberType type) { return type >= NumberType::F32; }

} // namespace kiln
