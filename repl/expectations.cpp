#include "repl/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kiln {

namespace {

/// A comment as it lies in the source; `text` begins after the `#`.
struct Found {
  Expectation::Comment place;
  uint32_t code_line; // The line of code it belongs to; 0: there is none above.
  std::string_view text;
};

/// Comments lie between the tokens: what is in a string is none.
std::vector<Found> find_comments(const Source &source, const TokenList &tokens) {
  std::vector<Found> found;
  uint32_t at = 0;
  uint32_t code_line = 0;
  for (const Token &token : tokens.tokens) {
    const uint32_t gap_end = token.kind == TokenKind::End ? static_cast<uint32_t>(source.text().size()) : token.begin;
    for (; at < gap_end; ++at) {
      if (source.text()[at] != '#') continue;
      const uint32_t line = source.location(at).line;
      const uint32_t line_end = source.line_start(line) + static_cast<uint32_t>(source.line(line).size());
      found.push_back({{line, at, line != code_line}, code_line, source.text().substr(at + 1, line_end - at - 1)});
      at = line_end;
    }
    at = std::max(at, token.end);
    if (token.end > token.begin) code_line = source.location(token.end - 1).line;
  }
  return found;
}

bool skip(std::string_view &text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

void skip_spaces(std::string_view &text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }

/// What follows `=>`, `|` or `:`, without the one space that sets it off.
std::string rest(std::string_view text) {
  skip(text, " ");
  return std::string(trim_end(text));
}

/// `error: text`, `error at 7: text`, `error`.
bool read_message(std::string_view text, std::string_view word, Expectation &expectation) {
  if (!skip(text, word)) return false;
  if (skip(text, " at ")) {
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), expectation.column);
    if (code != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  if (!trim_end(text).empty() && !skip(text, ":")) return false;
  expectation.lines = {rest(text)};
  return true;
}

} // namespace

std::string_view trim_end(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::vector<Expectation> read_expectations(const Source &source, const TokenList &tokens) {
  std::vector<Expectation> expectations;
  bool continues = false; // The comment before was a line of output.
  for (const Found &comment : find_comments(source, tokens)) {
    std::string_view text = comment.text;
    skip_spaces(text);
    if (continues && comment.place.alone && skip(text, "|")) {
      expectations.back().lines.push_back(rest(text));
      expectations.back().comments.push_back(comment.place);
      continue;
    }
    continues = false;
    if (comment.code_line == 0) continue;
    Expectation expectation{Expectation::Output, comment.code_line, 0, {}, {comment.place}};
    if (skip(text, "=>")) {
      expectation.lines = {rest(text)};
      continues = true;
    } else if (read_message(text, "error", expectation)) {
      expectation.kind = Expectation::Error;
    } else if (read_message(text, "warning", expectation)) {
      expectation.kind = Expectation::Warning;
    } else {
      continue;
    }
    expectations.push_back(std::move(expectation));
  }
  return expectations;
}

std::string expectation_comment(Expectation::Kind kind, uint32_t column, std::string_view text) {
  std::string comment;
  switch (kind) {
  case Expectation::Output: comment = fmt::format("# => {}", text); break;
  case Expectation::Error:
  case Expectation::Warning:
    comment = kind == Expectation::Error ? "# error" : "# warning";
    if (column != 0) comment += fmt::format(" at {}", column);
    comment += fmt::format(": {}", text);
    break;
  }
  return std::string(trim_end(comment));
}

} // namespace kiln
