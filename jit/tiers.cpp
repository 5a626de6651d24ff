#include "jit/tiers.h"

#include "codegen/liveness.h"
#include "jit/baseline/baseline.h"
#include "jit/compiler.h"
#include "jit/hot_group.h"
#include "jit/interpreter/assembler.h"
#include "jit/interpreter/frame_slots.h"
#include "jit/interpreter/native_call.h"
#include "jit/lazy_entry.h"
#include "jit/map_ahead.h"
#include "jit/runtime/error.h"
#include "jit/signals.h"
#include "jit/stacks.h"
#include "jit/stopwatch.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace kiln {

namespace {

/// A function that was called so often is called again, as is one that a loop calls: it is compiled as a whole, not from its
/// loop on.
constexpr uint64_t often = 3;
/// Calls and repetitions of loops between looks at the clock, which takes some 30 ns. A prime number: where a loop makes
/// some calls, the looks do not fall on the same one of them each time.
constexpr int32_t sample_period = 997;
/// The part of all time that must have been spent in what is compiled.
constexpr uint64_t least_part = 10;
/// Nanoseconds, about what a compile takes: calls that take longer are worth to be gone on with as compiled code.
constexpr uint64_t long_call = 20'000'000;
/// How much of what comes next is compiled after each compile of what was found running, when the thread has time.
constexpr uint32_t most_ahead = 3;
/// Calls of interpreted by compiled code that may be within each other. One takes some kilobytes of the native stack, where compiled
/// code alone would need fifty bytes: in a deeper recursion compiled code waits for more of it.
constexpr uint32_t most_nested = 1000, most_nested_on_host = 100; // On a stack of the host's, whose end is not known.

Tiers *active = nullptr; // The one whose code runs: the lazy entry has no other way to find it.

uint64_t now() { return static_cast<uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()); }

bool has_second_core() {
  static const bool has = std::thread::hardware_concurrency() > 1;
  return has;
}

/// Runs a function object on the compile stack: the program's recursion may have eaten its own.
template <typename Body>
void on_compile_stack(Body body) {
  run_on_compile_stack([](void *argument) { (*static_cast<Body *>(argument))(); }, &body);
}

} // namespace

Tiers::Tiers(Inference &inference, Compiler &compiler, const EngineOptions &options)
    : inference_(inference), compiler_(compiler), options_(options), worthwhile_(static_cast<uint64_t>(options.promote_after * 1e9)),
      interpreter_({[this](Routine &routine) { prepare(routine); }, [this](Specialisation &callee) -> Routine & { return routine(callee); },
                    [this](Routine &routine, InterpretedLoop *loop, uint64_t nanoseconds) { spent(routine, loop, nanoseconds); }},
                   options.promote_after > 0 && !options.promote_at_random ? sample_period : 1),
      random_(options.promote_at_random) {
  compiler_.on_compiled = [this](Specialisation &made) {
    if (!made.routine) return;
    find_signature(*made.routine); // A loop may go on as this before take_over().
    compiled_.push_back(made.routine);
  };
  compiler_.on_resumption([this](Specialisation &continued, uint32_t header) -> Specialisation * {
    Code *code = continued.routine ? continued.routine->code.get() : nullptr;
    if (!code) return nullptr;
    auto loop = std::ranges::find(code->loops, header, [](const InterpretedLoop &loop) { return loop.header->id; });
    if (loop == code->loops.end()) return nullptr;
    Specialisation &resumed = resumption(*code, *loop);
    routine(resumed);
    return &resumed;
  });
  kiln_lazy_call_hook = [](NativeCall &call) { return active->enter(call); };
}

Tiers::~Tiers() {
  if (active == this) active = nullptr;
}

void Tiers::activate() { active = this; }

void Tiers::run(Specialisation &unit) { interpreter_.run(routine(unit)); }

std::string Tiers::print(EmitKind kind, const Code &code) const {
  std::string text;
  on_compile_stack([&] { text = kind == EmitKind::Baseline ? print_baseline(code, inference_.sources()) : print_bytecode(code, inference_.sources()); });
  return text;
}

