#include "jit/baseline/machine_memory.h"

#include "jit/baseline/machine_frame.h"
#include "jit/slab.h"

#include <memory>

namespace kiln {

namespace {

constexpr size_t text_bytes = size_t(32) << 20, data_bytes = 4096, alignment = 16;

// Never destroyed: frames may unwind while the process exits.
Slab *memory = nullptr;

Slab *made_memory() {
  if (!memory) {
    std::string error;
    memory = Slab::create(text_bytes, data_bytes, Slab::Writer::OneThread, error).release();
  }
  return memory;
}

} // namespace

std::optional<size_t> MachineMemory::place(std::span<const unsigned char> code) {
  Slab *slab = made_memory();
  if (!slab) return std::nullopt;
  size_t offset = slab->text_ranges.allocate(code.size(), alignment);
  if (offset == Ranges::none) return std::nullopt;
  if (slab->write_text(offset, std::as_bytes(code))) return offset;
  slab->text_ranges.release(offset, code.size());
  return std::nullopt;
}

void MachineMemory::release(size_t offset, size_t bytes) {
  memory->trap_text(offset, bytes);
  memory->text_ranges.release(offset, bytes);
}

const std::byte *MachineMemory::at(size_t offset) { return memory->text + offset; }

bool MachineMemory::holds(const void *address) {
  auto *at = static_cast<const std::byte *>(address);
  return memory && at >= memory->text && at < memory->text + memory->text_bytes;
}

// A CIE and its FDE for all of the memory, addresses written in full: where kiln_enter_machine_code (machine_frame.S) saved what.
#if defined(__x86_64__)
alignas(8) static constexpr unsigned char frame[] = {
    36, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0, // Aligned by 1 and -8, return address in 16, plain pointers.
    0x0c, 7, 80,                                                // DW_CFA_def_cfa rsp+80
    0x90, 1, 0x83, 2, 0x86, 3, 0x8c, 4, 0x8d, 5, 0x8e, 6, 0x8f, 7, // DW_CFA_offset: return address, rbx, rbp, r12 to r15
    0, 0, 0, 0, 0, 0,                                           // DW_CFA_nop
    24, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr size_t cie_bytes = 40;
static_assert(sizeof frame == cie_bytes + 28);

const void *machine_frame_record(const void *pc) { return MachineMemory::holds(pc) ? frame + cie_bytes : nullptr; }
#else
const void *machine_frame_record(const void *) { return nullptr; }
#endif

} // namespace kiln
