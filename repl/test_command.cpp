#include "repl/test_command.h"

#include "repl/run.h"
#include "repl/source_file.h"
#include "repl/test_file.h"
#include "repl/test_processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace kiln {

namespace {

constexpr int usage_error = 2;
constexpr int interrupted_status = 128 + 2;

/// The colours of a difference.
struct DiffColors {
  std::string_view removed, added, place, reset;
};

std::string mismatch_text(const TestFile &file, const TestUnit &unit, const DiffColors &colors) {
  std::string text = fmt::format("{}@@ {}:{}: {}{}\n", colors.place, file.path(), unit.first_line,
                                 trim_end(file.source().line(unit.first_line)), colors.reset);
  const TestMismatch mismatch = file.mismatch(unit);
  for (const TestLine &line : mismatch.expected)
    text += fmt::format("{}-{}: {}{}\n", colors.removed, line.line, line.comment, colors.reset);
  for (const TestLine &line : mismatch.actual)
    text += fmt::format("{}+{}: {}{}\n", colors.added, line.line, line.comment, colors.reset);
  return text;
}

/// Rewrites the file's expectations; says so.
std::string update(const TestFile &file) {
  const std::string text = file.updated_text();
  std::string error;
  if (text == file.source().text()) return {};
  return write_file(file.path(), text, error) ? fmt::format("updated {}\n", file.path()) : "kiln: " + error + "\n";
}

FileReport test_file(const std::string &path, const Options &options, const DiffColors &colors) {
  FileReport report;
  std::optional<std::string> text = read_source(path, report.text);
  if (!text) {
    report.failed = 1;
    report.text = fmt::format("--- {}\n@@ {}\n", path, report.text);
    return report;
  }
  TestFile file(path, std::move(*text));
  report.interrupted = !file.run(options.engine);
  for (const TestUnit &unit : file.units()) {
    if (file.passed(unit)) {
      report.passed += file.has_expectations(unit);
      continue;
    }
    if (report.failed++ == 0) report.text = fmt::format("--- {}\n", path);
    report.text += mismatch_text(file, unit, colors);
  }
  if (options.update && report.failed != 0 && !report.interrupted) report.text += update(file);
  return report;
}

} // namespace

int test_files(const Options &options) {
  std::string error;
  const std::optional<std::vector<std::string>> paths = source_files(options.files, error);
  if (!paths) {
    complain(error);
    return usage_error;
  }
  const bool color = use_color(options.color, STDOUT_FILENO);
  const DiffColors colors = color ? DiffColors{"\033[31m", "\033[32m", "\033[36m", "\033[0m"} : DiffColors{};
  FileReport total;
  int written = 0;
  auto run = [&](const std::string &path) { return test_file(path, options, colors); };
  auto done = [&](const FileReport &report) {
    total.passed += report.passed;
    total.failed += report.failed;
    total.interrupted |= report.interrupted;
    written = finish_output(written, report.text);
  };
  if (paths->size() == 1)
    done(run(paths->front())); // In this process, for a debugger.
  else
    run_in_processes(*paths, run, done);
  written = finish_output(written, fmt::format("{} passed, {} failed\n", total.passed, total.failed));
  if (total.interrupted) return interrupted_status;
  return total.failed != 0 ? 1 : written;
}

} // namespace kiln
