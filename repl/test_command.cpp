#include "repl/test_command.h"

#include "repl/run.h"
#include "repl/source_file.h"
#include "repl/test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace kiln {

namespace {

constexpr int usage_error = 2;
constexpr int interrupted_status = 128 + 2;

struct Counts {
  size_t passed = 0;
  size_t failed = 0;
};

/// The colours of a difference.
struct DiffColors {
  std::string_view removed, added, place, reset;
};

void print_mismatch(const TestFile &file, const TestUnit &unit, const DiffColors &colors) {
  std::string text = fmt::format("{}@@ {}:{}: {}{}\n", colors.place, file.path(), unit.first_line,
                                 trim_end(file.source().line(unit.first_line)), colors.reset);
  const TestMismatch mismatch = file.mismatch(unit);
  for (const TestLine &line : mismatch.expected)
    text += fmt::format("{}-{}: {}{}\n", colors.removed, line.line, line.comment, colors.reset);
  for (const TestLine &line : mismatch.actual)
    text += fmt::format("{}+{}: {}{}\n", colors.added, line.line, line.comment, colors.reset);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void report_file(const TestFile &file, const DiffColors &colors, Counts &counts) {
  bool first = true;
  for (const TestUnit &unit : file.units()) {
    if (file.passed(unit)) {
      counts.passed += file.has_expectations(unit);
      continue;
    }
    ++counts.failed;
    if (std::exchange(first, false)) std::fputs(fmt::format("--- {}\n", file.path()).c_str(), stdout);
    print_mismatch(file, unit, colors);
  }
  std::fflush(stdout); // Should the next file end the process, this much is told.
}

/// Rewrites the file's expectations if any failed.
bool update(const TestFile &file, std::string &error) {
  const std::string text = file.updated_text();
  if (text == file.source().text()) return true;
  std::fputs(fmt::format("updated {}\n", file.path()).c_str(), stdout);
  return write_file(file.path(), text, error);
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
  Counts counts;
  bool interrupted = false;
  for (const std::string &path : *paths) {
    std::optional<std::string> text = read_source(path, error);
    if (!text) {
      complain(error);
      return usage_error;
    }
    TestFile file(path, std::move(*text));
    interrupted = !file.run(options.engine);
    const bool fails =
        std::any_of(file.units().begin(), file.units().end(), [&](const TestUnit &unit) { return !file.passed(unit); });
    report_file(file, colors, counts);
    if (interrupted) break;
    if (options.update && fails && !update(file, error)) {
      complain(error);
      return usage_error;
    }
  }
  std::fputs(fmt::format("{} passed, {} failed\n", counts.passed, counts.failed).c_str(), stdout);
  if (interrupted) return interrupted_status;
  return counts.failed != 0;
}

} // namespace kiln
