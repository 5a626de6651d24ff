#include "jit/slab_memory.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/Shared/AllocationActions.h>
#include <llvm/Support/Memory.h>

#include <cstring>

namespace kiln {

using namespace llvm;
using namespace llvm::jitlink;

namespace {

constexpr size_t slab_text = size_t(32) << 20;
constexpr size_t slab_data = size_t(32) << 20;
constexpr size_t text_alignment = 64; // A cache line: modules do not share one.
constexpr unsigned char trap_byte = 0xcc;

size_t align_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

} // namespace

struct SlabMemory::Allocation {
  Slab *slab;
  size_t text, text_bytes;
  size_t data, data_bytes;
  std::vector<orc::shared::WrapperFunctionCall> dealloc_actions;
};

class SlabMemory::InFlight final : public InFlightAlloc {
public:
  InFlight(std::unique_ptr<Allocation> allocation, LinkGraph &graph)
      : allocation_(std::move(allocation)), graph_(graph) {}

  void abandon(OnAbandonedFunction done) override {
    release(*allocation_);
    done(Error::success());
  }

  void finalize(OnFinalizedFunction done) override {
    auto actions = orc::shared::runFinalizeActions(graph_.allocActions());
    if (!actions) {
      release(*allocation_);
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

std::unique_ptr<SlabMemory::Allocation> SlabMemory::carve(size_t text, size_t data, size_t data_alignment,
                                                          std::string &error) {
  auto carve_from = [&](Slab &slab) -> std::unique_ptr<Allocation> {
    size_t text_at = text ? slab.text_ranges.allocate(text, text_alignment) : 0;
    if (text_at == Ranges::none) return nullptr;
    size_t data_at = data ? slab.data_ranges.allocate(data, data_alignment) : 0;
    if (data_at == Ranges::none) {
      if (text) slab.text_ranges.release(text_at, text);
      return nullptr;
    }
    return std::make_unique<Allocation>(Allocation{&slab, text_at, text, data_at, data, {}});
  };
  for (auto it = slabs_.rbegin(); it != slabs_.rend(); ++it)
    if (auto allocation = carve_from(**it)) return allocation;
  constexpr size_t page = 1 << 16;
  auto slab = Slab::create(std::max(slab_text, align_up(text, page)), std::max(slab_data, align_up(data, page)), error);
  if (!slab) return nullptr;
  slabs_.push_back(std::move(slab));
  return carve_from(*slabs_.back());
}

void SlabMemory::release(const Allocation &allocation) {
  Slab &slab = *allocation.slab;
  if (allocation.text_bytes) {
    std::memset(slab.writable_text + allocation.text, trap_byte, allocation.text_bytes); // A stale call must not go on.
    slab.text_ranges.release(allocation.text, allocation.text_bytes);
  }
  if (allocation.data_bytes) slab.data_ranges.release(allocation.data, allocation.data_bytes);
}

void SlabMemory::allocate(const JITLinkDylib *, LinkGraph &graph, OnAllocatedFunction done) {
  // Segments that JITLink would free after linking are kept with the others: our modules have none.
  BasicLayout layout(graph);
  size_t text = 0, data = 0, data_alignment = 16;
  auto grow = [](size_t &total, const BasicLayout::Segment &segment) {
    total = align_up(total, segment.Alignment.value());
    size_t at = total;
    total += segment.ContentSize + segment.ZeroFillSize;
    return at;
  };
  auto is_text = [](orc::AllocGroup group) { return (group.getMemProt() & orc::MemProt::Exec) != orc::MemProt::None; };
  for (auto &[group, segment] : layout.segments()) {
    if (!is_text(group)) data_alignment = std::max(data_alignment, size_t(segment.Alignment.value()));
    if (segment.Alignment.value() > (is_text(group) ? text_alignment : size_t(4096)))
      return done(make_error<StringError>("alignment of a section is too large", inconvertibleErrorCode()));
    grow(is_text(group) ? text : data, segment);
  }
  std::string error;
  auto allocation = carve(align_up(text, text_alignment), align_up(data, 16), data_alignment, error);
  if (!allocation) return done(make_error<StringError>(error, inconvertibleErrorCode()));

  Slab &slab = *allocation->slab;
  std::memset(slab.data + allocation->data, 0, allocation->data_bytes); // It may have been used before.
  text = data = 0;
  for (auto &[group, segment] : layout.segments()) {
    size_t at = is_text(group) ? allocation->text + grow(text, segment) : allocation->data + grow(data, segment);
    segment.Addr = orc::ExecutorAddr::fromPtr((is_text(group) ? slab.text : slab.data) + at);
    segment.WorkingMem = reinterpret_cast<char *>((is_text(group) ? slab.writable_text : slab.data) + at);
  }
  if (auto failure = layout.apply()) {
    release(*allocation);
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
    release(*allocation);
  }
  done(std::move(failures));
}

} // namespace kiln
