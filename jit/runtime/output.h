#pragma once

#include <string_view>

namespace kiln {

// Standard output of Kiln programs: buffered here, written when a line ends on a terminal and in blocks of 64 KiB
// elsewhere.

void write_output(std::string_view text);

/// Writes out what is buffered. The host calls it before it writes itself, and before it exits. When that fails the
/// buffer is dropped, and it throws RuntimeError: Exit with status 141 when nobody reads any more (as if SIGPIPE had
/// ended the process), else Failure.
void flush_output();

/// Sends all output to a function of the host; null: to standard output again.
using OutputSink = void (*)(void *context, std::string_view text);
void set_output_sink(OutputSink sink, void *context);

} // namespace kiln
