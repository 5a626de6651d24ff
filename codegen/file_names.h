#pragma once

#include "lang/diagnostics.h"

#include <string_view>

namespace kiln {

/// What the names in a text stand for, where files are imported: a name that an imported file defines is known to the
/// session with the file's in front, `geometry.area`. As they stand here, for texts that import nothing.
class FileNames {
public:
  virtual ~FileNames() = default;
  /// The session's name for one that the text of `source` does not bind itself.
  virtual std::string_view resolve(std::string_view name, uint32_t) { return name; }
  /// Whether the text imports a file as this name.
  virtual bool is_file(std::string_view, uint32_t) { return false; }
  /// The session's name for what such a file defines. When there is none that others may see, reports it and gives "".
  virtual std::string_view member(std::string_view, Span, std::string_view, Span, Diagnostics &) { return {}; }
};

/// What `x.name` in a program became: the part behind the file's name.
inline std::string_view without_file(std::string_view name) { return name.substr(name.rfind('.') + 1); }

} // namespace kiln
