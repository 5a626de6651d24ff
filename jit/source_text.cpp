#include "jit/source_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kiln {

namespace {

/// More than anyone writes, and little enough that its tree fits into memory.
constexpr size_t most_bytes = size_t(256) << 20;

/// A file descriptor that closes itself; standard input stays open.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd > 2) close(fd);
  }
};

std::string cannot_read(const std::string &path, int code) {
  if (code == ENOENT) return fmt::format("no file '{}'", path);
  return fmt::format("cannot read '{}': {}", path, std::strerror(code));
}

bool read_all(int fd, size_t expected, std::string &text) {
  text.resize(expected + 1);
  size_t length = 0;
  for (;;) {
    ssize_t count = read(fd, text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    length += static_cast<size_t>(count);
    if (count == 0 || length > most_bytes) break;
    if (length == text.size()) text.resize(std::max<size_t>(2 * length, 4096));
  }
  text.resize(length);
  return true;
}

} // namespace

std::optional<std::string> read_source(const std::string &path, std::string &error) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  Descriptor file{standard_input ? 0 : open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status = {};
  if (file.fd < 0 || fstat(file.fd, &status) < 0) {
    error = cannot_read(name, errno);
    return std::nullopt;
  }
  if (S_ISDIR(status.st_mode)) {
    error = fmt::format("'{}' is a folder, not a file", name);
    return std::nullopt;
  }
  std::string text;
  const size_t size = S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) : 0;
  if (size <= most_bytes && !read_all(file.fd, size, text)) {
    error = cannot_read(name, errno);
    return std::nullopt;
  }
  if (size > most_bytes || text.size() > most_bytes) {
    error = fmt::format("'{}' is too big: a source text has at most {} MiB", name, most_bytes >> 20);
    return std::nullopt;
  }
  if (size_t zero = text.find('\0'); zero != std::string::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(zero), '\n');
    error = fmt::format("'{}' is not a text in UTF-8: there is a zero byte in line {}", name, line);
    return std::nullopt;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

} // namespace kiln
