#pragma once

#include "jit/slabs.h"

#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>

namespace kiln {

/// Gives JITLink memory out of slabs: a module takes a range of text and one of data and no mapping of its own.
class SlabMemory final : public llvm::jitlink::JITLinkMemoryManager {
public:
  void allocate(const llvm::jitlink::JITLinkDylib *dylib, llvm::jitlink::LinkGraph &graph,
                OnAllocatedFunction done) override;
  void deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction done) override;
  using JITLinkMemoryManager::allocate;
  using JITLinkMemoryManager::deallocate;

private:
  struct Allocation;
  class InFlight;

  Slabs slabs_{Slab::Writer::Another};
};

} // namespace kiln
