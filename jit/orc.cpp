#include "jit/orc.h"

#include "jit/code_map.h"
#include "jit/optimize.h"
#include "jit/orc_emit.h"
#include "jit/orc_lines.h"
#include "jit/slab.h"
#include "jit/slab_memory.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringSet.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectFileInterface.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Target/TargetMachine.h>

#include <chrono>
#include <unordered_map>

namespace kiln {

using namespace llvm;

namespace {

// What report_fatal_error says, instead of exit(): unwinds to guarded().
struct LlvmFailure {
  std::string text;
};

void throw_llvm_failure(void *, const char *reason, bool) { throw LlvmFailure{reason}; }

class Stopwatch {
public:
  explicit Stopwatch(double &total) : total_(total), start_(Clock::now()) {}
  ~Stopwatch() { total_ += std::chrono::duration<double>(Clock::now() - start_).count(); }

private:
  using Clock = std::chrono::steady_clock;
  double &total_;
  Clock::time_point start_;
};

// Makes a module ready for linking: what nobody asks for becomes internal, every frame can be unwound from any
// instruction, and line tables call functions by their symbols (they leave linkage names out).
void prepare(Module &module, std::span<const std::string> names) {
  StringSet<> exported;
  for (const std::string &name : names) exported.insert(name);
  for (GlobalObject &object : module.global_objects())
    if (!object.isDeclaration() && object.hasExternalLinkage() && !exported.contains(object.getName()))
      object.setLinkage(GlobalValue::InternalLinkage);
  constexpr unsigned name_operand = 2;
  for (Function &function : module) {
    if (function.isDeclaration()) continue;
    function.setUWTableKind(UWTableKind::Async);
    if (DISubprogram *subprogram = function.getSubprogram())
      subprogram->replaceOperandWith(name_operand, MDString::get(module.getContext(), function.getName()));
  }
}

// Modules, types and constants that no module uses any more stay in their context: take a new one now and then.
constexpr unsigned modules_per_context = 2000;
constexpr unsigned removals_per_sweep = 4096;

} // namespace

/// One linked module.
struct LinkedModule {
  orc::ResourceTrackerSP tracker;
  CodeRegion region;
  std::unique_ptr<LineTable> lines;
  std::vector<LineTable::TextSection> sections;
};

struct Orc::Impl {
  Options options;
  Resolver resolver;
  std::unique_ptr<TargetMachine> target;
  std::unique_ptr<ObjectEmitter> emitter;
  std::unique_ptr<Optimizer> optimizer; // Made for the first module that has something to optimise.
  std::unique_ptr<LLVMContext> context, old_context;
  unsigned modules_in_context = 0, removals = 0;
  std::string messages; // What LLVM said since the last add() began.
  bool halted = false;  // A fatal error of LLVM's stopped it half-way through the module.

  SlabMemory memory; // Outlives the session.
  std::unique_ptr<orc::ExecutionSession> session;
  orc::JITDylib *dylib = nullptr;
  std::unique_ptr<orc::ObjectLinkingLayer> linker;
  std::unordered_map<Handle, LinkedModule> modules;
  LinkedModule *linking = nullptr;
  Handle last_handle = 0;
  CodegenTimes times;

  ~Impl();
  void renew_context();
  void remember(const std::string &message);
  /// Runs `body`, turning LLVM's fatal errors and diagnostics into text. False with `error` set when there were any.
  bool guarded(std::string &error, function_ref<void()> body);
  void optimise(Module &module);
  bool link(StringRef object, const std::string &name, std::span<const std::string> names, std::span<void *> addresses);
  Error resolve(jitlink::LinkGraph &graph);
  Error record(jitlink::LinkGraph &graph);

  class LinkObserver;
};

/// Kiln's steps inside each link.
class Orc::Impl::LinkObserver : public orc::ObjectLinkingLayer::Plugin {
public:
  explicit LinkObserver(Impl &impl) : impl_(impl) {}

