#include "lang/library.h"
#include "lang/parser.h"

#include <gtest/gtest.h>

#include <set>

namespace kiln {
namespace {

TEST(Library, FilesParseWithoutARemark) {
  ASSERT_FALSE(library_files().empty());
  for (const LibraryFile &file : library_files()) {
    Sources sources;
    uint32_t source = sources.add(std::string(file.name), std::string(file.text));
    Diagnostics diagnostics;
    std::unique_ptr<Ast> ast = parse(sources, source, diagnostics);
    for (const Diagnostic &diagnostic : diagnostics.list())
      ADD_FAILURE() << render(diagnostic, sources);
    for (const Stmt *statement : ast->statements)
      EXPECT_EQ(statement->kind, StmtKind::Function) << file.name << ": a library file only defines functions";
  }
}

TEST(Library, HasWhatTheLanguagePromises) {
  std::set<std::string> defined;
  for (const LibraryFile &file : library_files()) {
    Sources sources;
    Diagnostics diagnostics;
    std::unique_ptr<Ast> ast = parse(sources, sources.add(std::string(file.name), std::string(file.text)), diagnostics);
    for (const Stmt *statement : ast->statements)
      if (const auto *function = as<FunctionStmt>(statement))
        defined.emplace(function->name.text);
  }
  for (const char *name : {"sum", "map", "filter", "reduce", "contains", "gcd", "clamp"})
    EXPECT_TRUE(defined.contains(name)) << name;
}

} // namespace
} // namespace kiln
