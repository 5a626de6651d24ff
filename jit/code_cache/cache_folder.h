#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace kiln {

/// A folder of named entries that many processes use at once. An entry appears whole or not at all: it is written under another
/// name first, and says how long it is and what its contents add up to. What is damaged is as good as missing. Belongs to one
/// user: a folder or a file that others may write to is not used. Thread-safe.
class CacheFolder {
public:
  /// Made if it is missing, as is the folder around it. Null with `error` set when that fails, or when others may write to it.
  static std::unique_ptr<CacheFolder> open(const std::filesystem::path &path, uint64_t most_bytes, std::string &error);

  /// The contents of an entry, which from now on counts as used last. None when it is missing or damaged.
  std::optional<std::string> read(const std::string &name) const;
  /// Stores an entry, and lets go of those that were not used for the longest time when there are too many bytes. `alias`: a second
  /// name of it, unless empty. False when the system refuses.
  bool write(const std::string &name, const std::string &alias, std::string_view contents);

  struct Usage {
    uint64_t entries = 0, bytes = 0;
  };
  Usage usage() const;
  /// Removes all entries, and what interrupted processes have left behind. The number of entries.
  uint64_t clear();
  const std::filesystem::path &path() const { return path_; }

private:
  CacheFolder(std::filesystem::path path, uint64_t most_bytes) : path_(std::move(path)), most_bytes_(most_bytes) {}
  void evict();

  const std::filesystem::path path_;
  const uint64_t most_bytes_;
  std::mutex mutex_;
  std::optional<uint64_t> bytes_; // By the last count, and what was written since.
};

/// Where entries are kept unless said otherwise: $XDG_CACHE_HOME/kiln, or ~/.cache/kiln. Empty when there is no home.
std::filesystem::path default_cache_folder();

} // namespace kiln
