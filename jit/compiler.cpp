#include "jit/compiler.h"

#include "codegen/lower.h"
#include "jit/branch_profile.h"
#include "jit/interpreter/interpreter.h"
#include "jit/lazy_entry.h"
#include "jit/orc_emit.h"
#include "jit/runtime/dyn.h"
#include "jit/runtime/error.h"
#include "jit/runtime/simd_math.h"
#include "jit/runtime/table.h"
#include "jit/signals.h"
#include "jit/stopwatch.h"
#include "jit/trace.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

namespace kiln {

namespace {

Compiler *active = nullptr; // The one whose code runs: the runtime has no other way to find it.

/// Bodies up to this many instructions are copied into their callers. Lambdas a good deal more: they exist to be inlined.
constexpr size_t small_body = 40;
constexpr size_t small_lambda = 400;

size_t size_of(const KirFunction &function) {
  size_t size = 0;
  for (const Block *block : function.blocks)
    for (const Inst *inst : block->insts)
      size += inst->op != Op::Const;
  return size;
}

constexpr uint32_t most_delay = 3000; // Microseconds, where promotions are at random.

/// The runtime's functions, the C library's, and SLEEF's.
void *library_address(std::string_view symbol) {
  return symbol.starts_with("Sleef_") ? simd_math_address(symbol) : runtime_address(symbol);
}

/// The line that a loop begins in.
uint32_t line_of_loop(const Block &header, const Sources &sources) {
  for (const Inst *inst : header.insts)
    if (inst->span.known()) return sources.location(inst->span).line;
  return header.end.span.known() ? sources.location(header.end.span).line : 0;
}

} // namespace

/// A group on its way to machine code.
struct Compiler::Job {
  std::vector<Specialisation *> group;
  std::string why;
  double asked = 0; // When, on the log's clock.
  std::unique_ptr<llvm::Module> module; // Null: LLVM is to be started.
  bool has_texts = false;
  std::vector<std::string> names;
  std::unordered_map<std::string, void *> references; // What it takes from Kiln, by name.
  std::shared_ptr<LinkedModule> linked;
  std::shared_ptr<CodeCache::Draft> draft; // To be stored; null: not.
  std::unique_ptr<Orc> orc;
  std::string error;
  double seconds = 0;
};

Compiler::Compiler(Inference &inference, const EngineOptions &options)
    : inference_(inference), options_(options), log_(options.trace_jit),
      cache_(inference, options, [this](Specialisation &callee) { return is_copied(callee); }, library_address), random_(options.promote_at_random) {
  kiln_trace_hook = &describe;
  kiln_dyn_hook = &find_dyn;
  inference_.on_new = [](Specialisation &made) { made.entry = reinterpret_cast<void *>(&kiln_lazy_entry); };
}

void Compiler::activate() { active = this; }

Compiler::~Compiler() {
  if (active == this)
    active = nullptr;
}

/// For the log.
std::string Compiler::names_of(std::span<Specialisation *const> group) const {
  std::string text;
  for (const Specialisation *made : group)
    text += (text.empty() ? "" : ", ") + (made->entered ? fmt::format("{} from line {} on", made->display, line_of_loop(*made->entered, inference_.sources())) : made->display);
  return text;
}

/// Makes LLVM ready for use by the program's thread.
bool Compiler::start(std::string &error) {
  settle();
  if (!orc_)
    orc_ = make_orc(error);
  return orc_ != nullptr;
}

std::unique_ptr<Orc> Compiler::make_orc(std::string &error) const {
  std::unique_ptr<Orc> made = Orc::create({options_.opt_level, true}, error);
  if (made && keeps_reports_)
    made->keep_remarks();
  return made;
}

void Compiler::keep_reports() {
  settle();
  keeps_reports_ = true;
  if (orc_)
    orc_->keep_remarks();
}

void *Compiler::resolve(std::string_view symbol) {
  if (symbol.starts_with("type.")) {
    uint32_t id = 0;
    std::from_chars(symbol.data() + 5, symbol.data() + symbol.size(), id);
    return const_cast<Type *>(inference_.types().at(id));
  }
  if (symbol.starts_with("dyn.")) {
    size_t id = 0;
    std::from_chars(symbol.data() + 4, symbol.data() + symbol.size(), id);
    return &inference_.dyn_site(id).cache;
  }
  if (symbol.ends_with(".entry")) {
    symbol.remove_suffix(6);
    return &const_cast<Specialisation *>(specialisation_of(symbol))->entry;
  }
  if (auto global = globals_.find(symbol); global != globals_.end())
    return global->second->address;
  if (auto external = externs_.find(symbol); external != externs_.end())
    return external->second->address;
  return nullptr;
}

std::unique_ptr<llvm::Module> Compiler::lower_group(std::span<Specialisation *const> group, std::string &error) {
  Stopwatch watch(lower_seconds);
  bool failed = false;
  LowerContext context{inference_.sources(), inference_.types(), {options_.checks, true}, {}, {}, {}, {}, has_simd_math, {}};
  context.branch_counts = BranchProfile();
  context.continuation = [this](Specialisation &specialisation, const Block &header,
                                std::vector<const Type *> params) -> Specialisation & {
    return inference_.continuation(specialisation, header, std::move(params), false);
  };
  has_texts_ = false;
  context.typed = [this, &error, &failed](Specialisation &specialisation) -> const KirFunction & {
    const KirFunction &typed = inference_.typed(specialisation);
    for (const Block *block : typed.blocks)
      for (const Inst *inst : block->insts) {
        if (inst->global())
          globals_[inst->global()->symbol] = inst->global();
        has_texts_ |= inst->op == Op::Const && inst->type->is(TypeKind::Str);
        if (inst->external() && !note(*inst->external(), error))
          failed = true;
      }
    return typed;
  };
  context.copy_into_caller = [this](const Specialisation &callee) { return is_copied(const_cast<Specialisation &>(callee)); };
  std::unique_ptr<llvm::Module> module = lower(group, context, orc_->context(), orc_->machine(), group.front()->symbol);
  if (!module)
    error = context.error;
  return failed ? nullptr : std::move(module);
}

bool Compiler::is_copied(Specialisation &callee) {
  const KirFunction &typed = inference_.typed(callee);
  return typed.fused || size_of(typed) <= (typed.is_lambda ? small_lambda : small_body);
}

bool Compiler::prepare_extern(const ExternFunction &function) {
  std::string error;
  if (function.kind == ForeignCode::Machine && !function.address && !(start(error) && note(function, error))) return false;
  return function.address != nullptr;
}

/// Makes the function known to the linker; machine code gets its place.
bool Compiler::note(const ExternFunction &function, std::string &error) {
  externs_[function.symbol] = &function;
  auto &mutable_function = const_cast<ExternFunction &>(function);
  if (function.kind == ForeignCode::Machine && !function.address)
    mutable_function.address = orc_->place(function.symbol, function.code, error);
  return function.kind == ForeignCode::Llvm || function.address;
}

bool Compiler::compile(std::span<Specialisation *const> group, std::string why, std::string &error) {
  if (group.size() == 1 && find(*group.front()) && group.front()->compiled)
    return true;
  if (!start(error))
    return false;
  Job job;
  std::ranges::copy_if(group, std::back_inserter(job.group), [](const Specialisation *made) { return !made->compiled; }); // Meanwhile.
  job.why = std::move(why);
  if (job.group.empty())
    return true;
  if (!lower_job(job, error))
    return false;
  build(job);
  return publish(job, error);
}

bool Compiler::lower_job(Job &job, std::string &error) {
  double before = lower_seconds;
  job.asked = log_.milliseconds();
  job.module = lower_group(job.group, error);
  if (!job.module)
    return false;
  job.has_texts = has_texts_;
  log_.add("{}: {}; lowered in {:.2f} ms", names_of(job.group), job.why, (lower_seconds - before) * 1e3);
  if (kept_kind_) {
    if (*kept_kind_ == EmitKind::TypedKir || *kept_kind_ == EmitKind::Kir)
      for (Specialisation *specialisation : job.group)
        kept_text_ += emit(*kept_kind_, *specialisation, error);
    else
      keep_module(*job.module);
  }
  for (Specialisation *specialisation : job.group)
    job.names.push_back(specialisation->symbol);
  std::vector<std::string> undefined = Orc::undefined(*job.module);
  if (!kept_kind_)
    job.draft = cache_.draft(job.group, undefined);
  for (std::string &name : undefined)
    if (void *address = resolve(name))
      job.references.emplace(std::move(name), address);
  return true;
}

/// In any thread: nothing of the program's is looked at but what the job has.
void Compiler::build(Job &job) {
  CodeImage image;
  auto resolve = [&job](std::string_view symbol) {
    auto known = job.references.find(std::string(symbol));
    return known == job.references.end() ? library_address(symbol) : known->second;
  };
  job.linked = orc_->build(std::move(job.module), job.names, resolve, job.draft ? &image : nullptr);
  if (!image.text.empty())
    cache_.store(*job.draft, std::move(image));
}

bool Compiler::publish(Job &job, std::string &error) {
  CodegenTimes before = orc_->times();
  std::vector<void *> addresses(job.names.size());
  Orc::Handle handle = orc_->publish(std::move(job.linked), addresses, error);
  if (!handle)
    return false;
  if (!job.has_texts)
    in_module_[handle] = addresses.size();
  const CodegenTimes &after = orc_->times();
  log_.add("{}: compiled: optimise {:.2f}, codegen {:.2f}, link {:.2f} ms; {} bytes of code", names_of(job.group),
           (after.optimise - before.optimise) * 1e3, (after.codegen - before.codegen) * 1e3, (after.link - before.link) * 1e3,
           after.code_bytes - before.code_bytes);
  if (keeps_reports_)
    reports_.push_back({{job.group.begin(), job.group.end()}, job.why, job.asked, log_.milliseconds(), (after.optimise - before.optimise) * 1e3,
                      (after.codegen - before.codegen) * 1e3, (after.link - before.link) * 1e3, after.code_bytes - before.code_bytes, orc_->take_remarks()});
  for (size_t i = 0; i < addresses.size(); ++i) {
    job.group[i]->module = job.has_texts ? 0 : handle;
    fill(*job.group[i], addresses[i]);
  }
  compiled += addresses.size();
  return true;
}

void Compiler::fill(Specialisation &made, void *entry) {
  made.entry = entry;
  made.compiled = true;
  if (on_compiled)
    on_compiled(made);
}

bool Compiler::find(Specialisation &function) { return uses_cache() && take_found(cache_.find(function)); }
bool Compiler::find(Specialisation &continued, const Block &header) { return uses_cache() && take_found(cache_.find(continued, header)); }

bool Compiler::take_found(std::optional<CodeCache::Found> found) {
  if (!found)
    return false;
  std::vector<Specialisation *> group;
  for (auto [made, entry] : found->functions) {
    fill(*made, entry);
    group.push_back(made);
  }
  log_.add("{}: found in the cache; {} bytes of code", names_of(group), found->bytes);
  return true;
}

void Compiler::erase(const Specialisation &specialisation) {
  cache_.erase(specialisation);
  auto module = in_module_.find(specialisation.module);
  if (module == in_module_.end() || --module->second > 0)
    return;
  orc_->remove(module->first);
  in_module_.erase(module);
}

bool Compiler::can_compile_later() {
  if (job_)
    return false;
  if (orc_)
    return true;
  begin(std::make_unique<Job>(), [this](Job &job) { job.orc = make_orc(job.error); });
  return false;
}

bool Compiler::compile_later(std::span<Specialisation *const> group, std::string why, std::string &error) {
  auto job = std::make_unique<Job>();
  job->group.assign(group.begin(), group.end());
  job->why = std::move(why);
  if (!lower_job(*job, error))
    return false;
  begin(std::move(job), [this](Job &job) { build(job); });
  return true;
}

void Compiler::begin(std::unique_ptr<Job> job, std::function<void(Job &)> work) {
  job_ = std::move(job);
  std::chrono::microseconds delay{options_.promote_at_random ? random_() % most_delay : 0};
  thread_.begin([&job = *job_, work = std::move(work), delay] {
    auto start = std::chrono::steady_clock::now();
    work(job);
    std::this_thread::sleep_for(delay);
    job.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
}

bool Compiler::take_up(std::string &error) {
  settle();
  error = std::exchange(late_error_, {});
  return error.empty();
}

/// Waits for the compile thread, so that this one has LLVM.
void Compiler::settle() {
  if (!job_)
    return;
  thread_.wait();
  std::unique_ptr<Job> job = std::move(job_);
  background_seconds += job->seconds;
  if (job->linked)
    publish(*job, late_error_);
  else if (!(orc_ = std::move(job->orc)))
    late_error_ = job->error;
  else
    log_.add("LLVM has started: {:.2f} ms", orc_->times().start * 1e3);
}

void *const *Compiler::find_dyn(void *cache, const Type *const *held, std::string &error) {
  struct Request {
    DynSite &site;
    const Type *const *held;
    std::string &error;
    Specialisation *found = nullptr;
  } request{DynSite::of(cache), held, error};
  run_on_compile_stack(
      [](void *argument) {
        auto *request = static_cast<Request *>(argument);
        std::span<const Type *const> held(request->held, request->site.dynamic_operands());
        Specialisation &found = active->inference_.specialise_dyn(request->site, held);
        if (found.state == Specialisation::Failed)
          request->error = found.errors.empty() ? "this cannot be done" : found.errors.front().message;
        else
          request->found = &found;
      },
      &request);
  if (!request.found)
    return nullptr;
  request.site.remember(held, &request.found->entry);
  return &request.found->entry;
}

void Compiler::keep_module(const llvm::Module &module) {
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
  if (*kept_kind_ != EmitKind::LlvmRaw)
    orc_->optimise(*copy);
  kept_modules_.push_back(Orc::bitcode(*copy));
}

std::string Compiler::kept(std::string &error) {
  if (*kept_kind_ == EmitKind::TypedKir || *kept_kind_ == EmitKind::Kir)
    return kept_text_;
  if (!start(error))
    return {};
  std::unique_ptr<llvm::Module> joined = join_modules(orc_->context(), orc_->machine(), kept_modules_, error);
  return joined ? show(*kept_kind_, *joined) : std::string();
}

/// A module as it is, in the form that was asked for.
std::string Compiler::show(EmitKind kind, llvm::Module &module) {
  if (kind == EmitKind::Llvm || kind == EmitKind::LlvmRaw)
    return Orc::print_ir(module);
  if (kind == EmitKind::Object)
    return orc_->object(module);
  if (kind == EmitKind::Bitcode)
    return orc_->bitcode(module);
  return orc_->assembly(module, [this](uint32_t source, uint32_t line) -> std::string {
    if (source == 0 || source > inference_.sources().size() || line == 0 || line > inference_.sources().get(source).line_count())
      return {};
    return std::string(inference_.sources().get(source).line(line));
  });
}

std::string Compiler::emit(EmitKind kind, Specialisation &specialisation, std::string &error) {
  if (kind == EmitKind::Kir)
    return print_kir(*specialisation.function, inference_.sources());
  if (kind == EmitKind::TypedKir)
    return "# " + specialisation.display + ": " + to_string(specialisation.result) + "\n" +
           print_kir(inference_.typed(specialisation), inference_.sources());
  if (!start(error))
    return {};
  Specialisation *group[] = {&specialisation};
  std::unique_ptr<llvm::Module> module = lower_group(group, error);
  if (!module)
    return {};
  ++compiled;
  ++shown;
  if (kind != EmitKind::LlvmRaw)
    orc_->optimise(*module);
  return show(kind, *module);
}

namespace {

/// The span of one character at a line and column of a source.
Span span_at(const Sources &sources, uint32_t source, uint32_t line, uint32_t column) {
  if (source == 0 || source > sources.size())
    return {};
  const Source &text = sources.get(source);
  if (line == 0 || line > text.line_count())
    return {};
  std::string_view line_text = text.line(line);
  uint32_t offset = 0;
  for (uint32_t i = 1; i < column && offset < line_text.size(); ++i) {
    ++offset;
    while (offset < line_text.size() && (static_cast<unsigned char>(line_text[offset]) & 0xc0) == 0x80)
      ++offset;
  }
  uint32_t begin = text.line_start(line) + offset;
  return {source, begin, begin + (offset < line_text.size() ? 1 : 0)};
}

} // namespace

/// Where an address in compiled code or bytecode came from: the innermost place first.
std::vector<CodePlace> Compiler::places(const void *address) {
  const Code *code = code_at(address);
  if (!code && cache_.has(address))
    return cache_.places(address);
  if (!code)
    return orc_ ? orc_->places(address) : std::vector<CodePlace>();
  CodePlace place;
  place.symbol = code->specialisation->symbol;
  auto at = reinterpret_cast<uintptr_t>(address);
  if (Span span = code->span_at(reinterpret_cast<const Word *>(at - at % sizeof(Word))); span.known()) {
    Location location = inference_.sources().location(span);
    place.source = span.source, place.line = location.line, place.column = location.column;
  }
  return {place};
}

Frame Compiler::frame_of(const CodePlace &place) const {
  const Specialisation *made = specialisation_of(place.symbol);
  return {made ? made->display : place.symbol, span_at(inference_.sources(), place.source, place.line, place.column)};
}

std::vector<Frame> Compiler::trace(const RuntimeError &error) {
  std::vector<Frame> result;
  // A function's continuation and the body of its `try` are functions that it calls: one frame for both.
  bool is_part = false;
  for (const void *address : error.addresses)
    for (const CodePlace &place : places(address)) {
      const Specialisation *made = specialisation_of(place.symbol);
      if (made && !made->function->span.known())
        continue; // Stands between a call and what it calls.
      if (!is_part)
        result.push_back(frame_of(place));
      bool is_try_body = place.symbol.find(".try", place.symbol.rfind('$')) != std::string::npos;
      is_part = is_try_body || (made && made->continues) || is_continued_frame(address);
    }
  // How the library does its work is not the user's business: what called it is.
  auto in_library = [&](const Frame &frame) { return is_library(frame.span, inference_.sources()); };
  if (!std::ranges::all_of(result, in_library))
    std::erase_if(result, in_library);
  return result;
}

const Specialisation *Compiler::specialisation_of(std::string_view symbol) const {
  size_t dollar = symbol.rfind('$');
  uint32_t id = 0;
  if (dollar == std::string_view::npos)
    return nullptr;
  std::from_chars(symbol.data() + dollar + 1, symbol.data() + symbol.size(), id);
  auto found = inference_.all().find(id);
  return found == inference_.all().end() ? nullptr : &found->second;
}

/// Looks the line tables up, which is LLVM's work: on the compile stack.
TraceText Compiler::describe(const RuntimeError &error) {
  struct Request {
    const RuntimeError &error;
    TraceText text;
  } request{error, {}};
  if (active)
    run_on_compile_stack(
        [](void *argument) {
          auto *request = static_cast<Request *>(argument);
          const Sources &sources = active->inference_.sources();
          std::vector<Frame> trace = active->trace(request->error);
          if (Span place = place_of(trace, sources); place.known())
            request->text.line = sources.location(place).line;
          request->text.frames = trace_lines(trace, request->error.omitted, sources);
        },
        &request);
  return std::move(request.text);
}

CodegenTimes Compiler::codegen_times() const { return orc_ ? orc_->times() : CodegenTimes{}; }

} // namespace kiln
