#include "lang/lexer.h"

namespace kiln {

namespace {

struct TokenInfo {
  std::string_view name;
  std::string_view spelling;
  bool keyword;
};

constexpr TokenInfo token_table[] = {
#define KILN_TOKEN(name, description) {#name, description, false},
#define KILN_KEYWORD(name, spelling) {#name, spelling, true},
#define KILN_PUNCTUATION(name, spelling) {#name, spelling, false},
#include "lang/tokens.def"
};

} // namespace

std::string_view spelling(TokenKind kind) { return token_table[static_cast<size_t>(kind)].spelling; }
std::string_view name(TokenKind kind) { return token_table[static_cast<size_t>(kind)].name; }
bool is_keyword(TokenKind kind) { return token_table[static_cast<size_t>(kind)].keyword; }

std::string print_tokens(const TokenList &list, const Source &source) {
  std::string out;
  for (const Token &token : list.tokens) {
    Location place = source.location(token.begin);
    out += fmt::format("{}:{} {}", place.line, place.column, name(token.kind));
    if (token.end > token.begin) {
      out += ' ';
      for (char c : source.text().substr(token.begin, token.end - token.begin))
        out += c == '\n' ? "\\n" : std::string(1, c);
    }
    out += '\n';
  }
  return out;
}

} // namespace kiln
