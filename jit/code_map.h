#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kiln {

class FrameTrail;

/// The unwind table of one function: its CFI record in memory (a DWARF frame description entry).
struct FrameEntry {
  uintptr_t begin = 0, end = 0;
  const void *record = nullptr;
};

/// One module's text. The unwinder, backtraces and signal handlers find code by it.
struct CodeRegion {
  uintptr_t begin = 0, end = 0;
  std::vector<FrameEntry> frames; // By address.
  uint64_t handle = 0;
};

/// All compiled code of the process by address. The C++ unwinder asks here first (see code_map.cpp), since libgcc's own
/// list of registered frames is searched from end to end for every frame. Not changed while compiled code runs, so
/// signal handlers may search it for an address in a slab's text.
class CodeMap {
public:
  /// The region must stay until it is removed.
  static void add(const CodeRegion &region);
  static void remove(const CodeRegion &region);
  /// The region that holds an address, or null.
  static const CodeRegion *find(uintptr_t address);
  /// Grows with each removal: what was learnt of an address holds as long as it stays the same.
  static uint64_t generation();
  /// The compiled frames that the C++ unwinder went through last in this thread without one of the runtime or the host
  /// between them: in a handler, those that the exception left.
  static const FrameTrail &unwound();
};

/// Reads the records of a linked .eh_frame section into `region.frames`.
void read_frame_entries(const void *section, size_t bytes, uintptr_t address, CodeRegion &region);

/// The call frame instructions of a record and those it shares with others of its module.
struct FrameInstructions {
  uint64_t code_factor = 0;
  int64_t data_factor = 0;
  const uint8_t *common = nullptr, *common_end = nullptr;
  const uint8_t *own = nullptr, *own_end = nullptr;
};
FrameInstructions read_frame_instructions(const void *record);

} // namespace kiln
