// From a group of specialisations to a module: functions, their copies, attributes, verification.
#include "codegen/lower.h"
#include "codegen/layout.h"
#include "codegen/lower_function.h"
#include "codegen/lower_module.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

namespace kiln {

ModuleLowering::ModuleLowering(llvm::Module &module, LowerContext &context, const llvm::TargetMachine &machine)
    : module(module), llvm(module.getContext()), context(context), cpu_(machine.getTargetCPU().str()),
      features_(machine.getTargetFeatureString().str()), metadata_(llvm), tbaa_root_(metadata_.createTBAARoot("kiln")) {
}

llvm::FunctionType *ModuleLowering::signature(const Specialisation &specialisation) {
  llvm::SmallVector<llvm::Type *> params;
  for (const Type *param : specialisation.params)
    if (llvm::Type *type = register_type(param)) params.push_back(type);
  llvm::Type *result = register_type(specialisation.result);
  return llvm::FunctionType::get(result ? result : llvm::Type::getVoidTy(llvm), params, false);
}

void ModuleLowering::add_signature_attributes(llvm::AttributeList &list, const Specialisation &specialisation,
                                              unsigned first_argument) {
  unsigned argument = first_argument;
  for (const Type *param : specialisation.params)
    if (register_type(param)) list = list.addParamAttributes(llvm, argument++, attributes_of(param));
  if (register_type(specialisation.result)) list = list.addRetAttributes(llvm, attributes_of(specialisation.result));
}

llvm::Function *ModuleLowering::declare(Specialisation &specialisation, const std::string &name,
                                        llvm::GlobalValue::LinkageTypes linkage) {
  auto *function = llvm::Function::Create(signature(specialisation), linkage, name, module);
  llvm::AttributeList list;
  add_signature_attributes(list, specialisation, 0);
  function->setAttributes(list);
  // Errors and interrupts unwind from any instruction; there are no handlers, so there is no personality.
  function->addFnAttr(llvm::Attribute::getWithUWTableKind(llvm, llvm::UWTableKind::Async));
  function->addFnAttr("probe-stack", "inline-asm"); // A big frame must not step over the guard page.
  function->addFnAttr("target-cpu", cpu_);
  if (!features_.empty()) function->addFnAttr("target-features", features_);
  if (specialisation.result->is(TypeKind::Never)) function->addFnAttr(llvm::Attribute::NoReturn);
  functions_[&specialisation] = function;
  pending_.push_back({&specialisation, function});
  return function;
}

llvm::Function *ModuleLowering::direct_callee(Specialisation &callee, Copy copy) {
  if (auto known = functions_.find(&callee); known != functions_.end()) return known->second;
  bool wanted = copy == Copy::WhereWanted && context.copy_into_caller && context.copy_into_caller(callee);
  if (!wanted && copy != Copy::Always) return nullptr;
  return declare(callee, callee.symbol + ".copy", llvm::GlobalValue::InternalLinkage);
}

void ModuleLowering::lower_group(std::span<Specialisation *const> group) {
  start_debug_info();
  for (Specialisation *member : group) declare(*member, member->symbol, llvm::GlobalValue::ExternalLinkage);
  for (size_t i = 0; i < pending_.size(); ++i) { // Lowering a body may declare copies.
    Pending next = pending_[i];
    const KirFunction &kir = context.typed(*next.specialisation);
    if (kir.is_unit && !kir.has_loop) { // Runs once: not worth optimising.
      next.function->addFnAttr(llvm::Attribute::OptimizeNone);
      next.function->addFnAttr(llvm::Attribute::NoInline);
    }
    attach_subprogram(*next.function, *next.specialisation, kir);
    FunctionLowering(*this, *next.specialisation, kir, *next.function).lower();
  }
  finish_debug_info();
}

std::unique_ptr<llvm::Module> lower(std::span<Specialisation *const> group, LowerContext &context,
                                    llvm::LLVMContext &llvm, const llvm::TargetMachine &machine,
                                    const std::string &name) {
  auto module = std::make_unique<llvm::Module>(name, llvm);
  module->setDataLayout(machine.createDataLayout());
  module->setTargetTriple(machine.getTargetTriple());
  module->addModuleFlag(llvm::Module::Max, "uwtable", static_cast<uint32_t>(llvm::UWTableKind::Async));
  ModuleLowering(*module, context, machine).lower_group(group);
#ifndef NDEBUG
  llvm::raw_string_ostream text(context.error);
  if (llvm::verifyModule(*module, &text)) return nullptr;
#endif
  return module;
}

} // namespace kiln
