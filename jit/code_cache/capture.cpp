// From JITLink's graph to an image (x86-64).
#include "jit/code_cache/capture.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/JITLink/x86_64.h>

#include <optional>
#include <unordered_map>

namespace kiln {

using namespace llvm;
using namespace llvm::jitlink;

namespace {

/// A stretch of memory: of all text, or of all data.
struct Stretch {
  uint64_t begin = ~uint64_t(0), end = 0;

  void add(const Block &block) {
    begin = std::min(begin, block.getAddress().getValue());
    end = std::max(end, (block.getAddress() + block.getSize()).getValue());
  }
  bool has(uint64_t address) const { return address >= begin && address <= end; }
  bool empty() const { return begin > end; }
};

bool is_text(const Section &section) { return (section.getMemProt() & orc::MemProt::Exec) != orc::MemProt::None; }

/// The field of an edge, and what is added to its addend: displacements are from the end of the field.
std::optional<std::pair<CodeImage::Field, int>> field_of(Edge::Kind kind) {
  using Field = CodeImage::Field;
  switch (kind) {
  case x86_64::Pointer64: return std::pair(Field::Address64, 0);
  case x86_64::Pointer32: return std::pair(Field::Address32, 0);
  case x86_64::Pointer32Signed: return std::pair(Field::SignedAddress32, 0);
  case x86_64::Delta64: return std::pair(Field::Distance64, 0);
  case x86_64::Delta32: return std::pair(Field::Distance32, 0);
  case x86_64::NegDelta64: return std::pair(Field::BackDistance64, 0);
  case x86_64::NegDelta32: return std::pair(Field::BackDistance32, 0);
  case x86_64::PCRel32:
  case x86_64::BranchPCRel32:
  case x86_64::BranchPCRel32ToPtrJumpStub:
  case x86_64::BranchPCRel32ToPtrJumpStubBypassable:
  case x86_64::PCRel32GOTLoadRelaxable:
  case x86_64::PCRel32GOTLoadREXRelaxable: return std::pair(Field::Distance32, -4);
  default: return std::nullopt;
  }
}

} // namespace

bool capture_image(LinkGraph &graph, CodeImage &image) {
  if (graph.getTargetTriple().getArch() != Triple::x86_64) return false;
  Stretch text, data;
  std::vector<Section *> sections;
  for (Section &section : graph.sections()) {
    if (section.getMemLifetime() == orc::MemLifetime::NoAlloc || section.empty()) continue;
    sections.push_back(&section);
    for (Block *block : section.blocks()) {
      (is_text(section) ? text : data).add(*block);
      if (!is_text(section)) image.data_alignment = std::max(image.data_alignment, static_cast<uint32_t>(block->getAlignment()));
    }
  }
  if (text.empty() || image.data_alignment > Slabs::most_data_alignment) return false;
  text.begin &= ~uint64_t(Slabs::text_alignment - 1);
  data.begin = data.empty() ? 0 : data.begin & ~uint64_t(image.data_alignment - 1);
  if (text.end - text.begin > INT32_MAX || (!data.empty() && data.end - data.begin > INT32_MAX)) return false;
  image.text.assign(text.end - text.begin, '\xcc');
  image.data.assign(data.empty() ? 0 : data.end - data.begin, '\0');

  std::unordered_map<const Symbol *, uint32_t> externals;
  for (Section *section : sections) {
    bool in_text = is_text(*section);
    Stretch &stretch = in_text ? text : data;
    std::string &bytes = in_text ? image.text : image.data;
    Stretch range;
    for (Block *block : section->blocks()) {
      range.add(*block);
      uint64_t at = block->getAddress().getValue() - stretch.begin;
      if (!block->isZeroFill()) bytes.replace(at, block->getSize(), block->getContent().data(), block->getSize());
      for (const Edge &edge : block->edges()) {
        if (!edge.isRelocation()) continue;
        auto field = field_of(edge.getKind());
        if (!field) return false;
        Symbol &target = edge.getTarget();
        CodeImage::Fixup fixup{field->first, in_text ? CodeImage::Part::Text : CodeImage::Part::Data, CodeImage::Part::External,
                               static_cast<uint32_t>(at + edge.getOffset()), 0, edge.getAddend() + field->second};
        uint64_t address = target.getAddress().getValue();
        if (!target.isDefined()) {
          if (!target.hasName()) return false;
          auto [known, is_new] = externals.try_emplace(&target, static_cast<uint32_t>(image.externals.size()));
          if (is_new) image.externals.push_back((*target.getName()).str());
          fixup.target = known->second;
        } else if (is_text(target.getSection()) && text.has(address)) {
          fixup.to = CodeImage::Part::Text, fixup.target = static_cast<uint32_t>(address - text.begin);
        } else if (!is_text(target.getSection()) && data.has(address)) {
          fixup.to = CodeImage::Part::Data, fixup.target = static_cast<uint32_t>(address - data.begin);
        } else {
          return false;
        }
        image.fixups.push_back(fixup);
      }
    }
    if (in_text)
      image.sections.push_back({section->getName().str(), static_cast<uint32_t>(range.begin - text.begin), static_cast<uint32_t>(range.end - text.begin)});
    else if (section->getName() == ".eh_frame")
      image.frames_begin = static_cast<uint32_t>(range.begin - data.begin), image.frames_bytes = static_cast<uint32_t>(range.end - range.begin);
  }
  return true;
}

} // namespace kiln
