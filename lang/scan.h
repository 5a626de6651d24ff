#pragma once

#include "lang/lexer.h"

namespace kiln {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// The lexer proper: one pass over the text. Strings, which go in and out of code, are in lexer_string.cpp.
class Lexer {
public:
  Lexer(const Source &source, Span part, Diagnostics &diagnostics)
      : text_(source.text().substr(0, part.end)), source_(part.source), diagnostics_(diagnostics), at_(part.begin) {
    list_.tokens.reserve((part.end - part.begin) / 4 + 8);
  }
  TokenList run();

private:
  // An open bracket, or the `${` of a string that goes on after it.
  struct Frame {
    TokenKind kind;
    uint32_t token;
    uint32_t string;                   // The StringBegin of an interpolation.
    bool triple;                       // Of that string.
    uint32_t reachable[3] = {0, 0, 0}; // How many ( [ { a closing bracket can reach from here, this one included.
    uint32_t questions = 0;            // `?` without their `:` so far: then a `:` is theirs and starts no format.
  };

  char at(size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  bool follows(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  Span span(uint32_t begin, uint32_t end) const { return {source_, begin, end}; }
  uint32_t here() const { return static_cast<uint32_t>(at_); }
  bool in_interpolation() const { return !frames_.empty() && frames_.back().kind == TokenKind::InterpolationBegin; }

  uint32_t emit(TokenKind kind, uint32_t begin, uint32_t end);
  uint32_t emit_next(TokenKind kind, size_t length);
  void check_encoding();
  void skip_space();
  void comment();
  void token();
  void word();
  void number();
  bool punctuation();
  bool broadcast();
  bool foreign_operator();
  void unexpected();
  void open(TokenKind kind, uint32_t token);
  void close(TokenKind closer);
  void pair(uint32_t opener, uint32_t closer);
  void character();
  void string(bool raw, bool triple);
  void string_body(uint32_t begin, bool triple, bool raw);
  bool closes_interpolation() const;
  void interpolation_end();
  void format_spec();
  void end_of_line_in_string();
  void report_open_interpolation();
  void unwind_strings(bool at_end_of_text);

  std::string_view text_;
  uint32_t source_;
  Diagnostics &diagnostics_;
  TokenList list_;
  std::vector<Frame> frames_;
  uint32_t interpolations_ = 0; // Open ones.
  uint32_t single_line_ = 0;    // Open interpolations of strings that must end on their line.
  size_t at_ = 0;
  bool newline_ = false;
  bool space_ = false;
};

} // namespace kiln
