#include "jit/orc_lines.h"

#include "jit/orc_emit.h"

#include <llvm/DebugInfo/DIContext.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Object/ObjectFile.h>

namespace kiln {

using namespace llvm;

struct LineTable::Parsed {
  std::unique_ptr<object::ObjectFile> object;
  std::unique_ptr<DWARFContext> dwarf;
};

LineTable::LineTable(std::string object, std::vector<TextSection> sections)
    : object_(std::move(object)), sections_(std::move(sections)) {}

LineTable::~LineTable() = default;

namespace {

// The value, or a default for a damaged object.
template <typename T>
T value_or(Expected<T> value, T otherwise) {
  if (value) return std::move(*value);
  consumeError(value.takeError());
  return otherwise;
}

// The function whose symbol precedes an offset in a section.
std::string symbol_at(const object::ObjectFile &object, object::SectionRef section, uint64_t offset) {
  std::string best;
  uint64_t best_offset = 0;
  for (const object::SymbolRef &symbol : object.symbols()) {
    if (value_or(symbol.getType(), object::SymbolRef::ST_Unknown) != object::SymbolRef::ST_Function) continue;
    if (value_or(symbol.getSection(), object.section_end()) != section) continue;
    uint64_t at = value_or(symbol.getValue(), ~uint64_t(0));
    if (at > offset || (!best.empty() && at < best_offset)) continue;
    best = value_or(symbol.getName(), StringRef()).str();
    best_offset = at;
  }
  return best;
}

} // namespace

std::vector<CodePlace> LineTable::places(uintptr_t address) {
  if (!parsed_) {
    auto object = object::ObjectFile::createELFObjectFile(MemoryBufferRef(object_, "kiln"));
    if (!object) {
      consumeError(object.takeError());
      return {};
    }
    parsed_ = std::make_unique<Parsed>();
    parsed_->object = std::move(*object);
    auto ignore = [](Error failure) { consumeError(std::move(failure)); };
    parsed_->dwarf = DWARFContext::create(*parsed_->object, DWARFContext::ProcessDebugRelocations::Process, nullptr, "",
                                          ignore, ignore);
  }
  for (const TextSection &text : sections_) {
    if (address < text.begin || address >= text.end) continue;
    for (object::SectionRef section : parsed_->object->sections()) {
      if (value_or(section.getName(), StringRef()) != text.name) continue;
      object::SectionedAddress at{section.getAddress() + (address - text.begin), section.getIndex()};
      DILineInfoSpecifier specifier(DILineInfoSpecifier::FileLineInfoKind::RawValue, DINameKind::LinkageName);
      DIInliningInfo inlined = parsed_->dwarf->getInliningInfoForAddress(at, specifier);
      std::vector<CodePlace> places;
      for (uint32_t i = 0; i < inlined.getNumberOfFrames(); ++i) {
        const DILineInfo &frame = inlined.getFrame(i);
        places.push_back({frame.FunctionName, source_number(frame.FileName), frame.Line, frame.Column});
      }
      // The frame itself is named by the object's symbol: line tables leave its name out when nothing was inlined.
      if (places.empty()) places.emplace_back();
      places.back().symbol = symbol_at(*parsed_->object, section, address - text.begin);
      return places;
    }
  }
  return {};
}

} // namespace kiln
