#pragma once

#include <csignal>
#include <cstddef>
#include <optional>
#include <string_view>

namespace kiln {

/// Bytes from standard input, read ahead in blocks so that a paste is seen as one; waiting for them can be interrupted.
class LineInput {
public:
  LineInput();

  enum class Event { Byte, End, Interrupted, Stopped, Resized };
  /// Waits for the next byte, or for a signal: Ctrl-C, Ctrl-Z or a new size of the terminal.
  Event next(unsigned char &byte);
  /// Takes `sequence` if it comes next and has been read ahead.
  bool take(std::string_view sequence);
  /// The byte that comes `index` after the next one, if it arrives within `patience` milliseconds. Nothing is taken.
  std::optional<unsigned char> peek(size_t index, int patience);
  /// Forgets what was read ahead.
  void drop() { at_ = end_ = 0; }

private:
  Event wait();

  char buffer_[4096];
  size_t at_ = 0;
  size_t end_ = 0;
};

/// While a line is read, Ctrl-Z is an event of the input, wherever it finds us; a running program is stopped as usual.
class CatchStop {
public:
  CatchStop();
  ~CatchStop();
  CatchStop(const CatchStop &) = delete;
  CatchStop &operator=(const CatchStop &) = delete;

private:
  struct sigaction before_ = {};
};

} // namespace kiln
