#include "jit/baseline/inlined_call.h"

#include "jit/interpreter/frame_slots.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr size_t most_words = 40;     // Of a callee.
constexpr size_t most_inlined = 2000; // Words, in one caller.

/// Whether baseline code of the operation needs neither the frame's header nor the place in it.
bool needs_no_header(Bytecode op) { return is_plain(op) || op == Bytecode::Move2 || op == Bytecode::Math1 || op == Bytecode::Math2; }

/// The instruction on slots that begin further up.
void move_slots(Word *at, uint32_t by) {
  std::string_view letters = operation_of(*at).operands;
  uint16_t *fields[] = {&at->instruction.a, &at->instruction.b, &at->instruction.c};
  auto move = [by](uint16_t &slot) { slot = static_cast<uint16_t>(slot + by); };
  for (size_t i = 0; i < letters.size(); ++i)
    if (std::string_view("dxmMsfwWo").find(letters[i]) != std::string_view::npos) move(*fields[i]);
  auto op = static_cast<Bytecode>(at->instruction.op);
  if (op == Bytecode::MultiplyAdd || op == Bytecode::MultiplySubtract || op == Bytecode::IndexWord2 || op == Bytecode::SetIndexWord2) move(at[1].slots[0]);
}

bool can_inline(const Code &callee) {
  const Word *words = callee.words.data(), *end = words + callee.words.size();
  if (callee.words.size() > most_words) return false;
  for (const Word *at = words; at < end; at += words_of(at)) {
    auto op = static_cast<Bytecode>(at->instruction.op);
    bool is_last = at + words_of(at) == end;
    if (is_last ? op != Bytecode::Return && op != Bytecode::ReturnMany : !needs_no_header(op)) return false;
  }
  return true;
}

/// Moves slots one by one.
void add_moves(InlinedCall &made, uint32_t to, uint32_t from, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    made.steps.push_back({static_cast<uint32_t>(made.words.size()), nullptr});
    Word word;
    word.instruction = {static_cast<uint16_t>(Bytecode::Move), static_cast<uint16_t>(to + i), static_cast<uint16_t>(from + i), 0};
    made.words.push_back(word);
  }
}

InlinedCall inline_call(const Word *call, Routine &callee) {
  InlinedCall made{call, &callee, call->instruction.c, {}, {}};
  for (unsigned i = 0; i < call->instruction.b; ++i) add_moves(made, made.frame + i, call[2].slots[i], 1);
  const std::vector<Word> &body = callee.code->words;
  for (const Word *at = body.data(); at < body.data() + body.size(); at += words_of(at)) {
    auto op = static_cast<Bytecode>(at->instruction.op);
    if (op == Bytecode::Return || op == Bytecode::ReturnMany) {
      add_moves(made, call->instruction.a, made.frame + at->instruction.a, op == Bytecode::Return ? 1 : at->instruction.b);
      break;
    }
    made.steps.push_back({static_cast<uint32_t>(made.words.size()), at});
    made.words.insert(made.words.end(), at, at + words_of(at));
    move_slots(&made.words[made.steps.back().word], made.frame);
  }
  return made;
}

} // namespace

bool is_plain(Bytecode op) {
  using enum Bytecode;
  switch (op) {
  case Move:
  case Integer:
  case Word:
  case IndexWord:
  case IndexByte:
  case IndexSigned32:
  case IndexUnsigned32:
  case IndexText:
  case IndexWord2:
  case IndexField:
  case SetIndexWord:
  case SetIndexByte:
  case SetIndex32:
  case SetIndexWord2:
  case SetIndexField:
  case ElementWord:
  case ElementByte:
  case SetElementWord:
  case Length:
  case LoadWord:
  case StoreWord:
  case LoadGlobal:
  case StoreGlobal: return true;
  default: return (op >= Add && op <= UnsignedToFloat) || (op >= Less && op <= NotEqualFloat);
  }
}

InlinedCalls inline_calls(const Code &caller) {
  InlinedCalls made;
  size_t words = 0;
  for (uint32_t word = 0; word < caller.words.size(); word += words_of(&caller.words[word])) {
    const Word *at = &caller.words[word];
    if (static_cast<Bytecode>(at->instruction.op) != Bytecode::Call) continue;
    auto &callee = *const_cast<Routine *>(static_cast<const Routine *>(at[1].pointer));
    if (!callee.code || callee.code.get() == &caller || !can_inline(*callee.code)) continue;
    words += callee.code->words.size() + at->instruction.b;
    if (words > most_inlined || at->instruction.c + callee.code->frame_slots >= Code::no_slot) break;
    made.emplace(word, inline_call(at, callee));
  }
  return made;
}

uint32_t slots_with(const Code &caller, const InlinedCalls &inlined) {
  uint32_t slots = caller.frame_slots;
  for (const auto &[word, call] : inlined) slots = std::max(slots, call.frame + call.callee->code->frame_slots);
  return slots;
}

} // namespace kiln
