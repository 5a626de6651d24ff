#include "jit/frame_walk.h"

#include "jit/code_map.h"
#include "jit/runtime/error.h"
#include "jit/slab.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kiln {

namespace {

bool is_compiled(uintptr_t address) {
  return Slab::in_text(reinterpret_cast<const void *>(address)) && CodeMap::find(address);
}

} // namespace

#if defined(__x86_64__)

namespace {

// DWARF's numbers of registers.
enum : uint8_t { dwarf_rbx = 3, dwarf_rbp = 6, dwarf_rsp = 7, dwarf_r12 = 12, dwarf_r15 = 15, dwarf_return = 16 };

// How to find the caller of a frame at one address: DWARF calls it a row. Offsets are from the CFA, the stack pointer
// after the return; 0 is "not saved" (the return address is there).
struct Row {
  uint64_t generation = 0;
  uintptr_t pc = 0;
  bool from_rbp = false;
  int32_t cfa_offset = 8;
  int32_t rbx = 0, rbp = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;

  int32_t *saved(uint64_t number) {
    switch (number) {
    case dwarf_rbx: return &rbx;
    case dwarf_rbp: return &rbp;
    case dwarf_r12: return &r12;
    case dwarf_r12 + 1: return &r13;
    case dwarf_r12 + 2: return &r14;
    case dwarf_r15: return &r15;
    }
    return nullptr;
  }
};

class Reader {
public:
  Reader(const uint8_t *at, const uint8_t *end) : at_(at), end_(end) {}
  bool done() const { return at_ >= end_; }
  template <typename T>
  T fixed() {
    T value{};
    if (static_cast<size_t>(end_ - at_) >= sizeof value) std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  uint64_t uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; !done() && shift < 64; shift += 7) {
      uint8_t byte = *at_++;
      value |= uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return value;
  }

private:
  const uint8_t *at_, *end_;
};

// Runs call frame instructions up to an offset in the function. False when one is not understood. The factors of LLVM's
// x86-64 tables are 1 for code and -8 for data.
bool run_instructions(Reader reader, uint64_t up_to, Row &row, const Row &initial) {
  uint64_t location = 0;
  std::array<Row, 8> stack;
  size_t depth = 0;
  auto offset_rule = [&](uint64_t number, uint64_t factored) {
    if (int32_t *saved = row.saved(number)) *saved = static_cast<int32_t>(factored) * -8;
    return number == dwarf_return ? factored == 1 : row.saved(number) != nullptr;
  };
  while (!reader.done()) {
    uint8_t op = reader.fixed<uint8_t>(), low = op & 0x3f;
    uint64_t advance = 0, number;
    switch (op & 0xc0) {
    case 0x40: advance = low; break; // DW_CFA_advance_loc
    case 0x80:                       // DW_CFA_offset
      if (!offset_rule(low, reader.uleb())) return false;
      break;
    case 0xc0: // DW_CFA_restore
      if (int32_t *saved = row.saved(low)) *saved = *Row(initial).saved(low);
      break;
    default:
      switch (op) {
      case 0x00: break; // DW_CFA_nop
      case 0x02: advance = reader.fixed<uint8_t>(); break;
      case 0x03: advance = reader.fixed<uint16_t>(); break;
      case 0x04: advance = reader.fixed<uint32_t>(); break;
      case 0x05: // DW_CFA_offset_extended
        number = reader.uleb();
        if (!offset_rule(number, reader.uleb())) return false;
        break;
      case 0x0a: // DW_CFA_remember_state
        if (depth == stack.size()) return false;
        stack[depth++] = row;
        break;
      case 0x0b: // DW_CFA_restore_state
        if (depth == 0) return false;
        row = stack[--depth];
        break;
      case 0x0c: // DW_CFA_def_cfa
      case 0x0d: // DW_CFA_def_cfa_register
        number = reader.uleb();
        if (number != dwarf_rbp && number != dwarf_rsp) return false;
        row.from_rbp = number == dwarf_rbp;
        if (op == 0x0c) row.cfa_offset = static_cast<int32_t>(reader.uleb());
        break;
      case 0x0e: row.cfa_offset = static_cast<int32_t>(reader.uleb()); break; // DW_CFA_def_cfa_offset
      case 0x2e: reader.uleb(); break;                                        // DW_CFA_GNU_args_size
      default: return false;
      }
    }
    location += advance;
    if (location > up_to) return true;
  }
  return true;
}

bool find_row(uintptr_t pc, Row &row) {
  const CodeRegion *region = CodeMap::find(pc);
  if (!region) return false;
  auto it = std::upper_bound(region->frames.begin(), region->frames.end(), pc,
                             [](uintptr_t pc, const FrameEntry &entry) { return pc < entry.begin; });
  if (it == region->frames.begin() || pc >= std::prev(it)->end) return false;
  const FrameEntry &entry = *std::prev(it);
  FrameInstructions instructions = read_frame_instructions(entry.record);
  if (instructions.code_factor != 1 || instructions.data_factor != -8) return false;
  Row initial;
  if (!run_instructions({instructions.common, instructions.common_end}, ~uint64_t(0), initial, initial)) return false;
  row = initial;
  return run_instructions({instructions.own, instructions.own_end}, pc - entry.begin, row, initial);
}

uintptr_t load(uintptr_t address) { return *reinterpret_cast<const uintptr_t *>(address); }

} // namespace

bool step_out(FrameState &frame, bool exact) {
  static std::array<Row, 64> rows; // By address. A removal of code makes them stale.
  uintptr_t pc = frame.pc - (exact ? 0 : 1);
  if (!Slab::in_text(reinterpret_cast<const void *>(pc))) return false;
  Row &row = rows[(pc ^ pc >> 6) % rows.size()];
  if (row.pc != pc || row.generation != CodeMap::generation()) {
    Row found;
    if (!find_row(pc, found)) return false;
    row = found;
    row.pc = pc;
    row.generation = CodeMap::generation();
  }
  uintptr_t cfa = (row.from_rbp ? frame.rbp : frame.sp) + static_cast<uintptr_t>(intptr_t(row.cfa_offset));
  if (cfa <= frame.sp || cfa % 8) return false;
  auto restore = [&](uintptr_t &value, int32_t offset) {
    if (offset) value = load(cfa + static_cast<uintptr_t>(intptr_t(offset)));
  };
  restore(frame.rbx, row.rbx);
  restore(frame.rbp, row.rbp);
  restore(frame.r12, row.r12);
  restore(frame.r13, row.r13);
  restore(frame.r14, row.r14);
  restore(frame.r15, row.r15);
  frame.pc = load(cfa - 8);
  frame.sp = cfa;
  return true;
}

#else

bool step_out(FrameState &, bool) { return false; }

#endif

bool skip_compiled_frames(FrameState &frame, bool exact, RuntimeError &error) {
  constexpr size_t far = 1000;
  FrameState at = frame;
  FrameTrail trail;
  for (bool interrupted = exact;; interrupted = false) {
    FrameState caller = at;
    if (!step_out(caller, interrupted)) return false;
    const void *place = reinterpret_cast<const void *>(at.pc - (interrupted ? 0 : 1));
    if (!is_compiled(caller.pc - 1)) break; // `at` is the last one.
    trail.add(place);
    at = caller;
  }
  if (trail.seen() < far) return false;
  frame = at;
  trail.note_in(error);
  return true;
}

} // namespace kiln
