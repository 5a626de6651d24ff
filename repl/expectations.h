#pragma once

#include "lang/lexer.h"

#include <string>
#include <vector>

namespace kiln {

/// What a test file says should happen, in a comment beside a statement.
struct Expectation {
  enum Kind : uint8_t { Output, Error, Warning };
  /// A comment that it stands in; an Output has one for each line.
  struct Comment {
    uint32_t line;
    uint32_t begin; // Offset of the `#`.
    bool alone;     // Nothing but the comment is on its line.
  };

  Kind kind;
  uint32_t line;                  // The line of code it belongs to.
  uint32_t column = 0;            // Error, Warning: where it must be; 0: anywhere on the line.
  std::vector<std::string> lines; // Output: what is printed. Else one: the start of the message.
  std::vector<Comment> comments;
};

/// The comments `# => text` (with `# | text` below), `# error: text`, `# error at 7: text`, `# warning: text` of a
/// source, in order.
std::vector<Expectation> read_expectations(const Source &source, const TokenList &tokens);

/// A comment that would say so.
std::string expectation_comment(Expectation::Kind kind, uint32_t column, std::string_view text);

/// Without white space at its end.
std::string_view trim_end(std::string_view text);

} // namespace kiln
