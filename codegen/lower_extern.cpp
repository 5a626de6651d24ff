// What a module refers to by name: the runtime, C math, extern functions, constants.
#include "codegen/layout.h"
#include "codegen/lower_module.h"

#include <algorithm>

namespace kiln {

namespace {

enum class Kind : uint8_t { V, I1, I32, I64, U64, F64, F32, PTR, STR, DYN, TYPE };
enum class Effect : uint8_t { Cold, Alloc, Plain };

struct RuntimeRow {
  const char *symbol;
  Effect effect;
  Kind result;
  std::vector<Kind> params;
};

const RuntimeRow &row_of(Runtime function) {
  using enum Kind;
  static const RuntimeRow rows[] = {
#define KILN_RUNTIME(symbol, attribute, result, ...) {#symbol, Effect::attribute, result, {__VA_ARGS__}},
#include "codegen/runtime.def"
  };
  return rows[static_cast<size_t>(function)];
}

void add_params(llvm::LLVMContext &llvm, Kind kind, llvm::SmallVectorImpl<llvm::Type *> &params) {
  switch (kind) {
  case Kind::V: break;
  case Kind::I1: params.push_back(llvm::Type::getInt1Ty(llvm)); break;
  case Kind::I32: params.push_back(llvm::Type::getInt32Ty(llvm)); break;
  case Kind::I64:
  case Kind::U64: params.push_back(llvm::Type::getInt64Ty(llvm)); break;
  case Kind::F64: params.push_back(llvm::Type::getDoubleTy(llvm)); break;
  case Kind::F32: params.push_back(llvm::Type::getFloatTy(llvm)); break;
  case Kind::PTR:
  case Kind::TYPE: params.push_back(llvm::PointerType::get(llvm, 0)); break;
  case Kind::DYN:
  case Kind::STR: // The C ABI passes the struct in two registers, as it does two arguments.
    params.push_back(llvm::PointerType::get(llvm, 0));
    params.push_back(llvm::Type::getInt64Ty(llvm));
    break;
  }
}

llvm::Type *result_type(llvm::LLVMContext &llvm, Kind kind) {
  llvm::SmallVector<llvm::Type *, 2> parts;
  add_params(llvm, kind, parts);
  if (parts.empty()) return llvm::Type::getVoidTy(llvm);
  return parts.size() == 1 ? parts[0] : llvm::StructType::get(llvm, parts);
}

/// Reads nothing but what its arguments point to and writes nothing.
bool only_reads_arguments(Runtime function) {
  return function == Runtime::kiln_str_compare || function == Runtime::kiln_str_equal ||
         function == Runtime::kiln_str_hash;
}
/// Touches no memory of the program's, but may fail: a call whose result is not used stays.
bool only_may_fail(Runtime function) {
  return function == Runtime::kiln_power_i64 || function == Runtime::kiln_power_u64;
}
bool is_pure(Runtime function) { return function == Runtime::kiln_floor_divide; }

} // namespace

llvm::FunctionCallee ModuleLowering::runtime(Runtime function) {
  const RuntimeRow &row = row_of(function);
  if (llvm::Function *known = module.getFunction(row.symbol)) return known;
  llvm::SmallVector<llvm::Type *> params;
  for (Kind kind : row.params) add_params(llvm, kind, params);
  auto *type = llvm::FunctionType::get(result_type(llvm, row.result), params, false);
  auto *made = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, row.symbol, module);
  switch (row.effect) {
  case Effect::Cold:
    made->addFnAttr(llvm::Attribute::Cold);
    made->addFnAttr(llvm::Attribute::NoReturn);
    break;
  case Effect::Alloc: // Not said to be free of effects: a collection and a growing array change what later loads see.
    if (row.result == Kind::PTR) {
      made->addRetAttr(llvm::Attribute::NoAlias);
      made->addRetAttr(llvm::Attribute::NonNull);
      made->addRetAttr(llvm::Attribute::NoUndef);
      made->addRetAttr(llvm::Attribute::getWithAlignment(llvm, llvm::Align(8)));
    }
    break;
  case Effect::Plain: break;
  }
  if (row.result == Kind::I1) made->addRetAttr(llvm::Attribute::ZExt);
  for (unsigned i = 0; i < params.size(); ++i)
    if (params[i]->isIntegerTy(1)) made->addParamAttr(i, llvm::Attribute::ZExt);
  if (only_reads_arguments(function)) made->setOnlyReadsMemory(), made->setOnlyAccessesArgMemory();
  if (only_may_fail(function)) made->setOnlyAccessesInaccessibleMemory();
  if (is_pure(function)) made->setDoesNotAccessMemory(), made->setDoesNotThrow(), made->setWillReturn();
  return made;
}

namespace {

llvm::Function *pure_function(llvm::Module &module, llvm::Type *number, unsigned operands, const std::string &symbol) {
  if (llvm::Function *known = module.getFunction(symbol)) return known;
  llvm::SmallVector<llvm::Type *> params(operands, number);
  auto *type = llvm::FunctionType::get(number, params, false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module);
  function->setDoesNotAccessMemory(); // errno is not for Kiln.
  function->setDoesNotThrow();
  function->setWillReturn();
  return function;
}

} // namespace

