#include "jit/code_map.h"

#include "jit/baseline/machine_frame.h"
#include "jit/return_trap.h"
#include "jit/runtime/error.h"
#include "jit/slab.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <unwind.h>
#include <utility>

namespace kiln {

namespace {

struct Row {
  uintptr_t begin, end;
  const CodeRegion *region;
};
// Sorted; code is mostly added at rising addresses. Never destroyed: frames may unwind while the process exits.
std::vector<Row> &rows = *new std::vector<Row>;

uint64_t removals = 0;

// What the unwinder asked about in this thread: the compiled frames that followed each other.
struct Unwound {
  FrameTrail trail;
  bool is_complete = false; // Another frame came after them.
};
thread_local Unwound unwound_frames;

auto first_behind(uintptr_t address) {
  return std::upper_bound(rows.begin(), rows.end(), address,
                          [](uintptr_t at, const Row &row) { return at < row.begin; });
}

} // namespace

void CodeMap::add(const CodeRegion &region) {
  rows.insert(first_behind(region.begin), {region.begin, region.end, &region});
}

void CodeMap::remove(const CodeRegion &region) {
  ++removals;
  auto it = first_behind(region.begin);
  if (it != rows.begin() && std::prev(it)->region == &region) rows.erase(std::prev(it));
}

uint64_t CodeMap::generation() { return removals + 1; }

const FrameTrail &CodeMap::unwound() { return unwound_frames.trail; }

const CodeRegion *CodeMap::find(uintptr_t address) {
  auto it = first_behind(address);
  if (it == rows.begin() || address >= std::prev(it)->end) return nullptr;
  return std::prev(it)->region;
}

namespace {

template <typename T>
T read(const uint8_t *&at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

uint64_t read_leb128(const uint8_t *&at, bool is_signed = false) {
  uint64_t value = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    byte = *at++;
    if (shift < 64) value |= uint64_t(byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  if (is_signed && byte & 0x40 && shift < 64) value |= ~uint64_t(0) << shift;
  return value;
}

// A common information entry, which many records refer to.
struct CommonEntry {
  uint8_t encoding = 0; // How its records write addresses: DW_EH_PE_*.
  uint64_t code_factor = 0;
  int64_t data_factor = 0;
  bool augmented = false;
  const uint8_t *instructions = nullptr, *end = nullptr;

  explicit CommonEntry(const uint8_t *at) {
    uint32_t length = read<uint32_t>(at);
    end = at + length;
    at += 4; // Its own id.
    uint8_t version = *at++;
    const char *augmentation = reinterpret_cast<const char *>(at);
    at += std::strlen(augmentation) + 1;
    code_factor = read_leb128(at);
    data_factor = static_cast<int64_t>(read_leb128(at, true));
    if (version == 1)
      ++at; // Return address register.
    else
      read_leb128(at);
    instructions = at;
    augmented = *augmentation == 'z';
    if (!augmented) return;
    uint64_t bytes = read_leb128(at);
    instructions = at + bytes;
    for (const char *letter = augmentation + 1; *letter; ++letter)
      if (*letter == 'R') encoding = *at;
  }
};

CommonEntry entry_of(const uint8_t *record) {
  const uint8_t *at = record + 4;
  uint32_t distance = read<uint32_t>(at);
  return CommonEntry(record + 4 - distance);
}

constexpr uint8_t relative = 0x10, signed_4 = 0x0b;

bool has_wide_addresses(const CommonEntry &entry) { return (entry.encoding & 0x0f) != signed_4; }

} // namespace

void read_frame_entries(const void *section, size_t bytes, uintptr_t address, CodeRegion &region) {
  const uint8_t *begin = static_cast<const uint8_t *>(section), *end = begin + bytes;
  for (const uint8_t *record = begin; record + 8 <= end;) {
    const uint8_t *at = record;
    uint32_t length = read<uint32_t>(at);
    if (length == 0) break;
    if (read<uint32_t>(at)) { // Zero marks a common entry.
      CommonEntry entry = entry_of(record);
      uintptr_t base = entry.encoding & relative ? address + static_cast<uintptr_t>(at - begin) : 0;
      bool wide = has_wide_addresses(entry);
      uintptr_t start = base + (wide ? read<uint64_t>(at) : static_cast<uintptr_t>(intptr_t(read<int32_t>(at))));
      uintptr_t size = wide ? read<uint64_t>(at) : read<uint32_t>(at);
      region.frames.push_back(
          {start, start + size, reinterpret_cast<const void *>(address + static_cast<uintptr_t>(record - begin))});
    }
    record += 4 + length;
  }
  std::sort(region.frames.begin(), region.frames.end(), [](auto &a, auto &b) { return a.begin < b.begin; });
}

FrameInstructions read_frame_instructions(const void *record) {
  const uint8_t *at = static_cast<const uint8_t *>(record);
  CommonEntry entry = entry_of(at);
  FrameInstructions result{entry.code_factor, entry.data_factor, entry.instructions, entry.end, nullptr, nullptr};
  uint32_t length = read<uint32_t>(at);
  result.own_end = at + length;
  at += 4 + (has_wide_addresses(entry) ? 16 : 8);
  if (entry.augmented) {
    uint64_t bytes = read_leb128(at);
    at += bytes;
  }
  result.own = at;
  return result;
}

namespace {

// What libgcc's unwinder wants to know besides the record: struct dwarf_eh_bases of unwind-dw2-fde.h.
struct FrameBases {
  void *text, *data, *function;
};

// The record of code that moves no stack pointer: the linker's stubs, which have none of their own.
// A CIE of 20 bytes and its FDE, addresses written in full.
#if defined(__x86_64__)
alignas(8) constexpr uint8_t stub_frame[] = {
    20, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0, // Aligned by 1 and -8, return address in 16, plain
                                                                // pointers.
    0x0c, 7, 8,                                                 // DW_CFA_def_cfa rsp+8
    0x90, 1, 0, 0,                                              // DW_CFA_offset of the return address, cfa-8
    24, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
#elif defined(__aarch64__)
alignas(8) constexpr uint8_t stub_frame[] = {
    20,   0,  0, 0, 0,  0, 0, 0, 1,  'z', 'R', 0, 1, 0x78, 30, 1, 0, // The return address stays in x30.
    0x0c, 31, 0,                                                     // DW_CFA_def_cfa sp+0
    0,    0,  0, 0, 24, 0, 0, 0, 28, 0,   0,   0, 0, 0,    0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
#else
#error "Kiln's stub frames are written for x86-64 and AArch64"
#endif
constexpr size_t stub_cie_bytes = 24;
static_assert(sizeof stub_frame == stub_cie_bytes + 28);

const void *find_record(const void *pc, FrameBases &bases) {
  uintptr_t at = reinterpret_cast<uintptr_t>(pc);
  const void *machine_record = machine_frame_record(pc);
  if (machine_record || !Slab::in_text(pc)) {
    const void *record = machine_record ? machine_record : return_trap_frame(pc);
    if (record) bases = {nullptr, nullptr, const_cast<void *>(pc)};
    return record;
  }
  const CodeRegion *region = CodeMap::find(at);
  if (!region) return nullptr;
  if (std::exchange(unwound_frames.is_complete, false)) unwound_frames.trail.clear();
  unwound_frames.trail.add(pc);
  auto it = std::upper_bound(region->frames.begin(), region->frames.end(), at,
                             [](uintptr_t pc, const FrameEntry &entry) { return pc < entry.begin; });
  if (it == region->frames.begin() || at >= std::prev(it)->end) {
    bases = {nullptr, nullptr, const_cast<void *>(pc)};
    return stub_frame + stub_cie_bytes;
  }
  bases = {nullptr, nullptr, reinterpret_cast<void *>(std::prev(it)->begin)};
  return std::prev(it)->record;
}

using Find = const void *(*)(void *, void *);

/// `raise`: the function of libgcc's that throws, whose own frame is the first of a walk.
const void *find(void *pc, FrameBases &bases, Find next, const void *raise) {
  if (const void *record = find_record(pc, bases)) return record;
  const void *record = next ? next(pc, &bases) : nullptr;
  unwound_frames.is_complete = true;
  if (record && bases.function == raise) unwound_frames.trail.clear();
  return record;
}

} // namespace

} // namespace kiln

// libgcc's unwinder calls this for every frame. With libgcc linked statically the linker's --wrap puts Kiln's in
// between; otherwise the program's definition precedes the shared library's.
extern "C" {

#ifdef KILN_STATIC_UNWINDER
const void *__real__Unwind_Find_FDE(void *pc, void *bases);

const void *__wrap__Unwind_Find_FDE(void *pc, void *bases) {
  return kiln::find(pc, *static_cast<kiln::FrameBases *>(bases), __real__Unwind_Find_FDE,
                    reinterpret_cast<const void *>(&_Unwind_RaiseException));
}
#else
__attribute__((visibility("default"))) const void *_Unwind_Find_FDE(void *pc, void *bases) {
  static const auto next = reinterpret_cast<kiln::Find>(dlsym(RTLD_NEXT, "_Unwind_Find_FDE"));
  static const void *const raise = dlsym(RTLD_NEXT, "_Unwind_RaiseException");
  return kiln::find(pc, *static_cast<kiln::FrameBases *>(bases), next, raise);
}
#endif

} // extern "C"
