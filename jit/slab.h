#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
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

/// A stretch of address space for code and its data, few mappings for thousands of modules; no page can be written where it can be
/// executed. It lies where the program's own functions are reached by a 32-bit displacement when there is room.
class Slab {
public:
  /// Who writes code. OneThread: the one that runs it, and no page can be executed while it is written to; such a slab is the
  /// quickest to make. Another: also while code of the slab runs, so the text is shared memory, mapped a second time.
  enum class Writer : uint8_t { OneThread, Another };
  /// Null and a message when the system refuses.
  static std::unique_ptr<Slab> create(size_t text_bytes, size_t data_bytes, Writer writer, std::string &error);
  ~Slab();
  Slab(const Slab &) = delete;
  Slab &operator=(const Slab &) = delete;

  /// Puts bytes into the text. False when the system refuses.
  bool write_text(size_t offset, std::span<const std::byte> bytes);
  /// Fills a part of the text that is not used any more with traps: a stale call must not go on.
  void trap_text(size_t offset, size_t bytes);

  std::byte *const text;          // Executable, not writable.
  std::byte *const writable_text; // The same memory, not executable; null for OneThread.
  std::byte *const data;          // Writable; right behind the text.
  const size_t text_bytes, data_bytes;
  Ranges text_ranges, data_ranges;

  /// Whether an address is in some slab's text. Async-signal-safe.
  static bool in_text(const void *address);

private:
  Slab(std::byte *text, std::byte *writable, size_t text_bytes, size_t data_bytes);
  template <typename Change>
  bool change_text(size_t offset, size_t bytes, Change change);
};

} // namespace kiln
