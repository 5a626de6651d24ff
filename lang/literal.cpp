#include "lang/literal.h"
#include "lang/scan.h"
#include "lang/utf8.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace kiln {

namespace {

struct NumberTypeInfo {
  std::string_view name;
  uint64_t most;  // The largest magnitude of a positive literal, 0 for floats.
  uint64_t least; // The largest magnitude of a negative one.
};

// In the order of NumberType.
constexpr NumberTypeInfo number_types[] = {
    {"i8", 0x7F, 0x80}, {"i16", 0x7FFF, 0x8000}, {"i32", 0x7FFFFFFF, 0x80000000}, {"i64", INT64_MAX, 1ull << 63},
    {"u8", 0xFF, 0},    {"u16", 0xFFFF, 0},      {"u32", 0xFFFFFFFF, 0},          {"u64", UINT64_MAX, 0},
    {"f32", 0, 0},      {"f64", 0, 0},
};

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<NumberType> type_of_suffix(std::string_view suffix) {
  for (size_t i = 0; i < std::size(number_types); ++i)
    if (number_types[i].name == suffix) return static_cast<NumberType>(i);
  return std::nullopt;
}

// Reads one literal. The digits are copied without their underscores, since from_chars knows none.
class NumberReader {
public:
  NumberReader(std::string_view text, bool negative, Span span, Diagnostics &diagnostics)
      : text_(text), negative_(negative), span_(span), diagnostics_(diagnostics) {}

  NumberValue read() {
    if (text_.size() > 1 && text_[0] == '0' && (text_[1] == 'x' || text_[1] == 'b' || text_[1] == 'o'))
      read_based(text_[1] == 'x' ? 16 : text_[1] == 'o' ? 8 : 2);
    else
      read_decimal();
    return value_;
  }

private:
  void read_based(int base) {
    size_t at = 2;
    for (; at < text_.size(); ++at) {
      if (text_[at] == '_') continue;
      int digit = digit_value(text_[at]);
      if (digit < 0 || digit >= base) break;
      digits_ += text_[at];
    }
    if (at < text_.size() && is_digit(text_[at])) {
      diagnostics_.report<Diag::BadDigit>(span_, text_[at], base == 2 ? "a binary" : "an octal");
      return;
    }
    if (digits_.empty()) {
      diagnostics_.report<Diag::BadNumber>(span_, text_);
      return;
    }
    if (!read_suffix(text_.substr(at), false)) return;
    if (is_float(value_.type)) {
      diagnostics_.report<Diag::BadNumber>(span_, text_);
      return;
    }
    read_integer(base);
  }

  void read_decimal() {
    size_t at = 0;
    auto take_digits = [&] {
      size_t begin = at;
      for (; at < text_.size() && (is_digit(text_[at]) || text_[at] == '_'); ++at)
        if (text_[at] != '_') digits_ += text_[at];
      return at > begin;
    };
    bool floating = false;
    take_digits();
    if (at < text_.size() && text_[at] == '.') {
      floating = true;
      digits_ += '.';
      ++at;
      if (!take_digits()) {
        std::string_view rest = text_.substr(at);
        diagnostics_.report<Diag::TrailingDot>(span_).help(fmt::format("write '{}0{}'", text_.substr(0, at), rest));
      }
    }
    size_t exponent = at + 1;
    if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
    if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E') && exponent < text_.size() &&
        is_digit(text_[exponent])) {
      floating = true;
      digits_ += 'e';
      if (text_[at + 1] == '-') digits_ += '-';
      at = exponent;
      take_digits();
    }
    if (!read_suffix(text_.substr(at), floating)) return;
    if (is_float(value_.type))
      read_floating();
    else
      read_integer(10);
  }

  bool read_suffix(std::string_view suffix, bool floating) {
    value_.type = floating ? NumberType::F64 : NumberType::I64;
    if (suffix.empty()) return true;
    std::optional<NumberType> type = type_of_suffix(suffix);
    std::string_view before = text_.substr(0, text_.size() - suffix.size());
    if (!type) {
      diagnostics_.report<Diag::NumberThenName>(span_, text_)
          .help(fmt::format("for a product write '{} * {}'", before, suffix));
      return false;
    }
    value_.suffixed = true;
    value_.type = *type;
    if (floating && !is_float(*type)) {
      diagnostics_.report<Diag::FractionWithIntegerSuffix>(span_, text_, suffix)
          .help(fmt::format("write '{0}' or '{0}f32'", before));
      value_.type = NumberType::F64;
    }
    return true;
  }

  void read_integer(int base) {
    uint64_t magnitude = 0;
    auto [end, error] = std::from_chars(digits_.data(), digits_.data() + digits_.size(), magnitude, base);
    const NumberTypeInfo &type = number_types[static_cast<size_t>(value_.type)];
    if (error != std::errc() || magnitude > (negative_ ? type.least : type.most)) {
      Diagnostic &report = diagnostics_.report<Diag::LiteralTooLarge>(
          span_, fmt::format("{}{}", negative_ ? "-" : "", text_), type.name);
      if (!value_.suffixed && !negative_ && error == std::errc())
        report.help(fmt::format("write '{}u64' for an unsigned integer", text_));
      else if (!value_.suffixed && base == 10)
        report.help(fmt::format("write '{}.0' for a floating number", text_));
      return;
    }
    value_.integer = static_cast<int64_t>(negative_ ? 0 - magnitude : magnitude);
  }

