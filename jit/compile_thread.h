#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <pthread.h>

namespace kiln {

/// A thread that does one piece of work at a time while the program goes on. It has a deep stack, as LLVM wants, takes no
/// signals, and is none of the collector's: work must neither allocate collected memory nor hold any. Nobody waits for it
/// where the process ends.
class CompileThread {
public:
  CompileThread() = default;
  /// Waits for the work.
  ~CompileThread();
  CompileThread(const CompileThread &) = delete;
  CompileThread &operator=(const CompileThread &) = delete;

  /// Begins a piece of work; the last one is done. Where the system gives no thread the work is done at once.
  void begin(std::function<void()> work);
  bool is_busy() const { return busy_.load(std::memory_order_acquire); }
  void wait();

private:
  bool start();
  static void *run(void *self);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;
  std::atomic<bool> busy_ = false;
  bool stopping_ = false;
  bool started_ = false;
  pthread_t thread_{};
};

} // namespace kiln
