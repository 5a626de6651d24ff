#pragma once

#include "lang/library.h"

#include <algorithm>
#include <array>

namespace kiln {

// Makes the index of the library while Kiln is compiled. In its files a definition begins in the first column, with its name or with
// `fn`; what else stands there is a comment, which belongs to what follows it, or a closing bracket.

constexpr bool begins_library_function(std::string_view line) { return !line.empty() && std::string_view(" #})]").find(line[0]) == std::string_view::npos; }

/// Calls `found` with each function of the file, in order.
template <typename Found>
constexpr void each_library_function(std::string_view text, uint32_t file, Found found) {
  LibraryFunction function{{}, file, 0, 0};
  uint32_t comment = 0; // Where the lines begin that are none of a function's.
  bool in_comment = true;
  for (uint32_t begin = 0; begin < text.size();) {
    auto end = static_cast<uint32_t>(std::min(text.find('\n', begin), text.size()));
    std::string_view line = text.substr(begin, end - begin);
    if (begins_library_function(line)) {
      uint32_t from = in_comment ? comment : begin;
      function.end = from;
      if (!function.name.empty()) found(function);
      if (line.starts_with("fn ")) line.remove_prefix(3);
      function.name = line.substr(0, line.find('('));
      function.begin = from;
    }
    bool is_comment = line.empty() || line[0] == '#';
    if (is_comment && !in_comment) comment = begin;
    in_comment = is_comment;
    begin = end + 1;
  }
  function.end = static_cast<uint32_t>(text.size());
  if (!function.name.empty()) found(function);
}

constexpr size_t count_library_functions(std::span<const LibraryFile> files) {
  size_t count = 0;
  for (const LibraryFile &file : files) each_library_function(file.text, 0, [&](const LibraryFunction &) { ++count; });
  return count;
}

template <size_t count>
constexpr std::array<LibraryFunction, count> index_library(std::span<const LibraryFile> files) {
  std::array<LibraryFunction, count> index{};
  size_t next = 0;
  for (uint32_t i = 0; i < files.size(); ++i) each_library_function(files[i].text, i, [&](const LibraryFunction &function) { index[next++] = function; });
  std::sort(index.begin(), index.end(), [](const LibraryFunction &a, const LibraryFunction &b) {
    if (a.name != b.name) return a.name < b.name;
    return a.file != b.file ? a.file < b.file : a.begin < b.begin;
  });
  return index;
}

} // namespace kiln
