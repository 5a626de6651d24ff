#include "repl/test_processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kiln {

namespace {

/// A running file: its process, and the memory file that it leaves its report in.
struct Job {
  size_t index;
  pid_t pid;
  int report;
};

void write_report(int fd, const FileReport &report) {
  const std::string text =
      fmt::format("{} {} {}\n{}", report.passed, report.failed, static_cast<int>(report.interrupted), report.text);
  for (size_t at = 0; at < text.size();) {
    const ssize_t count = write(fd, text.data() + at, text.size() - at);
    if (count < 0 && errno != EINTR) return;
    at += count < 0 ? 0 : static_cast<size_t>(count);
  }
}

FileReport read_report(int fd) {
  std::string text;
  char buffer[65536];
  lseek(fd, 0, SEEK_SET);
  for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) != 0;) {
    if (count < 0 && errno != EINTR) break;
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  FileReport report;
  int interrupted = 0;
  std::sscanf(text.c_str(), "%zu %zu %d", &report.passed, &report.failed, &interrupted);
  report.interrupted = interrupted != 0;
  report.text = text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
  return report;
}

Job start(size_t index, const std::string &path, const RunFile &run) {
  std::fflush(stdout);
  std::fflush(stderr);
  Job job{index, -1, memfd_create("report", MFD_CLOEXEC)};
  job.pid = fork();
  if (job.pid != 0) return job;
  write_report(job.report, run(path));
  std::fflush(stdout);
  std::fflush(stderr);
  _exit(0);
}

FileReport finish(const Job &job, int status, const std::string &path) {
  FileReport report;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    report = read_report(job.report);
  } else {
    report.failed = 1;
    const std::string how =
        WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : fmt::format("exit {}", WEXITSTATUS(status));
    report.text = fmt::format("--- {}\n@@ {}: the process ended: {}\n", path, path, how);
  }
  close(job.report);
  return report;
}

} // namespace

void run_in_processes(const std::vector<std::string> &paths, const RunFile &run, const ReportDone &done) {
  const size_t most = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::optional<FileReport>> reports(paths.size());
  std::vector<Job> running;
  size_t started = 0, told = 0;
  bool stopped = false;
  while (!running.empty() || (started < paths.size() && !stopped)) {
    while (running.size() < most && started < paths.size() && !stopped) {
      const Job job = start(started, paths[started], run);
      ++started;
      if (job.pid > 0)
        running.push_back(job);
      else
        reports[job.index] = FileReport{0, 1, false, fmt::format("--- {}\ncannot fork\n", paths[job.index])};
    }
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    auto job = std::find_if(running.begin(), running.end(), [pid](const Job &job) { return job.pid == pid; });
    if (job != running.end()) {
      reports[job->index] = finish(*job, status, paths[job->index]);
      stopped |= reports[job->index]->interrupted;
      running.erase(job);
    }
    for (; told < started && reports[told]; ++told) done(*reports[told]);
  }
}

} // namespace kiln
