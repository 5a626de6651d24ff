#pragma once

#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace kiln {

/// A running collector, and types.
class RuntimeTest : public testing::Test {
protected:
  RuntimeTest() { start_collector(); }

  const Type *tuple(std::initializer_list<const Type *> elements, std::initializer_list<std::string_view> names = {}) {
    return types.tuple({elements.begin(), elements.size()}, {names.begin(), names.size()});
  }

  /// A Kiln array of the elements.
  template <typename T, size_t n>
  ArrayHeader *array(const Type *element, const std::array<T, n> &elements) {
    int64_t dims[] = {static_cast<int64_t>(n)};
    auto *result = static_cast<ArrayHeader *>(calls::kiln_array_new(types.array(element), dims));
    std::copy(elements.begin(), elements.end(), static_cast<T *>(result->data));
    return result;
  }

  TypeTable types;
};

inline StrValue str(std::string_view text) { return {text.data(), static_cast<int64_t>(text.size())}; }
inline std::string text(StrValue value) {
  return value.length == 0 ? "" : std::string(value.data, static_cast<size_t>(value.length));
}

/// The message of the RuntimeError that the call throws; "no error" when it does not.
template <typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const RuntimeError &error) {
    return error.message;
  }
  return "no error";
}
template <typename Call>
RuntimeError error_of(Call call) {
  try {
    call();
  } catch (const RuntimeError &error) {
    return error;
  }
  RuntimeError none;
  none.message = "no error";
  return none;
}

} // namespace kiln
