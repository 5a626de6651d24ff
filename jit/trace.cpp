#include "jit/trace.h"

namespace kiln {

bool is_library(Span place, const Sources &sources) {
  return place.known() && sources.get(place).name().starts_with("library/");
}

Span place_of(std::span<const Frame> trace, const Sources &sources) {
  for (const Frame &frame : trace)
    if (frame.span.known() && !is_library(frame.span, sources))
      return frame.span;
  return {};
}

std::vector<std::string> trace_lines(std::span<const Frame> trace, size_t omitted, const Sources &sources) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < trace.size();) {
    const Frame &frame = trace[i];
    std::string line = frame.function;
    if (frame.span.known())
      line += fmt::format(" at {}:{}", sources.get(frame.span).name(), sources.location(frame.span).line);
    size_t same = 1;
    while (i + same < trace.size() && trace[i + same].function == frame.function && trace[i + same].span == frame.span)
      ++same;
    if (same > 1)
      line += fmt::format(" ({} times)", same);
    lines.push_back(std::move(line));
    i += same;
  }
  if (omitted)
    lines.push_back(fmt::format("({} between the innermost and the outermost)", counted(omitted, "more call")));
  return lines;
}

} // namespace kiln
