#include "jit/slabs.h"

#include <algorithm>
#include <cstring>

namespace kiln {

namespace {

constexpr size_t slab_text = size_t(32) << 20;
constexpr size_t slab_data = size_t(32) << 20;
constexpr size_t data_step = 16;
constexpr size_t first_bytes = size_t(512) << 10; // Of text, and of data: one page of the page table reaches both.

size_t align_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

std::optional<Slabs::Allocation> carve(Slab &slab, size_t text, size_t data, size_t data_alignment) {
  size_t text_at = text ? slab.text_ranges.allocate(text, Slabs::text_alignment) : 0;
  if (text_at == Ranges::none) return std::nullopt;
  size_t data_at = data ? slab.data_ranges.allocate(data, data_alignment) : 0;
  if (data_at == Ranges::none) {
    if (text) slab.text_ranges.release(text_at, text);
    return std::nullopt;
  }
  std::memset(slab.data + data_at, 0, data); // It may have been used before.
  return Slabs::Allocation{&slab, text_at, text, data_at, data};
}

} // namespace

std::optional<Slabs::Allocation> Slabs::allocate(size_t text, size_t data, size_t data_alignment, std::string &error) {
  text = align_up(text, text_alignment);
  data = align_up(data, data_step);
  for (auto it = slabs_.rbegin(); it != slabs_.rend(); ++it)
    if (auto allocation = carve(**it, text, data, data_alignment)) return allocation;
  constexpr size_t page = 1 << 16;
  bool is_small = slabs_.empty() && writer_ == Slab::Writer::OneThread;
  auto slab = Slab::create(std::max(is_small ? first_bytes : slab_text, align_up(text, page)),
                           std::max(is_small ? first_bytes : slab_data, align_up(data, page)), writer_, error);
  if (!slab) return std::nullopt;
  slabs_.push_back(std::move(slab));
  return carve(*slabs_.back(), text, data, data_alignment);
}

void Slabs::release(const Allocation &allocation) {
  Slab &slab = *allocation.slab;
  if (allocation.text_bytes) {
    slab.trap_text(allocation.text, allocation.text_bytes);
    slab.text_ranges.release(allocation.text, allocation.text_bytes);
  }
  if (allocation.data_bytes) slab.data_ranges.release(allocation.data, allocation.data_bytes);
}

} // namespace kiln
