#include "jit/compile_thread.h"

#include <csignal>

namespace kiln {

namespace {

constexpr size_t stack_bytes = size_t(256) << 20; // Address space: LLVM recurses over deep expressions.

} // namespace

/// False when the system gives no thread.
bool CompileThread::start() {
  if (started_) return true;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  sigset_t all, before; // A new thread has the mask of the one that makes it.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  started_ = pthread_create(&thread_, &attributes, &run, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started_;
}

CompileThread::~CompileThread() {
  if (!started_) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  pthread_join(thread_, nullptr);
}

void CompileThread::begin(std::function<void()> work) {
  if (!start()) return work();
  {
    std::lock_guard lock(mutex_);
    work_ = std::move(work);
    busy_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_all();
}

void CompileThread::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_busy(); });
}

void *CompileThread::run(void *argument) {
  auto &self = *static_cast<CompileThread *>(argument);
  std::unique_lock lock(self.mutex_);
  for (;;) {
    self.changed_.wait(lock, [&] { return self.is_busy() || self.stopping_; });
    if (!self.is_busy()) return nullptr;
    lock.unlock();
    self.work_();
    lock.lock();
    self.busy_.store(false, std::memory_order_release);
    self.changed_.notify_all();
  }
}

} // namespace kiln
