#pragma once

#include "jit/engine.h"
#include "repl/expectations.h"

#include <string>
#include <vector>

namespace kiln {

class Ast;

/// An error or warning that a statement ended in.
struct TestEvent {
  Expectation::Kind kind; // Error or Warning.
  std::string message;    // Its first line.
  std::vector<Location>
      places; // In the file: the error's own place first, then its notes or the frames of its backtrace.
  bool expected = false;
};

/// Statements that are run as one, since they share lines; or lines without any, where the parser found an error.
struct TestUnit {
  uint32_t first_line, last_line;
  uint32_t begin = 0, end = 0; // Offsets of the text to run; empty: none.
  std::string definition = {}; // The signature of the one function, or struct or class, that it defines; else empty.
  bool broken = false;         // Has a syntax error, and is not run.

  std::string printed = {};
  std::string shown = {}; // The value, when nothing was printed.
  bool has_value = false;
  std::vector<TestEvent> events = {};
};

/// A line of the report: what was expected or what came instead.
struct TestLine {
  uint32_t line;
  std::string comment;
};
struct TestMismatch {
  std::vector<TestLine> expected, actual;
};

/// A test file as it ran.
class TestFile {
public:
  TestFile(std::string path, std::string text);
  /// Runs the statements in a session of their own. False after Ctrl-C.
  bool run(const EngineOptions &options);

  const std::string &path() const { return path_; }
  const Source &source() const { return sources_.get(number_); }
  const std::vector<TestUnit> &units() const { return units_; }
  bool has_expectations(const TestUnit &unit) const;
  bool passed(const TestUnit &unit) const;
  /// How a unit that failed differs.
  TestMismatch mismatch(const TestUnit &unit) const;
  /// The text with the expectations of the units that failed rewritten.
  std::string updated_text() const;

private:
  struct Met { // An expectation and whether it came.
    Expectation expectation;
    bool met = false;
  };

  void cut(const Ast &ast);
  void cover(uint32_t line);
  TestUnit *unit_at(uint32_t line);
  void run_unit(Engine &engine, TestUnit &unit);
  void add_event(TestUnit &unit, TestEvent event);
  std::vector<std::string> expected_output(const TestUnit &unit) const;
  bool output_matches(const TestUnit &unit) const;

  std::string path_;
  Sources sources_;
  uint32_t number_;
  std::vector<TestUnit> units_;
  std::vector<Met> expectations_;
  bool interrupted_ = false;
};

/// What a unit printed, or else the value it has, in lines.
std::vector<std::string> output_lines(const TestUnit &unit);

} // namespace kiln
