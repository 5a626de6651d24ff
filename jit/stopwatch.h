#pragma once

#include <chrono>
#include <utility>

namespace kiln {

/// Adds the seconds of its own life to a total, less those of the stopwatches that lived within it: functions are inferred and
/// compiled in the middle of a run, and each second belongs to one phase.
class Stopwatch {
public:
  explicit Stopwatch(double &total) : total_(total), outer_(std::exchange(running_, this)), start_(Clock::now()) {
    if (outer_)
      outer_->add_until(start_);
  }
  ~Stopwatch() {
    Clock::time_point now = Clock::now();
    add_until(now);
    running_ = outer_;
    if (outer_)
      outer_->start_ = now;
  }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

private:
  using Clock = std::chrono::steady_clock;

  void add_until(Clock::time_point now) { total_ += std::chrono::duration<double>(now - start_).count(); }

  static inline thread_local Stopwatch *running_ = nullptr;
  double &total_;
  Stopwatch *outer_;
  Clock::time_point start_;
};

} // namespace kiln
