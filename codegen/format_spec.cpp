#include "codegen/format_spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr std::string_view integer_types = "dxXbBoc";
constexpr std::string_view float_types = "fFeEgGaA";

bool is_align(char c) { return c == '<' || c == '>' || c == '^'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bytes of the code point at the front, as far as its lead byte tells.
size_t code_point_size(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return std::min(size, text.size());
}

/// A number at the front of `text`, taken off; -1 when it is too big.
int take_number(std::string_view &text) {
  int number = 0;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1))
    if (number >= 0) {
      number = number * 10 + (text[0] - '0');
      if (number > FormatSpec::longest) number = -1;
    }
  return number;
}

bool take(std::string_view &text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::string> check(const Type *type, const FormatSpec &spec) {
  auto refuse = [&](std::string_view why) { return fmt::format("{} {}", to_string(type), why); };
  bool number_options = spec.sign != '-' || spec.alternate || spec.zero;
  bool float_type = spec.type && float_types.find(spec.type) != float_types.npos;
  bool integer_type = spec.type && integer_types.find(spec.type) != integer_types.npos;
  switch (type->kind) {
  case TypeKind::Error:
  case TypeKind::Never: return {};
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64:
    if (spec.type == 's') return refuse("takes no format type 's'; write d, x, X, b, o, c, or e, f, g");
    if (spec.precision >= 0 && !float_type)
      return refuse(fmt::format("takes a precision only with a float's type, as in .{}f", spec.precision));
    if (spec.type == 'c' && number_options) return refuse("with format type 'c' takes no sign, '#' or '0'");
    return {};
  case TypeKind::F32:
  case TypeKind::F64:
    if (integer_type || spec.type == 's')
      return refuse(fmt::format("takes no format type '{}'; write e, f, g or a", spec.type));
    return {};
  case TypeKind::Bool:
  case TypeKind::None:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Function:
  case TypeKind::Lambda:
  case TypeKind::Struct:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Failure:
  case TypeKind::Callable:
    if (integer_type || float_type) return refuse(fmt::format("takes no format type '{}'", spec.type));
    if (number_options) return refuse("takes no sign, '#' or '0' in its format");
    if (spec.precision >= 0 && !type->is(TypeKind::Str)) return refuse("takes no precision");
    return {};
  case TypeKind::Dyn: return refuse("is formatted as the value in it");
  case TypeKind::Tuple:
  case TypeKind::Union:
    for (const Type *element : type->elements)
      if (auto wrong = check(element, spec)) return wrong;
    return {};
  case TypeKind::Array:
  case TypeKind::Cell: return check(type->element(), spec);
  case TypeKind::Family:
  case TypeKind::Open: return {};
  }
  return {};
}

} // namespace

std::optional<FormatSpec> parse_format_spec(std::string_view text, std::string &error) {
  FormatSpec spec;
  if (text.empty()) return spec;
  if (size_t fill = code_point_size(text); text.size() > fill && is_align(text[fill])) {
    spec.fill = text.substr(0, fill);
    spec.align = text[fill];
    text.remove_prefix(fill + 1);
  } else if (is_align(text[0])) {
    spec.align = text[0];
    text.remove_prefix(1);
  }
  if (!text.empty() && (text[0] == '+' || text[0] == '-' || text[0] == ' ')) {
    spec.sign = text[0];
    text.remove_prefix(1);
  }
  spec.alternate = take(text, '#');
  spec.zero = take(text, '0');
  if (!text.empty() && is_digit(text[0])) spec.width = take_number(text);
  if (take(text, '.')) {
    if (text.empty() || !is_digit(text[0])) {
      error = "a number must follow '.' in a format";
      return {};
    }
    spec.precision = take_number(text);
    if (spec.precision < 0) spec.width = -1;
  }
  if (spec.width < 0) {
    error = fmt::format("a format's width and precision are at most {}", FormatSpec::longest);
    return {};
  }
  if (!text.empty()) {
    char c = text[0];
    if (text.size() == 1 &&
        (c == 's' || integer_types.find(c) != integer_types.npos || float_types.find(c) != float_types.npos)) {
      spec.type = c;
    } else {
      error = fmt::format(
          "'{}' is no part of a format; it is [[fill]align][sign][#][0][width][.precision][type], as in >8.3f", text);
      return {};
    }
  }
  return spec;
}

std::optional<std::string> check_format_spec(const Type *type, std::string_view text) {
  std::string error;
  auto spec = parse_format_spec(text, error);
  if (!spec) return error;
  return check(type, *spec);
}

} // namespace kiln
