#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace kiln {

/// Hands out ranges of an area by offset: best fit, freed neighbours join.
class Ranges {
public:
  explicit Ranges(size_t bytes) { add(0, bytes); }

  static constexpr size_t none = ~size_t(0);
  /// The offset of `bytes` free bytes aligned to a power of two, or `none`.
  size_t allocate(size_t bytes, size_t alignment);
  void release(size_t offset, size_t bytes);

private:
  void add(size_t offset, size_t bytes);

  std::map<size_t, size_t> by_offset_; // Free ranges: offset to size.
  std::set<std::pair<size_t, size_t>> by_size_;
};

/// A stretch of address space for code and its data, three mappings for thousands of modules. The text is shared memory
/// mapped twice, once to run and once to write, so that no page can be written where it can be executed and nothing is
/// re-protected per module. It lies where the program's own functions are reached by a 32-bit displacement when there
/// is room.
class Slab {
public:
  /// Null and a message when the system refuses.
  static std::unique_ptr<Slab> create(size_t text_bytes, size_t data_bytes, std::string &error);
  ~Slab();
  Slab(const Slab &) = delete;
  Slab &operator=(const Slab &) = delete;

  std::byte *const text;          // Executable, not writable.
  std::byte *const writable_text; // The same memory, not executable.
  std::byte *const data;          // Writable; right behind the text.
  const size_t text_bytes, data_bytes;
  Ranges text_ranges, data_ranges;

  /// Whether an address is in some slab's text. Async-signal-safe.
  static bool in_text(const void *address);

private:
  Slab(std::byte *text, std::byte *writable, size_t text_bytes, size_t data_bytes);
};

} // namespace kiln
