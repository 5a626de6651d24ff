#include "jit/runtime/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kiln {

std::string_view NumberText::of(int64_t value) { return {text_, std::to_chars(text_, std::end(text_), value).ptr}; }
std::string_view NumberText::of(uint64_t value) { return {text_, std::to_chars(text_, std::end(text_), value).ptr}; }
std::string_view NumberText::of(double value) { return shortest(value); }
std::string_view NumberText::of(float value) { return shortest(value); }

template <typename Float>
std::string_view NumberText::shortest(Float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";

  // "-d.ddde+XX": take it apart into digits and exponent, and lay them out again.
  char scientific[32];
  char *end = std::to_chars(scientific, std::end(scientific), value, std::chars_format::scientific).ptr;
  char *out = text_;
  char *in = scientific;
  if (*in == '-') *out++ = *in++;
  char *e = std::find(in, end, 'e');
  char digits[20];
  char *digits_end = std::copy_if(in, e, digits, [](char c) { return c != '.'; });
  auto count = static_cast<int>(digits_end - digits);
  int exponent = 0;
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, exponent);

  if (exponent < -4 || exponent >= 16) {
    out = std::copy(in, e + 1, out);
    out = std::to_chars(out, std::end(text_), exponent).ptr;
  } else if (exponent < 0) {
    out = std::copy_n("0.", 2, out);
    out = std::fill_n(out, -exponent - 1, '0');
    out = std::copy(digits, digits_end, out);
  } else {
    int whole = exponent + 1;
    out = std::copy_n(digits, std::min(whole, count), out);
    out = std::fill_n(out, std::max(0, whole - count), '0');
    *out++ = '.';
    if (count > whole)
      out = std::copy(digits + whole, digits_end, out);
    else
      *out++ = '0';
  }
  return {text_, out};
}

} // namespace kiln
