#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kiln {

/// One code point read from a text. `length` is the number of bytes it takes; an invalid byte counts as one.
struct CodePoint {
  char32_t value = 0;
  uint32_t length = 1;
  bool valid = false;
};

/// The code point at `at`, which must be inside `text`. Overlong forms and surrogates are invalid.
CodePoint decode_utf8(std::string_view text, size_t at);
void append_utf8(std::string &out, char32_t value);
/// The offset of the first invalid byte, or npos.
size_t find_invalid_utf8(std::string_view text);

/// Columns that a terminal gives the character: 0 for combining marks, 2 for East Asian wide ones and emoji.
int display_width(char32_t value);

/// Letters of any script and `_`. Symbols, punctuation and spaces are not.
bool starts_identifier(char32_t value);
/// Also digits, combining marks and subscripts, as in x₁.
bool continues_identifier(char32_t value);

} // namespace kiln
