// Line tables: what turns a code address back into function, source, line and column.
#include "codegen/lower_module.h"

namespace kiln {

void ModuleLowering::start_debug_info() {
  if (!context.options.debug_info) return;
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module.addModuleFlag(llvm::Module::Warning, "Dwarf Version", 5);
  debug_ = std::make_unique<llvm::DIBuilder>(module);
  debug_->createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C), file(0), "kiln", true, "", 0, "",
                            llvm::DICompileUnit::LineTablesOnly);
  debug_signature_ = debug_->createSubroutineType(debug_->getOrCreateTypeArray({}));
}

// A file's name is its source's number, so that names of sources may be anything.
llvm::DIFile *ModuleLowering::file(uint32_t source) {
  llvm::DIFile *&known = files_[source];
  if (!known) known = debug_->createFile(std::to_string(source), "");
  return known;
}

void ModuleLowering::attach_subprogram(llvm::Function &function, const Specialisation &specialisation,
                                       const KirFunction &kir) {
  if (!debug_) return;
  Span span = kir.name_span.known() ? kir.name_span : kir.span;
  unsigned line = span.known() ? context.sources.location(span).line : 0;
  function.setSubprogram(debug_->createFunction(
      file(span.source), specialisation.display, function.getName(), file(span.source), line, debug_signature_, line,
      llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized));
}

llvm::DebugLoc ModuleLowering::location(const llvm::Function &function, Span span) {
  llvm::DISubprogram *subprogram = function.getSubprogram();
  if (!subprogram) return {};
  if (!span.known()) // A call that can be inlined needs some location.
    return llvm::DILocation::get(llvm, 0, 0, subprogram);
  llvm::DIScope *scope = subprogram;
  if (file(span.source) != subprogram->getFile()) // A default value from another file, say.
    scope = debug_->createLexicalBlockFile(subprogram, file(span.source));
  Location place = context.sources.location(span);
  return llvm::DILocation::get(llvm, place.line, place.column, scope);
}

void ModuleLowering::finish_debug_info() {
  if (debug_) debug_->finalize();
}

} // namespace kiln
