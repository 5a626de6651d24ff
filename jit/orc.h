#pragma once

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
};

/// The only part of Kiln that owns ORC: one LLJIT on JITLink, with memory carved from slabs. No LLVM header needed to use it.
/// Not thread-safe. Errors come back as text, for an internal-error diagnostic.
class Orc {
public:
  struct Options {
    int opt_level = 3; // 0..3
    bool keep_line_tables = true;
  };
  /// Resolves a name that a module refers to and nobody defined: an address, or null. Asked in batches while linking.
  using Resolver = std::function<void *(std::string_view)>;

  /// Makes the JIT: host CPU and features. Null and a message when LLVM cannot.
  static std::unique_ptr<Orc> create(Options options, Resolver resolver, std::string &error);
  ~Orc();

  llvm::TargetMachine &machine();
  /// A context for the next module; modules are handed back to add().
  llvm::LLVMContext &context();

  /// A number for a module's code, to free it by.
  using Handle = uint64_t;
  /// Optimises, generates and links a module now, and gives the address of each name in `names` (all defined in it).
  /// Returns the handle, or 0 with `error` set.
  Handle add(std::unique_ptr<llvm::Module> module, std::span<const std::string> names, std::span<void *> addresses, std::string &error);
  /// Puts machine code into executable memory. Null with `error` set when that fails.
  void *place(const std::string &symbol, std::string_view code, std::string &error);
  /// Frees a module's code. No frame may be in it.
  void remove(Handle handle);

  // For `kiln emit` and :llvm, :asm. The module is optimised in place at the given level.
  void optimise(llvm::Module &module);
  static std::string print_ir(const llvm::Module &module);
  /// Assembly with source lines as comments (`source_line(source, line)` gives the text).
  std::string assembly(llvm::Module &module, const std::function<std::string(uint32_t, uint32_t)> &source_line);
  std::string object(llvm::Module &module);
  static std::string bitcode(const llvm::Module &module);

  /// Whether an address lies in code that add() linked and remove() did not free. Async-signal-safe.
  static bool is_code(const void *address);
  /// Where a code address came from: the innermost place first. For a return address pass one byte less.
  std::vector<CodePlace> places(const void *address) const;

  const CodegenTimes &times() const;

private:
  struct Impl;
  explicit Orc(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace kiln