std::string Tiers::print(EmitKind kind, Specialisation &specialisation) {
  Routine &made = routine(specialisation);
  bool has_code = made.code != nullptr;
  if (!has_code) on_compile_stack([&] { has_code = assemble_code(made); });
  return has_code ? print(kind, *made.code) : fmt::format("# {}: only LLVM can do it\n", specialisation.display);
}

std::string Tiers::print_all(EmitKind kind) const {
  std::string text;
  for (const Routine &routine : routines_)
    if (routine.code) text += (text.empty() ? "" : "\n") + print(kind, *routine.code);
  return text;
}

Routine &Tiers::routine(Specialisation &specialisation) {
  if (!specialisation.routine) {
    specialisation.routine = &routines_.emplace_back();
    specialisation.routine->specialisation = &specialisation;
    if (specialisation.continues) routine(*specialisation.continues); // Whose bytecode it may begin in.
  }
  return *specialisation.routine;
}

void Tiers::erase(const std::function<bool(const Specialisation &)> &is_dead) {
  std::erase_if(compiled_, [&](const Routine *routine) { return is_dead(*routine->specialisation); });
  std::erase_if(routines_, [&](const Routine &routine) { return is_dead(*routine.specialisation); });
  for (Routine &routine : routines_) {
    if (routine.is_compiled && routine.code && !routine.code->is_inlined) routine.code.reset();
    if (routine.continued) routine.entry = nullptr, routine.continued = nullptr; // It was in such code.
  }
}

void Tiers::prepare(Routine &routine) {
  if (routine.entry || routine.is_compiled) return;
  if (compiler_.has_finished()) {
    take_over();
    promote_upcoming();
  }
  Specialisation &specialisation = *routine.specialisation;
  if (specialisation.compiled) return use_compiled(routine);
  if (specialisation.continues && prepare_continuation(routine)) return;
  bool done = routine.code != nullptr;
  if (!done && !specialisation.continues) on_compile_stack([&] { done = assemble_code(routine); });
  if (done) {
    routine.entry = routine.code->words.data();
    routine.frame_slots = routine.code->frame_slots;
    routine.result_slots = FrameSlots::size_of(specialisation.result);
    if (options_.baseline == Baseline::All) {
      assemble_callees(*routine.code);
      use_baseline(routine);
    }
    return;
  }
  compile(specialisation, "only LLVM can do it");
  use_compiled(routine);
}

/// Of a loop that compiled code leaves to a function of its own: the interpreter begins in the middle of the function. Not where a
/// cell is in the frame of the compiled code: it would be in two places.
bool Tiers::prepare_continuation(Routine &routine) {
  const Specialisation &specialisation = *routine.specialisation;
  Routine &whole = this->routine(*specialisation.continues);
  bool done = whole.code != nullptr;
  if (!done) on_compile_stack([&] { done = assemble_code(whole); });
  if (!done) return false;
  auto loop = std::ranges::find(whole.code->loops, specialisation.entered, &InterpretedLoop::header);
  if (loop == whole.code->loops.end()) return false;
  if (std::ranges::any_of(find_carried(*whole.code, *loop), [](const Inst *value) { return value->in_frame; })) return false;
  routine.entry = whole.code->words.data() + loop->begin;
  routine.continued = &*loop;
  routine.frame_slots = whole.code->frame_slots;
  routine.result_slots = FrameSlots::size_of(specialisation.result);
  return true;
}

