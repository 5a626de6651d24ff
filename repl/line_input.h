#pragma once

#include <cstddef>
#include <string>

namespace kiln {

/// Bytes from standard input, read ahead in blocks so that a paste is seen as one; waiting for them can be interrupted.
class LineInput {
public:
  LineInput();

  enum class Event { Byte, End, Interrupted, Stopped, Resized };
  /// Waits for the next byte, or for a signal: Ctrl-C, Ctrl-Z or a new size of the terminal.
  Event next(unsigned char &byte);
  /// Whether more has come already: keys do not come that fast, a paste does.
  bool pending() const { return at_ < end_; }
  /// Forgets what was read ahead.
  void drop() { at_ = end_ = 0; }

private:
  Event wait();

  char buffer_[4096];
  size_t at_ = 0;
  size_t end_ = 0;
};

} // namespace kiln
