#pragma once

#include "codegen/lower.h"

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <optional>
#include <string_view>
#include <unordered_map>

namespace kiln {

/// The C functions of runtime.def.
enum class Runtime : uint8_t {
#define KILN_RUNTIME(symbol, attribute, result, ...) symbol,
#include "codegen/runtime.def"
};

/// What a piece of memory holds, for alias analysis: accesses of different roles never meet.
enum class MemoryRole : uint8_t { ArrayData, ArrayLength, ArrayCapacity, ArrayDimension, StrBytes, Entry, CellSet };

/// What lowering a module shares among its functions: LLVM's form of types, declarations, alias and debug metadata.
/// Owned by lower(), gone when the module is made.
class ModuleLowering {
public:
  ModuleLowering(llvm::Module &module, LowerContext &context, const llvm::TargetMachine &machine);

  llvm::Module &module;
  llvm::LLVMContext &llvm;
  LowerContext &context;

  // --- types (lower_types.cpp) ---

  /// The form of a value in registers and in memory (a bool differs); null for types without bits. Aggregates hold the
  /// form in memory in both places.
  llvm::Type *register_type(const Type *type);
  llvm::Type *memory_type(const Type *type);
  /// The place of an element among the fields of its aggregate's LLVM struct.
  llvm::StructType *union_form(const Type *type);
  static unsigned field_of(const Type *aggregate, uint32_t element);
  /// What is known of every value of the type, as a parameter, argument or result.
  llvm::AttrBuilder attributes_of(const Type *type);

  llvm::MDNode *tag(MemoryRole role);
  /// For elements of arrays and for fields: by the kind of scalar.
  llvm::MDNode *element_tag(const Type *scalar);
  /// A field of the objects of a class: no other memory is accessed as it.
  llvm::MDNode *field_tag(const Type *type, uint32_t field) {
    return tag_named("field " + std::to_string(type->id) + "." + std::to_string(field));
  }
  llvm::MDNode *cell_tag() { return tag_named("cell"); }
  llvm::MDNode *global_tag(const GlobalVariable &global) { return tag_named(global.symbol); }

  // --- what is linked by name (lower_extern.cpp) ---

  llvm::FunctionCallee runtime(Runtime function);
  /// A C function of math.def on the type's width.
  llvm::FunctionCallee math(std::string_view name, const Type *type);
  /// A function on f64 that has vector forms with the same bits, and these as the vectoriser wants them listed; none when
  /// the function or the machine has none.
  struct SimdMath {
    llvm::Function *scalar;
    std::string variants;
  };
  std::optional<SimdMath> simd_math(std::string_view name);
  llvm::FunctionCallee external(const ExternFunction &function);
  /// The function of an `llvm` definition, as part of this module (lower_ir_body.cpp).
  llvm::FunctionCallee define_ir_body(const ExternFunction &function);
  llvm::Constant *type_object(const Type *type) { return symbol("type." + std::to_string(type->id)); }
  llvm::Constant *dyn_site(size_t id) { return symbol("dyn." + std::to_string(id)); }
  llvm::Constant *entry_cell(const Specialisation &callee) { return symbol(callee.symbol + ".entry"); }
  llvm::Constant *global(const GlobalVariable &variable) { return symbol(variable.symbol); }
  /// A constant text followed by a zero byte.
  llvm::Constant *text(std::string_view text);

  // --- functions (lower.cpp) ---

  /// The function's LLVM form, without the entry cell in front.
  llvm::FunctionType *signature(const Specialisation &specialisation);
  void add_signature_attributes(llvm::AttributeList &list, const Specialisation &specialisation,
                                unsigned first_argument);
  llvm::Function *declare(Specialisation &specialisation, const std::string &name,
                          llvm::GlobalValue::LinkageTypes linkage);
  /// Whether a callee that is not in the module comes into it as a copy.
  enum class Copy : uint8_t { Never, WhereWanted, Always };
  /// The function to call directly for a callee: a member of the group or a copy (made now if it is to be one), else
  /// null.
  llvm::Function *direct_callee(Specialisation &callee, Copy copy);
  void lower_group(std::span<Specialisation *const> group);

  // --- debug info (lower_debug.cpp) ---

  void start_debug_info();
  void attach_subprogram(llvm::Function &function, const Specialisation &specialisation, const KirFunction &kir);
  llvm::DebugLoc location(const llvm::Function &function, Span span);
  void finish_debug_info();

private:
  llvm::MDNode *tag_named(llvm::StringRef name);
  llvm::Constant *symbol(const std::string &name);
  llvm::DIFile *file(uint32_t source);

  std::string cpu_, features_;
  llvm::MDBuilder metadata_;
  llvm::MDNode *tbaa_root_;
  std::unordered_map<std::string, llvm::MDNode *> tags_;
  std::unordered_map<const Type *, llvm::Type *> memory_types_;
  std::unordered_map<std::string, llvm::Constant *> texts_;
  std::unordered_map<const Specialisation *, llvm::Function *> functions_;
  struct Pending {
    Specialisation *specialisation;
    llvm::Function *function;
  };
  std::vector<Pending> pending_;
  std::unique_ptr<llvm::DIBuilder> debug_;
  llvm::DISubroutineType *debug_signature_ = nullptr;
  std::unordered_map<uint32_t, llvm::DIFile *> files_;
};

} // namespace kiln
