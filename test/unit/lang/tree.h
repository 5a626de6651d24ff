#pragma once

#include "lang/ast.h"
#include "lang/literal.h"
#include "lang/parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace kiln {

/// Writes trees on one line, operator first: `a + b * c` is `(+ a (* b c))`. For expectations that a person can check.
class TreeWriter {
public:
  std::string expr(const Expr *node) {
    switch (node->kind) {
    case ExprKind::Error: return "<error>";
    case ExprKind::Number: return number(cast<NumberExpr>(node));
    case ExprKind::Bool: return cast<BoolExpr>(node).value ? "true" : "false";
    case ExprKind::None: return "none";
    case ExprKind::String: return string(cast<StringExpr>(node));
    case ExprKind::Name: return std::string(cast<NameExpr>(node).name);
    case ExprKind::Unary: {
      const auto &unary = cast<UnaryExpr>(node);
      return fmt::format("({} {})", spelling(unary.op), expr(unary.operand));
    }
    case ExprKind::Binary: {
      const auto &binary = cast<BinaryExpr>(node);
      return fmt::format("({} {} {})", spelling(binary.op), expr(binary.left), expr(binary.right));
    }
    case ExprKind::Logical: {
      const auto &logical = cast<LogicalExpr>(node);
      return fmt::format("({} {} {})", logical.is_and ? "and" : "or", expr(logical.left), expr(logical.right));
    }
    case ExprKind::Compare: {
      const auto &compare = cast<CompareExpr>(node);
      std::string out = "(" + expr(compare.operands[0]);
      for (size_t i = 0; i < compare.ops.size(); ++i)
        out += fmt::format(" {} {}", spelling(compare.ops[i]), expr(compare.operands[i + 1]));
      return out + ")";
    }
    case ExprKind::Is: {
      const auto &is = cast<IsExpr>(node);
      return fmt::format("({} {} {})", is.negated ? "is-not" : "is", expr(is.value), type(is.type));
    }
    case ExprKind::If: {
      const auto &choice = cast<IfExpr>(node);
      std::string no = choice.no ? " " + expr(choice.no) : "";
      return fmt::format("(if {} {}{})", expr(choice.condition), expr(choice.yes), no);
    }
    case ExprKind::Block: {
      std::string out = "{";
      for (const Stmt *statement : cast<BlockExpr>(node).statements)
        out += (out.size() > 1 ? "; " : "") + stmt(statement);
      return out + "}";
    }
    case ExprKind::Range: {
      const auto &range = cast<RangeExpr>(node);
      std::string step = range.step ? " by " + expr(range.step) : "";
      return fmt::format("({} {} {}{})", range.inclusive ? "..=" : "..", expr(range.first), expr(range.last), step);
    }
    case ExprKind::Call: {
      const auto &call = cast<CallExpr>(node);
      return fmt::format("(call {}{})", expr(call.callee), arguments(call.arguments));
    }
    case ExprKind::MethodCall: {
      const auto &call = cast<MethodCallExpr>(node);
      return fmt::format("({}.{} {}{})", call.optional ? "?" : "", call.name.text, expr(call.receiver),
                         arguments(call.arguments));
    }
    case ExprKind::Index: {
      const auto &index = cast<IndexExpr>(node);
      return fmt::format("(index {}{})", expr(index.base), all(index.indices));
    }
    case ExprKind::Field: {
      const auto &field = cast<FieldExpr>(node);
      return fmt::format("({}field {} {})", field.optional ? "?" : "", expr(field.base), field.name.text);
    }
    case ExprKind::Tuple: {
      const auto &tuple = cast<TupleExpr>(node);
      std::string out = "(tuple";
      for (size_t i = 0; i < tuple.elements.size(); ++i)
        out += " " + (tuple.names.empty() ? "" : std::string(tuple.names[i].text) + ":") + expr(tuple.elements[i]);
      return out + ")";
    }
    case ExprKind::Array: return fmt::format("[{}]", all(cast<ArrayExpr>(node).elements));
    case ExprKind::EmptyArray: return fmt::format("(empty {})", type(cast<EmptyArrayExpr>(node).type));
    case ExprKind::Map: {
      std::string out = "(map";
      for (const MapExpr::Entry &entry : cast<MapExpr>(node).entries)
        out += fmt::format(" {}:{}", expr(entry.key), expr(entry.value));
      return out + ")";
    }
    case ExprKind::Comprehension: {
      const auto &comprehension = cast<ComprehensionExpr>(node);
      std::string condition = comprehension.condition ? fmt::format(" (if {})", expr(comprehension.condition)) : "";
      return fmt::format("(array {}{}{})", expr(comprehension.value), generators(comprehension.generators), condition);
    }
    case ExprKind::Generator: {
      const auto &generator = cast<GeneratorExpr>(node);
      std::string condition = generator.condition ? fmt::format(" (if {})", expr(generator.condition)) : "";
      return fmt::format("(generator {}{}{})", expr(generator.value), all(generator.sources), condition);
    }
    case ExprKind::Lambda: {
      const auto &lambda = cast<LambdaExpr>(node);
      return fmt::format("(-> {} {})", signature(lambda.params, lambda.result), expr(lambda.body));
    }
    case ExprKind::Try: {
      const auto &attempt = cast<TryExpr>(node);
      std::string error = attempt.error.text.empty() ? "" : " " + std::string(attempt.error.text);
      return fmt::format("(try {} (catch{} {}))", expr(attempt.body), error, expr(attempt.handler));
    }
    case ExprKind::Coalesce:
      return fmt::format("(?? {} {})", expr(cast<CoalesceExpr>(node).left), expr(cast<CoalesceExpr>(node).right));
    case ExprKind::Match: {
      std::string out = "(match " + expr(cast<MatchExpr>(node).subject);
      for (const MatchCase &choice : cast<MatchExpr>(node).cases) {
        out += " (case";
        for (const CasePattern *pattern : choice.patterns) out += " " + case_pattern(pattern);
        if (choice.guard) out += " if " + expr(choice.guard);
        out += " " + expr(choice.body) + ")";
      }
      return out + ")";
    }
    case ExprKind::Broadcast: return "." + expr(cast<BroadcastExpr>(node).operation);
    }
    return "?";
  }

