#include "jit/code_map.h"

#include "jit/return_trap.h"
#include "jit/slab.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>

namespace kiln {

namespace {

struct Row {
  uintptr_t begin, end;
  const CodeRegion *region;
};
// Sorted; code is mostly added at rising addresses. Never destroyed: frames may unwind while the process exits.
std::vector<Row> &rows = *new std::vector<Row>;

auto first_behind(uintptr_t address) {
  return std::upper_bound(rows.begin(), rows.end(), address,
                          [](uintptr_t at, const Row &row) { return at < row.begin; });
}

} // namespace

void CodeMap::add(const CodeRegion &region) {
  rows.insert(first_behind(region.begin), {region.begin, region.end, &region});
}

void CodeMap::remove(const CodeRegion &region) {
  auto it = first_behind(region.begin);
  if (it != rows.begin() && std::prev(it)->region == &region) rows.erase(std::prev(it));
}

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

void skip_leb128(const uint8_t *&at) {
  while (*at++ & 0x80) {
  }
}

// How a CIE (common information entry) says that its entries' addresses are written: DW_EH_PE_*.
uint8_t pointer_encoding(const uint8_t *cie) {
  const uint8_t *at = cie + 8;
  uint8_t version = *at++;
  const char *augmentation = reinterpret_cast<const char *>(at);
  at += std::strlen(augmentation) + 1;
  if (*augmentation != 'z') return 0;
  skip_leb128(at); // Code alignment.
  skip_leb128(at); // Data alignment.
  if (version == 1)
    ++at; // Return address register.
  else
    skip_leb128(at);
  skip_leb128(at); // Length of the augmentation data.
  for (const char *letter = augmentation + 1; *letter; ++letter)
    if (*letter == 'R') return *at;
  return 0;
}

constexpr uint8_t relative = 0x10, signed_4 = 0x0b, signed_8 = 0x0c;

} // namespace

void read_frame_entries(const void *section, size_t bytes, uintptr_t address, CodeRegion &region) {
  const uint8_t *begin = static_cast<const uint8_t *>(section), *end = begin + bytes;
  for (const uint8_t *record = begin; record + 8 <= end;) {
    const uint8_t *at = record;
    uint32_t length = read<uint32_t>(at);
    if (length == 0) break;
    const uint8_t *id_at = at;
    if (uint32_t to_cie = read<uint32_t>(at)) { // Zero marks a CIE.
      uint8_t encoding = pointer_encoding(id_at - to_cie);
      uintptr_t base = encoding & relative ? address + static_cast<uintptr_t>(at - begin) : 0;
      bool wide = (encoding & 0x0f) != signed_4;
      uintptr_t start = base + (wide ? read<uint64_t>(at) : static_cast<uintptr_t>(intptr_t(read<int32_t>(at))));
      uintptr_t size = wide ? read<uint64_t>(at) : read<uint32_t>(at);
      region.frames.push_back(
          {start, start + size, reinterpret_cast<const void *>(address + static_cast<uintptr_t>(record - begin))});
    }
    record += 4 + length;
  }
  std::sort(region.frames.begin(), region.frames.end(), [](auto &a, auto &b) { return a.begin < b.begin; });
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
  if (!Slab::in_text(pc)) {
    const void *record = return_trap_frame(pc);
    if (record) bases = {nullptr, nullptr, const_cast<void *>(pc)};
    return record;
  }
  const CodeRegion *region = CodeMap::find(at);
  if (!region) return nullptr;
  auto it = std::upper_bound(region->frames.begin(), region->frames.end(), at,
                             [](uintptr_t pc, const FrameEntry &entry) { return pc < entry.begin; });
  if (it == region->frames.begin() || at >= std::prev(it)->end) {
    bases = {nullptr, nullptr, const_cast<void *>(pc)};
    return stub_frame + stub_cie_bytes;
  }
  bases = {nullptr, nullptr, reinterpret_cast<void *>(std::prev(it)->begin)};
  return std::prev(it)->record;
}

} // namespace

} // namespace kiln

// libgcc's unwinder calls this for every frame. With libgcc linked statically the linker's --wrap puts Kiln's in
// between; otherwise the program's definition precedes the shared library's.
extern "C" {

#ifdef KILN_STATIC_UNWINDER
const void *__real__Unwind_Find_FDE(void *pc, void *bases);

const void *__wrap__Unwind_Find_FDE(void *pc, void *bases) {
  const void *record = kiln::find_record(pc, *static_cast<kiln::FrameBases *>(bases));
  return record ? record : __real__Unwind_Find_FDE(pc, bases);
}
#else
__attribute__((visibility("default"))) const void *_Unwind_Find_FDE(void *pc, void *bases) {
  using Find = const void *(*)(void *, void *);
  static const Find next = reinterpret_cast<Find>(dlsym(RTLD_NEXT, "_Unwind_Find_FDE"));
  const void *record = kiln::find_record(pc, *static_cast<kiln::FrameBases *>(bases));
  return record || !next ? record : next(pc, bases);
}
#endif

} // extern "C"
