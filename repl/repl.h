#pragma once

#include "repl/line_reader.h"
#include "repl/options.h"

#include <memory>
#include <string>

namespace kiln {

/// The interactive loop; gives the status to exit with.
int run_repl(const Options &options);

/// What one run of the REPL consists of: the session, and what its commands change.
class Repl {
public:
  Repl(const Options &options, bool editing);
  ~Repl();
  Repl(const Repl &) = delete;
  Repl &operator=(const Repl &) = delete;

  /// Reads and runs until the end of input, `:quit` or exit().
  int run();
  /// Runs a text and shows its value.
  void evaluate(std::string name, std::string text);
  /// Tells how something ended: errors, warnings.
  void tell(const Outcome &outcome);
  void say(std::string_view text);
  /// Of this program's own, in the colour of errors.
  void complain(std::string_view message);

  Engine &engine() { return *engine_; }
  void reset() { engine_ = std::make_unique<Engine>(options_.engine); }
  void quit() { quits_ = true; }
  std::string next_name();

  std::string last_loaded;

private:
  enum class Input { Text, Nothing, End };
  Input read_input(std::string &text);
  Completions complete(std::string_view before_cursor);

  /// Takes what programs print; remembers whether the last line is unfinished.
  static void print(void *repl, std::string_view text);

  const Options &options_;
  std::unique_ptr<Engine> engine_;
  LineReader reader_;
  Palette out_, err_;
  unsigned inputs_ = 0;
  bool line_unfinished_ = false;
  bool quits_ = false;
  int status_ = 0;
};

} // namespace kiln
