#pragma once

#include "codegen/infer.h"
#include "jit/code_cache/code_cache.h"
#include "jit/compile_log.h"
#include "jit/compile_report.h"
#include "jit/compile_thread.h"
#include "jit/engine.h"
#include "jit/orc.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace kiln {

/// Compiles specialisations by LLVM, and what `emit` shows of them. All that needs types, up to LLVM IR as it was lowered, is
/// done where the program runs; the rest may be done by a thread of its own, which then alone has LLVM until it is done.
class Compiler {
public:
  Compiler(Inference &inference, const EngineOptions &options);
  ~Compiler();
  Compiler(const Compiler &) = delete;
  Compiler &operator=(const Compiler &) = delete;

  /// Makes it the one that the runtime asks.
  void activate();

  /// Compiles the group as one module and fills their entry cells. False with `error` set: a bug of Kiln's or LLVM's.
  /// `why`: for the log.
  bool compile(std::span<Specialisation *const> group, std::string why, std::string &error);

  /// Fills entry cells with what an earlier run compiled for the function, or for its rest from a loop on, as the interpreter goes on
  /// with it; and for others that were compiled with it. False when nothing is kept of it.
  bool find(Specialisation &function);
  bool find(Specialisation &continued, const Block &header);
  /// The continuation that the interpreter goes on with at a loop's header; null when it has no such loop.
  void on_resumption(std::function<Specialisation *(Specialisation &continued, uint32_t header)> make) { cache_.resumption = std::move(make); }

  /// Whether the compile thread has nothing to do. The first time it has: LLVM is started.
  bool can_compile_later();
  /// Begins to compile the group on that thread: lowers it. take_up() is to end it.
  bool compile_later(std::span<Specialisation *const> group, std::string why, std::string &error);
  /// Whether there is something to take up.
  bool has_finished() const { return job_ && !thread_.is_busy(); }
  /// Fills the entry cells of what the compile thread has made. False with `error` set when that failed.
  bool take_up(std::string &error);
  /// Waits for the compile thread, and takes up what it has made.
  void settle();
  bool is_compiling() const { return job_ && thread_.is_busy(); }
  /// Frees the code of what nothing can call any more, where it is all that there is in its module. Nothing is being compiled.
  void erase(const Specialisation &specialisation);
  /// Called for each specialisation that has compiled code now.
  std::function<void(Specialisation &)> on_compiled;

  /// The text (or bytes) of a kind for one specialisation, and what it inlines. Empty with `error` set when that fails.
  std::string emit(EmitKind kind, Specialisation &specialisation, std::string &error);
  /// Keeps what each compile makes from now on.
  void keep(EmitKind kind) { kept_kind_ = kind; }
  /// What was kept, as one text or file. Empty with `error` set when that fails.
  std::string kept(std::string &error);

  /// What was compiled, and what LLVM said of it, since it was asked to keep that.
  const std::vector<CompileReport> &reports() const { return reports_; }
  void keep_reports();

  /// Whether callers get a copy of the function.
  bool is_copied(Specialisation &callee);
  /// Makes an extern function ready to be called by the interpreter. False for a body in LLVM IR.
  bool prepare_extern(const ExternFunction &function);

  /// The Kiln functions that an error went through, innermost first; each with the place it had come to.
  std::vector<Frame> trace(const RuntimeError &error);

  CodegenTimes codegen_times() const;
  const CodeCache &cache() const { return cache_; }
  double lower_seconds = 0;
  double background_seconds = 0; // By the compile thread.
  uint64_t compiled = 0;
  uint64_t shown = 0; // Modules that were made for emit() alone.

private:
  struct Job;
  std::string names_of(std::span<Specialisation *const> group) const;
  bool start(std::string &error);
  std::unique_ptr<Orc> make_orc(std::string &error) const;
  void begin(std::unique_ptr<Job> job, std::function<void(Job &)> work);
  bool lower_job(Job &job, std::string &error);
  void build(Job &job);
  bool publish(Job &job, std::string &error);
  /// What is to be shown is what LLVM does.
  bool uses_cache() const { return !kept_kind_ && !keeps_reports_; }
  bool take_found(std::optional<CodeCache::Found> found);
  void fill(Specialisation &made, void *entry);
  std::unique_ptr<llvm::Module> lower_group(std::span<Specialisation *const> group, std::string &error);
  void keep_module(const llvm::Module &module);
  std::string show(EmitKind kind, llvm::Module &module);
  bool note(const ExternFunction &function, std::string &error);
  void *resolve(std::string_view symbol);
  /// Whose code a symbol names; null when it is not a specialisation's.
  const Specialisation *specialisation_of(std::string_view symbol) const;
  /// What a DynSite does for operands of these types: an entry cell; null with `error` set.
  static void *const *find_dyn(void *cache, const Type *const *held, std::string &error);
  static TraceText describe(const RuntimeError &error);
  std::vector<CodePlace> places(const void *address);
  Frame frame_of(const CodePlace &place) const;

  Inference &inference_;
  const EngineOptions &options_;
  CompileLog log_;
  CodeCache cache_;
  std::minstd_rand random_; // For delays of the compile thread.
  std::unique_ptr<Orc> orc_;
  std::optional<EmitKind> kept_kind_;
  std::string kept_text_;
  std::vector<std::string> kept_modules_; // In bitcode: they come from several contexts.
  std::vector<CompileReport> reports_;
  bool keeps_reports_ = false;
  std::unordered_map<std::string_view, const GlobalVariable *> globals_;
  std::unordered_map<std::string_view, const ExternFunction *> externs_;
  std::unordered_map<uint64_t, size_t> in_module_; // By Specialisation::module: how many have their code there.
  bool has_texts_ = false;                         // What was lowered last has constant texts: values may point to them.
  std::unique_ptr<Job> job_; // The compile thread's, until it is taken up.
  std::string late_error_;   // Of a job that was taken up by settle().
  CompileThread thread_;     // Destroyed first.
};

} // namespace kiln
