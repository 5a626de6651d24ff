#include "repl/test_file.h"

#include <algorithm>
#include <map>

namespace kiln {

namespace {

/// A text as lines that comments can be taken from and put beside or below.
class CommentedLines {
public:
  explicit CommentedLines(const Source &source) {
    for (uint32_t line = 1; line <= source.line_count(); ++line) lines_.push_back({std::string(source.line(line))});
  }

  void remove(const Expectation::Comment &comment, const Source &source) {
    Line &line = lines_[comment.line - 1];
    const size_t column = comment.begin - source.line_start(comment.line);
    line.removed = comment.alone;
    line.comment_column = column;
    line.text.erase(column);
    line.text.erase(trim_end(line.text).size());
  }

  /// Puts a comment beside a line, or below it when there is one already.
  void add(uint32_t number, const std::string &comment) {
    Line &line = lines_[number - 1];
    if (line.has_new_comment || (line.comment_column == 0 && line.text.find('#') != std::string::npos))
      return add_below(number, comment);
    line.text.resize(std::max(line.text.size() + 2, line.comment_column), ' ');
    line.text += comment;
    line.has_new_comment = true;
  }

  void add_below(uint32_t number, const std::string &comment) {
    Line &line = lines_[number - 1];
    const size_t indent = std::min(line.text.find_first_not_of(" \t"), line.text.size());
    line.below.push_back(line.text.substr(0, indent) + comment);
  }

  std::string text() const {
    std::string result;
    for (const Line &line : lines_) {
      if (!line.removed) result += line.text + "\n";
      for (const std::string &comment : line.below) result += comment + "\n";
    }
    while (result.ends_with("\n\n")) result.pop_back();
    return result;
  }

private:
  struct Line {
    std::string text;
    size_t comment_column = 0; // Where a comment stood that was taken away.
    bool removed = false;
    bool has_new_comment = false;
    std::vector<std::string> below = {};
  };
  std::vector<Line> lines_;
};

bool within(const TestUnit &unit, uint32_t line) { return unit.first_line <= line && line <= unit.last_line; }

/// The line to put an event's comment on: of its places, the first within the unit.
uint32_t line_for(const TestEvent &event, const TestUnit &unit) {
  for (Location place : event.places)
    if (within(unit, place.line)) return place.line;
  return event.places.empty() ? unit.last_line : event.places[0].line;
}

} // namespace

std::string TestFile::updated_text() const {
  CommentedLines lines(source());
  for (const TestUnit &unit : units_) {
    if (passed(unit)) continue;
    uint32_t output_line = 0;
    std::map<uint32_t, bool> gave_column;
    for (const Met &met : expectations_) {
      const Expectation &old = met.expectation;
      if (!within(unit, old.line)) continue;
      if (old.kind == Expectation::Output)
        output_line = output_line ? output_line : old.line;
      else
        gave_column[old.line] |= old.column != 0;
      for (const Expectation::Comment &comment : old.comments) lines.remove(comment, source());
    }
    const std::vector<std::string> output = output_lines(unit);
    if (!output.empty() && (output_line || !unit.printed.empty())) {
      output_line = output_line ? output_line : unit.last_line;
      lines.add(output_line, expectation_comment(Expectation::Output, 0, output[0]));
      for (size_t i = 1; i < output.size(); ++i)
        lines.add_below(output_line, std::string(trim_end("# | " + output[i])));
    }
    for (const TestEvent &event : unit.events) {
      const uint32_t line = line_for(event, unit);
      if (event.expected && !within(unit, line)) continue; // Said where it happens, in a function.
      uint32_t column = 0;
      for (Location place : event.places)
        if (gave_column[line] && place.line == line && column == 0) column = place.column;
      lines.add(line, expectation_comment(event.kind, column, event.message));
    }
  }
  return lines.text();
}

} // namespace kiln
