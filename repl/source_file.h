#pragma once

#include "jit/source_text.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// Writes a file whole. On failure false, and `error` says why.
bool write_file(const std::string &path, std::string_view text, std::string &error);

/// The .kn files that the paths name: a folder stands for all of them below it, in the order of their names.
std::optional<std::vector<std::string>> source_files(const std::vector<std::string> &paths, std::string &error);

} // namespace kiln
