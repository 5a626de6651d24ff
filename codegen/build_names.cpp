#include "codegen/build.h"
#include "codegen/scope.h"

namespace kiln {

namespace {

/// Looks for loops and comprehensions that run with the statement.
class LoopSearch : public BodyWalk {
public:
  bool found = false;

private:
  void begin_loop() override { found = true; }
};

bool is_definition(const Stmt &statement) {
  return statement.kind == StmtKind::Function || statement.kind == StmtKind::Struct;
}

} // namespace

void collect_free_names(const Stmt &statement, std::unordered_set<std::string_view> &names) {
  const FunctionStmt *function = as<FunctionStmt>(&statement);
  const StructStmt *structure = as<StructStmt>(&statement);
  if (function || structure) {
    Resolution resolution =
        Resolution::of_function(function ? Callable(*function) : Callable(*structure), nullptr);
    names.insert(resolution.free_names().begin(), resolution.free_names().end());
    return;
  }
  const Stmt *unit[] = {&statement};
  if (!assigned_names(unit).has_callables) return;
  Resolution resolution = Resolution::of_unit(unit, nullptr, nullptr);
  names.insert(resolution.free_names().begin(), resolution.free_names().end());
}

std::vector<Ident> assigned_names(const Stmt &statement) {
  if (is_definition(statement)) return {};
  const Stmt *unit[] = {&statement};
  return assigned_names(unit).names;
}

bool contains_loop(const Stmt &statement) {
  if (is_definition(statement)) return false;
  LoopSearch search;
  search.walk(&statement);
  return search.found;
}

} // namespace kiln
