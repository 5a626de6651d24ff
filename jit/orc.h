#pragma once

#include "jit/compile_report.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace kiln {

/// A place in machine code, as the line tables tell it. Innermost first when functions were inlined.
struct CodePlace {
  std::string symbol; // LLVM function name, with ".copy" if it was a copy.
  uint32_t source = 0;
  uint32_t line = 0;
  uint32_t column = 0;
};

/// What a compile cost, for `--time`. Seconds.
struct CodegenTimes {
  double start = 0, optimise = 0, codegen = 0, link = 0;
  uint64_t modules = 0, functions = 0, code_bytes = 0;

  CodegenTimes &operator+=(const CodegenTimes &other);
};

struct LinkedModule;
struct CodeImage;

/// The only part of Kiln that owns ORC: one LLJIT on JITLink, with memory carved from slabs. No LLVM header needed to use it.
/// Belongs to the thread that runs the program, but for build(): while that is at work in another, only publish() (of what was
/// built before), is_code(), places() and times() may be called. Errors come back as text, for an internal-error diagnostic.
class Orc {
public:
  struct Options {
    int opt_level = 3; // 0..3
    bool keep_line_tables = true;
  };
  /// Resolves a name that a module refers to and nobody defined: an address, or null. Asked while linking.
  using Resolver = std::function<void *(std::string_view)>;

  /// Makes the JIT: host CPU and features. Null and a message when LLVM cannot.
  static std::unique_ptr<Orc> create(Options options, std::string &error);
  ~Orc();

  llvm::TargetMachine &machine();
  /// A context for the next module; modules are handed back to build().
  llvm::LLVMContext &context();

  /// Optimises, generates and links a module now, with all `names` defined in it: the code is in memory, but nobody knows of it.
  /// `image`: where not null, gets what another process can make the code from; left without text when that cannot be.
  std::shared_ptr<LinkedModule> build(std::unique_ptr<llvm::Module> module, std::span<const std::string> names, const Resolver &resolver,
                                      CodeImage *image = nullptr);
  /// A number for a module's code, to free it by.
  using Handle = uint64_t;
  /// Unwinding and backtraces find the code from now on. Gives the address of each name, and the handle; 0 with `error` set
  /// when it could not be built.
  Handle publish(std::shared_ptr<LinkedModule> built, std::span<void *> addresses, std::string &error);
  /// The names that a module refers to and does not define.
  static std::vector<std::string> undefined(const llvm::Module &module);
  /// Puts machine code into executable memory. Null with `error` set when that fails.
  void *place(const std::string &symbol, std::string_view code, std::string &error);
  /// From now on LLVM's remarks are kept, at some cost; and those that were, up to the last build().
  void keep_remarks();
  std::vector<OptimisationRemark> take_remarks();
  /// Frees a module's code. No frame may be in it.
  void remove(Handle handle);

  // For `kiln emit` and :llvm, :asm. The module is optimised in place at the given level.
  void optimise(llvm::Module &module);
  static std::string print_ir(const llvm::Module &module);
  /// Assembly with source lines as comments (`source_line(source, line)` gives the text).
  std::string assembly(llvm::Module &module, const std::function<std::string(uint32_t, uint32_t)> &source_line);
  std::string object(llvm::Module &module);
  static std::string bitcode(const llvm::Module &module);

  /// Whether an address lies in code that was published and remove() did not free. Async-signal-safe.
  static bool is_code(const void *address);
  /// Where a code address came from: the innermost place first. For a return address pass one byte less.
  std::vector<CodePlace> places(const void *address) const;

  /// Of what was published.
  const CodegenTimes &times() const;

private:
  struct Impl;
  explicit Orc(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace kiln
