#include "jit/runtime/output.h"

#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"
#include "jit/runtime/number_text.h"
#include "jit/runtime/print.h"
#include "jit/runtime/str.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <unistd.h>
#include <utility>

namespace kiln {
namespace {

constexpr size_t capacity = 64 * 1024;
constexpr int closed_pipe_status = 128 + 13; // What a shell shows for SIGPIPE.

struct Output {
  std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(capacity);
  size_t used = 0;
  bool terminal = isatty(STDOUT_FILENO);
  OutputSink sink = nullptr;
  void *context = nullptr;
};

Output &output() {
  static Output instance;
  return instance;
}

void write_all(const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, data, length);
    if (written >= 0) {
      data += written;
      length -= static_cast<size_t>(written);
    } else if (errno == EPIPE) {
      throw_exit(closed_pipe_status);
    } else if (errno != EINTR) {
      throw_failure(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    }
  }
}

} // namespace

void flush_output() {
  Output &out = output();
  size_t used = std::exchange(out.used, 0);
  write_all(out.buffer.get(), used);
}

void write_output(std::string_view text) {
  Output &out = output();
  if (out.sink) return out.sink(out.context, text);
  if (text.size() > capacity - out.used) flush_output();
  if (text.size() > capacity) return write_all(text.data(), text.size());
  std::copy(text.begin(), text.end(), out.buffer.get() + out.used);
  out.used += text.size();
  if (out.terminal && text.find('\n') != text.npos) flush_output();
}

void set_output_sink(OutputSink sink, void *context) {
  flush_output();
  output().sink = sink;
  output().context = context;
}

namespace calls {

extern "C" V kiln_write_str(STR text) { write_output(view(text)); }

extern "C" V kiln_write_i64(I64 value) {
  NumberText text;
  write_output(text.of(value));
}

extern "C" V kiln_write_f64(F64 value) {
  NumberText text;
  write_output(text.of(value));
}

extern "C" V kiln_write_value(TYPE type, PTR value) {
  if (type->is(TypeKind::Str)) return write_output(view(*static_cast<const StrValue *>(value)));
  std::string text;
  append_value(text, type, value);
  write_output(text);
}

} // namespace calls
} // namespace kiln
