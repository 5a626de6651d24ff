#pragma once

#include "codegen/build.h"
#include "lang/parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace kiln {

/// A source parsed, and KIR made of it.
class Built {
public:
  explicit Built(std::string text) : source_(sources.add("test.kn", std::move(text))) {
    ast = parse(sources, source_, diagnostics);
    EXPECT_TRUE(diagnostics.list().empty()) << messages();
  }
  /// The printed KIR, without places, of the first definition.
  std::string function() {
    kir = build_function(cast<FunctionStmt>(ast->statements[0]), sources, types, diagnostics, files);
    return text();
  }
  std::string unit(const std::set<std::string_view> &shared = {}, std::string_view value_name = {}) {
    UnitContext context{[&shared](std::string_view name) { return shared.contains(name); }, files};
    kir = build_unit(ast->statements, context, sources, types, diagnostics, value_name);
    return text();
  }
  std::string messages() const {
    std::string all;
    for (const Diagnostic &diagnostic : diagnostics.list())
      all += fmt::format("{} '{}'\n", diag_table[static_cast<size_t>(diagnostic.code)].name,
                         sources.text(diagnostic.span));
    return all;
  }

  Sources sources;
  Diagnostics diagnostics;
  TypeTable types;
  FileNames files;
  std::unique_ptr<Ast> ast;
  std::unique_ptr<KirFunction> kir;

private:
  std::string text() const {
    EXPECT_EQ(verify_kir(*kir), "");
    std::string printed = print_kir(*kir, sources), bare;
    for (size_t at = 0; at < printed.size();) {
      size_t end = printed.find('\n', at);
      std::string_view line(printed.data() + at, end - at);
      bare.append(line.substr(0, line.find("  ;"))).append("\n");
      at = end + 1;
    }
    return bare;
  }
  uint32_t source_;
};

inline std::string function_kir(std::string text) {
  Built built(std::move(text));
  std::string kir = built.function();
  EXPECT_EQ(built.messages(), "");
  return kir;
}
inline std::string unit_kir(std::string text, const std::set<std::string_view> &shared = {},
                            std::string_view value_name = {}) {
  Built built(std::move(text));
  std::string kir = built.unit(shared, value_name);
  EXPECT_EQ(built.messages(), "");
  return kir;
}
/// The messages of building: the name of each and the text it points at.
inline std::string errors(std::string text) {
  Built built(std::move(text));
  built.function();
  return built.messages();
}
inline size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

} // namespace kiln