  void read_floating() {
    double number = 0;
    const char *begin = digits_.data(), *last = begin + digits_.size();
    auto [end, error] = std::from_chars(begin, last, number);
    if (error == std::errc::result_out_of_range)
      number = std::strtod(digits_.c_str(), nullptr); // Tells too large from too small: HUGE_VAL or about 0.
    if (value_.type == NumberType::F32) {
      // Directly from the digits: by way of a double it would be rounded twice.
      float single = 0;
      if (std::from_chars(begin, last, single).ec == std::errc::result_out_of_range)
        single = std::strtof(digits_.c_str(), nullptr);
      number = single;
    }
    if (std::isinf(number)) diagnostics_.report<Diag::LiteralTooLarge>(span_, text_, name(value_.type));
    value_.floating = negative_ ? -number : number;
  }

  std::string_view text_;
  bool negative_;
  Span span_;
  Diagnostics &diagnostics_;
  std::string digits_;
  NumberValue value_;
};

// One escape after its backslash, at `at`; sets `at` behind it. Nothing if it is none.
std::optional<char32_t> read_escape(std::string_view text, size_t &at) {
  constexpr std::string_view names = "ntr0\\\"$'", values = "\n\t\r\0\\\"$'";
  if (at >= text.size()) return std::nullopt;
  char c = text[at++];
  if (size_t known = names.find(c); known != std::string_view::npos)
    return static_cast<unsigned char>(std::string_view(values.data(), names.size())[known]);
  size_t begin = at;
  bool braces = c == 'u' && at < text.size() && text[at] == '{';
  if (c != 'x' && !braces) return std::nullopt;
  at += braces;
  char32_t value = 0;
  size_t digits = 0;
  for (; at < text.size() && digit_value(text[at]) >= 0 && digits < (braces ? 6u : 2u); ++at, ++digits)
    value = value * 16 + static_cast<char32_t>(digit_value(text[at]));
  bool closed = !braces || (at < text.size() && text[at] == '}');
  bool character = value <= 0x10FFFF && !(value >= 0xD800 && value < 0xE000);
  if (!closed || !character || (braces ? digits == 0 : digits != 2)) {
    at = begin;
    return std::nullopt;
  }
  at += braces;
  return value;
}

void report_escape(std::string_view escape, Span span, Diagnostics &diagnostics) {
  if (!escape.empty() && escape[0] == 'x')
    diagnostics.report<Diag::BadHexEscape>(span);
  else if (!escape.empty() && escape[0] == 'u')
    diagnostics.report<Diag::BadUnicodeEscape>(span);
  else
    diagnostics.report<Diag::UnknownEscape>(span, escape)
        .help(
            "the escapes are \\n \\t \\r \\0 \\\\ \\\" \\$ \\x41 \\u{1F600}; for a backslash write \\\\, or r\"...\"");
}

// The characters of an escape that could not be read: the backslash, and the whole code point after it.
size_t escape_length(std::string_view text, size_t backslash) {
  return backslash + 1 < text.size() ? 1 + decode_utf8(text, backslash + 1).length : 1;
}

} // namespace

std::string_view name(NumberType type) { return number_types[static_cast<size_t>(type)].name; }

NumberValue read_number(std::string_view text, bool negative, Span span, Diagnostics &diagnostics) {
  return NumberReader(text, negative, span, diagnostics).read();
}

uint8_t read_character(std::string_view text, Span span, Diagnostics &diagnostics) {
  std::string_view inner = text.substr(1, text.size() - 2);
  if (inner[0] != '\\') return static_cast<uint8_t>(inner[0]);
  size_t at = 1;
  std::optional<char32_t> value = read_escape(inner, at);
  if (value && at == inner.size()) return static_cast<uint8_t>(*value);
  report_escape(inner.substr(1), span, diagnostics);
  return 0;
}

void read_escapes(std::string_view text, Span span, std::string &out, Diagnostics &diagnostics) {
  for (size_t at = 0; at < text.size();) {
    size_t backslash = std::min(text.find('\\', at), text.size());
    out += text.substr(at, backslash - at);
    if (backslash == text.size()) return;
    at = backslash + 1;
    if (std::optional<char32_t> value = read_escape(text, at)) {
      if (text[backslash + 1] == 'x')
        out += static_cast<char>(*value); // A byte, which need not be a character of its own.
      else
        append_utf8(out, *value);
      continue;
    }
    size_t length = escape_length(text, backslash);
    auto begin = span.begin + static_cast<uint32_t>(backslash);
    report_escape(text.substr(backslash + 1, length - 1), {span.source, begin, begin + static_cast<uint32_t>(length)},
                  diagnostics);
    at = backslash + length;
  }
}

} // namespace kiln
