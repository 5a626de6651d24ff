#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kiln {

/// Appends values to bytes, for the same machine: numbers and structs of them as they lie in memory, texts and lists after
/// their length.
class ArchiveWriter {
public:
  explicit ArchiveWriter(std::string &bytes) : bytes_(bytes) {}

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void operator()(const T &value) {
    bytes_.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  void operator()(const std::string &text) {
    (*this)(text.size());
    bytes_ += text;
  }
  template <typename T>
  void operator()(const std::vector<T> &list) {
    (*this)(list.size());
    if constexpr (std::is_trivially_copyable_v<T>)
      bytes_.append(reinterpret_cast<const char *>(list.data()), list.size() * sizeof(T));
    else
      for (const T &value : list) (*this)(value);
  }

private:
  std::string &bytes_;
};

/// Takes values off bytes in the order in which they were written. Once something is missing nothing more is read.
class ArchiveReader {
public:
  explicit ArchiveReader(std::string_view &bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void operator()(T &value) {
    if (!has(sizeof value)) return;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
  }
  void operator()(std::string &text) {
    size_t size = 0;
    (*this)(size);
    if (!has(size)) return;
    text.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }
  template <typename T>
  void operator()(std::vector<T> &list) {
    size_t size = 0;
    (*this)(size);
    if (!has(size)) return; // Each element takes a byte at least.
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (!has(size * sizeof(T))) return;
      list.resize(size);
      if (size) std::memcpy(list.data(), bytes_.data(), size * sizeof(T));
      bytes_.remove_prefix(size * sizeof(T));
    } else {
      list.resize(size);
      for (T &value : list) (*this)(value);
    }
  }

private:
  bool has(size_t bytes) { return ok_ = ok_ && bytes_.size() >= bytes; }

  std::string_view &bytes_;
  bool ok_ = true;
};

} // namespace kiln
