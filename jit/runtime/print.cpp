#include "jit/runtime/print.h"

#include "codegen/declaration.h"
#include "codegen/kir.h"
#include "jit/runtime/array.h"
#include "jit/runtime/error.h"
#include "jit/runtime/number_text.h"
#include "jit/runtime/str.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace kiln {
namespace {

/// Walks a value and its type together, appending text.
class Printer {
public:
  Printer(std::string &out, const ShowOptions &options) : out_(out), limit_(options.max_elements) {}

  void value(const Type *type, const void *value, bool quote) {
    NumberText number;
    switch (type->kind) {
    case TypeKind::Error:
    case TypeKind::Never:
    case TypeKind::None:
    case TypeKind::Family:
    case TypeKind::Open: out_ += "none"; return;
    case TypeKind::Bool: out_ += load<uint8_t>(value) ? "true" : "false"; return;
    case TypeKind::I8: out_ += number.of(int64_t{load<int8_t>(value)}); return;
    case TypeKind::I16: out_ += number.of(int64_t{load<int16_t>(value)}); return;
    case TypeKind::I32: out_ += number.of(int64_t{load<int32_t>(value)}); return;
    case TypeKind::I64: out_ += number.of(load<int64_t>(value)); return;
    case TypeKind::U8: out_ += number.of(uint64_t{load<uint8_t>(value)}); return;
    case TypeKind::U16: out_ += number.of(uint64_t{load<uint16_t>(value)}); return;
    case TypeKind::U32: out_ += number.of(uint64_t{load<uint32_t>(value)}); return;
    case TypeKind::U64: out_ += number.of(load<uint64_t>(value)); return;
    case TypeKind::F32: out_ += number.of(load<float>(value)); return;
    case TypeKind::F64: out_ += number.of(load<double>(value)); return;
    case TypeKind::Str: {
      std::string_view text = view(load<StrValue>(value));
      quote ? append_quoted(out_, text) : static_cast<void>(out_ += text);
      return;
    }
    case TypeKind::Range: out_ += to_string(load<RangeValue>(value)); return;
    case TypeKind::Tuple: is_iterator(type) ? static_cast<void>(out_ += "iterator") : parts(type, value); return;
    case TypeKind::Struct:
      out_ += type->declaration->name;
      parts(type, value);
      return;
    case TypeKind::Class: object(type, load<const void *>(value)); return;
    case TypeKind::Map: map(type, load<const char *>(value)); return;
    case TypeKind::Array: array(type, load<const ArrayHeader *>(value)); return;
    case TypeKind::Union:
    case TypeKind::Dyn: {
      Alternative held = alternative_of(type, value);
      return this->value(held.type, held.value, quote);
    }
    case TypeKind::Callable: out_ += to_string(type); return;
    case TypeKind::Function: fmt::format_to(std::back_inserter(out_), "fn {}", type->name); return;
    case TypeKind::Lambda: lambda(type); return;
    case TypeKind::Failure: failure(*load<const CaughtError *>(value), quote); return;
    case TypeKind::Cell: this->value(type->element(), load<const void *>(value), true); return;
    }
  }

private:
  template <typename T>
  static T load(const void *value) {
    return *static_cast<const T *>(value);
  }

  void parts(const Type *type, const void *whole) {
    out_ += '(';
    for (size_t i = 0; i < type->parts().size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!type->names.empty() && !type->names[i].empty()) (out_ += type->names[i]) += ": ";
      value(type->parts()[i], static_cast<const char *>(whole) + offset_of(type, i), true);
    }
    // Without the comma a single element would read as an expression in parentheses.
    out_ += type->parts().size() == 1 && type->names.empty() ? ",)" : ")";
  }

  /// An object inside of itself is not shown again, nor one that lies deeper than a reader looks. (A variable whose
  /// statement failed holds none.)
  void object(const Type *type, const void *object) {
    constexpr size_t deepest = 200;
    out_ += type->declaration->name;
    if (!object || objects_.size() == deepest || std::find(objects_.begin(), objects_.end(), object) != objects_.end()) {
      out_ += "(...)";
      return;
    }
    objects_.push_back(object);
    parts(type, object);
    objects_.pop_back();
  }

