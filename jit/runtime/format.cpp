#include "jit/runtime/format.h"

#include "codegen/format_spec.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"
#include "jit/runtime/number_text.h"
#include "jit/runtime/print.h"
#include "jit/runtime/str.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

namespace kiln {
namespace {

/// Formats values by one spec. Numbers become sign, prefix and digits; fmt makes the digits, padding is done here,
/// by code points, alike for every type.
class Formatter {
public:
  Formatter(std::string &out, const FormatSpec &spec) : out_(out), spec_(spec) {}

  void value(const Type *type, const void *value) {
    switch (type->kind) {
    case TypeKind::I8: return integer(*static_cast<const int8_t *>(value));
    case TypeKind::I16: return integer(*static_cast<const int16_t *>(value));
    case TypeKind::I32: return integer(*static_cast<const int32_t *>(value));
    case TypeKind::I64: return integer(*static_cast<const int64_t *>(value));
    case TypeKind::U8: return integer(*static_cast<const uint8_t *>(value));
    case TypeKind::U16: return integer(*static_cast<const uint16_t *>(value));
    case TypeKind::U32: return integer(*static_cast<const uint32_t *>(value));
    case TypeKind::U64: return integer(*static_cast<const uint64_t *>(value));
    case TypeKind::F32: return floating(*static_cast<const float *>(value));
    case TypeKind::F64: return floating(*static_cast<const double *>(value));
    case TypeKind::Str: return text(view(*static_cast<const StrValue *>(value)));
    case TypeKind::Tuple: return tuple(type, value);
    case TypeKind::Array: return array(type, *static_cast<const ArrayHeader *const *>(value));
    case TypeKind::Cell: return this->value(type->element(), *static_cast<const void *const *>(value));
    case TypeKind::Union:
    case TypeKind::Dyn: {
      Alternative held = alternative_of(type, value);
      return this->value(held.type, held.value);
    }
    case TypeKind::Callable:
    case TypeKind::Error:
    case TypeKind::Never:
    case TypeKind::None:
    case TypeKind::Bool:
    case TypeKind::Range:
    case TypeKind::Function:
    case TypeKind::Lambda:
    case TypeKind::Struct:
    case TypeKind::Class:
    case TypeKind::Map:
    case TypeKind::Family:
    case TypeKind::Failure:
    case TypeKind::Open: {
      std::string shown;
      append_value(shown, type, value);
      return pad("", shown, '<');
    }
    }
  }

private:
  template <typename Integer>
  void integer(Integer value) {
    if (spec_.type && std::string_view("fFeEgGaA").find(spec_.type) != std::string_view::npos)
      return floating(static_cast<double>(value));
    if (spec_.type == 'c') {
      if (std::cmp_less(value, 0) || std::cmp_greater(value, 0x10FFFF))
        throw_failure(fmt::format("{} is not a character's code (0 to 1114111)", value));
      std::string character;
      append_code_point(character, static_cast<uint32_t>(value));
      return pad("", character, '<');
    }
    bool negative = std::cmp_less(value, 0);
    auto magnitude = static_cast<uint64_t>(value);
    if (negative) magnitude = 0 - magnitude;
    std::string prefix = sign(negative);
    std::string digits;
    switch (spec_.type) {
    case 'x': digits = fmt::format("{:x}", magnitude); break;
    case 'X': digits = fmt::format("{:X}", magnitude); break;
    case 'b':
    case 'B': digits = fmt::format("{:b}", magnitude); break;
    case 'o': digits = fmt::format("{:o}", magnitude); break;
    default: digits = fmt::format("{}", magnitude);
    }
    if (spec_.alternate && spec_.type && spec_.type != 'd') (prefix += '0') += spec_.type;
    pad(prefix, digits, '>', spec_.zero);
  }

