#pragma once

#include "codegen/infer.h"
#include "jit/engine.h"
#include "jit/orc.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace kiln {

/// Compiles specialisations by LLVM when they are first called, and what `emit` shows of them.
class Compiler {
public:
  Compiler(Inference &inference, const EngineOptions &options);
  ~Compiler();
  Compiler(const Compiler &) = delete;
  Compiler &operator=(const Compiler &) = delete;

  /// Compiles the group as one module and fills their entry cells. False with `error` set: a bug of Kiln's or LLVM's.
  bool compile(std::span<Specialisation *const> group, std::string &error);
  /// The text (or bytes) of a kind for one specialisation, and what it inlines. Empty with `error` set when that fails.
  std::string emit(EmitKind kind, Specialisation &specialisation, std::string &error);
  /// Keeps what each compile makes from now on.
  void keep(EmitKind kind) { kept_kind_ = kind; }
  /// What was kept, as one text or file. Empty with `error` set when that fails.
  std::string kept(std::string &error);

  /// Makes an extern function ready to be called by the interpreter. False for a body in LLVM IR.
  bool prepare_extern(const ExternFunction &function);

  /// The Kiln functions that an error went through, innermost first; each with the place it had come to.
  std::vector<Frame> trace(const RuntimeError &error) const;

  CodegenTimes codegen_times() const;
  double lower_seconds = 0;
  uint64_t compiled = 0;
  uint64_t shown = 0; // Modules that were made for emit() alone.

private:
  bool start(std::string &error);
  std::unique_ptr<llvm::Module> lower_group(std::span<Specialisation *const> group, std::string &error);
  void keep_module(const llvm::Module &module);
  std::string show(EmitKind kind, llvm::Module &module);
  bool note(const ExternFunction &function, std::string &error);
  void *resolve(std::string_view symbol);
  /// Whose code a symbol names; null when it is not a specialisation's.
  const Specialisation *specialisation_of(std::string_view symbol) const;
  static void *materialize(void **cell);
  /// What a DynSite does for operands of these types: an entry cell; null with `error` set.
  static void *const *find_dyn(void *cache, const Type *const *held, std::string &error);
  static TraceText describe(const RuntimeError &error);
  std::vector<CodePlace> places(const void *address) const;
  Frame frame_of(const CodePlace &place) const;

  Inference &inference_;
  const EngineOptions &options_;
  std::unique_ptr<Orc> orc_;
  std::optional<EmitKind> kept_kind_;
  std::string kept_text_;
  std::vector<std::string> kept_modules_; // In bitcode: they come from several contexts.
  std::string last_error_;
  std::unordered_map<std::string_view, const GlobalVariable *> globals_;
  std::unordered_map<std::string_view, const ExternFunction *> externs_;
};

} // namespace kiln