/// A call by compiled code of what was not compiled when last looked: gives its code, if there is some now. Else the interpreter
/// does the call, and what takes its time that way is compiled like anything else.
void *Tiers::enter(NativeCall &call) {
  Specialisation &callee = Specialisation::of(call.cell);
  if (compiler_.has_finished()) take_over();
  const bool is_deep = nested_ >= (own_stack() ? most_nested : most_nested_on_host) || !Interpreter::has_room();
  if (!callee.compiled && (options_.tier != Tier::Mixed || is_deep || waits())) compile(callee, "called by compiled code");
  if (callee.compiled) return callee.entry;
  Routine &called = routine(callee);
  if (!std::exchange(called.looked_up, true)) on_compile_stack([&] { compiler_.find(callee); });
  if (!callee.compiled) prepare(called);
  if (callee.compiled) return callee.entry;
  find_signature(called);
  if (!called.tried && is_worthwhile(called.nanoseconds) && may_compile()) {
    compile_group({&callee}, fmt::format("{} calls by compiled code, {:.2f} ms", called.calls, static_cast<double>(called.nanoseconds) / 1e6));
    if (callee.compiled) return callee.entry;
  }
  if (called.calls++ > 0) use_baseline(called);
  ++nested_;
  struct Scope {
    Tiers &tiers;
    Routine &called;
    const uint64_t spent_before = tiers.spent_, start = now();
    ~Scope() {
      --tiers.nested_;
      const uint64_t taken = now() - start, noted = tiers.spent_ - spent_before; // By looks at the clock.
      if (taken <= noted) return;
      tiers.spent_ += taken - noted;
      called.nanoseconds += taken - noted;
    }
  } scope{*this, called};
  interpreter_.call(called, call);
  return nullptr;
}

/// So that they can be inlined, as what is hot finds them.
void Tiers::assemble_callees(const Code &code) {
  for (const Word *at = code.words.data(), *end = at + code.words.size(); at < end; at += words_of(at)) {
    if (static_cast<Bytecode>(at->instruction.op) != Bytecode::Call) continue;
    auto &callee = *const_cast<Routine *>(static_cast<const Routine *>(at[1].pointer));
    if (!callee.code && !callee.specialisation->compiled) on_compile_stack([&] { assemble_code(callee); });
  }
}

bool Tiers::assemble_code(Routine &made) {
  Stopwatch watch(assemble_seconds);
  extend_large_pages();
  AssemblyContext context{options_.checks, [this](Specialisation &callee) -> Routine & { return routine(callee); },
                          [this](const ExternFunction &function) { return compiler_.prepare_extern(function); }};
  made.code = assemble(*made.specialisation, inference_.typed(*made.specialisation), context);
  if (!made.code) return false;
  note_code(*made.code);
  ++assembled;
  return true;
}

/// At once.
void Tiers::compile(Specialisation &specialisation, const char *why) {
  Specialisation *group[] = {&specialisation};
  std::string error;
  bool ok = false;
  on_compile_stack([&] { ok = compiler_.compile(group, why, error); });
  if (!ok) throw_failure("internal error: " + error);
}

void Tiers::use_compiled(Routine &routine) {
  if (routine.is_compiled) return;
  routine.is_compiled = true;
  find_signature(routine); // It may have been compiled before it had a routine.
  routine.continued = nullptr;
  routine.result_slots = FrameSlots::size_of(routine.specialisation->result);
  routine.entry = nullptr;
  routine.machine = nullptr;
}

void Tiers::find_signature(Routine &routine) {
  const Specialisation &specialisation = *routine.specialisation;
  if (!routine.signature) routine.signature = std::make_unique<NativeSignature>(native_signature(specialisation.params, specialisation.result));
}

/// Costs less than the interpreter needs between two looks at the clock.
void Tiers::use_baseline(Routine &routine) {
  if (!routine.code) return; // LLVM compiled it before it was called.
  Code &code = *routine.code;
  if (options_.baseline == Baseline::None || code.baseline_tried) return;
  Stopwatch watch(baseline_seconds);
  code.baseline_tried = true;
  code.baseline = compile_baseline(code);
  if (!code.baseline) return;
  if (routine.entry) routine.machine = code.baseline->entry;
  ++baseline_functions;
}

