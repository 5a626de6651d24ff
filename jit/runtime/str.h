#pragma once

#include "codegen/layout.h"

#include <string>
#include <string_view>

namespace kiln {

/// The bytes of a str; {null, 0} is "" too.
inline std::string_view view(StrValue text) {
  return text.length == 0 ? std::string_view{} : std::string_view{text.data, static_cast<size_t>(text.length)};
}
/// A collected copy, followed by a zero byte.
StrValue make_str(std::string_view text);
/// Collected room for a text of that length, already followed by a zero byte.
char *allocate_text(size_t length);

/// One code point from the front of `text`, which is not empty. `length` is how many bytes it takes; an invalid byte is
/// U+FFFD of length 1 (and `valid` false).
struct CodePoint {
  uint32_t value;
  uint32_t length;
  bool valid;
};
CodePoint decode(std::string_view text);
/// Appends a code point in UTF-8; one that does not exist as U+FFFD.
void append_code_point(std::string &out, uint32_t value);
size_t count_code_points(std::string_view text);

} // namespace kiln
