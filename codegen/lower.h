#pragma once

#include "codegen/specialisation.h"
#include "lang/source.h"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace kiln {

struct LowerOptions {
  bool checks = true;     // Overflow and bounds checks.
  bool debug_info = true; // Line tables: backtraces and `emit asm` read them.
};

/// How often a block's branch went each way.
struct BranchCounts {
  uint64_t yes = 0, no = 0;
};

/// What lowering asks of the engine. Everything is linked by name; the engine resolves
///   <symbol>.entry    the entry cell of a specialisation (a pointer variable)
///   type.<id>         a const Type *'s object (its address is the value)
///   dyn.<id>          the cache of a DynSite
///   <global.symbol>   a top-level variable's storage
///   <external.symbol> an extern function
///   kiln_*            runtime functions (runtime.def), and C math functions (math.def)
///   Sleef_*           SLEEF's (simd_math.def), if it says that it has them
struct LowerContext {
  const Sources &sources;
  TypeTable &types;
  LowerOptions options;
  /// The typed KIR of a specialisation; made now if it was not yet. Never null for one that inference accepted.
  std::function<const KirFunction &(Specialisation &)> typed;
  /// Whether a callee should be copied into the calling module so that LLVM can inline it.
  std::function<bool(const Specialisation &)> copy_into_caller;
  /// The continuation of a specialisation from a loop's header on, where values of these types live.
  std::function<Specialisation &(Specialisation &, const Block &header, std::vector<const Type *> params)> continuation;
  /// What was counted of a block's branch when the function was interpreted.
  std::function<BranchCounts(const Specialisation &, const Block &)> branch_counts;
  /// Whether SLEEF's functions (simd_math.def) can be linked. Asked when one is called for.
  std::function<bool()> has_simd_math;
  /// Set when lower() returns null: what LLVM's verifier found. A bug of Kiln, for an internal-error diagnostic.
  std::string error;
};

/// Lowers a group of specialisations into one module of verified LLVM IR. Each becomes an external function named by
/// its symbol; callees that `copy_into_caller` accepts, and theirs, are added as internal copies (named symbol +
/// ".copy"); others are called through their entry cell: `load ptr, <symbol>.entry`, called with that cell's address in
/// the `nest` register as first argument, so that the lazy entry knows what is called. A call within the group is
/// direct. A unit that is straight-line top-level code (no loop) is marked optnone, and copies nothing. The module also
/// refers to memory and string functions of the C library that LLVM brings in (memset, memcpy, strlen, fmod...).
std::unique_ptr<llvm::Module> lower(std::span<Specialisation *const> group, LowerContext &context,
                                    llvm::LLVMContext &llvm_context, const llvm::TargetMachine &machine,
                                    const std::string &name);

} // namespace kiln