  void modifyPassConfig(orc::MaterializationResponsibility &, jitlink::LinkGraph &,
                        jitlink::PassConfiguration &config) override {
    config.PostPrunePasses.push_back([this](jitlink::LinkGraph &graph) { return impl_.resolve(graph); });
    config.PostFixupPasses.push_back([this](jitlink::LinkGraph &graph) { return impl_.record(graph); });
  }
  Error notifyFailed(orc::MaterializationResponsibility &) override { return Error::success(); }
  Error notifyRemovingResources(orc::JITDylib &, orc::ResourceKey) override { return Error::success(); }
  void notifyTransferringResources(orc::JITDylib &, orc::ResourceKey, orc::ResourceKey) override {}

private:
  Impl &impl_;
};

// Gives every external symbol its address before ORC looks for it, so that no table of them grows with the modules.
Error Orc::Impl::resolve(jitlink::LinkGraph &graph) {
  std::vector<jitlink::Symbol *> externals(graph.external_symbols().begin(), graph.external_symbols().end());
  std::string missing;
  for (jitlink::Symbol *symbol : externals) {
    if (!symbol->hasName()) continue;
    StringRef name = *symbol->getName();
    void *address = resolver ? resolver(std::string_view(name.data(), name.size())) : nullptr;
    if (address || symbol->isWeaklyReferenced())
      graph.makeAbsolute(*symbol, orc::ExecutorAddr::fromPtr(address));
    else
      missing += (missing.empty() ? "no definition of " : ", ") + name.str();
  }
  if (missing.empty()) return Error::success();
  return make_error<StringError>(missing, inconvertibleErrorCode());
}

// Notes where the linked module's text is and how it unwinds.
Error Orc::Impl::record(jitlink::LinkGraph &graph) {
  CodeRegion &region = linking->region;
  for (jitlink::Section &section : graph.sections()) {
    if ((section.getMemProt() & orc::MemProt::Exec) == orc::MemProt::None || section.empty()) continue;
    jitlink::SectionRange range(section);
    uintptr_t begin = range.getStart().getValue(), end = range.getEnd().getValue();
    if (begin == end) continue;
    region.begin = region.begin ? std::min(region.begin, begin) : begin;
    region.end = std::max(region.end, end);
    if (options.keep_line_tables) linking->sections.push_back({section.getName().str(), begin, end});
    times.code_bytes += end - begin;
  }
  if (!region.begin) return Error::success();
  if (jitlink::Section *frames = graph.findSectionByName(".eh_frame"); frames && !frames->empty()) {
    // Data is written in place: its working memory is where it runs.
    jitlink::SectionRange range(*frames);
    read_frame_entries(range.getStart().toPtr<const void *>(), range.getSize(), range.getStart().getValue(), region);
  }
  CodeMap::add(region);
  return Error::success();
}

void Orc::Impl::remember(const std::string &message) { messages += (messages.empty() ? "" : "; ") + message; }

bool Orc::Impl::guarded(std::string &error, function_ref<void()> body) {
  messages.clear();
  halted = false;
  ScopedFatalErrorHandler handler(throw_llvm_failure);
  try {
    body();
  } catch (const LlvmFailure &failure) {
    remember(failure.text);
    halted = true;
    // The passes stopped half-way: what they hold is lost, and new ones are made.
    emitter.release();
    optimizer.release();
    emitter = std::make_unique<ObjectEmitter>(*target);
  }
  error = messages;
  return messages.empty();
}

// Code that runs once is marked optnone, and a program that is nothing else starts without the passes.
void Orc::Impl::optimise(Module &module) {
  auto worth_it = [](const Function &function) { return !function.isDeclaration() && !function.hasOptNone(); };
  if (none_of(module, worth_it)) return;
  if (!optimizer) optimizer = std::make_unique<Optimizer>(*target, options.opt_level);
  optimizer->run(module);
}

void Orc::Impl::renew_context() {
  old_context = std::move(context); // A module that was not yet handed back may live in it.
  context = std::make_unique<LLVMContext>();
  modules_in_context = 0;
  context->setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *self) {
        if (info->getSeverity() != DS_Error) return;
        std::string text;
        raw_string_ostream stream(text);
        DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
        static_cast<Impl *>(self)->remember(text);
      },
      this);
}

Orc::Impl::~Impl() {
  for (auto &[handle, module] : modules)
    if (module.region.begin) CodeMap::remove(module.region);
  if (session) cantFail(session->endSession());
  linker.reset();
}

Orc::Orc(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Orc::~Orc() = default;

std::unique_ptr<Orc> Orc::create(Options options, Resolver resolver, std::string &error) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->resolver = std::move(resolver);
  impl->target = make_host_machine(options.opt_level, error);
  if (!impl->target) return nullptr;
  auto process = orc::SelfExecutorProcessControl::Create(nullptr, std::make_unique<orc::InPlaceTaskDispatcher>());
  if (!process) {
    error = toString(process.takeError());
    return nullptr;
  }
  impl->session = std::make_unique<orc::ExecutionSession>(std::move(*process));
  impl->session->setErrorReporter([self = impl.get()](Error failure) {
    // A failed lookup follows each cause and says less.
    failure = handleErrors(std::move(failure), [](std::unique_ptr<orc::FailedToMaterialize>) {});
    if (failure) self->remember(toString(std::move(failure)));
  });
  impl->dylib = &impl->session->createBareJITDylib("kiln");
  impl->linker = std::make_unique<orc::ObjectLinkingLayer>(*impl->session, impl->memory);
  impl->linker->addPlugin(std::make_shared<Impl::LinkObserver>(*impl));
  impl->renew_context();
  impl->emitter = std::make_unique<ObjectEmitter>(*impl->target);
  return std::unique_ptr<Orc>(new Orc(std::move(impl)));
}

llvm::TargetMachine &Orc::machine() { return *impl_->target; }