  template <typename Float>
  void floating(Float value) {
    std::string prefix = sign(std::signbit(value) && !std::isnan(value));
    if (!std::isfinite(value)) {
      bool upper = spec_.type == 'F' || spec_.type == 'E' || spec_.type == 'G' || spec_.type == 'A';
      return pad(prefix, std::isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"), '>');
    }
    Float magnitude = std::fabs(value);
    std::string digits;
    if (spec_.type == 0 && spec_.precision < 0) {
      NumberText text;
      digits = text.of(magnitude);
    } else {
      // Without a type fmt writes a precision as 'g' does.
      std::string pattern = spec_.alternate ? "{:#" : "{:";
      if (spec_.precision >= 0) (pattern += '.') += std::to_string(spec_.precision);
      pattern += spec_.type ? spec_.type : 'g';
      pattern += '}';
      digits = fmt::format(fmt::runtime(pattern), magnitude);
      if (digits.starts_with("0x") || digits.starts_with("0X")) {
        prefix += digits.substr(0, 2);
        digits.erase(0, 2);
      }
    }
    pad(prefix, digits, '>', spec_.zero);
  }

  void text(std::string_view text) {
    if (spec_.precision >= 0) {
      size_t end = 0;
      for (int i = 0; i < spec_.precision && end < text.size(); ++i) end += decode(text.substr(end)).length;
      text = text.substr(0, end);
    }
    pad("", text, '<');
  }

  void tuple(const Type *type, const void *tuple) {
    out_ += '(';
    for (size_t i = 0; i < type->elements.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!type->names.empty() && !type->names[i].empty()) (out_ += type->names[i]) += ": ";
      value(type->elements[i], static_cast<const char *>(tuple) + offset_of(type, i));
    }
    out_ += type->elements.size() == 1 && type->names.empty() ? ",)" : ")";
  }

  void array(const Type *type, const ArrayHeader *array) {
    const char *data = static_cast<const char *>(array->data);
    const int64_t *dims = type->rank < 2 ? &array->length : array->dims;
    rows(type->element(), data, dims, std::max(type->rank, 1u));
  }

  void rows(const Type *element, const char *&data, const int64_t *dims, uint32_t rank) {
    out_ += '[';
    for (int64_t i = 0; i < dims[0]; ++i) {
      if (i > 0) out_ += ", ";
      if (rank > 1) {
        rows(element, data, dims + 1, rank - 1);
      } else {
        value(element, data);
        data += layout_of(element).size;
      }
    }
    out_ += ']';
  }

  std::string sign(bool negative) const {
    if (negative) return "-";
    return spec_.sign == '-' ? std::string() : std::string(1, spec_.sign);
  }

  void pad(std::string_view prefix, std::string_view body, char default_align, bool zeros = false) {
    size_t length = prefix.size() + count_code_points(body);
    auto width = static_cast<size_t>(spec_.width);
    size_t missing = width > length ? width - length : 0;
    // As in fmt and Python, an explicit alignment wins over '0'.
    if (zeros && !spec_.align) {
      out_ += prefix;
      out_.append(missing, '0');
      out_ += body;
      return;
    }
    char align = spec_.align ? spec_.align : default_align;
    size_t left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
    fill(left);
    (out_ += prefix) += body;
    fill(missing - left);
  }

  void fill(size_t count) {
    for (; count > 0; --count) out_ += spec_.fill;
  }

  std::string &out_;
  const FormatSpec &spec_;
};

} // namespace

void append_formatted(std::string &out, const Type *type, const void *value, std::string_view text) {
  if (text.empty()) return append_value(out, type, value);
  std::string error;
  auto spec = parse_format_spec(text, error);
  if (!spec) throw_failure(std::move(error));
  Formatter(out, *spec).value(type, value);
}

namespace calls {

extern "C" STR kiln_format(TYPE type, PTR value, STR spec) {
  if (spec.length == 0 && type->is(TypeKind::Str)) return *static_cast<const StrValue *>(value);
  std::string text;
  append_formatted(text, type, value, view(spec));
  return make_str(text);
}

extern "C" STR kiln_format_i64(I64 value) {
  NumberText text;
  return make_str(text.of(value));
}

extern "C" STR kiln_format_f64(F64 value) {
  NumberText text;
  return make_str(text.of(value));
}

} // namespace calls
} // namespace kiln
