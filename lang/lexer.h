#pragma once

#include "lang/diagnostics.h"
#include "lang/source.h"

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

enum class TokenKind : uint8_t {
#define KILN_TOKEN(name, description) name,
#define KILN_KEYWORD(name, spelling) name,
#define KILN_PUNCTUATION(name, spelling) name,
#include "lang/tokens.def"
};

/// The spelling of a keyword or punctuation mark, the description of a class.
std::string_view spelling(TokenKind kind);
std::string_view name(TokenKind kind);
bool is_keyword(TokenKind kind);

/// A piece of source text. Newlines are no tokens: whether one ends a statement depends on what the parser is in.
struct Token {
  static constexpr uint32_t unmatched = UINT32_MAX;

  TokenKind kind;
  bool newline_before;
  bool space_before;
  uint32_t begin;
  uint32_t end;
  uint32_t match; // The index of the other bracket of a pair, or `unmatched`.
  TokenKind dotted = TokenKind::End; // Broadcast, BroadcastAssign: the operator behind the dot.
};

/// A line of documentation (`## text`); `text` is without the mark. `next` is the index of the token after it.
struct DocLine {
  std::string_view text;
  uint32_t begin;
  uint32_t next;
};

struct TokenList {
  std::vector<Token> tokens; // The last one is End.
  std::vector<DocLine> docs;
  bool ends_in_string = false; // Inside a """ string: more lines may finish it.
};

/// Cuts a source into tokens. Never fails: what is no token is reported and becomes an Invalid token.
TokenList lex(const Sources &sources, uint32_t source, Diagnostics &diagnostics);
/// Only of a part of a source, which whole tokens make up.
TokenList lex(const Sources &sources, Span part, Diagnostics &diagnostics);

/// One token a line: place, kind, text. For `emit tokens` and tests.
std::string print_tokens(const TokenList &list, const Source &source);

} // namespace kiln
