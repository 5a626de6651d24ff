// Sources of unusual size.
#include "built.h"

namespace kiln {
namespace {

/// f(a) = a + a + ...: a left spine of `many` nodes that `above` makes, deeper than the parser would let through.
template <typename Above>
std::string spine_kir(size_t many, Above above) {
  Built built("");
  Ast &ast = *built.ast;
  const Expr *value = ast.make<NameExpr>(Span{}, "a");
  for (size_t i = 0; i < many; ++i) value = above(ast, value);
  Param param{{"a", {}}, nullptr, nullptr, false};
  const FunctionStmt *function =
      ast.make<FunctionStmt>(Span{}, Ident{"f", {}}, ast.list(std::vector{param}), nullptr, value, std::string_view());
  TypeTable types;
  auto kir = build_function(*function, built.sources, types, built.diagnostics, built.files);
  EXPECT_EQ(verify_kir(*kir), "");
  std::unordered_set<std::string_view> names;
  collect_free_names(*function, names);
  EXPECT_TRUE(names.empty());
  return print_kir(*kir, built.sources);
}

TEST(BuildSize, LongChainsAreFlat) {
  constexpr size_t many = 100'000;
  auto name = [](Ast &ast) { return ast.make<NameExpr>(Span{}, "a"); };
  EXPECT_EQ(count(spine_kir(many,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<BinaryExpr>(Span{}, BinaryOp::Add, Span{}, left, name(ast));
                            }),
                  "Binary"),
            many);
  constexpr size_t blocks = 10'000; // The verifier's dominators take quadratic time on this shape.
  EXPECT_EQ(count(spine_kir(blocks,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<LogicalExpr>(Span{}, true, Span{}, left, name(ast));
                            }),
                  "branch"),
            blocks + 1);
  EXPECT_EQ(count(spine_kir(many,
                            [&](Ast &ast, const Expr *left) {
                              return ast.make<FieldExpr>(Span{}, left, Ident{"x", {}}, false);
                            }),
                  "Field"),
            many);
  EXPECT_EQ(count(spine_kir(many, [&](Ast &ast,
                                      const Expr *left) { return ast.make<CallExpr>(Span{}, left, List<Argument>()); }),
                  "Call"),
            many);
}

TEST(BuildSize, ManyBlocksBetweenAssignmentAndUse) {
  std::string text = "fn f(a, x) {\n  y = x\n";
  for (int i = 0; i < 20'000; ++i) text += "  if a { g() }\n";
  std::string kir = function_kir(text + "  y + x\n}");
  EXPECT_EQ(count(kir, " y"), 0u);
  EXPECT_EQ(count(kir, "Binary + %1, %1"), 1u);
}

TEST(BuildSize, ManyElseIfs) {
  std::string text = "fn f(a) {\n  if a == 0 { 0 }";
  for (int i = 1; i < 500; ++i) text += fmt::format(" else if a == {} {{ {} }}", i, i);
  EXPECT_EQ(count(function_kir(text + " else { 7 }\n}"), "branch"), 500u);
}

TEST(BuildSize, DeepNesting) {
  std::string text = "f(x) = ";
  for (int i = 0; i < 200; ++i) text += "(1 - [g(";
  text += "x";
  for (int i = 0; i < 200; ++i) text += ")])";
  EXPECT_EQ(count(function_kir(text), "Call"), 200u);
}

} // namespace
} // namespace kiln
