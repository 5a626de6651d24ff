#include "repl/history.h"

#include "repl/source_file.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace kiln {

namespace {

constexpr size_t most_entries = 1000;

/// An entry is a line of the file: its own newlines are written `\n`, its backslashes `\\`.
std::string encode(std::string_view entry) {
  std::string line;
  for (char c : entry) {
    if (c == '\\')
      line += "\\\\";
    else if (c == '\n')
      line += "\\n";
    else
      line += c;
  }
  return line + "\n";
}

std::string decode(std::string_view line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      entry += line[i];
      continue;
    }
    ++i;
    entry += line[i] == 'n' ? '\n' : line[i];
  }
  return entry;
}

} // namespace

InputHistory::InputHistory(std::string path) : path_(std::move(path)) {
  std::string error;
  const std::optional<std::string> text = path_.empty() ? std::nullopt : read_source(path_, error);
  if (!text) return;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (end != 0) entries_.push_back(decode(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (entries_.size() <= 2 * most_entries) return;
  entries_.erase(entries_.begin(), entries_.end() - most_entries);
  std::string shortened;
  for (const std::string &entry : entries_) shortened += encode(entry);
  write_file(path_, shortened, error);
}

bool InputHistory::add(std::string_view entry) {
  if (entry.empty() || entry.front() == ' ' || (!entries_.empty() && entries_.back() == entry)) return false;
  entries_.emplace_back(entry);
  if (path_.empty()) return true;
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return true;
  const std::string line = encode(entry);
  if (write(fd, line.data(), line.size()) < 0) path_.clear(); // A full disk: this run's inputs are kept in memory.
  close(fd);
  return true;
}

std::string history_path() {
  const char *state = std::getenv("XDG_STATE_HOME");
  const char *home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state && *state == '/')
    folder = state;
  else if (home && *home)
    folder = std::filesystem::path(home) / ".local/state";
  else
    return {};
  folder /= "kiln";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return (folder / "history").string();
}

} // namespace kiln
