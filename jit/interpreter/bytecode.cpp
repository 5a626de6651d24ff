#include "jit/interpreter/bytecode.h"

#include "jit/baseline/baseline.h"

#include <algorithm>
#include <map>

namespace kiln {

namespace {

/// All code there is, by where its words begin.
std::map<const Word *, const Code *> &all_code() {
  static std::map<const Word *, const Code *> all;
  return all;
}

} // namespace

const Operation &operation_of(Word word) {
  static constexpr Operation operations[] = {
#define KILN_BYTECODE(name, operands, words) {#name, operands, words},
#include "jit/interpreter/bytecode.def"
  };
  return operations[word.instruction.op];
}

bool is_call(Word word) {
  auto op = static_cast<Bytecode>(word.instruction.op);
  return op == Bytecode::Call || op == Bytecode::CallCell || op == Bytecode::Again;
}

uint32_t words_of(const Word *at) {
  return 1 + operation_of(*at).words + (is_call(*at) ? (at->instruction.b + 3u) / 4 : 0);
}

std::optional<int64_t> jump_distance(const Word *at) {
  auto op = static_cast<Bytecode>(at->instruction.op);
  if (op == Bytecode::Jump || op == Bytecode::JumpIf || op == Bytecode::JumpUnless) return at->instruction.distance();
  bool has_word = (op >= Bytecode::JumpIfLess && op <= Bytecode::JumpUnlessInArray) || op == Bytecode::NextBelow || op == Bytecode::NextInArray;
  return has_word ? std::optional(at[1].integer) : std::nullopt;
}

void note_code(const Code &code) { all_code()[code.words.data()] = &code; }

Code::Code() = default;

Code::~Code() {
  if (auto found = all_code().find(words.data()); found != all_code().end() && found->second == this) all_code().erase(found);
}

const Code *code_at(const void *address) {
  auto *word = static_cast<const Word *>(address);
  auto found = all_code().upper_bound(word);
  if (found == all_code().begin()) return nullptr;
  const Code *code = std::prev(found)->second;
  return word < code->words.data() + code->words.size() ? code : nullptr;
}

Span Code::span_at(const Word *address) const {
  auto word = static_cast<uint32_t>(address - words.data());
  auto found = std::ranges::upper_bound(places, word, {}, &Place::word);
  return found == places.begin() ? Span{} : std::prev(found)->span;
}

const Word *Code::handler_at(const Word *address) const {
  auto word = static_cast<uint32_t>(address - words.data());
  auto found = std::ranges::upper_bound(region_marks, word, {}, &RegionMark::word);
  if (found == region_marks.begin()) return nullptr;
  uint32_t region = std::prev(found)->region;
  return region == 0 ? nullptr : words.data() + handlers[region];
}

} // namespace kiln
