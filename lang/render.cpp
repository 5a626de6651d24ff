#include "lang/diagnostics.h"
#include "lang/utf8.h"

#include <algorithm>

namespace kiln {

namespace {

struct Paint {
  std::string_view bold, error, warning, note, mark, gutter, reset;
};
constexpr Paint plain{};
constexpr Paint colours{"\033[1m", "\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[1;32m", "\033[34m", "\033[0m"};

constexpr int tab_width = 4;
constexpr int widest_line = 160; // Longer lines are cut to the part around the span.

// One character of a source line as it is drawn. A tab is several spaces, what cannot be shown one `?`.
struct Cell {
  std::string text;
  int width;
  uint32_t offset;
};

std::vector<Cell> cells_of(std::string_view line, uint32_t start) {
  std::vector<Cell> cells;
  int column = 0;
  for (size_t at = 0; at < line.size();) {
    CodePoint point = decode_utf8(line, at);
    Cell cell{std::string(line.substr(at, point.length)), display_width(point.value),
              start + static_cast<uint32_t>(at)};
    if (line[at] == '\t') {
      cell.width = tab_width - column % tab_width;
      cell.text.assign(static_cast<size_t>(cell.width), ' ');
    } else if (!point.valid || point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0)) {
      cell.text = "?"; // Control characters must not reach the terminal.
      cell.width = 1;
    }
    column += cell.width;
    at += point.length;
    cells.push_back(std::move(cell));
  }
  return cells;
}

// Drops what is far from the marked cells of a very long line.
void cut(std::vector<Cell> &cells, uint32_t begin, uint32_t end) {
  int total = 0;
  for (const Cell &cell : cells) total += cell.width;
  if (total <= widest_line) return;
  auto at = [&](uint32_t offset) {
    return static_cast<size_t>(
        std::find_if(cells.begin(), cells.end(), [&](const Cell &cell) { return cell.offset >= offset; }) -
        cells.begin());
  };
  constexpr size_t before = 40, kept = 120;
  size_t first = at(begin), last = std::min(at(end), first + kept - before);
  size_t from = first > before ? first - before : 0;
  size_t to = std::min(cells.size(), std::max(from + kept, last + 1));
  bool cut_end = to < cells.size();
  cells.erase(cells.begin() + static_cast<ptrdiff_t>(to), cells.end());
  cells.erase(cells.begin(), cells.begin() + static_cast<ptrdiff_t>(from));
  if (from > 0 && !cells.empty()) cells.insert(cells.begin(), {"...", 3, 0});
  if (cut_end) cells.push_back({"...", 3, UINT32_MAX});
}

class Renderer {
public:
  Renderer(const Sources &sources, const Paint &paint, size_t gutter)
      : sources_(sources), paint_(paint), gutter_(gutter) {}

  void message(Span span, std::string_view colour, std::string_view label, std::string_view text) {
    if (span.known()) {
      const Source &source = sources_.get(span);
      Location place = source.location(span.begin);
      out_ += fmt::format("{}{}:{}:{}:{} ", paint_.bold, source.name(), place.line, place.column, paint_.reset);
    }
    out_ += fmt::format("{}{}:{} {}{}{}\n", colour, label, paint_.reset, paint_.bold, text, paint_.reset);
    if (span.known()) excerpt(span);
  }
  std::string take() { return std::move(out_); }

private:
  // The first line of the span and, below it, its mark: ^ at the start, ~ for the rest.
  void excerpt(Span span) {
    constexpr uint32_t far = 1000; // Bytes: what is further from the mark would be cut anyway.
    const Source &source = sources_.get(span);
    uint32_t line = source.location(span.begin).line;
    std::string_view text = source.line(line);
    uint32_t start = source.line_start(line);
    uint32_t end = std::min(std::max(span.end, span.begin), start + static_cast<uint32_t>(text.size()));
    text = text.substr(0, std::min(end, span.begin + far) - start + far);
    if (uint32_t column = span.begin - start; column > far) {
      text.remove_prefix(column - far);
      start += column - far;
    }
    std::vector<Cell> cells = cells_of(text, start);
    cut(cells, span.begin, end);
    out_ += fmt::format("{}{:>{}} |{} ", paint_.gutter, line, gutter_, paint_.reset);
    std::string mark;
    int before = 0, width = 0;
    for (const Cell &cell : cells) {
      out_ += cell.text;
      if (cell.offset < span.begin)
        before += cell.width;
      else if (cell.offset < end)
        width += cell.width;
    }
    mark.append(static_cast<size_t>(before), ' ').append(paint_.mark).append("^");
    mark.append(static_cast<size_t>(std::max(width, 1) - 1), '~').append(paint_.reset);
    out_ += fmt::format("\n{}{:>{}} |{} {}\n", paint_.gutter, "", gutter_, paint_.reset, mark);
  }

  const Sources &sources_;
  const Paint &paint_;
  size_t gutter_;
  std::string out_;
};

} // namespace

std::string render(const Diagnostic &diagnostic, const Sources &sources, RenderStyle style) {
  uint32_t last_line = 1;
  auto see = [&](Span span) {
    if (span.known()) last_line = std::max(last_line, sources.location(span).line);
  };
  see(diagnostic.span);
  for (const DiagNote &note : diagnostic.notes) see(note.span);
  const Paint &paint = style.color ? colours : plain;
  Renderer renderer(sources, paint, std::max<size_t>(3, std::to_string(last_line).size() + 1));
  bool error = diagnostic.severity == Severity::Error;
  renderer.message(diagnostic.span, error ? paint.error : paint.warning, error ? "error" : "warning",
                   diagnostic.message);
  for (const DiagNote &note : diagnostic.notes)
    renderer.message(note.span, paint.note, note.span.known() ? "note" : "help", note.message);
  return renderer.take();
}

} // namespace kiln