/// From now on interpreted code calls what has been compiled meanwhile: in the background, or because compiled code called it.
void Tiers::take_over() {
  if (compiler_.has_finished() || (options_.promote_at_random && random_() % 8 == 0)) {
    std::string error;
    bool ok = false;
    on_compile_stack([&] { ok = compiler_.take_up(error); });
    if (!ok) throw_failure("internal error: " + error);
  }
  for (Routine *routine : compiled_) {
    use_compiled(*routine);
    Specialisation *continued = routine->specialisation->continues;
    Code *code = continued ? continued->routine->code.get() : routine->code.get();
    if (!code) continue;
    // What its frames still do is measured anew.
    code->nanoseconds = 0;
    for (InterpretedLoop &loop : code->loops) {
      loop.nanoseconds = 0;
      if (loop.resumed == routine->specialisation) loop.resumed_by = spent_ + worthwhile_;
    }
  }
  compiled_.clear();
}

/// What an earlier run compiled of a function that is found running for the first time, or of the loops that run. True when the
/// interpreter will soon be done with this function: its next call is of compiled code, or that goes on with a loop that runs.
bool Tiers::find_compiled(Routine &routine, InterpretedLoop *loop) {
  bool is_new = !routine.looked_up || (loop && !loop->looked_up);
  if (!is_new || options_.cache.empty()) return false;
  bool goes_on = false;
  on_compile_stack([&] {
    each_running_loop([&](Code &code, InterpretedLoop &running) {
      if (!std::exchange(running.looked_up, true) && !running.tried) running.tried = compiler_.find(*code.specialisation, *running.header);
      goes_on |= running.resumed && running.resumed->compiled;
    });
    Specialisation &specialisation = *routine.specialisation;
    if (!std::exchange(routine.looked_up, true) && !specialisation.is_unit && !specialisation.compiled && !routine.tried)
      routine.tried = compiler_.find(specialisation);
  });
  if (loop) loop->looked_up = true; // Compiled code may not be able to go on with it.
  return goes_on || routine.specialisation->compiled;
}

void Tiers::spent(Routine &routine, InterpretedLoop *loop, uint64_t nanoseconds) {
  Code &code = *routine.code;
  spent_ += nanoseconds;
  code.nanoseconds += nanoseconds;
  if (loop) loop->nanoseconds += nanoseconds;
  if (options_.tier != Tier::Mixed) return use_baseline(routine);
  bool ends_soon = find_compiled(routine, loop);
  take_over();
  const Specialisation *next = loop ? loop->resumed : code.specialisation;
  if ((!next || !next->compiled) && !ends_soon) use_baseline(routine);
  if (loop && loop->samples++ == 0) loop->since = spent_;
  Promotion wanted = choose(routine, loop);
  if (!wanted.whole && !wanted.rest) return promote_upcoming();
  if (may_compile()) promote(wanted);
}

/// What to compile, now that this routine, or this loop of it, was found running.
Tiers::Promotion Tiers::choose(Routine &sampled, InterpretedLoop *loop) {
  bool hot = is_worthwhile(sampled.code->nanoseconds), loop_hot = loop && is_worthwhile(loop->nanoseconds);
  if (!hot && !loop_hot) return {};
  auto is_called_again = [](const Routine &called, size_t caller) { return called.calls >= often || is_in_loop(caller); };
  Promotion wanted{sampled.code.get(), loop, hot && (!loop || is_called_again(sampled, 1)), loop_hot && can_resume(*sampled.code)};
  if (RunningLoop outer = outermost_loop(spent_, worthwhile_); outer.loop) {
    if (std::ranges::any_of(outer.code->loops, [&](const InterpretedLoop &loop) { return spent_ < loop.resumed_by; })) return {}; // Compiled code will take over soon.
    if (!outer.loop->tried) wanted = {outer.code, outer.loop, is_called_again(routine(*outer.code->specialisation), outer.frame + 1), true};
  }
  Specialisation &specialisation = *wanted.code->specialisation;
  wanted.whole &= !routine(specialisation).tried && !specialisation.is_unit && !specialisation.compiled;
  // A call that does not take long will have ended.
  bool takes_long = spent_ > long_call * std::max<uint64_t>(routine(specialisation).calls, 1);
  wanted.rest = wanted.rest && !wanted.loop->tried && (!wanted.whole || takes_long);
  wanted.whole &= !wanted.rest; // What runs comes first.
  return wanted;
}

