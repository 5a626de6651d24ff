#include "jit/interpreter/bytecode.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace kiln {

namespace {

std::string operands(const Word *at, std::string_view letters) {
  std::string text;
  const uint16_t fields[] = {at->instruction.a, at->instruction.b, at->instruction.c};
  for (size_t i = 0; i < letters.size(); ++i) {
    std::string_view separator = text.empty() ? " " : ", ";
    switch (letters[i]) {
    case '-': break;
    case 'i': text += fmt::format("{}{}", separator, static_cast<int16_t>(fields[i])); break;
    case 'n': text += fmt::format("{}{}", separator, fields[i]); break;
    case 'l': text += fmt::format("{}loop {}", separator, fields[i]); break;
    default: text += fmt::format("{}s{}", separator, fields[i]); break;
    }
  }
  return text;
}

/// What the words behind the instruction say.
std::string more(const Word *at) {
  switch (static_cast<Bytecode>(at->instruction.op)) {
  case Bytecode::Word: return fmt::format("  {} ({})", at[1].integer, std::bit_cast<double>(at[1].integer));
  case Bytecode::Text: return fmt::format("  \"{}\"", std::string_view(static_cast<const char *>(at[1].pointer), static_cast<size_t>(at[2].integer)));
  case Bytecode::IndexMany:
  case Bytecode::SetIndexMany:
  case Bytecode::ElementMany:
  case Bytecode::LoadMany:
  case Bytecode::StoreMany: return fmt::format("  {} words", at[1].integer);
  case Bytecode::IndexField:
  case Bytecode::SetIndexField: return fmt::format("  word {} of {}", at[1].slots[0], at[1].slots[1]);
  case Bytecode::MultiplyAdd:
  case Bytecode::MultiplySubtract:
  case Bytecode::IndexWord2:
  case Bytecode::SetIndexWord2: return fmt::format("  s{}", at[1].slots[0]);
  case Bytecode::Call:
  case Bytecode::Again: return "  " + static_cast<const Routine *>(at[1].pointer)->specialisation->display;
  case Bytecode::CallCell: return fmt::format("  the cell in s{}", at[1].slots[0]);
  case Bytecode::Invoke: {
    auto *invocation = static_cast<const Invocation *>(at[1].pointer);
    const Inst &inst = *invocation->inst;
    std::string text = fmt::format(" s{} <- {}", invocation->result, inst.op == Op::Intrinsic ? to_string(inst.intrinsic) : to_string(inst.op));
    for (uint16_t slot : invocation->args) text += fmt::format(" s{}", slot);
    return text;
  }
  default: return {};
  }
}

} // namespace

std::string print_instruction(const Code &code, uint32_t word) {
  const Word *at = &code.words[word];
  const Operation &operation = operation_of(*at);
  std::string text = fmt::format("{:>5}  {}{}", word, operation.name, operands(at, operation.operands));
  if (auto jump = jump_distance(at)) text += fmt::format(" -> {}", word + *jump);
  text += more(at);
  if (is_call(*at))
    for (unsigned k = 0; k < at->instruction.b; ++k) text += fmt::format("{}s{}", k ? ", " : "  of ", at[2].slots[k]);
  return text + '\n';
}

std::string print_line_of(const Code &code, uint32_t word, const Sources &sources, uint32_t &shown_line) {
  Span span = code.span_at(&code.words[word]);
  if (!span.known()) return {};
  uint32_t line = sources.location(span).line;
  if (line == std::exchange(shown_line, line)) return {};
  return fmt::format("# {}: {}\n", line, sources.get(span.source).line(line));
}

std::string print_bytecode(const Code &code, const Sources &sources) {
  std::string text = fmt::format("# {}: {} slots, {} words\n", code.specialisation->display, code.frame_slots, code.words.size());
  uint32_t shown_line = 0;
  for (uint32_t word = 0; word < code.words.size(); word += words_of(&code.words[word]))
    text += print_line_of(code, word, sources, shown_line) + print_instruction(code, word);
  return text;
}

} // namespace kiln
