// Other texts: imported files, and what `eval` runs.
#include "jit/engine_impl.h"

#include "jit/runtime/dyn.h"
#include "jit/runtime/error.h"
#include "jit/source_text.h"

#include <algorithm>
#include <filesystem>

namespace kiln {

namespace fs = std::filesystem;

std::vector<const Stmt *> Engine::Impl::import(const ImportStmt &statement, Diagnostics &diagnostics) {
  Imports &imports = session.imports();
  imports.find_program();
  Imports::File &into = *imports.file_of(statement.span.source);
  fs::path wanted(statement.path);
  if (wanted.is_relative()) // To the file that imports it.
    wanted = fs::path(into.path).parent_path() / wanted;
  std::error_code code;
  std::string path = fs::weakly_canonical(wanted, code).string();
  Imports::File *file = imports.find(path);
  if (file && file->is_open) {
    diagnostics.report<Diag::ImportCycle>(statement.path_span, statement.path);
    return {};
  }
  std::vector<const Stmt *> statements;
  if (!file) {
    std::string error;
    std::optional<std::string> text = fs::path(statement.path).filename().empty() ? std::nullopt : read_source(path, error);
    if (!text) {
      Diagnostic &report = diagnostics.report<Diag::NoFile>(statement.path_span, error.empty() ? "no file is named" : error);
      if (wanted.extension() != ".kn" && fs::exists(wanted.string() + ".kn", code))
        report.help(fmt::format("did you mean \"{}.kn\"?", statement.path));
      return {};
    }
    file = &imports.add(path);
    std::string shown = fs::path(into.path).empty() || fs::path(statement.path).is_absolute() ? std::string(statement.path) : wanted.string();
    Outcome read;
    uint32_t source = session.sources().size() + 1;
    imports.set_file(source, file);
    const Ast *ast = parse_text(std::move(shown), std::move(*text), read);
    for (const Diagnostic &found : read.diagnostics)
      diagnostics.add(found);
    if (ast)
      statements = take_definitions(*ast, false, diagnostics);
    file->is_open = false;
  }
  if (statement.alias.text.empty()) {
    if (std::ranges::find(into.merged, file) == into.merged.end())
      into.merged.push_back(file);
  } else {
    into.aliases[session.types().intern(statement.alias.text)] = file;
  }
  return statements;
}

/// What the running statement has changed of the top level so far stays its own to undo.
DynValue Engine::Impl::evaluate(std::string_view text) {
  Session::Changes outer = session.suspend_changes();
  Outcome outcome = interactive("eval", std::string(text));
  session.resume_changes(std::move(outer));
  switch (outcome.status) {
  case Outcome::Ok: break;
  case Outcome::CompileError:
    for (const Diagnostic &found : outcome.diagnostics)
      if (found.severity == Severity::Error)
        throw_failure(fmt::format("in the text for eval: {}", found.message));
    break;
  case Outcome::Failure: throw_failure(fmt::format("in the text for eval: {}", outcome.message));
  case Outcome::Interrupted: throw_error(RuntimeError::Interrupt, outcome.message);
  case Outcome::Exit: throw_exit(outcome.exit_code);
  }
  if (!outcome.value.type || outcome.hidden)
    return make_dyn(session.types().none, nullptr);
  session.inference().note_stored(outcome.value.type);
  return make_dyn(outcome.value.type, outcome.value.data);
}

} // namespace kiln