  std::string stmt(const Stmt *node) {
    switch (node->kind) {
    case StmtKind::Expr: return expr(cast<ExprStmt>(node).value) + (cast<ExprStmt>(node).hidden ? ";" : "");
    case StmtKind::Assign: {
      const auto &assign = cast<AssignStmt>(node);
      return fmt::format("({}= {} {}){}", assign.compound ? spelling(assign.op) : "", pattern(assign.target),
                         expr(assign.value), assign.hidden ? ";" : "");
    }
    case StmtKind::BroadcastAssign: {
      const auto &assign = cast<BroadcastAssignStmt>(node);
      return fmt::format("(.{}= {} {})", assign.compound ? spelling(assign.op) : "", expr(assign.target),
                         expr(assign.value));
    }
    case StmtKind::Let:
      return fmt::format("(let {} {})", pattern(cast<LetStmt>(node).target), expr(cast<LetStmt>(node).value));
    case StmtKind::Const: {
      const auto &constant = cast<ConstStmt>(node);
      return fmt::format("(const {}{} {})", constant.name.text, annotation(constant.type), expr(constant.value));
    }
    case StmtKind::Global: {
      std::string out = "(global";
      for (const Ident &name : cast<GlobalStmt>(node).names) out.append(" ").append(name.text);
      return out + ")";
    }
    case StmtKind::While:
      return fmt::format("(while {} {})", expr(cast<WhileStmt>(node).condition), expr(cast<WhileStmt>(node).body));
    case StmtKind::For:
      return fmt::format("(for{} {})", generators(cast<ForStmt>(node).generators), expr(cast<ForStmt>(node).body));
    case StmtKind::Break: return "break";
    case StmtKind::Continue: return "continue";
    case StmtKind::Return:
      return cast<ReturnStmt>(node).value ? fmt::format("(return {})", expr(cast<ReturnStmt>(node).value)) : "return";
    case StmtKind::Function: {
      const auto &function = cast<FunctionStmt>(node);
      return fmt::format("(fn {} {} {})", function.name.text, signature(function.params, function.result),
                         expr(function.body));
    }
    case StmtKind::Struct: {
      const auto &structure = cast<StructStmt>(node);
      return fmt::format("({} {} {})", structure.is_class ? "class" : "struct", structure.name.text,
                         signature(structure.fields, nullptr));
    }
    case StmtKind::Extern: {
      const auto &function = cast<ExternStmt>(node);
      return fmt::format("(extern \"{}\" {} {})", function.code, function.name.text,
                         signature(function.params, function.result));
    }
    case StmtKind::Import: {
      const auto &import = cast<ImportStmt>(node);
      return fmt::format("(import \"{}\"{}{})", import.path, import.alias.text.empty() ? "" : " ", import.alias.text);
    }
    }
    return "?";
  }

  std::string case_pattern(const CasePattern *pattern) {
    std::string parts;
    for (const CasePattern *element : pattern->elements) parts += " " + case_pattern(element);
    switch (pattern->kind) {
    case CaseKind::Ignore: return "_" + annotation(pattern->type);
    case CaseKind::Bind: return std::string(pattern->name) + annotation(pattern->type);
    case CaseKind::Value: return expr(pattern->value);
    case CaseKind::Tuple: return "(tuple" + parts + ")";
    case CaseKind::Struct: return "(" + type(pattern->type) + parts + ")";
    }
    return "?";
  }

