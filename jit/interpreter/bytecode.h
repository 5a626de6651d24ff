#pragma once

#include "codegen/specialisation.h"

#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace kiln {

/// 8 bytes of a frame. A value takes as many as its layout in memory fills, and lies in them as it would there; but
/// integers have their sign or zeros up to 64 bits.
union Slot {
  int64_t i;
  uint64_t u;
  double f;
  float s;
  void *p;
};
static_assert(sizeof(Slot) == 8);

/// Few, most of the time: the loop is quicker than a call.
inline void copy_words(Slot *to, const Slot *from, uint64_t count) {
#pragma GCC unroll 1
  for (uint64_t i = 0; i < count; ++i) {
    to[i] = from[i];
    asm("" ::: "memory"); // Not to become memcpy.
  }
}

enum class Bytecode : uint16_t {
#define KILN_BYTECODE(name, operands, words) name,
#include "jit/interpreter/bytecode.def"
};

struct Instruction {
  uint16_t op, a, b, c;

  /// Of a jump: b and c as one number.
  int32_t distance() const { return static_cast<int32_t>(b | static_cast<uint32_t>(c) << 16); }
  void set_distance(int32_t words) { b = static_cast<uint16_t>(words), c = static_cast<uint16_t>(words >> 16); }
};

/// Code is words: instructions, each followed by what does not fit into it.
union Word {
  Instruction instruction;
  int64_t integer;
  const void *pointer;
  uint16_t slots[4];
};
static_assert(sizeof(Word) == 8);

/// A row of bytecode.def.
struct Operation {
  std::string_view name, operands;
  uint32_t words; // That follow the instruction, but for the arguments of a call.
};
const Operation &operation_of(Word instruction);
bool is_call(Word instruction);
/// Of an instruction with all that follows it.
uint32_t words_of(const Word *instruction);
/// What a jump adds to its own place; none for others.
std::optional<int64_t> jump_distance(const Word *instruction);
/// Words at the end of a conditional jump: how often the interpreter went on behind it, and how often it jumped.
constexpr uint32_t count_words = 2;

/// Slots below a frame: where the code of the caller goes on (baseline/machine_frame.h), the call, and the caller's frame.
constexpr uint32_t header_slots = 3;

struct Code;
struct BaselineCode;
struct InterpretedLoop;

/// How a compiled function takes its arguments and returns its result: by the C calling convention, of an aggregate each
/// scalar part by itself (so LLVM does it), and a result of more parts than there are registers in memory.
struct NativeSignature {
  enum class Kind : uint8_t { Unsigned, Signed, Float32, Float64 };
  struct Part {
    uint32_t offset; // In bytes: from the first argument's slot, or in the result.
    uint8_t size;
    Kind kind;
  };
  std::vector<Part> arguments, result;
  uint32_t argument_slots = 0;
  bool result_in_memory = false;
  uint8_t floats_on_x87 = 0; // Of the result.
};

/// The part of a Routine that machine code reads, by offsets.
struct RoutineEntry {
  Specialisation *specialisation = nullptr;
  const Word *entry = nullptr; // Null: compiled code, or nothing yet.
  const void *machine = nullptr; // The entry of its baseline code, once that is made; not without `entry`.
  uint64_t calls = 0;            // That were interpreted.
  uint32_t frame_slots = 0;
};

/// A specialisation as interpreted code calls it. Lives as long as the session.
struct Routine : RoutineEntry {
  std::unique_ptr<Code> code;
  std::unique_ptr<NativeSignature> signature; // How compiled code is called and calls; made when first needed.
  uint32_t result_slots = 0;                  // Known once it can be called.
  const InterpretedLoop *continued = nullptr; // Of a continuation that has an entry: the loop of its function that it begins with.
  uint64_t nanoseconds = 0;                   // Of calls by compiled code, beside what looks at the clock found.
  bool is_compiled = false;                   // Interpreted code calls its compiled code.
  bool tried = false;                         // A compile was asked for, or is not needed.
  bool looked_up = false;                     // In what earlier runs compiled.
};

/// An operation that is a C++ function, where it stands.
struct Invocation {
  using Handler = void (*)(Slot *frame, const Invocation &at);
  Handler handler;
  const Inst *inst;
  uint16_t result;
  std::vector<uint16_t> args; // The slots of the operands; 0 for those without bits.
  const void *extra = nullptr;
};

/// A loop, by its header, and how much time was found to be spent in it.
struct InterpretedLoop {
  const Block *header = nullptr;
  uint32_t begin = 0, end = 0;       // Its words, and perhaps some that are not of it.
  uint64_t nanoseconds = 0;
  uint64_t samples = 0;              // How often the end of a round was looked at...
  uint64_t since = 0;                // ...since the interpreter had spent so much time.
  bool tried = false;                // A compile was asked for, or is not needed.
  bool looked_up = false;            // In what earlier runs compiled.
  uint64_t resumed_by = 0;           // When compiled code will have taken over (of the time spent by the interpreter).
  Specialisation *resumed = nullptr; // Compiled code from the header on...
  struct Carried {
    uint16_t slot, less; // A word; without that of another slot, if it is one.
  };
  std::vector<Carried> carried;      // ...and what a continuation of the loop takes as arguments.
};

/// The bytecode of one specialisation.
struct Code {
  Specialisation *specialisation = nullptr;
  const KirFunction *kir = nullptr;
  std::vector<Word> words;
  uint32_t frame_slots = 0;
  uint32_t constants_end = 0;  // Words before that put constants into slots, which they keep.
  std::vector<uint16_t> slots; // By instruction id: where its value lies...
  std::vector<uint16_t> less;  // ...and the slot whose word is to be subtracted to have it.
  static constexpr uint16_t no_slot = 0xffff;
  std::list<Invocation> invocations;
  std::list<NativeSignature> signatures; // Of extern functions.
  std::vector<InterpretedLoop> loops;
  struct BranchMark {
    uint32_t word;  // A conditional jump...
    uint32_t block; // ...at the end of this block (there may be several), by its id...
    bool when;      // ...taken when its condition is this.
  };
  std::vector<BranchMark> branch_marks;
  struct Place {
    uint32_t word; // From here on...
    Span span;     // ...the code is of this.
  };
  std::vector<Place> places;
  struct RegionMark {
    uint32_t word;   // From here on...
    uint32_t region; // ...the code is of this region of `try`.
  };
  std::vector<RegionMark> region_marks;
  std::vector<uint32_t> handlers; // By region: the word where its errors go on.
  uint64_t nanoseconds = 0;
  std::unique_ptr<BaselineCode> baseline;
  bool baseline_tried = false;
  bool is_inlined = false; // Baseline code of a caller has its instructions, and leaves to them.

  Code();
  ~Code();
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;
  Span span_at(const Word *address) const;
  /// Where an error at an address goes on; null outside of any `try`.
  const Word *handler_at(const Word *address) const;
};

/// Makes code known to code_at(), as long as it lives.
void note_code(const Code &code);
/// The code that an address lies in, or null.
const Code *code_at(const void *address);

/// The bytecode as text, with source lines as comments.
std::string print_bytecode(const Code &code, const Sources &sources);
/// Its parts: one instruction; and the source line of one, if that is not the line shown last.
std::string print_instruction(const Code &code, uint32_t word);
std::string print_line_of(const Code &code, uint32_t word, const Sources &sources, uint32_t &shown_line);

} // namespace kiln
