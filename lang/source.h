#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// A half-open range of bytes [begin, end) of one source text. `source` indexes `Sources`; 0 means "nowhere".
struct Span {
  uint32_t source = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool known() const { return source != 0; }
  friend bool operator==(const Span &, const Span &) = default;
};

/// The span from the start of `a` to the end of `b`.
inline Span join(Span a, Span b) { return {a.source, a.begin, b.end}; }

/// A place as people count it: line and column start at 1; columns count code points.
struct Location {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// One text given to Kiln: a file, a line of the REPL, an argument of -e.
class Source {
public:
  Source(std::string name, std::string text);

  const std::string &name() const { return name_; }
  std::string_view text() const { return text_; }
  Location location(uint32_t offset) const;
  uint32_t line_count() const { return static_cast<uint32_t>(line_starts_.size()); }
  /// The text of a line (from 1), without its newline.
  std::string_view line(uint32_t number) const;
  uint32_t line_start(uint32_t number) const { return line_starts_[number - 1]; }

private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
  std::vector<uint32_t> columns_; // Of every `column_stride`th byte; empty when no line is so long.
};

/// Owns every source of a session, so that spans stay valid as long as it lives.
class Sources {
public:
  /// Adds a text and returns its number, from 1. Texts are limited to 4 GiB.
  uint32_t add(std::string name, std::string text);
  const Source &get(uint32_t number) const { return sources_[number - 1]; }
  const Source &get(Span span) const { return get(span.source); }
  std::string_view text(Span span) const { return get(span).text().substr(span.begin, span.end - span.begin); }
  Location location(Span span) const { return get(span).location(span.begin); }
  uint32_t size() const { return static_cast<uint32_t>(sources_.size()); }

private:
  std::deque<Source> sources_;
};

} // namespace kiln
