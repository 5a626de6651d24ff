#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kiln {

/// What the run of a test file gave.
struct FileReport {
  size_t passed = 0;
  size_t failed = 0;
  bool interrupted = false;
  std::string text; // How it differs.
};

using RunFile = std::function<FileReport(const std::string &path)>;
using ReportDone = std::function<void(const FileReport &report)>;

/// Runs each file in a process of its own, as many at once as there are processors, so that a crash costs only its
/// file. `done` is called in the order of the files, as soon as each is known. Stops after an interrupted one.
void run_in_processes(const std::vector<std::string> &paths, const RunFile &run, const ReportDone &done);

} // namespace kiln
