#pragma once

#include <span>
#include <string_view>

namespace kiln {

/// One file of the library that is written in Kiln, embedded in the program when it is built.
struct LibraryFile {
  std::string_view name; // "library/arrays.kn"
  std::string_view text; // Lives as long as the program.
};

/// All of lang/library/*.kn, by name.
std::span<const LibraryFile> library_files();

} // namespace kiln
