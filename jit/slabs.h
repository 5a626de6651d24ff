#pragma once

#include "jit/slab.h"

#include <optional>
#include <vector>

namespace kiln {

/// Hands out memory for modules: a range of a slab's text and one of its data, of slabs that are made as they are needed.
class Slabs {
public:
  explicit Slabs(Slab::Writer writer) : writer_(writer) {}

  struct Allocation {
    Slab *slab = nullptr;
    size_t text = 0, text_bytes = 0; // From the slab's text on.
    size_t data = 0, data_bytes = 0; // From its data on.
  };
  static constexpr size_t text_alignment = 64; // A cache line: modules do not share one.
  static constexpr size_t most_data_alignment = 4096;

  /// None with `error` set when the system has no memory left. Sizes are rounded up; the data is zero.
  std::optional<Allocation> allocate(size_t text, size_t data, size_t data_alignment, std::string &error);
  static void release(const Allocation &allocation);

private:
  const Slab::Writer writer_;
  std::vector<std::unique_ptr<Slab>> slabs_;
};

} // namespace kiln
