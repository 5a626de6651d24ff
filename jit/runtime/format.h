#pragma once

#include "codegen/type.h"

#include <string>
#include <string_view>

namespace kiln {

/// Appends the value in memory at `value` by a format spec that check_format_spec accepted for its type.
void append_formatted(std::string &out, const Type *type, const void *value, std::string_view spec);

} // namespace kiln
