#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Support/raw_ostream.h>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace llvm {
class LLVMContext;
class MemoryBuffer;
class Module;
class TargetMachine;
} // namespace llvm

namespace kiln {

/// Turns modules into object files in memory with one set of code generation passes: setting them up costs more than a
/// small module takes.
class ObjectEmitter {
public:
  explicit ObjectEmitter(llvm::TargetMachine &machine);
  /// The object of a module, valid until the next call.
  llvm::StringRef emit(llvm::Module &module);

private:
  llvm::SmallVector<char, 0> bytes_;
  llvm::raw_svector_ostream stream_;
  llvm::legacy::PassManager passes_;
};

/// The host's machine for compiling at an optimisation level; null with `error` set when LLVM has none.
std::unique_ptr<llvm::TargetMachine> make_host_machine(int level, std::string &error);

/// Assembly text of a module, with the text of each source line before its first instruction.
std::string emit_assembly(llvm::TargetMachine &machine, llvm::Module &module,
                          const std::function<std::string(uint32_t source, uint32_t line)> &source_line);

/// One module of several in bitcode, each defining names of its own. Null with `error` set when LLVM cannot join them.
std::unique_ptr<llvm::Module> join_modules(llvm::LLVMContext &context, const llvm::TargetMachine &machine,
                                           std::span<const std::string> bitcode, std::string &error);

/// Line tables name a source "<number>:<name>". The number, or 0.
uint32_t source_number(llvm::StringRef file_name);

} // namespace kiln
