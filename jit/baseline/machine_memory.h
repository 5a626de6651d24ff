#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace kiln {

/// The memory for baseline code, one for the process, made when it is first needed.
class MachineMemory {
public:
  /// Copies code there; its offset, or nothing when there is no room.
  static std::optional<size_t> place(std::span<const unsigned char> code);
  static void release(size_t offset, size_t bytes);
  static const std::byte *at(size_t offset);
  /// Whether an address lies in it.
  static bool holds(const void *address);
};

} // namespace kiln
