#include "repl/commands.h"

#include "repl/repl.h"
#include "repl/show.h"
#include "repl/source_file.h"
#include "repl/times.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

namespace {

/// What the commands do; a function for each row of commands.def.
struct Commands {
#define KILN_COMMAND(name, argument, text, function) static void function(Repl &repl, std::string_view argument_text);
#include "repl/commands.def"
};

struct ReplCommand {
  std::string_view name;     // With its colon.
  std::string_view argument; // In brackets when it may be left out; empty when there is none.
  std::string_view text;
  void (*run)(Repl &repl, std::string_view argument);
};

constexpr ReplCommand table[] = {
#define KILN_COMMAND(name, argument, text, function) {":" name, argument, text, Commands::function},
#include "repl/commands.def"
};

const ReplCommand *find(std::string_view name) {
  const auto *command =
      std::find_if(std::begin(table), std::end(table), [&](const ReplCommand &row) { return row.name == name; });
  return command == std::end(table) ? nullptr : command;
}

std::string help_line(const ReplCommand &command) {
  return fmt::format("{:<18}{}\n", fmt::format("{} {}", command.name, command.argument), command.text);
}

void unknown(Repl &repl, std::string_view name) {
  std::string message = fmt::format("no command '{}'", name);
  if (auto similar = closest(name, command_names()))
    message += fmt::format("; did you mean '{}'?", *similar);
  else
    message += "; :help lists them";
  repl.complain(message);
}

void show_code(Repl &repl, EmitKind kind, std::string_view text) {
  Outcome outcome;
  const std::string code = repl.engine().emit_for_expression(kind, std::string(text), outcome);
  repl.tell(outcome);
  repl.say(code);
}

void load_file(Repl &repl, const std::string &path) {
  std::string error;
  std::optional<std::string> text = read_source(path, error);
  if (!text) return repl.complain(error);
  repl.last_loaded = path;
  repl.evaluate(path, std::move(*text));
}

/// The first line of a text that may be long.
std::string cut_short(std::string text) {
  constexpr size_t most = 60;
  const size_t end = std::min(text.find('\n'), text.size());
  if (end == text.size() && end <= most) return text;
  size_t length = std::min(end, most);
  while (length > 0 && length < text.size() && (text[length] & 0xC0) == 0x80) --length; // Whole characters.
  return text.substr(0, length) + "...";
}

} // namespace

void Commands::help(Repl &repl, std::string_view name) {
  if (!name.empty()) {
    const std::string with_colon = name.starts_with(':') ? std::string(name) : fmt::format(":{}", name);
    const ReplCommand *command = find(with_colon);
    return command ? repl.say(help_line(*command)) : unknown(repl, with_colon);
  }
  std::string text =
      "Type an expression or a definition; unfinished input goes on in the next line. `ans` is the last value,\n"
      "a `;` at the end hides it. Tab completes names, the cursor keys recall earlier input, Ctrl-R searches it,\n"
      "Ctrl-C ends a computation.\n\n";
  for (const ReplCommand &command : table) text += help_line(command);
  repl.say(text);
}

void Commands::type(Repl &repl, std::string_view text) {
  Outcome outcome;
  const std::optional<std::string> type = repl.engine().type_of(std::string(text), outcome);
  repl.tell(outcome);
  if (type) repl.say(*type);
}

void Commands::doc(Repl &repl, std::string_view name) {
  const std::string text = repl.engine().doc(name);
  if (text.empty()) return repl.complain(fmt::format("no documentation for '{}'", name));
  repl.say(text);
}

void Commands::ast(Repl &repl, std::string_view text) {
  Outcome outcome;
  const std::string tree = repl.engine().emit_text(EmitKind::Ast, repl.next_name(), std::string(text), outcome);
  repl.tell(outcome);
  repl.say(tree);
}

void Commands::kir(Repl &repl, std::string_view text) { show_code(repl, EmitKind::TypedKir, text); }
void Commands::bytecode(Repl &repl, std::string_view text) { show_code(repl, EmitKind::Bytecode, text); }
void Commands::baseline(Repl &repl, std::string_view text) { show_code(repl, EmitKind::Baseline, text); }
void Commands::llvm(Repl &repl, std::string_view text) { show_code(repl, EmitKind::Llvm, text); }
void Commands::show_asm(Repl &repl, std::string_view text) { show_code(repl, EmitKind::Asm, text); }

void Commands::time(Repl &repl, std::string_view text) {
  if (text.empty()) return repl.say(times_table(repl.engine().times()));
  const PhaseTimes before = repl.engine().times();
  repl.evaluate(repl.next_name(), std::string(text));
  repl.say(times_table(since(before, repl.engine().times())));
}

void Commands::trace(Repl &repl, std::string_view text) {
  repl.engine().keep_modules(EmitKind::Trace);
  if (!text.empty()) repl.evaluate(repl.next_name(), std::string(text));
  Outcome outcome;
  repl.say(repl.engine().emit(EmitKind::Trace, "", outcome));
}

void Commands::specs(Repl &repl, std::string_view) {
  std::string text;
  for (const SpecialisationInfo &info : repl.engine().specialisations())
    text += fmt::format("{}: {}{}\n", info.signature, info.result, info.compiled ? "" : info.interpreted ? "  (interpreted)" : "  (not run)");
  repl.say(text.empty() ? "none yet" : text);
}

void Commands::vars(Repl &repl, std::string_view) {
  std::string text;
  for (const VariableInfo &info : repl.engine().variables())
    text += fmt::format("{}{}: {} = {}\n", info.is_const ? "const " : "", info.name, info.type,
                        info.value.type ? cut_short(shown(info.value)) : "(not set)");
  repl.say(text.empty() ? "none yet" : text);
}

void Commands::load(Repl &repl, std::string_view path) {
  const bool quoted = path.size() > 2 && (path[0] == '"' || path[0] == '\'') && path.back() == path[0];
  load_file(repl, std::string(quoted ? path.substr(1, path.size() - 2) : path));
}

void Commands::reload(Repl &repl, std::string_view) {
  if (repl.last_loaded.empty()) return repl.complain("nothing was loaded yet: :load FILE");
  load_file(repl, std::string(repl.last_loaded));
}

void Commands::reset(Repl &repl, std::string_view) { repl.reset(); }

void Commands::forget(Repl &repl, std::string_view name) {
  if (!repl.engine().forget(name)) repl.complain(fmt::format("no function or variable '{}'", name));
}

void Commands::quit(Repl &repl, std::string_view) { repl.quit(); }

void run_command(Repl &repl, std::string_view line) {
  const size_t last = line.find_last_not_of(" \t");
  line = line.substr(0, last + 1);
  const size_t name_end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = line.substr(0, name_end);
  std::string_view argument = line.substr(name_end);
  argument.remove_prefix(std::min(argument.find_first_not_of(" \t"), argument.size()));
  const ReplCommand *command = find(name);
  if (!command) return unknown(repl, name);
  const bool needs_argument = !command->argument.empty() && command->argument[0] != '[';
  if (needs_argument && argument.empty()) return repl.complain(fmt::format("{} needs {}", name, command->argument));
  if (command->argument.empty() && !argument.empty()) return repl.complain(fmt::format("{} takes no argument", name));
  command->run(repl, argument);
}

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const ReplCommand &command : table) names.push_back(command.name);
  return names;
}

} // namespace kiln
