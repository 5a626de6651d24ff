#include "jit/loop_trace.h"

#include "jit/interpreter/bytecode.h"
#include "jit/loop_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace kiln {

namespace {

constexpr uint64_t many_rounds = 1000; // Hot, even if no look at the clock has met the loop.
constexpr size_t longest_shown = 60;   // Of a condition's text.

/// A loop of interpreted code, and the lines that it is written in.
struct TracedLoop {
  const Code *code;
  const InterpretedLoop *loop;
  std::shared_ptr<const BlockCounts> counts; // Of all of the code.
  std::vector<bool> blocks;                  // By id.
  uint32_t source = 0, first = UINT32_MAX, last = 0;
  uint64_t rounds = 0, entries = 0;

  bool has(const Block &block) const { return blocks[block.id]; }
  bool is_within(const TracedLoop &other) const { return code == other.code && loop != other.loop && other.has(*loop->header); }
  bool is_hot() const { return loop->samples > 0 || loop->resumed || rounds >= many_rounds; }
};

std::string plural(uint64_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

class LoopTrace {
public:
  LoopTrace(const Inference &inference, std::span<const CompileReport> reports, bool checks);
  std::string print();

private:
  void find_loops(const Code &code);
  const TracedLoop *inner_loop(const TracedLoop &loop, const Block &block) const;
  uint32_t line_of(const TracedLoop &loop, const Block &block) const;
  std::string source_line(const TracedLoop &loop, uint32_t line) const;

  std::string print(const TracedLoop &loop) const;
  std::string print_blocks(const TracedLoop &loop) const;
  std::string print_block(const TracedLoop &loop, const Block &block, uint32_t &shown_line) const;
  std::string print_branch(const TracedLoop &loop, const Block &block) const;
  std::string guards_of(const Block &block) const;
  std::string print_path(const TracedLoop &loop) const;

  std::string print_compiles(const TracedLoop &loop) const;
  std::string print_remarks(const TracedLoop &loop, const CompileReport &report) const;
  bool is_of(const TracedLoop &loop, const OptimisationRemark &remark) const;
  std::string name_of(std::string_view symbol) const;

  const Inference &inference_;
  std::span<const CompileReport> reports_;
  const bool checks_;
  std::vector<TracedLoop> loops_;
};

LoopTrace::LoopTrace(const Inference &inference, std::span<const CompileReport> reports, bool checks)
    : inference_(inference), reports_(reports), checks_(checks) {
  for (const auto &[id, made] : inference.all())
    if (made.routine && made.routine->code) find_loops(*made.routine->code);
}

void LoopTrace::find_loops(const Code &code) {
  auto counts = std::make_shared<const BlockCounts>(code);
  size_t begin = loops_.size();
  for (const InterpretedLoop &loop : code.loops) {
    TracedLoop &made = loops_.emplace_back(TracedLoop{&code, &loop, counts, blocks_of_loop(*code.kir, *loop.header)});
    auto cover = [&](Span span) {
      if (!span.known() || (made.source && span.source != made.source)) return;
      made.source = span.source;
      uint32_t line = inference_.sources().location(span).line;
      made.first = std::min(made.first, line), made.last = std::max(made.last, line);
    };
    for (const Block *block : code.kir->blocks) {
      for (unsigned which : {0, 1})
        if (block->end.edges[which].target == loop.header) (made.has(*block) ? made.rounds : made.entries) += counts->of_edge(*block, which);
      if (!made.has(*block)) continue;
      for (const Inst *inst : block->insts) cover(inst->span);
      cover(block->end.span);
    }
    if (loop.header == code.kir->entry()) made.entries += code.specialisation->routine->calls;
  }
  std::sort(loops_.begin() + static_cast<ptrdiff_t>(begin), loops_.end(), [](const TracedLoop &a, const TracedLoop &b) { return a.loop->header->id < b.loop->header->id; });
}

/// The widest loop inside this one that has the block; null for what is of this loop itself.
const TracedLoop *LoopTrace::inner_loop(const TracedLoop &loop, const Block &block) const {
  for (const TracedLoop &other : loops_)
    if (other.is_within(loop) && other.has(block)) return &other; // Those further out come first.
  return nullptr;
}

uint32_t LoopTrace::line_of(const TracedLoop &loop, const Block &block) const {
  // A block that tests is of the line of its test; what comes before may belong to the loop that it is the body of.
  if (const Inst *test = block.end.kind == TermKind::Branch ? block.end.value : nullptr; test && test->span.source == loop.source)
    return inference_.sources().location(test->span).line;
  for (const Inst *inst : block.insts)
    if (inst->op != Op::Const && inst->span.source == loop.source) return inference_.sources().location(inst->span).line;
  return block.end.span.source == loop.source ? inference_.sources().location(block.end.span).line : 0;
}

std::string LoopTrace::source_line(const TracedLoop &loop, uint32_t line) const {
  return line ? std::string(inference_.sources().get(loop.source).line(line)) : std::string();
}

// --- what tier 0 counted ---

/// What may fail in the block, how often.
std::string LoopTrace::guards_of(const Block &block) const {
  std::map<std::string, uint64_t> found;
  for (const Inst *inst : block.insts) {
    bool is_integer = inst->type->is_scalar() && !inst->type->is_float();
    switch (inst->op) {
    case Op::Binary:
      if (!is_integer) break;
      if (inst->binary_op == BinaryOp::FloorDivide || inst->binary_op == BinaryOp::Modulo) {
        if (inst->args[1]->op != Op::Const) ++found["division by zero"];
      } else if (checks_ && !inst->unchecked &&
                 (inst->binary_op == BinaryOp::Add || inst->binary_op == BinaryOp::Subtract || inst->binary_op == BinaryOp::Multiply || inst->binary_op == BinaryOp::Power)) {
        ++found["overflow"];
      }
      break;
    case Op::Unary: found["overflow"] += checks_ && is_integer && !inst->unchecked && inst->unary_op == UnaryOp::Negate; break;
    case Op::Index:
    case Op::SetIndex: found["index"] += checks_ && !inst->unchecked; break;
    case Op::Convert: found["conversion"] += checks_ && !inst->unchecked && (inst->conversion == Conversion::Checked || inst->conversion == Conversion::CheckedExact || inst->conversion == Conversion::Truncating); break;
    case Op::CallDirect: ++found["errors of " + inst->callee()->display]; break;
    default: break;
    }
  }
  std::string text;
  for (const auto &[what, count] : found)
    if (count) text += (text.empty() ? "" : ", ") + (count == 1 ? what : fmt::format("{} x{}", what, count));
  return text;
}

std::string LoopTrace::print_branch(const TracedLoop &loop, const Block &block) const {
  const Inst &condition = *block.end.value;
  std::string text;
  if (condition.op == Op::RangeHas || condition.op == Op::ArrayHas)
    text = "another element";
  else if (condition.span.known())
    text = inference_.sources().text(condition.span);
  else
    text = "a test";
  if (size_t end = std::min(text.find('\n'), longest_shown); end < text.size()) text = text.substr(0, end) + "...";
  uint64_t all = loop.counts->of(block);
  for (unsigned which : {0, 1}) {
    uint64_t count = loop.counts->of_edge(block, which);
    text += fmt::format("{} {}", which ? ", no" : ": yes", count);
    if (all) text += fmt::format(" ({:.1f} %)", 100.0 * static_cast<double>(count) / static_cast<double>(all));
    if (!loop.has(*block.end.edges[which].target)) text += ", which leaves the loop";
  }
  return text;
}

std::string LoopTrace::print_block(const TracedLoop &loop, const Block &block, uint32_t &shown_line) const {
  bool is_empty = std::ranges::all_of(block.insts, [](const Inst *inst) { return inst->op == Op::Const; }) && block.end.kind != TermKind::Branch;
  if (is_empty) return {};
  uint32_t line = line_of(loop, block);
  std::string text = fmt::format("  {:>12}  block {}", loop.counts->of(block), block.id);
  if (line && std::exchange(shown_line, line) != line) text += fmt::format(", line {}: {}", line, source_line(loop, line));
  text += '\n';
  if (block.end.kind == TermKind::Branch) text += fmt::format("{:16}branch  {}\n", "", print_branch(loop, block));
  if (std::string guards = guards_of(block); !guards.empty()) text += fmt::format("{:16}guards  {}\n", "", guards);
  return text;
}

std::string LoopTrace::print_blocks(const TracedLoop &loop) const {
  std::string text;
  const TracedLoop *skipped = nullptr;
  uint32_t shown_line = 0;
  for (const Block *block : loop.code->kir->blocks) {
    if (!loop.has(*block)) continue;
    const TracedLoop *inner = inner_loop(loop, *block);
    if (!inner) {
      text += print_block(loop, *block, shown_line);
    } else if (std::exchange(skipped, inner) != inner) {
      text += fmt::format("  {:>12}  the loop in lines {} to {}: {}\n", inner->entries, inner->first, inner->last, plural(inner->rounds, "round"));
    }
  }
  return text;
}

/// The way that was taken most, from the header until it comes to where it has been.
std::string LoopTrace::print_path(const TracedLoop &loop) const {
  std::string text = "  path: ";
  std::set<const Block *> seen;
  for (const Block *block = loop.loop->header; block && seen.insert(block).second;) {
    text += fmt::format("{}{}", seen.size() == 1 ? "" : " > ", block->id);
    const Block *next = nullptr;
    uint64_t most = 0;
    for (unsigned which : {0, 1}) {
      const Block *target = block->end.edges[which].target;
      bool goes_on = target && loop.has(*target) && (target == loop.loop->header || !seen.contains(target));
      if (goes_on && (!next || loop.counts->of_edge(*block, which) > most)) next = target, most = loop.counts->of_edge(*block, which);
    }
    block = next;
  }
  return text + '\n';
}

// --- what LLVM did ---

/// Of an LLVM function: "fib(i64)$17.copy" is fib(i64).
std::string LoopTrace::name_of(std::string_view symbol) const {
  size_t dollar = symbol.rfind('$');
  uint32_t id = UINT32_MAX;
  if (dollar != std::string_view::npos) std::from_chars(symbol.data() + dollar + 1, symbol.data() + symbol.size(), id);
  auto found = inference_.all().find(id);
  return found == inference_.all().end() ? std::string(symbol) : found->second.display;
}

/// Whether a remark is on this loop rather than one inside of it, or another.
bool LoopTrace::is_of(const TracedLoop &loop, const OptimisationRemark &remark) const {
  auto has = [&](const TracedLoop &any) { return any.source == remark.source && any.first <= remark.line && remark.line <= any.last; };
  return has(loop) && std::ranges::none_of(loops_, [&](const TracedLoop &other) {
           return has(other) && other.last - other.first < loop.last - loop.first;
         });
}

std::string LoopTrace::print_remarks(const TracedLoop &loop, const CompileReport &report) const {
  std::set<std::string> inlined, done, missed, reasons;
  for (const OptimisationRemark &remark : report.remarks) {
    if (!is_of(loop, remark)) continue;
    if (remark.pass == "inline") {
      inlined.insert(name_of(remark.callee));
      continue;
    }
    (remark.kind == OptimisationRemark::Done ? done : remark.kind == OptimisationRemark::Missed ? missed : reasons).insert(remark.message);
  }
  bool is_vectorised = std::ranges::any_of(done, [](const std::string &text) { return text.starts_with("vectorized"); });
  if (!is_vectorised) done.merge(reasons.empty() ? missed : reasons);
  std::string text, callees;
  for (const std::string &callee : inlined) callees += (callees.empty() ? "" : ", ") + callee;
  if (!callees.empty()) text += fmt::format("    inlined {}\n", callees);
  for (const std::string &message : done) text += fmt::format("    {}\n", message);
  return text;
}

std::string LoopTrace::print_compiles(const TracedLoop &loop) const {
  std::string text;
  const Specialisation *function = loop.code->specialisation;
  for (const CompileReport &report : reports_) {
    std::string remarks = print_remarks(loop, report), what;
    for (const Specialisation *made : report.group) {
      if (made == function) what += (what.empty() ? "" : ", and ") + std::string("the function as a whole");
      bool is_inside = made->continues == function && made->entered && (made->entered == loop.loop->header || blocks_of_loop(*loop.code->kir, *made->entered)[loop.loop->header->id]);
      if (is_inside) what += fmt::format("{}the running function from line {} on", what.empty() ? "" : ", and ", line_of(loop, *made->entered));
    }
    if (what.empty() && remarks.empty()) continue;
    if (what.empty()) what = fmt::format("as part of {}", report.group.front()->display);
    text += fmt::format("  LLVM: {}: asked for at {:.1f} ms ({}), in use at {:.1f} ms; optimise {:.1f}, codegen {:.1f}, link {:.1f} ms; {} bytes of code\n", what, report.asked,
                        report.why, report.ready, report.optimise, report.codegen, report.link, report.code_bytes);
    text += remarks;
  }
  if (!text.empty()) return text;
  bool is_compiled = function->compiled || (loop.loop->resumed && loop.loop->resumed->compiled);
  return is_compiled ? "  LLVM: its code was there before\n" : "  LLVM: nothing: it ended in tier 0\n";
}

std::string LoopTrace::print(const TracedLoop &loop) const {
  return fmt::format("loop of {}, lines {} to {} of {}: {}, entered {}{}\n", loop.code->specialisation->display, loop.first, loop.last,
                     inference_.sources().get(loop.source).name(), plural(loop.rounds, "round"), plural(loop.entries, "time"),
                     loop.code->baseline ? " (some of each thousand: it ran as baseline code)" : "") +
         print_blocks(loop) + print_path(loop) + print_compiles(loop);
}

std::string LoopTrace::print() {
  std::string text;
  for (const TracedLoop &loop : loops_)
    if (loop.source && loop.is_hot()) text += (text.empty() ? "" : "\n") + print(loop);
  return text.empty() ? "# no loop of interpreted code was hot\n" : text;
}

} // namespace

std::string print_hot_loops(const Inference &inference, std::span<const CompileReport> reports, bool checks) {
  return LoopTrace(inference, reports, checks).print();
}

} // namespace kiln