  /// The limit is for the whole of an array: its dimensions share it, and so do arrays in an array, which show a few
  /// elements at least.
  void array(const Type *type, const ArrayHeader *array) {
    constexpr size_t few = 10;
    const size_t limit = limit_;
    const int64_t *dims = type->rank < 2 ? &array->length : array->dims;
    size_t count = 1;
    for (uint32_t d = 0; d < type->rank; ++d) count *= static_cast<size_t>(dims[d]);
    if (type->rank > 1 && count > limit)
      limit_ = std::max<size_t>(2, static_cast<size_t>(std::pow(static_cast<double>(limit), 1.0 / type->rank) + 1e-9));
    const size_t inner_limit = std::max(limit / std::clamp<size_t>(count, 1, limit), std::min(few, limit));
    dimension(type->element(), layout_of(type->element()).size, static_cast<const char *>(array->data), dims, type->rank, inner_limit);
    limit_ = limit;
  }

  /// Prints the outermost of the dimensions, rows as nested arrays.
  void dimension(const Type *element, size_t size, const char *data, const int64_t *dims, uint32_t rank, size_t inner_limit) {
    const size_t limit = limit_;
    size_t row = size;
    for (uint32_t d = 1; d < rank; ++d) row *= static_cast<size_t>(dims[d]);
    auto count = static_cast<size_t>(dims[0]);
    // A cut takes at least two away, so that the mark never stands for one element.
    bool cut = count > limit && count - limit >= 2;
    size_t before = cut ? (limit + 1) / 2 : count;
    size_t after = cut ? limit / 2 : 0;
    if (rank == 1) limit_ = inner_limit;
    out_ += '[';
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ", ";
      if (i == before) {
        out_ += after > 0 ? "..., " : "...";
        i = count - after;
        if (after == 0) break;
      }
      if (rank > 1)
        dimension(element, size, data + i * row, dims + 1, rank - 1, inner_limit);
      else
        value(element, data + i * row, true);
    }
    limit_ = limit;
    out_ += ']';
  }

  void map(const Type *type, const char *map) {
    const ArrayHeader &keys = *map_array(type, map, MapField::keys), &values = *map_array(type, map, MapField::values);
    const ArrayHeader &live = *map_array(type, map, MapField::live);
    size_t key_size = layout_of(type->key()).size, value_size = layout_of(type->mapped()).size;
    size_t shown = 0;
    if (type->is_set()) out_ += keys.length == 0 ? "set(" : "set([";
    if (!type->is_set()) out_ += keys.length == 0 ? "[:" : "[";
    for (int64_t i = 0; i < keys.length; ++i) {
      if (live.length != 0 && !static_cast<const bool *>(live.data)[i]) continue;
      if (shown++ != 0) out_ += ", ";
      if (shown > limit_) {
        out_ += "...";
        break;
      }
      value(type->key(), static_cast<const char *>(keys.data) + static_cast<size_t>(i) * key_size, true);
      if (type->is_set()) continue;
      out_ += ": ";
      value(type->mapped(), static_cast<const char *>(values.data) + static_cast<size_t>(i) * value_size, true);
    }
    if (keys.length != 0 || !type->is_set()) out_ += ']';
    if (type->is_set()) out_ += ')';
  }

  void failure(const CaughtError &error, bool quote) {
    if (!quote) return static_cast<void>(out_ += view(error.message));
    out_ += "error(";
    append_quoted(out_, view(error.message));
    out_ += ')';
  }

  void lambda(const Type *type) {
    out_ += "fn(";
    std::string_view separator;
    if (type->lambda)
      for (const KirParam &param : type->lambda->params) {
        (out_ += separator) += param.name;
        separator = ", ";
      }
    out_ += ')';
  }

  std::string &out_;
  size_t limit_; // Of the elements of an array (of a dimension) at this place.
  std::vector<const void *> objects_; // Around the place.
};

bool starts_interpolation(std::string_view after_dollar) {
  if (after_dollar.empty()) return false;
  char c = after_dollar[0];
  return c == '{' || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

void append_value(std::string &out, const Type *type, const void *value, const ShowOptions &options) {
  Printer(out, options).value(type, value, options.quote);
}

void append_quoted(std::string &out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    CodePoint point = decode(text);
    std::string_view bytes = text.substr(0, point.length);
    text.remove_prefix(point.length);
    switch (point.value) {
    case '\n': out += "\\n"; break;
    case '\t': out += "\\t"; break;
    case '\r': out += "\\r"; break;
    case '\0': out += "\\0"; break;
    case '\\': out += "\\\\"; break;
    case '"': out += "\\\""; break;
    case '$': out += starts_interpolation(text) ? "\\$" : "$"; break;
    default:
      if (!point.valid || point.value < 0x20 || point.value == 0x7F)
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(bytes[0]));
      else
        out += bytes;
    }
  }
  out += '"';
}

} // namespace kiln
