#include "repl/source_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace kiln {

namespace {

/// A file descriptor that closes itself; standard input stays open.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd > 2) close(fd);
  }
};

} // namespace

bool write_file(const std::string &path, std::string_view text, std::string &error) {
  Descriptor file{open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  while (file.fd >= 0 && !text.empty()) {
    ssize_t count = write(file.fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    text.remove_prefix(static_cast<size_t>(count));
  }
  if (file.fd >= 0 && text.empty()) return true;
  error = fmt::format("cannot write '{}': {}", path, std::strerror(errno));
  return false;
}

std::optional<std::vector<std::string>> source_files(const std::vector<std::string> &paths, std::string &error) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string &path : paths) {
    std::error_code code;
    if (!fs::is_directory(path, code)) {
      if (!fs::exists(path, code)) {
        error = fmt::format("no file '{}'", path);
        return std::nullopt;
      }
      files.push_back(path);
      continue;
    }
    const size_t first = files.size();
    fs::recursive_directory_iterator entry(path, code);
    for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code))
      if (entry->path().extension() == ".kn" && entry->is_regular_file(code)) files.push_back(entry->path().string());
    if (code) {
      error = fmt::format("cannot read the folder '{}': {}", path, code.message());
      return std::nullopt;
    }
    if (files.size() == first) {
      error = fmt::format("no .kn files in the folder '{}'", path);
      return std::nullopt;
    }
    std::sort(files.begin() + static_cast<ptrdiff_t>(first), files.end());
  }
  return files;
}

} // namespace kiln
