#include "jit/slab.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln {

size_t Ranges::allocate(size_t bytes, size_t alignment) {
  for (auto it = by_size_.lower_bound({bytes, 0}); it != by_size_.end(); ++it) {
    auto [size, offset] = *it;
    size_t start = (offset + alignment - 1) & ~(alignment - 1);
    if (start + bytes > offset + size) continue;
    by_size_.erase(it);
    by_offset_.erase(offset);
    if (start > offset) add(offset, start - offset);
    if (start + bytes < offset + size) add(start + bytes, offset + size - start - bytes);
    return start;
  }
  return none;
}

void Ranges::release(size_t offset, size_t bytes) {
  auto next = by_offset_.lower_bound(offset);
  if (next != by_offset_.end() && next->first == offset + bytes) {
    bytes += next->second;
    by_size_.erase({next->second, next->first});
    next = by_offset_.erase(next);
  }
  if (next != by_offset_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      by_size_.erase({before->second, before->first});
      by_offset_.erase(before);
    }
  }
  add(offset, bytes);
}

void Ranges::add(size_t offset, size_t bytes) {
  if (!bytes) return;
  by_offset_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

namespace {

// The texts of all slabs, for signal handlers. An unused row is empty.
struct TextRow {
  std::atomic<uintptr_t> begin = 0, end = 0;
};
std::array<TextRow, 256> text_rows;
std::atomic<size_t> text_rows_used = 0; // Rows beyond are unused.
std::mutex entering;                    // The compile thread has slabs of its own. Handlers only read.

bool enter_text(uintptr_t begin, uintptr_t end) {
  std::lock_guard lock(entering);
  for (size_t i = 0; i < text_rows.size(); ++i) {
    TextRow &row = text_rows[i];
    if (row.end.load(std::memory_order_relaxed)) continue;
    row.begin.store(begin, std::memory_order_relaxed);
    row.end.store(end, std::memory_order_release);
    if (i >= text_rows_used.load(std::memory_order_relaxed)) text_rows_used.store(i + 1, std::memory_order_release);
    return true;
  }
  return false;
}

void leave_text(uintptr_t begin) {
  std::lock_guard lock(entering);
  for (TextRow &row : text_rows)
    if (row.begin.load(std::memory_order_relaxed) == begin) {
      row.end.store(0, std::memory_order_release);
      row.begin.store(0, std::memory_order_relaxed);
    }
}

constexpr uintptr_t stride = uintptr_t(64) << 20;
constexpr uintptr_t two_gib = uintptr_t(1) << 31;

// Reserves address space within 2 GiB of the program, so that its functions are called directly; anywhere if that is
// full. A program at a fixed low address keeps its heap behind it, so its slabs are laid from 2 GiB downwards.
std::byte *reserve(size_t bytes) {
  uintptr_t program = reinterpret_cast<uintptr_t>(&Slab::in_text);
  bool low = program < two_gib;
  uintptr_t highest = low ? two_gib - 2 * stride : (program & ~(stride - 1)) - stride;
  uintptr_t lowest = low ? program + two_gib / 8 : program - two_gib + 4 * stride;
  size_t span = (bytes + stride - 1) & ~(stride - 1);
  for (uintptr_t hint = highest + stride - span; hint > lowest && hint < highest + stride; hint -= stride) {
    void *at = mmap(reinterpret_cast<void *>(hint), bytes, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == reinterpret_cast<void *>(hint)) return static_cast<std::byte *>(at);
    if (at != MAP_FAILED) munmap(at, bytes); // A kernel without MAP_FIXED_NOREPLACE took it as a hint.
  }
  void *at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::byte *>(at);
}

} // namespace

std::unique_ptr<Slab> Slab::create(size_t text_bytes, size_t data_bytes, Writer writer, std::string &error) {
  auto failed = [&](const char *what) {
    error = std::string("no memory for machine code: ") + what + ": " + std::strerror(errno);
    return nullptr;
  };
  std::byte *text = reserve(text_bytes + data_bytes);
  if (!text) return failed("mmap");
  void *writable = nullptr;
  bool mapped = mprotect(text + text_bytes, data_bytes, PROT_READ | PROT_WRITE) == 0;
  if (writer == Writer::OneThread) {
    mapped = mapped && mprotect(text, text_bytes, PROT_READ | PROT_EXEC) == 0;
  } else if (mapped) {
    int file = memfd_create("kiln-code", MFD_CLOEXEC);
    mapped = file >= 0 && ftruncate(file, static_cast<off_t>(text_bytes)) == 0;
    if (mapped) writable = mmap(nullptr, text_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (writable == MAP_FAILED) writable = nullptr, mapped = false;
    mapped = mapped && mmap(text, text_bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
    int cause = errno;
    if (file >= 0) close(file);
    errno = cause;
  }
  uintptr_t begin = reinterpret_cast<uintptr_t>(text);
  if (mapped && enter_text(begin, begin + text_bytes))
    return std::unique_ptr<Slab>(new Slab(text, static_cast<std::byte *>(writable), text_bytes, data_bytes));
  int cause = mapped ? ENOMEM : errno;
  munmap(text, text_bytes + data_bytes);
  if (writable) munmap(writable, text_bytes);
  errno = cause;
  return failed("its mapping");
}

Slab::Slab(std::byte *text, std::byte *writable, size_t text_bytes, size_t data_bytes)
    : text(text), writable_text(writable), data(text + text_bytes), text_bytes(text_bytes), data_bytes(data_bytes),
      text_ranges(text_bytes), data_ranges(data_bytes) {}

Slab::~Slab() {
  leave_text(reinterpret_cast<uintptr_t>(text));
  munmap(text, text_bytes + data_bytes);
  if (writable_text) munmap(writable_text, text_bytes);
}

template <typename Change>
bool Slab::change_text(size_t offset, size_t bytes, Change change) {
  if (writable_text) {
    change(writable_text + offset);
    return true;
  }
  constexpr size_t page = 4096;
  size_t first = offset & ~(page - 1), size = ((offset + bytes + page - 1) & ~(page - 1)) - first;
  if (mprotect(text + first, size, PROT_READ | PROT_WRITE) != 0) return false;
  change(text + offset);
  return mprotect(text + first, size, PROT_READ | PROT_EXEC) == 0;
}

bool Slab::write_text(size_t offset, std::span<const std::byte> bytes) {
  return change_text(offset, bytes.size(), [&](std::byte *to) { std::memcpy(to, bytes.data(), bytes.size()); });
}

void Slab::trap_text(size_t offset, size_t bytes) {
  constexpr unsigned char trap_byte = 0xcc;
  change_text(offset, bytes, [&](std::byte *to) { std::memset(to, trap_byte, bytes); });
}

bool Slab::in_text(const void *address) {
  uintptr_t at = reinterpret_cast<uintptr_t>(address);
  for (size_t i = 0, used = text_rows_used.load(std::memory_order_acquire); i < used; ++i) {
    uintptr_t end = text_rows[i].end.load(std::memory_order_acquire);
    if (at < end && at >= text_rows[i].begin.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

} // namespace kiln
