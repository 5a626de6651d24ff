#pragma once

#include "lang/ast.h"
#include "lang/diagnostics.h"
#include "lang/lexer.h"

#include <memory>
#include <optional>

namespace kiln {

/// Parses a whole source. Never fails: what cannot be parsed is reported, replaced by error nodes, and parsing goes on
/// at the next statement. `source` must stay in `sources` for as long as the result is used.
std::unique_ptr<Ast> parse(const Sources &sources, uint32_t source, Diagnostics &diagnostics);
/// The same of tokens: `diagnostics` has what the lexer found, and is left in the order of the places.
std::unique_ptr<Ast> parse(const Sources &sources, uint32_t source, TokenList tokens, Diagnostics &diagnostics);

/// A function and types of arguments, as in `hyp(i64, [f64])`.
struct Signature {
  Ident name;
  List<const TypeExpr *> types;
};
/// Parses a source that is a signature; nothing where it is none, which is reported. `ast` owns what it refers to.
std::optional<Signature> parse_signature(const Sources &sources, uint32_t source, Ast &ast, Diagnostics &diagnostics);

/// Whether a text typed so far is worth running (REPL).
enum class Completeness { Complete, Unfinished };
/// Unfinished when a bracket, block, string or operator still waits for more lines.
Completeness completeness(std::string_view text);
/// Whether a text, put below a statement, goes on with it: its first line begins with `else`, `catch` or `.name`.
bool continues_statement(std::string_view text);

} // namespace kiln