llvm::LLVMContext &Orc::context() {
  if (impl_->modules_in_context >= modules_per_context) impl_->renew_context();
  ++impl_->modules_in_context;
  return *impl_->context;
}

bool Orc::Impl::link(StringRef object, const std::string &name, std::span<const std::string> names,
                     std::span<void *> addresses) {
  orc::MaterializationUnit::Interface interface;
  orc::SymbolLookupSet wanted;
  std::vector<orc::SymbolStringPtr> symbols;
  for (const std::string &name : names) {
    symbols.push_back(session->intern(name));
    interface.SymbolFlags[symbols.back()] = JITSymbolFlags::Exported | JITSymbolFlags::Callable;
    wanted.add(symbols.back());
  }
  linking->tracker = dylib->createResourceTracker();
  auto buffer = MemoryBuffer::getMemBufferCopy(object, name);
  if (auto failure = linker->add(linking->tracker, std::move(buffer), std::move(interface))) {
    remember(toString(std::move(failure)));
    return false;
  }
  auto found = session->lookup(orc::makeJITDylibSearchOrder(dylib, orc::JITDylibLookupFlags::MatchAllSymbols),
                               std::move(wanted));
  if (!found) {
    auto failure = handleErrors(found.takeError(), [&](std::unique_ptr<orc::FailedToMaterialize> failed) -> Error {
      if (!messages.empty()) return Error::success();
      return Error(std::move(failed));
    });
    if (failure) remember(toString(std::move(failure)));
    return false;
  }
  for (size_t i = 0; i < names.size(); ++i) addresses[i] = (*found)[symbols[i]].getAddress().toPtr<void *>();
  return true;
}

Orc::Handle Orc::add(std::unique_ptr<llvm::Module> module, std::span<const std::string> names,
                     std::span<void *> addresses, std::string &error) {
  Impl &impl = *impl_;
  Handle handle = ++impl.last_handle;
  LinkedModule &linked = impl.modules[handle];
  linked.region.handle = handle;
  impl.linking = &linked;
  bool done = impl.guarded(error, [&] {
    prepare(*module, names);
    {
      Stopwatch watch(impl.times.optimise);
      impl.optimise(*module);
    }
    for (const Function &function : *module) impl.times.functions += !function.isDeclaration();
    StringRef object;
    {
      Stopwatch watch(impl.times.codegen);
      object = impl.emitter->emit(*module);
    }
    Stopwatch watch(impl.times.link);
    if (impl.messages.empty() && impl.link(object, module->getModuleIdentifier(), names, addresses) &&
        impl.options.keep_line_tables && module->debug_compile_units().begin() != module->debug_compile_units().end())
      linked.lines = std::make_unique<LineTable>(object.str(), std::move(linked.sections));
  });
  impl.linking = nullptr;
  ++impl.times.modules;
  if (done) return handle;
  if (impl.halted) { // The module is in no state to be destroyed, nor is its context.
    (void)module.release();
    (void)impl.context.release();
    (void)impl.old_context.release();
    impl.renew_context();
  }
  remove(handle);
  return 0;
}

void Orc::remove(Handle handle) {
  auto it = impl_->modules.find(handle);
  if (it == impl_->modules.end()) return;
  if (it->second.region.begin) CodeMap::remove(it->second.region);
  if (it->second.tracker) consumeError(it->second.tracker->remove());
  impl_->modules.erase(it);
  if (++impl_->removals % removals_per_sweep == 0) impl_->session->getSymbolStringPool()->clearDeadEntries();
}

void Orc::optimise(llvm::Module &module) {
  Stopwatch watch(impl_->times.optimise);
  impl_->optimise(module);
}

std::string Orc::print_ir(const llvm::Module &module) {
  std::string text;
  raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

std::string Orc::assembly(llvm::Module &module, const std::function<std::string(uint32_t, uint32_t)> &source_line) {
  return emit_assembly(*impl_->target, module, source_line);
}

std::string Orc::object(llvm::Module &module) { return impl_->emitter->emit(module).str(); }

std::string Orc::bitcode(const llvm::Module &module) {
  std::string bytes;
  raw_string_ostream stream(bytes);
  WriteBitcodeToFile(module, stream);
  return bytes;
}

bool Orc::is_code(const void *address) {
  return Slab::in_text(address) && CodeMap::find(reinterpret_cast<uintptr_t>(address));
}

std::vector<CodePlace> Orc::places(const void *address) const {
  uintptr_t at = reinterpret_cast<uintptr_t>(address);
  const CodeRegion *region = Slab::in_text(address) ? CodeMap::find(at) : nullptr;
  if (!region) return {};
  auto it = impl_->modules.find(region->handle);
  if (it == impl_->modules.end() || &it->second.region != region) return {};
  return it->second.lines ? it->second.lines->places(at) : std::vector<CodePlace>();
}

const CodegenTimes &Orc::times() const { return impl_->times; }

} // namespace kiln
