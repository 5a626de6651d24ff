#pragma once

#include <optional>
#include <string>

namespace kiln {

/// Reads a source text. On failure gives nothing, and `error` says why, naming the file: it is missing, a folder,
/// unreadable, not text, too big. `-` is standard input.
std::optional<std::string> read_source(const std::string &path, std::string &error);

} // namespace kiln
