#include "jit/baseline/baseline.h"
#include "jit/baseline/baseline_compiler.h"
#include "jit/llvm_start.h"

#include <fmt/format.h>
#include <llvm-c/Disassembler.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

namespace kiln {

namespace {

/// LLVM's disassembler.
class Disassembler {
public:
  Disassembler() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetDisassembler();
    handle_ = LLVMCreateDisasm(llvm::sys::getProcessTriple().c_str(), nullptr, 0, nullptr, nullptr);
    if (handle_) LLVMSetDisasmOptions(handle_, LLVMDisassembler_Option_AsmPrinterVariant | LLVMDisassembler_Option_PrintImmHex);
  }
  ~Disassembler() {
    if (handle_) LLVMDisasmDispose(handle_);
  }
  Disassembler(const Disassembler &) = delete;
  Disassembler &operator=(const Disassembler &) = delete;

  std::string lines(std::span<const unsigned char> code, size_t begin, size_t end) {
    std::string text;
    while (begin < end && handle_) {
      char line[256];
      size_t bytes = LLVMDisasmInstruction(handle_, const_cast<uint8_t *>(code.data() + begin), end - begin, begin, line, sizeof line);
      if (!bytes) break;
      text += fmt::format("{:>8x}{}\n", begin, line);
      begin += bytes;
    }
    return text;
  }

private:
  LLVMDisasmContextRef handle_ = nullptr;
};

} // namespace

std::string print_baseline(const Code &code, const Sources &sources) {
  InlinedCalls inlined = inline_calls(code);
  size_t size = BaselineCompiler::most_bytes(code, inlined);
  std::unique_ptr<unsigned char[]> buffer(new unsigned char[size]);
  BaselineCompiler compiler(code, inlined, {buffer.get(), size});
  std::span<const unsigned char> machine_code = compiler.write_all();
  start_llvm();
  Disassembler disassembler;
  std::string text = fmt::format("# {}: {} bytes\n", code.specialisation->display, machine_code.size());
  uint32_t shown_line = 0;
  for (auto start = compiler.starts().begin(); start->first < code.words.size(); ++start) {
    text += print_line_of(code, start->first, sources, shown_line);
    text += "#" + print_instruction(code, start->first);
    text += disassembler.lines(machine_code, start->second, std::next(start)->second);
  }
  text += "# Where the interpreter takes over, or enters a loop; growing of arrays\n";
  return text + disassembler.lines(machine_code, compiler.starts().rbegin()->second, machine_code.size());
}

} // namespace kiln
