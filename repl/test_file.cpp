#include "repl/test_file.h"

#include "jit/runtime/output.h"
#include "lang/parser.h"
#include "repl/show.h"

#include <algorithm>
#include <map>

namespace kiln {

namespace {

/// Name and parameter types of a definition as they are written: two of the same are a redefinition. Of an import, its place.
std::string signature(const Stmt *stmt, const Sources &sources) {
  if (const auto *structure = as<StructStmt>(stmt)) return "struct " + std::string(structure->name.text);
  if (as<ImportStmt>(stmt)) return fmt::format("import {}", stmt->span.begin);
  const auto *function = as<FunctionStmt>(stmt);
  if (!function) return {};
  std::string text = std::string(function->name.text) + "(";
  for (const Param &param : function->params)
    text += (param.type ? std::string(sources.text(param.type->span)) : "_") + ",";
  return text;
}

/// The offset at which the `##` lines above a line begin.
uint32_t documentation_start(const Source &source, uint32_t line) {
  while (line > 1) {
    std::string_view above = source.line(line - 1);
    above.remove_prefix(std::min(above.find_first_not_of(" \t"), above.size()));
    if (!above.starts_with("##")) break;
    --line;
  }
  return source.line_start(line);
}

/// The statements' text at the place where it is in the file, so that lines and columns in messages are the file's.
std::string placed(const Source &source, uint32_t begin, uint32_t end) {
  const Location start = source.location(begin);
  return std::string(start.line - 1, '\n') + std::string(begin - source.line_start(start.line), ' ') +
         std::string(source.text().substr(begin, end - begin));
}

std::string first_line(const std::string &text) { return text.substr(0, text.find('\n')); }

void append_output(void *context, std::string_view text) { *static_cast<std::string *>(context) += text; }

/// While it lives, what programs print goes to a string.
class OutputCapture {
public:
  explicit OutputCapture(std::string &text) { set_output_sink(append_output, &text); }
  ~OutputCapture() { set_output_sink(nullptr, nullptr); }
  OutputCapture(const OutputCapture &) = delete;
  OutputCapture &operator=(const OutputCapture &) = delete;
};

void add_place(std::vector<Location> &places, Span span, const Sources &sources, const std::string &path) {
  if (span.known() && sources.get(span).name() == path) places.push_back(sources.location(span));
}

TestEvent event_of(const Diagnostic &diagnostic, const Sources &sources, const std::string &path) {
  const bool error = diagnostic.severity == Severity::Error;
  TestEvent event{error ? Expectation::Error : Expectation::Warning, first_line(diagnostic.message), {}};
  add_place(event.places, diagnostic.span, sources, path);
  for (const DiagNote &note : diagnostic.notes) add_place(event.places, note.span, sources, path);
  return event;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(trim_end(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

} // namespace

std::vector<std::string> output_lines(const TestUnit &unit) {
  if (unit.printed.empty() && !unit.has_value) return {};
  return split_lines(unit.printed.empty() ? unit.shown + "\n" : unit.printed);
}

TestFile::TestFile(std::string path, std::string text)
    : path_(std::move(path)), number_(sources_.add(path_, std::move(text))) {}

/// Groups the statements that share lines.
void TestFile::cut(const Ast &ast) {
  const Source &text = source();
  for (const Stmt *stmt : ast.statements) {
    uint32_t end = stmt->span.end;
    const size_t next = text.text().find_first_not_of(" \t", end);
    if (next != std::string_view::npos && text.text()[next] == ';')
      end = static_cast<uint32_t>(next) + 1; // Hides the value.
    const uint32_t first = text.location(stmt->span.begin).line;
    const uint32_t last = text.location(std::max(stmt->span.begin + 1, end) - 1).line;
    if (!units_.empty() && units_.back().last_line >= first) {
      units_.back().last_line = std::max(last, units_.back().last_line);
      units_.back().end = end;
      units_.back().definition.clear();
      continue;
    }
    TestUnit unit{first, last};
    unit.definition = signature(stmt, sources_);
    unit.begin = as<FunctionStmt>(stmt) || as<StructStmt>(stmt) ? documentation_start(text, first) : stmt->span.begin;
    unit.end = end;
    units_.push_back(std::move(unit));
  }
}

TestUnit *TestFile::unit_at(uint32_t line) {
  for (TestUnit &unit : units_)
    if (unit.first_line <= line && line <= unit.last_line) return &unit;
  return nullptr;
}

/// A line that belongs to no statement gets a unit of its own.
void TestFile::cover(uint32_t line) {
  if (unit_at(line)) return;
  TestUnit unit{line, line};
  unit.broken = true;
  auto after = [line](const TestUnit &other) { return other.first_line > line; };
  units_.insert(std::find_if(units_.begin(), units_.end(), after), std::move(unit));
}

void TestFile::add_event(TestUnit &unit, TestEvent event) {
  for (Met &met : expectations_) {
    const Expectation &wanted = met.expectation;
    auto there = [&](Location place) {
      return place.line == wanted.line && (wanted.column == 0 || wanted.column == place.column);
    };
    if (wanted.kind == event.kind && event.message.starts_with(wanted.lines[0]) &&
        std::any_of(event.places.begin(), event.places.end(), there))
      met.met = event.expected = true;
  }
  unit.events.push_back(std::move(event));
}

void TestFile::run_unit(Engine &engine, TestUnit &unit) {
  Outcome outcome;
  {
    OutputCapture capture(unit.printed);
    outcome = engine.run_interactive(path_, placed(source(), unit.begin, unit.end));
  }
  for (const Diagnostic &diagnostic : outcome.diagnostics)
    add_event(unit, event_of(diagnostic, engine.sources(), path_));
  switch (outcome.status) {
  case Outcome::Ok:
    unit.has_value = outcome.value.type && !outcome.hidden;
    if (unit.has_value) unit.shown = shown(outcome.value);
    break;
  case Outcome::CompileError: break;
  case Outcome::Failure:
  case Outcome::Interrupted: {
    TestEvent event{Expectation::Error, first_line(outcome.message), {}};
    for (const Frame &frame : outcome.trace) add_place(event.places, frame.span, engine.sources(), path_);
    add_event(unit, std::move(event));
    interrupted_ = outcome.status == Outcome::Interrupted;
    break;
  }
  case Outcome::Exit:
    add_event(unit, {Expectation::Error, fmt::format("exit({})", outcome.exit_code), {{unit.last_line, 1}}});
    break;
  }
}

bool TestFile::run(const EngineOptions &options) {
  Diagnostics diagnostics;
  const std::unique_ptr<Ast> ast = parse(sources_, number_, diagnostics);
  cut(*ast);
  Diagnostics already_known;
  for (Expectation &expectation : read_expectations(source(), lex(sources_, number_, already_known))) {
    cover(expectation.line);
    expectations_.push_back({std::move(expectation)});
  }
  for (const Diagnostic &diagnostic : diagnostics.list()) {
    if (diagnostic.severity == Severity::Warning) continue; // Comes again when the statement is run.
    const uint32_t line = sources_.location(diagnostic.span).line;
    cover(line);
    unit_at(line)->broken = true;
    add_event(*unit_at(line), event_of(diagnostic, sources_, path_));
  }

  Engine engine(options);
  std::map<std::string, int> definitions;
  for (const TestUnit &unit : units_) ++definitions[unit.definition];
  enum Round { imports, structs, functions, rest }; // Functions may have parameters of the structs' types.
  auto round_of = [&](const TestUnit &unit) {
    if (unit.definition.empty() || definitions[unit.definition] != 1) return rest;
    if (unit.definition.starts_with("import ")) return imports;
    return unit.definition.starts_with("struct ") ? structs : functions;
  };
  for (Round round : {imports, structs, functions, rest})
    for (TestUnit &unit : units_)
      if (round_of(unit) == round && !unit.broken && !interrupted_) run_unit(engine, unit);
  return !interrupted_;
}

bool TestFile::has_expectations(const TestUnit &unit) const {
  return std::any_of(expectations_.begin(), expectations_.end(), [&](const Met &met) {
    return unit.first_line <= met.expectation.line && met.expectation.line <= unit.last_line;
  });
}

std::vector<std::string> TestFile::expected_output(const TestUnit &unit) const {
  std::vector<std::string> lines;
  for (const Met &met : expectations_) {
    const Expectation &wanted = met.expectation;
    if (wanted.kind == Expectation::Output && unit.first_line <= wanted.line && wanted.line <= unit.last_line)
      lines.insert(lines.end(), wanted.lines.begin(), wanted.lines.end());
  }
  return lines;
}

bool TestFile::output_matches(const TestUnit &unit) const {
  const std::vector<std::string> wanted = expected_output(unit);
  return wanted.empty() ? unit.printed.empty() : wanted == output_lines(unit);
}

bool TestFile::passed(const TestUnit &unit) const {
  for (const TestEvent &event : unit.events)
    if (!event.expected) return false;
  for (const Met &met : expectations_)
    if (met.expectation.kind != Expectation::Output && !met.met && unit.first_line <= met.expectation.line &&
        met.expectation.line <= unit.last_line)
      return false;
  return output_matches(unit);
}

TestMismatch TestFile::mismatch(const TestUnit &unit) const {
  TestMismatch result;
  auto add_output = [](std::vector<TestLine> &to, uint32_t line, const std::vector<std::string> &lines) {
    for (size_t i = 0; i < lines.size(); ++i)
      to.push_back({line, i == 0 ? expectation_comment(Expectation::Output, 0, lines[0])
                                 : std::string(trim_end("# | " + lines[i]))});
  };
  if (!output_matches(unit)) {
    add_output(result.expected, unit.last_line, expected_output(unit));
    add_output(result.actual, unit.last_line, output_lines(unit));
  }
  for (const Met &met : expectations_) {
    const Expectation &wanted = met.expectation;
    if (wanted.kind != Expectation::Output && !met.met && unit.first_line <= wanted.line &&
        wanted.line <= unit.last_line)
      result.expected.push_back({wanted.line, expectation_comment(wanted.kind, wanted.column, wanted.lines[0])});
  }
  for (const TestEvent &event : unit.events) {
    const Location place = event.places.empty() ? Location{unit.last_line, 0} : event.places[0];
    if (!event.expected)
      result.actual.push_back({place.line, expectation_comment(event.kind, place.column, event.message)});
  }
  return result;
}

} // namespace kiln
