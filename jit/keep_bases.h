#pragma once

#include <llvm/IR/PassManager.h>

namespace kiln {

/// For the collector, which finds an object by any pointer into it: a pointer derived from that (an element's address,
/// or part of its computation, such as `text - lag`, moved out of a loop over `text[i - lag]`) may lie outside of the
/// object. Where such a one is used behind a call that may collect, this pass puts a use of the pointer that it was
/// derived from, so that this one is in a register or in the frame until then.
///
/// It runs behind all that moves computations between blocks; what the code generator moves later (strength reduction,
/// invariants) stays within the same loops, which is what is looked at here.
class KeepBases : public llvm::PassInfoMixin<KeepBases> {
public:
  llvm::PreservedAnalyses run(llvm::Function &function, llvm::FunctionAnalysisManager &analyses);
};

} // namespace kiln
