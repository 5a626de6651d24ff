#include "repl/options.h"

#include "jit/code_cache/cache_folder.h"

// CLI11 includes <iostream> and uses none of its streams here: what makes them ready before main() is a tenth of a short run.
// With libstdc++, the header's guard leaves it out.
#define _GLIBCXX_IOSTREAM 1
#include <istream>
#include <ostream>
namespace std {
extern ostream cout, cerr;
}
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

namespace kiln {

namespace {

constexpr int usage_error = 2;

constexpr std::string_view emit_kinds = "tokens, ast, kir, typed-kir, bytecode, baseline, llvm, llvm-raw, asm, obj, bitcode, trace";

constexpr const char *main_examples = R"(Examples:
  kiln                                  start the REPL
  kiln mandelbrot.kn 80 40              run a file; what follows it is for the program: args
  kiln -e 'sum([x^2 for x in 1..=10])'  print the value of an expression
  echo 'print(1 + 1)' | kiln -          run standard input
  kiln -O0 --time script.kn             say on stderr where the time goes
  kiln --unchecked mandelbrot.kn 80     run without checks of overflow and array bounds
  kiln --color=never script.kn 2> log   errors without colours
  kiln --tier=1 script.kn               compile everything by LLVM before it runs
  kiln --trace-jit script.kn            say on stderr what LLVM compiles, when, why, at what cost
  kiln --version                        what to say in a report of a bug
  kiln check script.kn                  report errors without running
  kiln emit asm hyp.kn 'hyp(i64, f64)'  the assembly of one specialisation
  kiln emit llvm script.kn --run        LLVM IR of everything that a run compiles
  kiln emit trace script.kn             its hot loops, the path they took, and what LLVM made of them
  kiln --no-cache script.kn             compile anew, and keep nothing for the next run
  kiln cache                            where machine code is kept for later runs, and how much
  kiln test tests/                      run files that have their expected output beside them
Run 'kiln COMMAND --help' for more on a command. A file with the name of a command is run as ./NAME.)";

constexpr const char *emit_examples =
    R"(KIND is one of tokens, ast, kir (before types are known), typed-kir, bytecode (what the
interpreter runs), baseline (the machine code made of that first), llvm-raw (before optimisation), llvm, asm, obj, bitcode.
Those from typed-kir on are of one SIGNATURE, or with --run of everything that running FILE compiles, as one module; what the
program then prints goes to stderr unless -o is given.

trace runs FILE, and what follows it is for the program. For each loop that was hot it shows how often each block was run and each branch
went which way before compiled code took over, what the blocks check, and what LLVM did: when, at what cost, what it inlined, whether it
vectorised, and if not, why. Blocks are numbered as in typed-kir. The interpreter runs without baseline code then, and so counts every
round; with --baseline=hot it counts some of each thousand.

Examples:
  kiln emit ast script.kn
  kiln emit typed-kir hyp.kn 'hyp(i64, f64)'
  kiln emit llvm points.kn '+(Point(f64, f64), Point(f64, f64))'
  kiln emit asm sieve.kn --run -O2
  kiln emit asm hyp.kn 'hyp(f64, f64)' | as -o hyp.o -
  kiln emit obj hyp.kn 'hyp(f64, f64)' -o hyp.o
  kiln emit trace collatz.kn 100000
  kiln emit trace --tier=0 collatz.kn 1000)";

constexpr const char *check_examples = R"(All errors of the file are reported, and the warnings; the status is 1 after an error. Functions that the program never
calls are checked for what needs no types.

Examples:
  kiln check script.kn
  cat script.kn | kiln check -)";

constexpr const char *cache_examples = R"(What LLVM compiles is kept in a folder, so that the next run of the same functions begins with it, whatever the file is called
and wherever in it they stand. The entries of other builds of Kiln, other processors and other options do not get in the way. What
was not used for the longest time goes when there is more than --cache-limit.

Examples:
  kiln cache                        where it is, how much there is
  kiln cache --clear                remove all of it
  kiln --cache /tmp/c script.kn     keep it elsewhere
  kiln --no-cache script.kn         neither keep nor look)";

constexpr const char *test_help =
    R"(A file is run one top-level statement after another, going on after an error, and compared with the comments beside them:

  print(-2^2)         # => -4
  "a" + "b"           # => "ab"
  for i in 0..3 {
    print(i)
  }                   # => 0
  # | 1
  # | 2
  print(3^41)         # error: integer overflow in 3^41
  1 + true + "a"      # error at 10: no '+' for i64 and str
  n = n / 2           # warning: 'n' becomes f64
  exit(3)             # error: exit(3)

'=>' gives what the statement prints or, when it prints nothing, its value as the REPL shows it; '|' gives further lines. 'error'
and 'warning' give the start of the message, or none for any; the error must be on that line, and at that column if one is given.
A comment that stands alone on its line belongs to the line above it; several of a statement's lines may have '=>', in order.

