// Functions whose bodies are written in LLVM IR.
#include "codegen/ir_body.h"
#include "codegen/lower_module.h"

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

namespace kiln {

namespace {

std::string ir_type(const Type *type) {
  if (type->is_empty()) return "void";
  if (type->is(TypeKind::Bool)) return "i1";
  if (type->is(TypeKind::F32)) return "float";
  if (type->is(TypeKind::F64)) return "double";
  if (type->is(TypeKind::Str)) return "ptr";
  return fmt::format("i{}", type->bits());
}

/// The definition; the body begins on its second line.
std::string definition(const ExternFunction &function) {
  std::string params;
  for (size_t i = 0; i < function.params.size(); ++i)
    params += fmt::format("{}{} %{}", i ? ", " : "", ir_type(function.params[i]), function.param_names[i]);
  return fmt::format("define {} @\"{}\"({}) alwaysinline {{\n{}\n}}\n", ir_type(function.result), function.symbol, params,
                     function.code);
}

/// The place of a line and column of the body, both from 0; the whole body when it has no such line.
Span place_in(const ExternFunction &function, const Sources &sources, int line, int column) {
  std::string_view text = sources.text(function.code_span);
  size_t begin = 0;
  for (; line > 0 && begin != std::string_view::npos; --line) {
    begin = text.find('\n', begin);
    if (begin != std::string_view::npos) ++begin;
  }
  if (line < 0 || begin == std::string_view::npos) return function.code_span;
  size_t end = std::min(text.find('\n', begin), text.size());
  size_t at = std::min(begin + static_cast<size_t>(std::max(column, 0)), end);
  while (at > begin && at == end) --at; // LLVM may miss what should follow the line.
  uint32_t first = function.code_span.begin;
  return {function.code_span.source, first + static_cast<uint32_t>(at), first + static_cast<uint32_t>(std::max(end, at))};
}

} // namespace

bool check_ir_body(const ExternFunction &function, const Sources &sources, Diagnostics &diagnostics) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic found;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(definition(function), found, context);
  if (!module) {
    Span place = place_in(function, sources, found.getLineNo() - 2, found.getColumnNo());
    diagnostics.report<Diag::BadIr>(place, found.getMessage().str());
    return false;
  }
  std::string problem;
  llvm::raw_string_ostream text(problem);
  size_t definitions = static_cast<size_t>(std::ranges::count_if(*module, [](const llvm::Function &f) { return !f.isDeclaration(); }));
  if (definitions != 1)
    problem = "the body goes on after its closing '}'";
  else if (!llvm::verifyModule(*module, &text))
    return true;
  while (!problem.empty() && problem.back() == '\n') problem.pop_back();
  std::ranges::replace(problem, '\n', ' ');
  diagnostics.report<Diag::BadIr>(function.code_span, problem);
  return false;
}

llvm::FunctionCallee ModuleLowering::define_ir_body(const ExternFunction &function) {
  llvm::SMDiagnostic found; // Nothing: the body was checked when it was declared.
  std::unique_ptr<llvm::Module> body = llvm::parseAssemblyString(definition(function), found, llvm);
  body->setDataLayout(module.getDataLayout());
  body->setTargetTriple(module.getTargetTriple());
  llvm::Linker::linkModules(module, std::move(body));
  return module.getFunction(function.symbol);
}

} // namespace kiln
