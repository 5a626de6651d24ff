#pragma once

#include "codegen/file_names.h"
#include "codegen/type.h"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace kiln {

/// The files of a program and what the names in each stand for. What an imported file defines is known to the session
/// under the file's name and a dot, so that files do not get into each other's way; operators and the functions that the
/// language itself calls (`str`) belong to nobody. A name that begins with `_` is the file's own affair.
class Imports {
public:
  struct File {
    std::string path;   // As the system knows it; empty for the program's own text that is no file, or was not looked for.
    std::string name;   // "geometry"; empty for the program's own text.
    bool is_open = true; // Being read: an import of it would not end.
    struct Definition {
      std::string_view key; // The session's name.
      bool is_function;
    };
    std::unordered_map<std::string_view, Definition> defined;
    std::vector<const File *> merged;                           // Imported without `as`, in order.
    std::unordered_map<std::string_view, const File *> aliases; // Imported `as`.
  };

  explicit Imports(TypeTable &types) : types_(types) {}

  /// The file that a source is a text of; the program's own where nothing else was said. Null for the library.
  File *file_of(uint32_t source);
  void set_file(uint32_t source, File *file) { by_source_[source] = file; }
  /// The file with this path, if it was read already.
  File *find(const std::string &path);
  /// The program's own text is called this: what it imports is looked for beside it, if it is a file.
  void set_program(const std::string &path);
  /// Looks for that file: before the first import.
  void find_program();
  File &add(std::string path);
  /// Takes a definition up, before anything is built that may use it. Returns the session's name for it: that of a
  /// file imported without `as`, where it defines one of this kind, too. Such a function gets one more method.
  std::string_view define(File &file, std::string_view name, bool is_function);

  std::string_view resolve(std::string_view name, uint32_t source);
  bool is_file(std::string_view name, uint32_t source);
  std::string_view member(std::string_view file, std::string_view name, Span name_span, uint32_t source,
                          Diagnostics &diagnostics);

private:
  TypeTable &types_;
  std::deque<File> files_{File{}}; // The program's own first.
  std::string program_;            // Not looked for yet.
  std::unordered_map<uint32_t, File *> by_source_;
};

} // namespace kiln
