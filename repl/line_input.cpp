#include "repl/line_input.h"

#include "jit/signals.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace kiln {

namespace {

volatile std::sig_atomic_t stop_asked = 0;
volatile std::sig_atomic_t resized = 0;

void note_signal(int number) {
  if (number == SIGTSTP)
    stop_asked = 1;
  else
    resized = 1;
}

} // namespace

LineInput::LineInput() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGWINCH, &action, nullptr);
}

CatchStop::CatchStop() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTSTP, &action, &before_);
}

CatchStop::~CatchStop() { sigaction(SIGTSTP, &before_, nullptr); }

LineInput::Event LineInput::wait() {
  // The signals are let in only while ppoll waits, so that none slips in between the question and the wait.
  sigset_t blocked, before;
  sigemptyset(&blocked);
  for (int number : {SIGINT, SIGTSTP, SIGWINCH}) sigaddset(&blocked, number);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  sigset_t open = before;
  for (int number : {SIGINT, SIGTSTP, SIGWINCH}) sigdelset(&open, number);

  Event event = Event::Byte;
  for (bool done = false; !done;) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    done = true;
    if (take_interrupt())
      event = Event::Interrupted;
    else if (std::exchange(stop_asked, 0))
      event = Event::Stopped;
    else if (std::exchange(resized, 0))
      event = Event::Resized;
    else if (ppoll(&input, 1, nullptr, &open) < 0)
      done = errno != EINTR;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return event;
}

bool LineInput::take(std::string_view sequence) {
  if (!std::string_view(buffer_ + at_, end_ - at_).starts_with(sequence)) return false;
  at_ += sequence.size();
  return true;
}

std::optional<unsigned char> LineInput::peek(size_t index, int patience) {
  while (end_ - at_ <= index) {
    std::memmove(buffer_, buffer_ + at_, end_ - at_);
    end_ -= std::exchange(at_, 0);
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (end_ == sizeof buffer_ || poll(&input, 1, patience) <= 0) return std::nullopt;
    const ssize_t count = ::read(STDIN_FILENO, buffer_ + end_, sizeof buffer_ - end_);
    if (count <= 0) return std::nullopt; // At the end, next() will see it again.
    end_ += static_cast<size_t>(count);
  }
  return static_cast<unsigned char>(buffer_[at_ + index]);
}

LineInput::Event LineInput::next(unsigned char &byte) {
  while (at_ == end_) {
    if (Event event = wait(); event != Event::Byte) return event;
    const ssize_t count = ::read(STDIN_FILENO, buffer_, sizeof buffer_);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Event::End;
    at_ = 0;
    end_ = static_cast<size_t>(count);
  }
  byte = static_cast<unsigned char>(buffer_[at_++]);
  return Event::Byte;
}

} // namespace kiln
