#include "jit/code_cache/cache_folder.h"

#include "jit/code_cache/content_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace kiln {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view suffix = ".code";
constexpr std::string_view unfinished = ".part";
constexpr char magic[8] = {'K', 'i', 'l', 'n', 'c', 'o', 'd', '1'};
constexpr auto abandoned_after = std::chrono::hours(1);
constexpr uint64_t largest_entry = uint64_t(256) << 20;
constexpr time_t kept_time = 3600; // Seconds: what was used so recently is not marked as used again.

struct Header {
  char magic[8];
  uint64_t bytes;
  ContentHash hash;
};

/// A file descriptor, closed at the end.
struct File {
  int descriptor;
  explicit File(int descriptor) : descriptor(descriptor) {}
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;
};

/// Whether nobody but this user can have written it.
bool is_private(const struct stat &status) {
  static const uid_t user = geteuid();
  return status.st_uid == user && !(status.st_mode & (S_IWGRP | S_IWOTH));
}

bool read_all(int descriptor, char *to, size_t bytes) {
  while (bytes) {
    ssize_t got = ::read(descriptor, to, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got, bytes -= static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

/// Calls `body` for each file with the ending. Files that go meanwhile are passed over.
template <typename Body>
void each_file(const fs::path &folder, std::string_view ending, Body body) {
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    struct stat status;
    if (it->path().native().ends_with(ending) && lstat(it->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) body(it->path(), status);
  }
}

/// Makes the folder, and the one that it is in: not a home that is missing.
bool make_folder(const fs::path &path) {
  if (path.has_parent_path()) mkdir(path.parent_path().c_str(), 0700);
  return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

} // namespace

std::unique_ptr<CacheFolder> CacheFolder::open(const fs::path &path, uint64_t most_bytes, std::string &error) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 && !(make_folder(path) && stat(path.c_str(), &status) == 0))
    error = fmt::format("{}: {}", path.string(), std::strerror(errno));
  else if (!S_ISDIR(status.st_mode))
    error = fmt::format("{}: not a folder", path.string());
  else if (!is_private(status))
    error = fmt::format("{}: others may write to this folder", path.string());
  else
    return std::unique_ptr<CacheFolder>(new CacheFolder(path, most_bytes));
  return nullptr;
}

std::optional<std::string> CacheFolder::read(const std::string &name) const {
  File file(::open((path_ / (name + std::string(suffix))).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status;
  Header header;
  if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode) || !is_private(status)) return std::nullopt;
  auto bytes = static_cast<uint64_t>(status.st_size);
  if (bytes < sizeof header || bytes > largest_entry) return std::nullopt;
  std::string contents(bytes, '\0');
  if (!read_all(file.descriptor, contents.data(), contents.size())) return std::nullopt;
  std::memcpy(&header, contents.data(), sizeof header);
  contents.erase(0, sizeof header);
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || header.bytes != contents.size() || hash_of(contents) != header.hash) return std::nullopt;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec - status.st_mtim.tv_sec >= kept_time || now.tv_sec < status.st_mtim.tv_sec) futimens(file.descriptor, nullptr);
  return contents;
}

bool CacheFolder::write(const std::string &name, const std::string &alias, std::string_view contents) {
  static std::atomic<unsigned> count = 0;
  fs::path part = path_ / fmt::format("{}.{}.{}{}", name, getpid(), ++count, unfinished);
  {
    File file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.descriptor < 0) return false;
    Header header{{}, contents.size(), hash_of(contents)};
    std::memcpy(header.magic, magic, sizeof magic);
    bool done = write_all(file.descriptor, {reinterpret_cast<const char *>(&header), sizeof header}) && write_all(file.descriptor, contents);
    if (!done) {
      unlink(part.c_str());
      return false;
    }
  }
  if (!alias.empty()) {
    fs::path other = path_ / (alias + std::string(suffix));
    unlink(other.c_str());
    (void)!link(part.c_str(), other.c_str()); // Only a name more.
  }
  if (rename(part.c_str(), (path_ / (name + std::string(suffix))).c_str()) != 0) {
    unlink(part.c_str());
    return false;
  }
  std::lock_guard lock(mutex_);
  bytes_ = bytes_ ? *bytes_ + sizeof(Header) + contents.size() : usage().bytes;
  if (*bytes_ > most_bytes_) evict();
  return true;
}

/// Makes room for a good deal more.
void CacheFolder::evict() {
  struct Entry {
    timespec used;
    uint64_t bytes;
    fs::path path;
  };
  std::vector<Entry> entries;
  bytes_ = 0;
  each_file(path_, suffix, [&](const fs::path &path, const struct stat &status) {
    entries.push_back({status.st_mtim, static_cast<uint64_t>(status.st_size), path});
    *bytes_ += entries.back().bytes;
  });
  std::ranges::sort(entries, [](const Entry &a, const Entry &b) { return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec); });
  for (const Entry &entry : entries) {
    if (*bytes_ <= most_bytes_ / 4 * 3) break;
    if (unlink(entry.path.c_str()) == 0) *bytes_ -= entry.bytes;
  }
  time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - abandoned_after);
  each_file(path_, unfinished, [&](const fs::path &path, const struct stat &status) {
    if (status.st_mtim.tv_sec < now) unlink(path.c_str());
  });
}

CacheFolder::Usage CacheFolder::usage() const {
  Usage usage;
  each_file(path_, suffix, [&](const fs::path &, const struct stat &status) { ++usage.entries, usage.bytes += static_cast<uint64_t>(status.st_size); });
  return usage;
}

uint64_t CacheFolder::clear() {
  uint64_t removed = 0;
  each_file(path_, suffix, [&](const fs::path &path, const struct stat &) { removed += unlink(path.c_str()) == 0; });
  each_file(path_, unfinished, [&](const fs::path &path, const struct stat &) { unlink(path.c_str()); });
  return removed;
}

fs::path default_cache_folder() {
  auto absolute = [](const char *name) {
    const char *value = std::getenv(name);
    return value && *value == '/' ? fs::path(value) : fs::path();
  };
  if (fs::path base = absolute("XDG_CACHE_HOME"); !base.empty()) return base / "kiln";
  fs::path home = absolute("HOME");
  return home.empty() ? home : home / ".cache" / "kiln";
}

} // namespace kiln
