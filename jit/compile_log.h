#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace kiln {

/// What `--trace-jit` shows: a line on stderr for each thing that happens to code, with the milliseconds since the start.
class CompileLog {
public:
  explicit CompileLog(bool is_on) : is_on_(is_on) {}

  /// Since the start.
  double milliseconds() const { return std::chrono::duration<double, std::milli>(Clock::now() - start_).count(); }
  bool is_on() const { return is_on_; }
  template <typename... Args>
  void add(fmt::format_string<Args...> text, Args &&...args) {
    if (is_on_) write(fmt::format(text, std::forward<Args>(args)...));
  }

private:
  using Clock = std::chrono::steady_clock;
  void write(const std::string &text) const;

  const bool is_on_;
  const Clock::time_point start_ = Clock::now();
};

} // namespace kiln
