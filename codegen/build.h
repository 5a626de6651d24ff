#pragma once

#include "codegen/file_names.h"
#include "codegen/kir.h"
#include "lang/diagnostics.h"

#include <functional>
#include <memory>
#include <span>
#include <unordered_set>

namespace kiln {

/// Builds KIR from AST, once per function, after Braun et al. 2013, "Simple and Efficient Construction of SSA Form".
/// Names that are not locals become Name instructions, for inference to look up.
/// Errors (break outside a loop, duplicate parameters, global of a parameter...) are reported, and a function comes back all the same.
std::unique_ptr<KirFunction> build_function(const FunctionStmt &function, const Sources &sources, TypeTable &types, Diagnostics &diagnostics,
                                            FileNames &files);

/// The constructor of a struct or class: its parameters are the fields, with their defaults; no body.
std::unique_ptr<KirFunction> build_constructor(const StructStmt &structure, TypeTable &types, Diagnostics &diagnostics, FileNames &files);

/// What the builder must know of the session to build top-level statements.
struct UnitContext {
  /// Whether a function or lambda somewhere mentions the top-level variable, so that every read and write of it goes to memory.
  std::function<bool(std::string_view)> is_shared;
  FileNames &files;
};

/// Builds one unit of top-level statements (no definitions among them). A top-level variable that is not shared is a local of
/// the unit: read with a Name instruction at the unit's entry when it is used before it is assigned there, and written back
/// with a fresh StoreGlobal at the unit's end when it was assigned. Shared ones are read by Name and written by StoreGlobal in
/// place (`fresh` when the unit is one plain assignment). When `value_name` is not empty, the value of the unit's last
/// statement, if that is an expression, is stored under this name with a fresh StoreGlobal.
std::unique_ptr<KirFunction> build_unit(std::span<const Stmt *const> statements, const UnitContext &context, const Sources &sources,
                                        TypeTable &types, Diagnostics &diagnostics, std::string_view value_name = {});

/// The names that functions and lambdas below the node mention and do not bind themselves: what they may read or assign of
/// the top level.
void collect_free_names(const Stmt &statement, std::unordered_set<std::string_view> &names);
/// The top-level names that a top-level statement assigns, each once.
std::vector<Ident> assigned_names(const Stmt &statement);
/// Whether running the statement once may take long: it contains a loop or comprehension (outside function definitions).
bool contains_loop(const Stmt &statement);

} // namespace kiln