  std::string type(const TypeExpr *node) {
    switch (node->kind) {
    case TypeExprKind::Error: return "<error>";
    case TypeExprKind::Named: return std::string(cast<NamedType>(node).name);
    case TypeExprKind::Tuple: {
      const auto &tuple = cast<TupleType>(node);
      std::string out;
      for (size_t i = 0; i < tuple.elements.size(); ++i)
        out +=
            (i ? ", " : "") + (tuple.names.empty() ? "" : std::string(tuple.names[i]) + ": ") + type(tuple.elements[i]);
      return "(" + out + ")";
    }
    case TypeExprKind::Map: return fmt::format("[{}: {}]", type(cast<MapType>(node).key), type(cast<MapType>(node).value));
    case TypeExprKind::Array:
      return fmt::format("[{}, {}]", type(cast<ArrayType>(node).element), cast<ArrayType>(node).rank);
    case TypeExprKind::Function: {
      const auto &function = cast<FunctionType>(node);
      std::string out;
      for (const TypeExpr *param : function.params) out += (out.empty() ? "" : ", ") + type(param);
      return "fn(" + out + ")" + annotation(function.result);
    }
    case TypeExprKind::Union: {
      std::string out;
      for (const TypeExpr *alternative : cast<UnionType>(node).alternatives) out += (out.empty() ? "" : " | ") + type(alternative);
      return out;
    }
    }
    return "?";
  }

private:
  static std::string number(const NumberExpr &number) {
    std::string suffix(number.suffixed ? name(number.type) : "");
    if (is_float(number.type)) return fmt::format("{:#}{}", number.floating, suffix);
    if (number.type == NumberType::U64) return fmt::format("{}{}", static_cast<uint64_t>(number.integer), suffix);
    return fmt::format("{}{}", number.integer, suffix);
  }
  std::string string(const StringExpr &string) {
    std::string out = "(str";
    for (const StringPart &part : string.parts) {
      if (!part.expr)
        out += fmt::format(" \"{}\"", part.text);
      else
        out += fmt::format(" {}{}{}", expr(part.expr), part.format.empty() ? "" : "|", part.format);
    }
    return out + ")";
  }
  std::string all(List<const Expr *> nodes) {
    std::string out;
    for (const Expr *node : nodes) out += " " + expr(node);
    return out;
  }
  std::string arguments(List<Argument> arguments) {
    std::string out;
    for (const Argument &argument : arguments)
      out += " " + (argument.name.text.empty() ? "" : std::string(argument.name.text) + ":") + expr(argument.value);
    return out;
  }
  std::string generators(List<Generator> generators) {
    std::string out;
    for (const Generator &generator : generators)
      out += fmt::format(" ({} in {})", pattern(generator.target), expr(generator.source));
    return out;
  }
  std::string annotation(const TypeExpr *node) { return node ? ": " + type(node) : ""; }
  std::string signature(List<Param> params, const TypeExpr *result) {
    std::string out;
    for (const Param &param : params)
      out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", param.name.text, annotation(param.type),
                         param.default_value ? " = " + expr(param.default_value) : "");
    return "(" + out + ")" + annotation(result);
  }
  std::string pattern(const Pattern *node) {
    switch (node->kind) {
    case PatternKind::Name: return std::string(node->name) + annotation(node->type);
    case PatternKind::Tuple: {
      std::string out;
      for (const Pattern *element : node->elements) out += (out.empty() ? "" : ", ") + pattern(element);
      return "(" + out + ")";
    }
    case PatternKind::Index:
    case PatternKind::Field: return expr(node->place);
    case PatternKind::Ignore: return "_";
    }
    return "?";
  }
};

/// A text and what the parser made of it.
struct Parsed {
  explicit Parsed(std::string text) {
    uint32_t source = sources.add("test.kn", std::move(text));
    ast = parse(sources, source, diagnostics);
  }
  /// Every statement's tree on a line.
  std::string trees() const {
    std::string out;
    for (const Stmt *statement : ast->statements) out += (out.empty() ? "" : "\n") + TreeWriter().stmt(statement);
    return out;
  }
  /// `line:column message` of every diagnostic, on lines; `| help` after those that have one.
  std::string messages() const {
    std::string out;
    for (const Diagnostic &diagnostic : diagnostics.list()) {
      Location place = sources.location(diagnostic.span);
      out += fmt::format("{}{}:{} {}", out.empty() ? "" : "\n", place.line, place.column, diagnostic.message);
      for (const DiagNote &note : diagnostic.notes)
        if (!note.span.known()) out += " | " + note.message;
    }
    return out;
  }

  Sources sources;
  Diagnostics diagnostics;
  std::unique_ptr<Ast> ast;
};

/// The trees of a text that must have no errors.
inline std::string tree(std::string text) {
  Parsed parsed(std::move(text));
  EXPECT_EQ(parsed.messages(), "");
  return parsed.trees();
}

inline std::string messages(std::string text) { return Parsed(std::move(text)).messages(); }

} // namespace kiln
