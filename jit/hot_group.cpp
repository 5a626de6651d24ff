#include "jit/hot_group.h"

#include "codegen/infer.h"
#include "jit/interpreter/interpreter.h"

#include <algorithm>
#include <unordered_set>

namespace kiln {

namespace {

constexpr size_t frames_looked_at = 32; // Of a deep stack the innermost.
constexpr size_t most_instructions = 3000; // Of all functions of a group, so that its code does not come too late.

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
        auto word = static_cast<uint32_t>(at - code.words.data());
        InterpretedLoop *widest = nullptr;
        for (InterpretedLoop &loop : code.loops) {
          bool is_running = word >= loop.begin && word < loop.end;
          bool is_looked_at = loop.samples > 1 && loop.samples * patience >= spent - loop.since;
          if (is_running && is_looked_at && (!widest || loop.begin < widest->begin)) widest = &loop;
        }
        if (widest) found = {&code, widest, index};
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
        auto word = static_cast<uint32_t>(at - code.words.data());
        size_t first = running.size();
        for (InterpretedLoop &loop : code.loops)
          if (word >= loop.begin && word < loop.end) running.emplace_back(&code, &loop);
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
          auto word = static_cast<uint32_t>(at - code.words.data());
          found = std::ranges::any_of(code.loops, [&](const InterpretedLoop &loop) { return word >= loop.begin && word < loop.end; });
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
        Specialisation *callee = inst->callee;
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
