#include "jit/hot_group.h"

#include "codegen/infer.h"
#include "jit/interpreter/interpreter.h"

#include <algorithm>
#include <unordered_set>

namespace kiln {

namespace {

constexpr size_t frames_looked_at = 32; // Of a deep stack the innermost.
constexpr size_t most_instructions = 3000; // Of all functions of a group, so that its code does not come too late.

/// Whether a frame is in the loop: `at` is where it goes on.
bool is_in(const InterpretedLoop &loop, const Code &code, const Word *at) {
  auto word = static_cast<uint32_t>(at - code.words.data());
  return word >= loop.begin && word < loop.end;
}

/// The first function with a loop that is called there, was seen running or never called, and is not compiled.
Specialisation *next_callee(const Word *from, const Word *to) {
  for (const Word *at = from; at < to; at += words_of(at)) {
    if (static_cast<Bytecode>(at->instruction.op) != Bytecode::Call) continue;
    auto &routine = *static_cast<const Routine *>(at[1].pointer);
    Specialisation &callee = *routine.specialisation;
    bool is_worthwhile = !routine.code || (!routine.tried && std::ranges::any_of(routine.code->loops, &InterpretedLoop::samples));
    if (!callee.compiled && callee.function->has_loop && is_worthwhile) return &callee;
  }
  return nullptr;
}

} // namespace

bool can_resume(const Code &code) { return code.kir->regions.size() == 1; }

RunningLoop outermost_loop(uint64_t spent, uint64_t patience) {
  RunningLoop found;
  const Activation *activation = Activation::innermost;
  if (!activation) return found;
  activation->each_frame(
      [&, frame = size_t(0)](const Word *at) mutable {
        size_t index = frame++;
        Code &code = const_cast<Code &>(*code_at(at));
        if (!can_resume(code)) return;
        InterpretedLoop *widest = nullptr;
        for (InterpretedLoop &loop : code.loops) {
          bool is_looked_at = loop.samples > 1 && loop.samples * patience >= spent - loop.since;
          if (is_in(loop, code, at) && is_looked_at && (!widest || loop.begin < widest->begin)) widest = &loop;
        }
        if (widest) found = {&code, widest, index};
      },
      frames_looked_at);
  return found;
}

Upcoming find_upcoming() {
  Upcoming found;
  const Activation *activation = Activation::innermost;
  if (!activation) return found;
  activation->each_frame(
      [&](const Word *at) {
        if (found.callee || found.loop) return;
        Code &code = const_cast<Code &>(*code_at(at));
        InterpretedLoop *around = nullptr; // The outermost.
        for (InterpretedLoop &loop : code.loops)
          if (is_in(loop, code, at) && (!around || loop.begin < around->begin)) around = &loop;
        const Word *words = code.words.data(), *here = at + words_of(at), *last = words + code.words.size();
        const Word *begin = around ? words + around->begin : here, *end = around ? words + around->end : here;
        for (auto [from, to] : {std::pair(here, end), std::pair(begin, here), std::pair(std::max(here, end), last)})
          if (!found.callee) found.callee = next_callee(from, to);
        // What goes on as compiled code, or was compiled as a whole, meets its other loops there.
        bool is_compiled = code.specialisation->compiled || std::ranges::any_of(code.loops, &InterpretedLoop::resumed);
        if (found.callee || is_compiled || !can_resume(code)) return;
        for (InterpretedLoop &loop : code.loops)
          if (!loop.tried && words + loop.begin >= here && !(around && loop.begin < around->end) && (!found.loop || loop.begin < found.loop->begin))
            found = {nullptr, &code, &loop};
      },
      frames_looked_at);
  return found;
}

void each_running_loop(const std::function<void(Code &, InterpretedLoop &)> &body) {
  const Activation *activation = Activation::innermost;
  if (!activation) return;
  std::vector<std::pair<Code *, InterpretedLoop *>> running;
  activation->each_frame(
      [&](const Word *at) {
        Code &code = const_cast<Code &>(*code_at(at));
        if (!can_resume(code)) return;
        size_t first = running.size();
        for (InterpretedLoop &loop : code.loops)
          if (is_in(loop, code, at)) running.emplace_back(&code, &loop);
        std::sort(running.begin() + static_cast<ptrdiff_t>(first), running.end(), [](const auto &a, const auto &b) { return a.second->begin > b.second->begin; });
      },
      frames_looked_at);
  for (auto it = running.rbegin(); it != running.rend(); ++it) body(*it->first, *it->second);
}

bool is_in_loop(size_t frame) {
  bool found = false;
  if (const Activation *activation = Activation::innermost)
    activation->each_frame(
        [&, i = size_t(0)](const Word *at) mutable {
          if (i++ != frame) return;
          const Code &code = *code_at(at);
          found = std::ranges::any_of(code.loops, [&](const InterpretedLoop &loop) { return is_in(loop, code, at); });
        },
        frame + 1);
  return found;
}

void add_callees(std::vector<Specialisation *> &group, Inference &inference, const std::function<bool(Specialisation &)> &is_copied) {
  std::vector<Specialisation *> work = group;
  std::unordered_set<const Specialisation *> seen(group.begin(), group.end());
  size_t instructions = 0;
  while (!work.empty()) {
    Specialisation &member = *work.back();
    work.pop_back();
    uint32_t first = member.entered ? member.entered->id : 0; // Blocks before that have been left behind.
    const KirFunction &typed = inference.typed(member);
    for (size_t i = first; i < typed.blocks.size(); ++i) {
      instructions += typed.blocks[i]->insts.size();
      for (const Inst *inst : typed.blocks[i]->insts) {
        Specialisation *callee = inst->callee();
        if (!callee || callee->compiled || !seen.insert(callee).second) continue;
        bool has_run = callee->routine && callee->routine->code;
        bool copied = is_copied(*callee);
        if (!copied && !has_run) continue;
        if (instructions > most_instructions) return;
        if (!copied) group.push_back(callee);
        work.push_back(callee);
      }
    }
  }
}

} // namespace kiln
