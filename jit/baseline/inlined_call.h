#pragma once

#include "jit/interpreter/bytecode.h"

#include <map>

namespace kiln {

/// Whether baseline code of the operation asks for slots one by one, and either goes on behind it or leaves it to the interpreter
/// undone: it calls nothing, jumps nowhere and takes no slot's address.
bool is_plain(Bytecode op);

/// A call of a short function without jumps, as instructions of the caller: they move the arguments to where the callee's frame
/// would begin, do what it does on its slots there, and move the result. The frame has no header until one of them leaves
/// it to the interpreter.
struct InlinedCall {
  struct Step {
    uint32_t word;      // In `words`.
    const Word *origin; // In the callee's bytecode; null: a move, which never leaves.
  };
  const Word *call = nullptr;
  Routine *callee = nullptr;
  uint32_t frame = 0; // The slot of the caller's where the callee's begin.
  std::vector<Word> words;
  std::vector<Step> steps;
};

/// By the word of the call in the caller's bytecode.
using InlinedCalls = std::map<uint32_t, InlinedCall>;
/// Those that baseline code of the caller does without a call.
InlinedCalls inline_calls(const Code &caller);

/// The caller's slots, with those of what is inlined.
uint32_t slots_with(const Code &caller, const InlinedCalls &inlined);

/// Calls `visit` with the caller's word and the address of each instruction, of an inlined call with its steps.
template <typename Visit>
void each_instruction(const Code &caller, const InlinedCalls &inlined, uint32_t first, uint32_t last, Visit visit) {
  for (uint32_t word = first; word <= last && word < caller.words.size(); word += words_of(&caller.words[word])) {
    auto call = inlined.find(word);
    if (call == inlined.end()) {
      visit(word, &caller.words[word]);
      continue;
    }
    for (const InlinedCall::Step &step : call->second.steps) visit(word, &call->second.words[step.word]);
  }
}

} // namespace kiln
