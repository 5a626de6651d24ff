#include "repl/repl.h"

#include "jit/runtime/output.h"
#include "lang/parser.h"
#include "repl/commands.h"
#include "repl/history.h"
#include "repl/run.h"
#include "repl/show.h"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace kiln {

namespace {

constexpr std::string_view first_prompt = "kiln> ";
constexpr std::string_view next_prompt = "  ... ";

bool part_of_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Where the name that ends at `end` begins.
size_t name_begin(std::string_view text, size_t end) {
  while (end > 0 && part_of_name(text[end - 1])) --end;
  return end;
}

/// Where the operand that ends at `end` begins: a name with what is called, indexed and selected behind it.
size_t operand_begin(std::string_view text, size_t end) {
  for (;;) {
    size_t at = end;
    for (int depth = 0; at > 0; --at) {
      const char c = text[at - 1];
      if (c == ')' || c == ']')
        ++depth;
      else if (depth == 0)
        break;
      else if (c == '(' || c == '[')
        --depth;
    }
    at = name_begin(text, at);
    if (at == end || at == 0 || text[at - 1] != '.') return at;
    end = at - 1;
  }
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\n") == std::string_view::npos; }

} // namespace

Repl::Repl(const Options &options, bool editing)
    : options_(options), engine_(std::make_unique<Engine>(options.engine)),
      reader_(editing, [this](std::string_view before) { return complete(before); }),
      out_(palette(use_color(options.color, STDOUT_FILENO))), err_(palette(use_color(options.color, STDERR_FILENO))) {
  set_output_sink(print, this);
}

Repl::~Repl() { set_output_sink(nullptr, nullptr); }

void Repl::print(void *repl, std::string_view text) {
  if (text.empty()) return;
  static_cast<Repl *>(repl)->line_unfinished_ = text.back() != '\n';
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string Repl::next_name() { return fmt::format("input {}", ++inputs_); }

void Repl::say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.empty() && text.back() != '\n') std::fputc('\n', stdout);
  std::fflush(stdout);
}

void Repl::complain(std::string_view message) {
  const std::string line = fmt::format("{}error:{} {}\n", err_.error, err_.reset, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Repl::tell(const Outcome &outcome) {
  report(outcome, engine_->sources(), {use_color(options_.color, STDERR_FILENO)});
  if (outcome.status == Outcome::Exit) {
    quits_ = true;
    status_ = outcome.exit_code;
  }
}

void Repl::evaluate(std::string name, std::string text) {
  const Outcome outcome = engine_->run_interactive(std::move(name), std::move(text));
  if (std::exchange(line_unfinished_, false)) std::fputc('\n', stdout);
  std::fflush(stdout);
  tell(outcome);
  if (!outcome.ok() || !outcome.value.type || outcome.hidden) return;
  std::string note = " : " + type_text(outcome.value);
  if (const std::string size = size_note(outcome.value); !size.empty()) note += ", " + size;
  say(shown(outcome.value) + std::string(out_.dim) + note + std::string(out_.reset));
}

Completions Repl::complete(std::string_view before) {
  Completions found;
  found.word_begin = name_begin(before, before.size());
  const std::string_view word = before.substr(found.word_begin);
  const bool after_dot = found.word_begin > 0 && before[found.word_begin - 1] == '.';
  if (found.word_begin == 1 && before[0] == ':') {
    found.word_begin = 0;
    for (std::string_view name : command_names())
      if (name.starts_with(before)) found.words.emplace_back(name);
  } else if (after_dot) {
    const size_t end = found.word_begin - 1;
    const size_t begin = operand_begin(before, end);
    if (begin < end) found.words = engine_->complete_fields(before.substr(begin, end - begin), word);
    if (found.words.empty() && !word.empty()) found.words = engine_->complete(word); // x.f(y) is f(x, y).
  } else if (!word.empty()) {
    found.words = engine_->complete(word);
  }
  return found;
}

Repl::Input Repl::read_input(std::string &text) {
  text.clear();
  std::string line;
  for (;;) {
    switch (reader_.read(text.empty() ? first_prompt : next_prompt, out_.prompt, line)) {
    case LineReader::Result::Interrupted: return Input::Nothing;
    case LineReader::Result::End: return text.empty() ? Input::End : Input::Text; // Let the parser say what is missing.
    case LineReader::Result::Line: break;
    }
    if (text.empty() && blank(line)) return Input::Nothing;
    text += line;
    if (text[0] == ':') return Input::Text;
    if (completeness(text) == Completeness::Complete && !continues_statement(reader_.ahead())) return Input::Text;
    text += '\n';
  }
}

int Repl::run() {
  InputHistory history(history_path());
  for (const std::string &entry : history.entries()) reader_.remember(entry);
  const std::string banner =
      fmt::format("Kiln {} with LLVM {}. :help lists commands, Ctrl-D leaves.", version(), llvm_version());
  say(fmt::format("{}{}{}", out_.dim, banner, out_.reset));
  std::string text;
  while (!quits_) {
    const Input input = read_input(text);
    if (input == Input::End) break;
    if (input == Input::Nothing) continue;
    if (history.add(text)) reader_.remember(text);
    if (text[0] == ':')
      run_command(*this, text);
    else
      evaluate(next_name(), text);
  }
  return status_;
}

int run_repl(const Options &options) {
  const char *term = std::getenv("TERM");
  const bool editing = isatty(STDOUT_FILENO) && term && *term && std::string_view(term) != "dumb";
  return Repl(options, editing).run();
}

} // namespace kiln
