#pragma once

#include <cstdint>
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

/// Where a function of the library is defined: the bytes of its file from its documentation to its end.
struct LibraryFunction {
  std::string_view name;
  uint32_t file; // Its place in library_files().
  uint32_t begin, end;
};

/// All functions of the library in the order of their names, those of one name in the order of their texts.
std::span<const LibraryFunction> library_functions();

} // namespace kiln