/// Whether something is to be compiled that so much time was spent in: a tenth of all, or a good deal.
bool Tiers::is_worthwhile(uint64_t nanoseconds) {
  if (options_.promote_at_random) return random_() % 4 == 0;
  return spent_ >= worthwhile_ && nanoseconds >= std::min(spent_ / least_part, worthwhile_);
}

/// Whether the program waits for what is compiled.
bool Tiers::waits() { return options_.promote_at_random ? random_() % 2 == 0 : options_.promote_after == 0; }

/// Whether LLVM is ready for more.
bool Tiers::may_compile() {
  if (options_.promote_after == 0) return true;
  bool can = false;
  on_compile_stack([&] { can = compiler_.can_compile_later(); });
  return can;
}

/// Compiles a function as a whole, or the rest of it from a loop on; and what that calls.
void Tiers::promote(const Promotion &wanted) {
  Code &code = *wanted.code;
  double spent = static_cast<double>(spent_) / 1e6;
  if (wanted.whole) {
    auto calls = routine(*code.specialisation).calls;
    compile_group({code.specialisation}, fmt::format("{} calls, {:.2f} ms; {:.2f} ms in all", calls, static_cast<double>(code.nanoseconds) / 1e6, spent));
  } else {
    wanted.loop->tried = true;
    compile_group({&resumption(code, *wanted.loop)}, fmt::format("loop of {:.2f} ms; {:.2f} ms in all", static_cast<double>(wanted.loop->nanoseconds) / 1e6, spent));
  }
  ahead_ = most_ahead;
  take_over();
}

/// Lets the compile thread, which nothing else is wanted of, compile what the program comes to next.
void Tiers::promote_upcoming() {
  if (ahead_ == 0 || options_.promote_after == 0 || !has_second_core() || !may_compile()) return;
  Upcoming next = find_upcoming();
  ahead_ = next.callee || next.loop ? ahead_ - 1 : 0;
  bool found = false;
  on_compile_stack([&] {
    if (next.callee) found = compiler_.find(*next.callee);
    if (next.loop) next.loop->tried = next.loop->looked_up = true, found = compiler_.find(*next.code->specialisation, *next.loop->header);
  });
  if (found) return;
  if (next.callee)
    compile_group({next.callee}, "will be called");
  else if (next.loop)
    compile_group({&resumption(*next.code, *next.loop)}, "will be run");
}

/// With what it calls.
void Tiers::compile_group(std::vector<Specialisation *> group, std::string why) {
  if (group.front()->compiled) return; // The rest of a function whose bytecode was made again.
  std::string error;
  bool ok = false;
  for (Specialisation *made : group) routine(*made);
  on_compile_stack([&] {
    add_callees(group, inference_, [&](Specialisation &callee) { return compiler_.is_copied(callee); });
    ok = waits() ? compiler_.compile(group, std::move(why), error) : compiler_.compile_later(group, std::move(why), error);
  });
  if (!ok) throw_failure("internal error: " + error);
  for (const Specialisation *made : group)
    if (made->routine) made->routine->tried = true;
}

Specialisation &Tiers::resumption(Code &code, InterpretedLoop &loop) {
  if (loop.resumed) return *loop.resumed;
  std::vector<const Type *> params;
  for (const Inst *inst : find_carried(code, loop)) params.push_back(inst->type);
  loop.resumed = &inference_.continuation(*code.specialisation, *loop.header, std::move(params), true);
  return *loop.resumed;
}

/// The values that live at the loop's header, in the order of a continuation's parameters; notes where they lie.
std::vector<const Inst *> Tiers::find_carried(const Code &code, InterpretedLoop &loop) const {
  std::vector<const Inst *> live = Liveness(*code.kir).at(*loop.header);
  if (loop.carried.empty())
    for (const Inst *inst : live)
      for (uint32_t i = 0; i < FrameSlots::size_of(inst->type); ++i) loop.carried.push_back({static_cast<uint16_t>(code.slots[inst->id] + i), code.less[inst->id]});
  return live;
}

} // namespace kiln
