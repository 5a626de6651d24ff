// Regions of `try`: each becomes a function, called by the runtime, so that an error leaves it as any other frame.
#include "codegen/lower_function.h"

#include <llvm/Transforms/Utils/CodeExtractor.h>

namespace kiln {

void FunctionLowering::outline_regions() {
  // A region has a higher number than those around it: the innermost come first.
  for (auto entry = region_entries_.rbegin(); entry != region_entries_.rend(); ++entry)
    outline(entry->first, entry->second);
}

std::vector<llvm::BasicBlock *> FunctionLowering::blocks_of(uint32_t region) const {
  std::vector<llvm::BasicBlock *> result;
  auto add = [&](uint32_t of, llvm::BasicBlock *block) {
    while (of > region) of = kir_.regions[of];
    // What was in a region further in is part of its function now.
    if (of == region && block->getParent() == &function_) result.push_back(block);
  };
  for (const Block *block : kir_.blocks) {
    for (const auto &version : blocks_)
      if (const BlockState &state = version[block->id]; state.reached) add(block->region, state.llvm);
  }
  for (auto [of, block] : more_blocks_) add(of, block);
  return result;
}

void FunctionLowering::outline(uint32_t region, llvm::BranchInst *entry) {
  llvm::BasicBlock *body = entry->getSuccessor(0), *handler = entry->getSuccessor(1);
  std::vector<llvm::BasicBlock *> blocks = blocks_of(region);
  std::iter_swap(blocks.begin(), std::ranges::find(blocks, body)); // The extractor takes the first for the entry.
  llvm::CodeExtractorAnalysisCache cache(function_);
  llvm::CodeExtractor extractor(blocks, nullptr, true, nullptr, nullptr, nullptr, false, false, nullptr, "try");
  llvm::Function *thunk = extractor.extractCodeRegion(cache);
  assert(thunk && "a region of try that cannot be a function");
  thunk->removeFnAttr(llvm::Attribute::NoReturn);

  auto *call = llvm::cast<llvm::CallInst>(thunk->user_back());
  llvm::BasicBlock *caller = call->getParent();
  builder_.SetInsertPoint(call);
  builder_.SetCurrentDebugLocation(entry->getDebugLoc());
  Value environment = call->arg_empty() ? llvm::ConstantPointerNull::get(builder_.getPtrTy()) : call->getArgOperand(0);
  llvm::CallInst *exit = call_runtime(Runtime::kiln_try, {thunk, environment});
  Value failed = builder_.CreateICmpSLT(exit, i64(0));
  if (!call->getType()->isVoidTy()) call->replaceAllUsesWith(builder_.CreateTrunc(exit, call->getType()));
  llvm::BasicBlock *done = caller->splitBasicBlock(call, "done");
  call->eraseFromParent();
  caller->getTerminator()->eraseFromParent();
  builder_.SetInsertPoint(caller);
  builder_.CreateCondBr(failed, handler, done);
  builder_.SetInsertPoint(entry);
  builder_.CreateBr(caller);
  entry->eraseFromParent();
  more_blocks_.emplace_back(kir_.regions[region], caller);
  more_blocks_.emplace_back(kir_.regions[region], done);
}

} // namespace kiln