For a run-time error, any frame of its backtrace may be on the line; for an error inside a function, the line of the call or of
the place. Output, errors and warnings without such a comment are failures. Statements that share a line are run as one. Functions
are taken up before the first statement, as in a script; but if a file defines one of the same name and parameter types again,
each definition takes effect in its place.

--update rewrites the comments of what fails. The last line of the output is 'N passed, N failed', counting statements with
comments and statements that fail.

Examples:
  kiln test script.kn
  kiln test tests/ --update)";

std::vector<std::string_view> command_names() { return {"cache", "check", "emit", "test"}; }

/// CLI11's help with our own usage lines for the program itself.
struct Help : CLI::Formatter {
  Help() { column_width(24); }
  std::string make_usage(const CLI::App *app, std::string name) const override {
    if (app->get_parent()) return CLI::Formatter::make_usage(app, "kiln " + app->get_name());
    return "Usage: " + name + " [OPTIONS] [FILE [ARGS...]]\n       " + name + " [OPTIONS] -e EXPR [ARGS...]\n       " +
           name + " [OPTIONS] COMMAND ...\n";
  }
};

/// The options as the parser fills them in, and the parser.
struct CommandLine {
  CLI::App app{"Kiln: a small expression language, specialised per argument type and compiled by LLVM.\n"
               "Without arguments it starts the REPL; with a file, it runs it.\n",
               "kiln"};
  CLI::App *check = nullptr;
  CLI::App *emit = nullptr;
  CLI::App *test = nullptr;
  CLI::App *cache = nullptr;
  CLI::Option *eval = nullptr;
  bool unchecked = false;
  bool version = false;
  bool no_cache = false;
  uint64_t cache_megabytes = 256;
  std::string color = "auto";
  std::string tier = "mixed";
  std::string baseline; // Empty: what fits the command.

  explicit CommandLine(Options &options);
  /// The sub-command that was given, or null.
  const CLI::App *command() const;
  /// The long names of options: of the program and `command`, or of the other commands.
  std::vector<std::string_view> option_names(const CLI::App *command) const;
};

CommandLine::CommandLine(Options &options) {
  app.formatter(std::make_shared<Help>());
  app.footer(main_examples);
  app.prefix_command(); // What follows FILE is the program's.
  app.fallthrough();
  app.set_help_flag("-h,--help", "Print this help");
  app.add_flag("--version", version, "Print the versions of Kiln and LLVM");
  eval =
      app.add_option("-e,--eval", options.text, "Run EXPR and print its value, as print() would")->option_text("EXPR");
  app.add_option("-O", options.engine.opt_level, "Optimisation level, -O0 to -O3 (the default)")->option_text("LEVEL");
  app.add_flag("--unchecked", unchecked, "Leave out checks of integer overflow and array bounds (not of division by zero, which would end the process)");
  app.add_flag("--time", options.time, "Print a table of phases, times and counts to stderr");
  app.add_option("--tier", tier, "Who runs the program: mixed (the default: the interpreter, and LLVM where time is spent), 0 (the interpreter) or 1 (LLVM)")
      ->option_text("TIER");
  app.add_option("--baseline", baseline, "What the interpreter has machine code made for, instruction by instruction: hot functions (the default), all or none")
      ->option_text("WHICH");
  app.add_option("--promote-after", options.engine.promote_after, "Seconds that the interpreter works before LLVM compiles what takes its time, in the background (0.012; 0: at the first chance, and the program waits)")
      ->option_text("SECONDS");
  app.add_option("--promote-at-random", options.engine.promote_at_random, "Let LLVM take over at random points, now and then after a delay: for tests")
      ->option_text("SEED");
  app.add_flag("--trace-jit", options.engine.trace_jit, "Say on stderr what LLVM compiles: when, why, what it cost, and how much code it is");
  app.add_option("--cache", options.engine.cache, "The folder where machine code is kept for later runs ($XDG_CACHE_HOME/kiln or ~/.cache/kiln)")->option_text("DIR");
  app.add_option("--cache-limit", cache_megabytes, "How many megabytes it may hold before what was not used for the longest time goes (256)")->option_text("MB")->check(CLI::Range(0, 1 << 20, "MEGABYTES"));
  app.add_flag("--no-cache", no_cache, "Keep no machine code, and look for none");
  app.add_option("--color", color, "auto (the default), always or never")->option_text("WHEN");

  check = app.add_subcommand("check", "Report the errors of a file without running it");
  check->add_option("FILE", options.file, "The file; - is standard input")->required()->option_text(" ");

  emit = app.add_subcommand("emit", "Write what the compiler makes of a file");
  emit->footer(emit_examples);
  emit->add_option("KIND", options.kind_name, "What to write")->required()->option_text(" ");
  emit->add_option("FILE", options.file, "The file; - is standard input")->required()->option_text(" ");
  emit->add_option("SIGNATURE", options.operands, "A function with argument types, as 'f(i64, f64)'; of trace: arguments for the program")
      ->option_text(" ");
  emit->add_flag("--run", options.run, "Run the file and write everything that was compiled");
  emit->add_option("-o,--output", options.output, "Write to a file")->option_text("FILE");

  test = app.add_subcommand("test", "Run files that have their expected output beside them");
  test->footer(test_help);
  test->add_option("FILE", options.files, "Files and folders (all .kn files below)")->required()->option_text("...");
  test->add_flag("--update", options.update, "Rewrite the expectations that fail");

  cache = app.add_subcommand("cache", "Show or clear the machine code that is kept for later runs");
  cache->footer(cache_examples);
  cache->add_flag("--clear", options.clear, "Remove all of it");

  check->footer(check_examples);
  for (CLI::App *command : {check, emit, test, cache}) {
    command->set_help_flag("-h,--help", "Print this help");
    command->group("Commands");
  }
}

