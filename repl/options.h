#pragma once

#include "jit/engine.h"
#include "repl/terminal.h"

#include <optional>
#include <string>
#include <vector>

namespace kiln {

enum class Command : uint8_t { Repl, RunFile, RunText, Check, Emit, Test, Cache };

/// What the command line asks for.
struct Options {
  Command command = Command::Repl;
  EngineOptions engine;
  ColorMode color = ColorMode::Auto;
  bool time = false;

  std::string file;               // RunFile, Check, Emit: `-` is standard input.
  std::string text;               // RunText.
  std::vector<std::string> files; // Test.
  EmitKind kind = EmitKind::Llvm; // Emit...
  std::string kind_name;
  std::vector<std::string> operands; // What follows the file...
  std::string signature;             // ...if it is not for the program.
  std::string output;
  bool run = false;
  bool update = false; // Test: rewrite the expectations.
  bool clear = false;  // Cache: remove all entries.
};

/// Reads the command line. A status to exit with at once (after --help, --version or a usage error, which were
/// written), or none.
std::optional<int> parse_options(int argc, char **argv, Options &options);

/// The sub-command that `word` is a likely misspelling of.
std::optional<std::string_view> similar_command(std::string_view word);

} // namespace kiln
