#include "lang/library.h"
#include "lang/parser.h"

#include <gtest/gtest.h>

#include <map>
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

TEST(Library, IsParsedFunctionByFunctionAsItIsByFiles) {
  Sources sources;
  Diagnostics diagnostics;
  std::vector<std::unique_ptr<Ast>> whole, parts;
  std::multimap<std::string_view, const FunctionStmt *> expected;
  for (const LibraryFile &file : library_files()) {
    whole.push_back(parse(sources, sources.add(std::string(file.name), std::string(file.text)), diagnostics));
    for (const Stmt *statement : whole.back()->statements) expected.emplace(cast<FunctionStmt>(statement).name.text, &cast<FunctionStmt>(statement));
  }
  ASSERT_EQ(library_functions().size(), expected.size());
  auto next = expected.begin(); // Those of one name in the order in which they were put in.
  for (const LibraryFunction &function : library_functions()) {
    Span part{function.file + 1, function.begin, function.end};
    parts.push_back(parse(sources, part.source, lex(sources, part, diagnostics), diagnostics));
    ASSERT_EQ(parts.back()->statements.size(), 1u) << function.name;
    const auto &parsed = cast<FunctionStmt>(parts.back()->statements[0]);
    EXPECT_EQ(function.name, next->first);
    EXPECT_EQ(parsed.span, next->second->span) << function.name;
    EXPECT_EQ(parsed.doc, next->second->doc) << function.name;
    EXPECT_EQ(parsed.params.size(), next->second->params.size()) << function.name;
    ++next;
  }
  EXPECT_TRUE(diagnostics.list().empty());
}

} // namespace
} // namespace kiln
