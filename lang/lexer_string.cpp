#include "lang/scan.h"
#include "lang/utf8.h"

#include <algorithm>

namespace kiln {

// 'a' is a number. Anything longer is what other languages call a string: reported, and read as one.
void Lexer::character() {
  uint32_t begin = here();
  size_t end = at_ + 1;
  while (at(end) != '\'' && at(end) != '\n' && end < text_.size())
    end += at(end) == '\\' && at(end + 1) != '\n' ? 2 : 1;
  if (at(end) != '\'' || end >= text_.size()) return unexpected();
  std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  bool one = inner.size() == 1 && static_cast<unsigned char>(inner[0]) < 0x80;
  bool escape = inner.size() == 2 ? inner[0] == '\\' : inner.size() == 4 && inner.substr(0, 2) == "\\x";
  if (one || escape) {
    emit(TokenKind::Char, begin, here());
    return;
  }
  diagnostics_.report<Diag::SingleQuotes>(span(begin, here())).help(fmt::format("for a string write \"{}\"", inner));
  emit(TokenKind::StringBegin, begin, begin + 1);
  if (!inner.empty()) emit(TokenKind::StringText, begin + 1, here() - 1);
  emit(TokenKind::StringEnd, here() - 1, here());
}

void Lexer::string(bool raw, bool triple) {
  uint32_t begin = emit_next(TokenKind::StringBegin, (raw ? 1 : 0) + (triple ? 3 : 1));
  string_body(begin, triple, raw);
}

// From the current place to the end of the string, or to the start of an interpolated expression.
void Lexer::string_body(uint32_t begin, bool triple, bool raw) {
  uint32_t piece = here();
  auto finish_piece = [&] {
    if (here() > piece) emit(TokenKind::StringText, piece, here());
  };
  while (at_ < text_.size() && (triple || text_[at_] != '\n')) {
    char c = text_[at_];
    if (c == '"' && (!triple || follows("\"\"\""))) {
      finish_piece();
      emit_next(TokenKind::StringEnd, triple ? 3 : 1);
      return;
    }
    if (c == '\\' && !raw) {
      at_ += at(at_ + 1) == '\n' ? 1 : 2;
      continue;
    }
    if (c == '$' && !raw && at(at_ + 1) == '{') {
      finish_piece();
      uint32_t opener = emit_next(TokenKind::InterpolationBegin, 2);
      frames_.push_back({TokenKind::InterpolationBegin, opener, begin, triple});
      ++interpolations_;
      single_line_ += !triple;
      return;
    }
    if (c == '$' && !raw && at_ + 1 < text_.size() && starts_identifier(decode_utf8(text_, at_ + 1).value) &&
        decode_utf8(text_, at_ + 1).valid) {
      finish_piece();
      size_t end = at_ + 1;
      for (CodePoint point; end < text_.size(); end += point.length) {
        point = decode_utf8(text_, end);
        if (!point.valid || !continues_identifier(point.value)) break;
      }
      emit_next(TokenKind::StringName, end - at_);
      piece = here();
      continue;
    }
    ++at_;
  }
  at_ = std::min(at_, text_.size());
  finish_piece();
  const Token &open = list_.tokens[begin];
  if (single_line_ != 0 && !triple) {
    // The quote that should have ended the outer string has started this one.
    report_open_interpolation();
  } else {
    Diagnostic &report = diagnostics_.report<Diag::UnclosedString>(span(open.begin, open.end));
    if (!triple) report.help("a string over several lines is written \"\"\"...\"\"\"");
    list_.ends_in_string |= triple;
  }
  emit(TokenKind::StringEnd, here(), here());
  if (single_line_ != 0)
    unwind_strings(false);
  else if (!triple)
    emit(TokenKind::Invalid, here(), here()); // What the string has swallowed is not missed once more.
}

// Where no block is open inside the `${`. Parentheses that are open there are never closed.
bool Lexer::closes_interpolation() const { return interpolations_ != 0 && frames_.back().reachable[2] == 0; }

void Lexer::interpolation_end() {
  while (!in_interpolation()) frames_.pop_back();
  --interpolations_;
  Frame frame = frames_.back();
  frames_.pop_back();
  single_line_ -= !frame.triple;
  pair(frame.token, emit_next(TokenKind::InterpolationEnd, 1));
  string_body(frame.string, frame.triple, false);
}

void Lexer::format_spec() {
  uint32_t begin = here() + 1;
  for (++at_; at_ < text_.size() && text_[at_] != '}' && text_[at_] != '"' && text_[at_] != '\n';) ++at_;
  emit(TokenKind::FormatSpec, begin, here());
}

void Lexer::end_of_line_in_string() {
  report_open_interpolation();
  unwind_strings(false);
}

// The innermost one that has to end on this line.
void Lexer::report_open_interpolation() {
  auto frame = std::find_if(frames_.rbegin(), frames_.rend(),
                            [](const Frame &f) { return f.kind == TokenKind::InterpolationBegin && !f.triple; });
  const Token &brace = list_.tokens[frame->token];
  diagnostics_.report<Diag::UnclosedInterpolation>(span(brace.begin, brace.end));
}

// Ends the strings that are still open, down to the outermost that had to end on this line (or all, at the end of the
// text), with the tokens that the parser waits for. The Invalid token keeps it from reporting once more.
void Lexer::unwind_strings(bool at_end_of_text) {
  if (at_end_of_text) {
    auto innermost = std::find_if(frames_.rbegin(), frames_.rend(),
                                  [](const Frame &f) { return f.kind == TokenKind::InterpolationBegin; });
    const Token &brace = list_.tokens[innermost->token];
    diagnostics_.report<Diag::UnclosedInterpolation>(span(brace.begin, brace.end));
    list_.ends_in_string |= innermost->triple;
  }
  auto last = std::find_if(frames_.begin(), frames_.end(), [&](const Frame &f) {
    return f.kind == TokenKind::InterpolationBegin && (at_end_of_text || !f.triple);
  });
  auto keep = static_cast<size_t>(last - frames_.begin());
  emit(TokenKind::Invalid, here(), here());
  while (frames_.size() > keep) {
    Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.kind != TokenKind::InterpolationBegin) continue;
    --interpolations_;
    single_line_ -= !frame.triple;
    pair(frame.token, emit(TokenKind::InterpolationEnd, here(), here()));
    emit(TokenKind::StringEnd, here(), here());
  }
}

} // namespace kiln
