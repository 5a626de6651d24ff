#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// The inputs of the REPL across its runs, kept in a file to which each input is appended at once: several REPLs may
/// run, and none need end well. Without a file that can be written, it lasts as long as the process.
class InputHistory {
public:
  /// Reads what the file has, and shortens it when it has grown long.
  explicit InputHistory(std::string path);
  /// Oldest first.
  const std::vector<std::string> &entries() const { return entries_; }
  /// Adds an input of one or more lines, unless it repeats the last one or begins with a space. Whether it was added.
  bool add(std::string_view entry);

private:
  std::string path_;
  std::vector<std::string> entries_;
};

/// $XDG_STATE_HOME/kiln/history, or the same below ~/.local/state; makes the folders. Empty when there is no home.
std::string history_path();

} // namespace kiln