const CLI::App *CommandLine::command() const {
  const auto given = app.get_subcommands();
  return given.empty() ? nullptr : given[0];
}

std::vector<std::string_view> CommandLine::option_names(const CLI::App *command) const {
  std::vector<std::string_view> names;
  for (const CLI::App *from : {&app, command}) {
    if (!from) continue;
    for (const CLI::Option *option : from->get_options())
      for (const std::string &name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

int usage(const std::string &message, const CLI::App *command = nullptr) {
  complain(message);
  std::fputs(fmt::format("Try 'kiln {}--help'.\n", command ? command->get_name() + " " : "").c_str(), stderr);
  return usage_error;
}

/// The option that a word, without its dashes, was meant to be: one with nearly that name, or that begins with a letter.
std::optional<std::string_view> meant_option(std::string_view word, const std::vector<std::string_view> &names) {
  if (word.size() != 1) return closest(word, names);
  const auto begins = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
    return name[0] == std::tolower(static_cast<unsigned char>(word[0]));
  });
  return begins == names.end() ? std::nullopt : std::optional(*begins);
}

int unknown_option(const CommandLine &line, std::string_view option, bool arguments_possible) {
  const CLI::App *command = line.command();
  std::string message = fmt::format("no option '{}'", option);
  std::string_view word = option.substr(0, option.find('='));
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  const CLI::App *owner = nullptr;
  for (const CLI::App *other : {line.check, line.emit, line.test, line.cache})
    if (other != command && other->get_option_no_throw(fmt::format("--{}", word))) owner = other;
  if (owner)
    message = fmt::format("'--{}' is an option of 'kiln {}'", word, owner->get_name());
  else if (auto name = meant_option(word, line.option_names(command)))
    message += fmt::format("; did you mean '--{}'?", *name);
  else if (arguments_possible)
    message += "; arguments for the program come after '--'";
  return usage(message, command);
}

/// What an option of the command line lacks, in our words; CLI11 has its own names for options.
std::string misused_option(std::string_view message) {
  const std::pair<std::string_view, std::string_view> takes[] = {
      {"--eval", "-e takes one expression, as in kiln -e '1 + 1'"},
      {"--color", "--color takes auto, always or never, as in --color=never"},
      {"--cache-limit", "--cache-limit takes megabytes, as in --cache-limit=100"},
      {"--cache", "--cache takes a folder, as in --cache=/tmp/kiln"},
      {"--promote-after", "--promote-after takes seconds, 0 or more, as in --promote-after=0.1"},
      {"--baseline", "--baseline takes hot, all or none, as in --baseline=none"},
      {"--promote-at-random", "--promote-at-random takes a seed, as in --promote-at-random=1"},
      {"--tier", "--tier takes mixed, 0 or 1, as in --tier=0"},
      {"--output", "-o takes the name of a file to write to"},
      {"-O", "-O takes a level from 0 to 3, as in -O2"},
  };
  for (auto [option, text] : takes)
    if (message.find(option) != std::string_view::npos) return std::string(text);
  return {};
}

/// CLI11 names exceptions and options in its own way; say it in ours.
int report_parse_error(const CommandLine &line, const CLI::ParseError &error) {
  const std::string name = error.get_name();
  std::string message = misused_option(error.what());
  if (message.empty()) message = error.what();
  if (const CLI::App *command = line.command(); command && name == "RequiredError")
    message = fmt::format("'kiln {}': {}", command->get_name(), message);
  return usage(message, line.command());
}

/// Most runs name a file or an expression and no option. They need none of the parser, which to set up takes a tenth of a
/// short run. False where the parser is to say what is meant.
bool parse_plain(std::span<char *const> arguments, Options &options) {
  auto is_plain = [](std::string_view word) { return !word.empty() && word[0] != '-'; };
  if (arguments.size() == 2 && std::string_view(arguments[0]) == "-e" && is_plain(arguments[1])) {
    options.command = Command::RunText;
    options.text = arguments[1];
  } else {
    if (arguments.empty() || !std::ranges::all_of(arguments, is_plain)) return false;
    if (std::ranges::count(command_names(), std::string_view(arguments[0]))) return false;
    options.command = Command::RunFile;
    options.file = arguments[0];
    options.engine.arguments.assign(arguments.begin() + 1, arguments.end());
  }
  options.engine.cache = default_cache_folder();
  return true;
}

} // namespace

