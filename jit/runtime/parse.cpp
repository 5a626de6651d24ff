#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"
#include "jit/runtime/print.h"
#include "jit/runtime/str.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace kiln {
namespace {

/// The text in quotes for a message, cut when it is long.
std::string quoted(std::string_view text) {
  constexpr size_t longest = 40;
  std::string out;
  append_quoted(out, text.substr(0, longest));
  return text.size() > longest ? out + "..." : out;
}

/// std::from_chars takes no plus sign; one may stand before a digit, a point or a name, not before another sign.
std::string_view without_plus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+' ? text.substr(1) : text;
}

} // namespace

namespace calls {

extern "C" I64 kiln_parse_int(STR text) {
  std::string_view digits = without_plus(view(text));
  I64 value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range && end == digits.data() + digits.size())
    throw_failure(fmt::format("{} is out of range for i64", quoted(view(text))));
  if (error != std::errc{} || end != digits.data() + digits.size())
    throw_failure(fmt::format("{} is not an integer", quoted(view(text))));
  return value;
}

extern "C" F64 kiln_parse_float(STR text) {
  std::string_view digits = without_plus(view(text));
  F64 value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  // "nan(...)" is C's, not ours.
  bool whole = end == digits.data() + digits.size() && !digits.ends_with(')');
  if (error == std::errc::result_out_of_range && whole)
    return std::strtod(std::string(digits).c_str(), nullptr); // Rounds to infinity, a subnormal or zero.
  if (error != std::errc{} || !whole) throw_failure(fmt::format("{} is not a number", quoted(view(text))));
  return value;
}

} // namespace calls
} // namespace kiln
