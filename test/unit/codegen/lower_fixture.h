#pragma once

#include "test/unit/codegen/typed_kir.h"

#include <gtest/gtest.h>

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <map>
#include <stdexcept>

namespace kiln::test {

/// What a stand-in for a failing runtime function throws.
struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Lowers typed KIR written by hand, optimises it, runs it in a plain LLJIT with the names given.
class LowerTest : public ::testing::Test {
protected:
  LowerTest() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    sources.add("test.kn", "some source text\n");
    auto builder = cantFail(llvm::orc::JITTargetMachineBuilder::detectHost());
    builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
    machine = cantFail(builder.createTargetMachine());
  }

  TypedKir &function(std::string name, std::vector<const Type *> params, const Type *result) {
    return *functions.emplace_back(std::make_unique<TypedKir>(types, std::move(name), std::move(params), result));
  }

  /// Lowers all functions but those whose name starts with "other" into one module.
  llvm::Module &lower_all() {
    std::vector<Specialisation *> group;
    for (auto &made : functions)
      if (!made->kir->name.starts_with("other")) group.push_back(&made->specialisation);
    for (auto &made : functions) {
      EXPECT_EQ(verify_kir(*made->kir), "") << print_kir(*made->kir, sources);
    }
    context = std::make_unique<llvm::LLVMContext>();
    module = lower_group(group, *context);
    return *module;
  }

  /// What the interpreter is said to have counted.
  std::function<BranchCounts(const Specialisation &, const Block &)> branch_counts;

  std::unique_ptr<llvm::Module> lower_group(std::span<Specialisation *const> group, llvm::LLVMContext &in) {
    LowerContext lowering{sources,
                          types,
                          options,
                          [this](Specialisation &wanted) -> const KirFunction & {
                            for (auto &made : functions)
                              if (&made->specialisation == (wanted.continues ? wanted.continues : &wanted))
                                return *made->kir;
                            throw std::logic_error("no such specialisation");
                          },
                          [this](const Specialisation &callee) { return copies && callee.symbol.starts_with("other"); },
                          [this](Specialisation &of, const Block &header, std::vector<const Type *> params) -> Specialisation & {
                            return continuation(of, header, std::move(params));
                          },
                          branch_counts,
                          {},
                          {}};
    std::unique_ptr<llvm::Module> made = lower(group, lowering, in, *machine, "test");
    EXPECT_TRUE(made) << lowering.error;
    if (!made) throw std::logic_error(lowering.error);
    return made;
  }

  Specialisation &continuation(Specialisation &of, const Block &header, std::vector<const Type *> params) {
    Specialisation &made = continuations.emplace_back();
    made.symbol = of.symbol + ".from" + std::to_string(header.id);
    made.params = std::move(params);
    made.result = of.result;
    made.continues = &of;
    made.entered = &header;
    symbols[made.symbol + ".entry"] = &made.entry;
    return made;
  }

  void optimise() {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder(machine.get());
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(*module, modules);
  }

  std::string ir() const {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream, nullptr);
    return text;
  }

  static size_t count(const std::string &text, std::string_view part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
  }

  /// Links the module; `link(name, function)` first what it refers to.
  template <typename Function>
  void link(std::string name, Function *function) {
    symbols[std::move(name)] = reinterpret_cast<void *>(function);
  }
  template <typename Function>
  Function *run(const std::string &name) {
    if (!jit) {
      jit = cantFail(llvm::orc::LLJITBuilder().create());
      llvm::orc::SymbolMap map;
      for (auto &[symbol, address] : symbols)
        map[jit->mangleAndIntern(symbol)] = {llvm::orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
      cantFail(jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(map)));
      cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))));
      for (Specialisation &made : continuations) {
        Specialisation *group[] = {&made};
        auto own_context = std::make_unique<llvm::LLVMContext>();
        auto own = lower_group(group, *own_context);
        cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(own), std::move(own_context))));
        made.entry = cantFail(jit->lookup(made.symbol)).template toPtr<void *>();
      }
    }
    return cantFail(jit->lookup(name)).toPtr<Function *>();
  }

  Sources sources;
  TypeTable types;
  LowerOptions options;
  bool copies = false;
  std::vector<std::unique_ptr<TypedKir>> functions;
  std::deque<Specialisation> continuations; // Of the first function.
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::map<std::string, void *> symbols;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace kiln::test