std::optional<std::string_view> similar_command(std::string_view word) { return closest(word, command_names()); }

std::optional<int> parse_options(int argc, char **argv, Options &options) {
  if (parse_plain(std::span(argv, static_cast<size_t>(argc)).subspan(std::min(argc, 1)), options)) return std::nullopt;
  CommandLine line(options);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    const CLI::App *command = line.command();
    const std::string help = command ? command->help() : line.app.help();
    return finish_output(0, help);
  } catch (const CLI::ParseError &error) {
    return report_parse_error(line, error);
  }
  if (line.version) {
    return finish_output(0, fmt::format("kiln {}\nLLVM {}\n", version(), llvm_version()));
  }
  if (options.engine.opt_level < 0 || options.engine.opt_level > 3) return usage("-O takes a level from 0 to 3, as in -O2");
  if (!(options.engine.promote_after >= 0)) return usage("--promote-after takes seconds, 0 or more, as in --promote-after=0.1");
  options.engine.checks = !line.unchecked;
  options.engine.cache_bytes = line.cache_megabytes << 20;
  if (line.no_cache)
    options.engine.cache.clear();
  else if (options.engine.cache.empty())
    options.engine.cache = default_cache_folder();
  else if (std::string error; !CacheFolder::open(options.engine.cache, options.engine.cache_bytes, error))
    return usage(fmt::format("--cache: {}", error));
  if (line.color == "auto")
    options.color = ColorMode::Auto;
  else if (line.color == "always")
    options.color = ColorMode::Always;
  else if (line.color == "never")
    options.color = ColorMode::Never;
  else
    return usage(fmt::format("--color takes auto, always or never, not '{}'", line.color));
  if (line.tier == "mixed")
    options.engine.tier = Tier::Mixed;
  else if (line.tier == "0")
    options.engine.tier = Tier::Interpreted;
  else if (line.tier == "1")
    options.engine.tier = Tier::Compiled;
  else
    return usage(fmt::format("--tier takes mixed, 0 or 1, not '{}'", line.tier));
  if (line.baseline.empty())
    options.engine.baseline = options.kind_name == "trace" ? Baseline::None : Baseline::Hot;
  else if (line.baseline == "hot")
    options.engine.baseline = Baseline::Hot;
  else if (line.baseline == "all")
    options.engine.baseline = Baseline::All;
  else if (line.baseline == "none")
    options.engine.baseline = Baseline::None;
  else
    return usage(fmt::format("--baseline takes hot, all or none, not '{}'", line.baseline));

  std::vector<std::string> rest = line.app.remaining(true);
  const bool evaluates = line.eval->count() != 0;
  const bool has_command = line.command() != nullptr;
  if (!rest.empty() && rest[0] == "--" && !has_command)
    rest.erase(rest.begin());
  else if (!rest.empty() && rest[0].size() > 1 && rest[0][0] == '-')
    return unknown_option(line, rest[0], evaluates);

  if (has_command) {
    if (evaluates) return usage("-e and a command do not go together");
    if (!rest.empty()) return usage(fmt::format("one argument too many: '{}'", rest[0]), line.command());
    options.command = line.check->parsed() ? Command::Check : line.emit->parsed() ? Command::Emit : line.cache->parsed() ? Command::Cache : Command::Test;
  } else if (evaluates) {
    options.command = Command::RunText;
    options.engine.arguments = std::move(rest);
  } else if (!rest.empty()) {
    options.command = Command::RunFile;
    options.file = rest[0];
    options.engine.arguments.assign(rest.begin() + 1, rest.end());
  }
  if (options.command == Command::Emit) {
    auto kind = emit_kind(options.kind_name);
    if (!kind) return usage(fmt::format("emit knows no '{}', only {}", options.kind_name, emit_kinds));
    options.kind = *kind;
    if (*kind == EmitKind::Trace)
      options.engine.arguments = std::move(options.operands);
    else if (options.operands.size() > 1)
      return usage(fmt::format("one argument too many: '{}'", options.operands[1]), line.emit);
    else if (!options.operands.empty())
      options.signature = options.operands[0];
  }
  return std::nullopt;
}

} // namespace kiln
