#include "repl/emit.h"

#include "repl/run.h"
#include "repl/source_file.h"
#include "repl/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace kiln {

namespace {

constexpr int usage_error = 2;

/// What a kind shows: a text that is only read, specialisations, or what a run did.
enum class Shows : uint8_t { Text, Functions, Specialisations, Run };

Shows what_shows(EmitKind kind) {
  switch (kind) {
  case EmitKind::Tokens:
  case EmitKind::Ast: return Shows::Text;
  case EmitKind::Kir: return Shows::Functions; // Of the text, or of a signature.
  case EmitKind::TypedKir:
  case EmitKind::Bytecode:
  case EmitKind::Baseline:
  case EmitKind::Llvm:
  case EmitKind::LlvmRaw:
  case EmitKind::Asm:
  case EmitKind::Object:
  case EmitKind::Bitcode: return Shows::Specialisations;
  case EmitKind::Trace: return Shows::Run;
  }
  return Shows::Text;
}

bool binary(EmitKind kind) { return kind == EmitKind::Object || kind == EmitKind::Bitcode; }

/// Why the options do not go together; empty when they do.
std::string misuse(const Options &options) {
  const Shows shows = what_shows(options.kind);
  const bool one = !options.signature.empty();
  if (shows == Shows::Text && (one || options.run))
    return fmt::format("'emit {}' shows the whole text of a file: it takes no {}", options.kind_name,
                       one ? "signature" : "--run");
  if (one && options.run) return "a signature and --run do not go together: --run is for all that a run compiles";
  if (shows == Shows::Specialisations && !one && !options.run)
    return fmt::format("'emit {}' needs a signature such as 'f(i64, f64)', or --run for all that a run compiles",
                       options.kind_name);
  if (binary(options.kind) && options.output.empty() && isatty(STDOUT_FILENO))
    return fmt::format("'emit {}' is binary: give a file with -o", options.kind_name);
  return {};
}

/// While it lives, standard output goes to stderr, so that a program's own output does not mix with what is emitted.
class OutputToStderr {
public:
  OutputToStderr() : saved_(dup(STDOUT_FILENO)) { dup2(STDERR_FILENO, STDOUT_FILENO); }
  ~OutputToStderr() {
    finish_output(0);
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }
  OutputToStderr(const OutputToStderr &) = delete;
  OutputToStderr &operator=(const OutputToStderr &) = delete;

private:
  int saved_;
};

Outcome run_for_emit(Engine &engine, const Options &options, const std::string &name, std::string text) {
  engine.keep_modules(options.kind);
  if (!options.output.empty()) return engine.run_script(name, std::move(text));
  OutputToStderr redirect;
  return engine.run_script(name, std::move(text));
}

std::string emitted(Engine &engine, const Options &options, std::string text, Outcome &outcome) {
  const std::string name = options.file == "-" ? "<stdin>" : options.file;
  if (options.run || what_shows(options.kind) == Shows::Run) {
    outcome = run_for_emit(engine, options, name, std::move(text));
    // What was compiled before a run-time error is worth seeing.
    Outcome emit_outcome;
    std::string result = engine.emit(options.kind, "", emit_outcome);
    if (outcome.ok()) outcome = std::move(emit_outcome);
    return result;
  }
  if (options.signature.empty()) return engine.emit_text(options.kind, name, std::move(text), outcome);
  outcome = engine.check(name, std::move(text));
  if (!outcome.ok()) return {};
  return engine.emit(options.kind, options.signature, outcome);
}

/// Gives the status to exit with: `status`, unless the text cannot be written.
int write_emitted(const Options &options, std::string_view text, int status) {
  if (options.output.empty()) return finish_output(status, text);
  std::string error;
  if (!text.empty() && !write_file(options.output, text, error)) {
    complain(error);
    status = std::max(status, 1);
  }
  return finish_output(status);
}

} // namespace

int emit_file(const Options &options) {
  std::string error;
  std::optional<std::string> text = read_source(options.file, error);
  if (text) error = misuse(options);
  if (!error.empty()) {
    complain(error);
    return usage_error;
  }
  Engine engine(options.engine);
  Outcome outcome;
  const std::string result = emitted(engine, options, std::move(*text), outcome);
  report(outcome, engine.sources(), {use_color(options.color, STDERR_FILENO)});
  const int status = write_emitted(options, result, exit_status(outcome));
  if (options.time) print_times(engine.times());
  return status;
}

} // namespace kiln
