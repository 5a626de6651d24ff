#pragma once

#include "jit/slab.h"

#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>

#include <vector>

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

  /// Null with `error` set when the system has no memory left.
  std::unique_ptr<Allocation> carve(size_t text, size_t data, size_t data_alignment, std::string &error);
  static void release(const Allocation &allocation);

  std::vector<std::unique_ptr<Slab>> slabs_;
};

} // namespace kiln
