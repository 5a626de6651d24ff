#include "jit/orc_emit.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>
#include <llvm/TargetParser/Triple.h>

#include <map>

namespace kiln {

using namespace llvm;

ObjectEmitter::ObjectEmitter(TargetMachine &machine) : stream_(bytes_) {
  MCContext *context = nullptr;
  if (machine.addPassesToEmitMC(passes_, context, stream_, /*DisableVerify=*/true))
    report_fatal_error("the host's back end cannot write objects");
}

StringRef ObjectEmitter::emit(Module &module) {
  bytes_.clear();
  passes_.run(module);
  return StringRef(bytes_.data(), bytes_.size());
}

namespace {

// Steps of code generation that cost compile time and bring our code nothing. LLVM has no other interface to them; a
// flag that its version does not have is left out.
void drop_idle_passes() {
  auto set = [](StringRef name, StringRef value) {
    auto &options = cl::getRegisteredOptions();
    if (auto it = options.find(name); it != options.end()) it->second->addOccurrence(0, name, value);
  };
  set("experimental-debug-variable-locations",
      "false");                   // Our line tables have no variables to trace through registers.
  set("disable-post-ra", "true"); // Scheduling again after register allocation.
}

} // namespace

std::unique_ptr<TargetMachine> make_host_machine(int level, std::string &error) {
  if (InitializeNativeTarget() || InitializeNativeTargetAsmPrinter()) {
    error = "LLVM has no back end for this machine";
    return nullptr;
  }
  [[maybe_unused]] static const bool once = (drop_idle_passes(), true);
  Triple triple(sys::getProcessTriple());
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  SubtargetFeatures features;
  for (auto &[name, on] : sys::getHostCPUFeatures()) features.AddFeature(name, on);

  TargetOptions options;
  options.AllowFPOpFusion =
      FPOpFusion::Strict; // No multiply-add where the program has a multiplication and an addition.
  options.EmulatedTLS = false;
  options.TrapUnreachable = false;
  options.MCOptions.AsmVerbose = false;
  CodeGenOptLevel effort = level == 0   ? CodeGenOptLevel::None
                           : level == 1 ? CodeGenOptLevel::Less
                           : level == 2 ? CodeGenOptLevel::Default
                                        : CodeGenOptLevel::Aggressive;
  // Position-independent: JITLink turns references through tables into direct ones for all that is in reach.
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, sys::getHostCPUName(), features.getString(), options, Reloc::PIC_, CodeModel::Small, effort,
      /*JIT=*/true));
  if (!machine) error = "LLVM cannot compile for this machine";
  return machine;
}

uint32_t source_number(StringRef file_name) {
  uint32_t number = 0;
  return file_name.consumeInteger(10, number) ? 0 : number;
}

namespace {

// `.file 1 "directory" "3:name"` or without the directory: gives 3.
uint32_t source_of_directive(StringRef directive) {
  size_t close = directive.find_last_of('"');
  if (close == StringRef::npos) return 0;
  // A checksum may follow, without quotes.
  size_t open = directive.rfind('"', close);
  return open == StringRef::npos ? 0 : source_number(directive.slice(open + 1, close));
}

// Whether a directive says nothing about the code to a reader. The size of a function goes with the label at its end.
bool is_noise(StringRef line) {
  for (StringRef directive : {".cfi_", ".file", ".ident", ".addrsig"})
    if (line.starts_with(directive)) return true;
  if (line.starts_with(".size\t") && line.contains(", .Lfunc_end")) return true;
  return line.starts_with(".section\t\".note") || line.starts_with(".Ltmp") || line.starts_with(".Lfunc_begin") ||
         line.starts_with(".Lfunc_end");
}

} // namespace

std::string emit_assembly(TargetMachine &machine, Module &module,
                          const std::function<std::string(uint32_t, uint32_t)> &source_line) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::AssemblyFile, /*DisableVerify=*/true))
    return {};
  passes.run(module);

  std::map<uint32_t, uint32_t> sources; // File number in the assembly to source.
  std::pair<uint32_t, uint32_t> shown;
  bool debug_section = false;
  std::string text;
  StringRef rest(bytes.data(), bytes.size());
  for (StringRef line; !rest.empty();) {
    std::tie(line, rest) = rest.split('\n');
    StringRef content = line.ltrim();
    uint32_t file = 0, row = 0;
    StringRef arguments = content;
    if (arguments.consume_front(".file\t") && !arguments.consumeInteger(10, file))
      sources[file] = source_of_directive(arguments);
    if (content.starts_with(".section") || content == ".text" || content == ".data")
      debug_section = content.contains(".debug_");
    if (debug_section || is_noise(content)) continue;
    arguments = content;
    if (arguments.consume_front(".loc\t")) {
      if (arguments.consumeInteger(10, file)) continue;
      arguments = arguments.ltrim();
      if (arguments.consumeInteger(10, row) || !row || shown == std::pair(file, row)) continue;
      shown = {file, row};
      std::string source = source_line ? source_line(sources[file], row) : std::string();
      if (!source.empty()) text += "\t# " + std::to_string(row) + ": " + StringRef(source).trim().str() + "\n";
      continue;
    }
    text.append(line.data(), line.size());
    text += '\n';
  }
  return text;
}

std::unique_ptr<Module> join_modules(LLVMContext &context, const TargetMachine &machine,
                                     std::span<const std::string> bitcode, std::string &error) {
  auto joined = std::make_unique<Module>("run", context);
  joined->setDataLayout(machine.createDataLayout());
  joined->setTargetTriple(machine.getTargetTriple());
  Linker linker(*joined);
  for (const std::string &bytes : bitcode) {
    Expected<std::unique_ptr<Module>> module = parseBitcodeFile(MemoryBufferRef(bytes, "run"), context);
    if (!module) {
      error = toString(module.takeError());
      return nullptr;
    }
    if (linker.linkInModule(std::move(*module))) {
      error = "LLVM cannot join the modules";
      return nullptr;
    }
  }
  return joined;
}

} // namespace kiln
