#include "jit/slab_memory.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/Shared/AllocationActions.h>
#include <llvm/Support/Memory.h>

namespace kiln {

using namespace llvm;
using namespace llvm::jitlink;

struct SlabMemory::Allocation : Slabs::Allocation {
  std::vector<orc::shared::WrapperFunctionCall> dealloc_actions;
};

class SlabMemory::InFlight final : public InFlightAlloc {
public:
  InFlight(std::unique_ptr<Allocation> allocation, LinkGraph &graph)
      : allocation_(std::move(allocation)), graph_(graph) {}

  void abandon(OnAbandonedFunction done) override {
    Slabs::release(*allocation_);
    done(Error::success());
  }

  void finalize(OnFinalizedFunction done) override {
    auto actions = orc::shared::runFinalizeActions(graph_.allocActions());
    if (!actions) {
      Slabs::release(*allocation_);
      return done(actions.takeError());
    }
    allocation_->dealloc_actions = std::move(*actions);
    sys::Memory::InvalidateInstructionCache(allocation_->slab->text + allocation_->text, allocation_->text_bytes);
    done(FinalizedAlloc(orc::ExecutorAddr::fromPtr(allocation_.release())));
  }

private:
  std::unique_ptr<Allocation> allocation_;
  LinkGraph &graph_;
};

void SlabMemory::allocate(const JITLinkDylib *, LinkGraph &graph, OnAllocatedFunction done) {
  // Segments that JITLink would free after linking are kept with the others: our modules have none.
  BasicLayout layout(graph);
  size_t text = 0, data = 0, data_alignment = 16;
  auto grow = [](size_t &total, const BasicLayout::Segment &segment) {
    total = alignTo(total, segment.Alignment.value());
    size_t at = total;
    total += segment.ContentSize + segment.ZeroFillSize;
    return at;
  };
  auto is_text = [](orc::AllocGroup group) { return (group.getMemProt() & orc::MemProt::Exec) != orc::MemProt::None; };
  for (auto &[group, segment] : layout.segments()) {
    if (!is_text(group)) data_alignment = std::max(data_alignment, size_t(segment.Alignment.value()));
    if (segment.Alignment.value() > (is_text(group) ? Slabs::text_alignment : Slabs::most_data_alignment))
      return done(make_error<StringError>("alignment of a section is too large", inconvertibleErrorCode()));
    grow(is_text(group) ? text : data, segment);
  }
  std::string error;
  auto range = slabs_.allocate(text, data, data_alignment, error);
  if (!range) return done(make_error<StringError>(error, inconvertibleErrorCode()));
  auto allocation = std::make_unique<Allocation>(Allocation{*range, {}});

  Slab &slab = *allocation->slab;
  text = data = 0;
  for (auto &[group, segment] : layout.segments()) {
    size_t at = is_text(group) ? allocation->text + grow(text, segment) : allocation->data + grow(data, segment);
    segment.Addr = orc::ExecutorAddr::fromPtr((is_text(group) ? slab.text : slab.data) + at);
    segment.WorkingMem = reinterpret_cast<char *>((is_text(group) ? slab.writable_text : slab.data) + at);
  }
  if (auto failure = layout.apply()) {
    Slabs::release(*allocation);
    return done(std::move(failure));
  }
  done(std::make_unique<InFlight>(std::move(allocation), graph));
}

void SlabMemory::deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction done) {
  Error failures = Error::success();
  while (!allocations.empty()) {
    std::unique_ptr<Allocation> allocation(allocations.back().release().toPtr<Allocation *>());
    allocations.pop_back();
    failures = joinErrors(std::move(failures), orc::shared::runDeallocActions(allocation->dealloc_actions));
    Slabs::release(*allocation);
  }
  done(std::move(failures));
}

} // namespace kiln
