#pragma once

#include "lang/ast.h"
#include "lang/diagnostics.h"

#include <memory>

namespace kiln {

/// Parses a whole source. Never fails: what cannot be parsed is reported, replaced by error nodes, and parsing goes on
/// at the next statement. `source` must stay in `sources` for as long as the result is used.
std::unique_ptr<Ast> parse(const Sources &sources, uint32_t source, Diagnostics &diagnostics);

/// Whether a text typed so far is worth running (REPL).
enum class Completeness { Complete, Unfinished };
/// Unfinished when a bracket, block, string or operator still waits for more lines.
Completeness completeness(std::string_view text);

} // namespace kiln
