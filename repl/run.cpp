#include "repl/run.h"

#include "repl/source_file.h"
#include "repl/times.h"

#include <fmt/format.h>

#include <cerrno>
#include <unistd.h>

namespace kiln {

namespace {

constexpr int usage_error = 2;
constexpr int interrupted = 128 + 2; // What a shell shows for SIGINT.

/// Reads what `options.file` names, or complains.
std::optional<std::string> read_or_complain(const Options &options) {
  std::string error;
  std::optional<std::string> text = read_source(options.file, error);
  if (text) return text;
  if (options.command == Command::RunFile && access(options.file.c_str(), F_OK) != 0)
    if (auto command = similar_command(options.file)) error += fmt::format("; did you mean 'kiln {}'?", *command);
  complain(error);
  return std::nullopt;
}

std::string source_name(const std::string &file) { return file == "-" ? "<stdin>" : file; }

/// The one session of this process. It is not taken down: the process ends when the program has.
Engine &session(const Options &options) { return *new Engine(options.engine); }

int finish(const Engine &engine, const Outcome &outcome, const Options &options, std::string_view value = {}) {
  const int status = finish_output(exit_status(outcome), value);
  report(outcome, engine.sources(), {use_color(options.color, STDERR_FILENO)});
  if (options.time) print_times(engine.times());
  return status;
}

int run_source(const Options &options) {
  std::optional<std::string> text = read_or_complain(options);
  if (!text) return usage_error;
  Engine &engine = session(options);
  return finish(engine, engine.run_script(source_name(options.file), std::move(*text)), options);
}

} // namespace

void report(const Outcome &outcome, const Sources &sources, RenderStyle style) {
  std::string text;
  for (const Diagnostic &diagnostic : outcome.diagnostics) text += render(diagnostic, sources, style);
  if (outcome.status == Outcome::Failure || outcome.status == Outcome::Interrupted)
    text += render_failure(outcome, sources, style);
  if (!text.empty() && text.back() != '\n') text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int exit_status(const Outcome &outcome) {
  switch (outcome.status) {
  case Outcome::Ok: return 0;
  case Outcome::CompileError:
  case Outcome::Failure: return 1;
  case Outcome::Interrupted: return interrupted;
  case Outcome::Exit: return outcome.exit_code;
  }
  return 1;
}

int run_file(const Options &options) { return run_source(options); }

int run_stdin(const Options &options) {
  Options standard_input = options;
  standard_input.file = "-";
  return run_source(standard_input);
}

int run_text(const Options &options) {
  Engine &engine = session(options);
  Outcome outcome = engine.run_script("<expression>", options.text);
  std::string value;
  if (outcome.ok() && outcome.value.type) value = to_text(outcome.value, {.quote_strings = false}) + "\n";
  return finish(engine, outcome, options, value);
}

int check_file(const Options &options) {
  std::optional<std::string> text = read_or_complain(options);
  if (!text) return usage_error;
  Engine &engine = session(options);
  return finish(engine, engine.check(source_name(options.file), std::move(*text)), options);
}

} // namespace kiln