// SLEEF's functions that give the same bits whatever the width (`finz`: with fused multiply-add), so that a result does not
// depend on whether a loop was vectorised. The vectoriser finds the wider ones by the attribute on the call.
std::optional<ModuleLowering::SimdMath> ModuleLowering::simd_math(std::string_view name) {
  struct Row {
    std::string_view name, bound;
    unsigned operands;
  };
  static constexpr Row rows[] = {
#define KILN_SIMD_MATH(name, bound, operands) {name, bound, operands},
#include "codegen/simd_math.def"
  };
  auto row = std::ranges::find(rows, name, &Row::name);
  bool has_fma = features_.find("+fma") != std::string::npos && features_.find("+avx2") != std::string::npos;
  if (row == std::end(rows) || !has_fma || !context.has_simd_math || !context.has_simd_math()) return std::nullopt;
  auto symbol = [&](unsigned lanes, std::string_view isa) { return fmt::format("Sleef_finz_{}d{}_{}{}", name, lanes, row->bound, isa); };
  llvm::Type *f64 = llvm::Type::getDoubleTy(llvm);
  SimdMath found{pure_function(module, f64, row->operands, symbol(1, "purecfma")), {}};
  struct Width {
    unsigned lanes;
    std::string_view isa, feature;
  };
  for (Width width : {Width{2, "avx2128", "+avx2"}, Width{4, "avx2", "+avx2"}, Width{8, "avx512f", "+avx512f"}}) {
    if (features_.find(width.feature) == std::string::npos) continue;
    std::string wide = symbol(width.lanes, width.isa);
    pure_function(module, llvm::FixedVectorType::get(f64, width.lanes), row->operands, wide);
    found.variants += fmt::format("{}_ZGV_LLVM_N{}{}_{}({})", found.variants.empty() ? "" : ",", width.lanes,
                                  std::string(row->operands, 'v'), found.scalar->getName().str(), wide);
  }
  return found;
}

llvm::FunctionCallee ModuleLowering::math(std::string_view name, const Type *type) {
  struct Row {
    std::string_view name, f64, f32;
    unsigned operands;
  };
  static constexpr Row rows[] = {
#define KILN_MATH(name, f64, f32, operands) {name, #f64, #f32, operands},
#include "codegen/math.def"
  };
  for (const Row &row : rows) {
    if (row.name != name) continue;
    std::string_view symbol = type->is(TypeKind::F32) ? row.f32 : row.f64;
    return pure_function(module, memory_type(type), row.operands, std::string(symbol));
  }
  llvm_unreachable("a math function that math.def does not name");
}

llvm::FunctionCallee ModuleLowering::external(const ExternFunction &external) {
  if (llvm::Function *known = module.getFunction(external.symbol)) return known;
  if (external.kind == ForeignCode::Llvm) return define_ir_body(external);
  llvm::Type *pointer = llvm::PointerType::get(llvm, 0);
  auto type_of = [&](const Type *type) { return type->is(TypeKind::Str) ? pointer : register_type(type); };
  auto attributes = [&](const Type *type) { // C's own promises, not Kiln's: only how small integers are widened.
    llvm::AttrBuilder builder(llvm);
    if (type->is_scalar() && !type->is_float() && type->bits() < 32)
      builder.addAttribute(type->is_signed() ? llvm::Attribute::SExt : llvm::Attribute::ZExt);
    return builder;
  };
  llvm::SmallVector<llvm::Type *> params;
  llvm::AttributeList list;
  for (const Type *param : external.params)
    if (llvm::Type *type = type_of(param)) {
      list = list.addParamAttributes(llvm, params.size(), attributes(param));
      params.push_back(type);
    }
  llvm::Type *result = type_of(external.result);
  if (result) list = list.addRetAttributes(llvm, attributes(external.result));
  auto *type = llvm::FunctionType::get(result ? result : llvm::Type::getVoidTy(llvm), params, false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, external.symbol, module);
  function->setAttributes(list);
  return function;
}

llvm::Constant *ModuleLowering::symbol(const std::string &name) {
  if (llvm::GlobalVariable *known = module.getGlobalVariable(name)) return known;
  return new llvm::GlobalVariable(module, llvm::Type::getInt8Ty(llvm), false, llvm::GlobalValue::ExternalLinkage,
                                  nullptr, name);
}

llvm::Constant *ModuleLowering::text(std::string_view text) {
  llvm::Constant *&known = texts_[std::string(text)];
  if (!known) {
    auto *bytes = llvm::ConstantDataArray::getString(llvm, llvm::StringRef(text), true);
    auto *global =
        new llvm::GlobalVariable(module, bytes->getType(), true, llvm::GlobalValue::PrivateLinkage, bytes, "text");
    global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    global->setAlignment(llvm::Align(1));
    known = global;
  }
  return known;
}

} // namespace kiln
