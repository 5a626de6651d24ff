#include "lang/ast.h"
#include "lang/literal.h"

#include <fmt/format.h>

namespace kiln {

namespace {

constexpr std::string_view expr_names[] = {
#define KILN_EXPR(name) #name,
#include "lang/nodes.def"
};
constexpr std::string_view stmt_names[] = {
#define KILN_STMT(name) #name,
#include "lang/nodes.def"
};
constexpr std::string_view type_names[] = {
#define KILN_TYPE_EXPR(name) #name,
#include "lang/nodes.def"
};
constexpr std::string_view pattern_names[] = {"Name", "Tuple", "Index", "Field", "Ignore"};

// Walks the tree; a node is one line, its children are indented below it.
class AstPrinter {
public:
  explicit AstPrinter(const Sources &sources) : sources_(sources) {}

  void print(const Stmt *stmt);
  void print(const Expr *expr);
  std::string take() { return std::move(out_); }

private:
  void line(std::string_view what, std::string_view detail, Span span) {
    out_.append(2 * depth_, ' ').append(what);
    if (!detail.empty()) out_.append(" ").append(detail);
    if (span.known()) {
      Location from = sources_.location(span), to = sources_.get(span).location(span.end);
      if (from.line == to.line)
        out_ += fmt::format(" @{}:{}-{}", from.line, from.column, to.column);
      else
        out_ += fmt::format(" @{}:{}-{}:{}", from.line, from.column, to.line, to.column);
    }
    out_ += '\n';
  }
  void print(const TypeExpr *type);
  void print(const Pattern *pattern);
  void print(const CasePattern *pattern);
  void print(const MatchCase &choice);
  void print(const Param &param);
  void print(const Argument &argument);
  void print(const Generator &generator);
  void print(const StringPart &part);
  void children_of(const Expr *expr);
  template <typename T>
  void all(List<T> items) {
    for (const T &item : items) print(item);
  }
  // A child that may be missing, under a heading that tells which one it is.
  template <typename T>
  void labelled(std::string_view label, const T *node) {
    if (!node) return;
    line(label, "", {});
    ++depth_;
    print(node);
    --depth_;
  }
  std::string detail(const Expr *expr) const;
  static std::string quoted(std::string_view text);

  const Sources &sources_;
  std::string out_;
  size_t depth_ = 0;
};

std::string AstPrinter::quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\x{:02x}", c);
    else
      out += c;
  }
  return out + '"';
}

std::string AstPrinter::detail(const Expr *expr) const {
  switch (expr->kind) {
  case ExprKind::Number: {
    const auto &number = cast<NumberExpr>(expr);
    std::string_view type = name(number.type);
    std::string_view mark = number.suffixed ? "!" : "";
    if (is_float(number.type)) return fmt::format("{} {}{}", number.floating, type, mark);
    if (number.type == NumberType::U64)
      return fmt::format("{} {}{}", static_cast<uint64_t>(number.integer), type, mark);
    return fmt::format("{} {}{}", number.integer, type, mark);
  }
  case ExprKind::Bool: return cast<BoolExpr>(expr).value ? "true" : "false";
  case ExprKind::Name: return std::string(cast<NameExpr>(expr).name);
  case ExprKind::Unary: return std::string(spelling(cast<UnaryExpr>(expr).op));
  case ExprKind::Binary: return std::string(spelling(cast<BinaryExpr>(expr).op));
  case ExprKind::Logical: return cast<LogicalExpr>(expr).is_and ? "and" : "or";
  case ExprKind::Compare: {
    std::string ops;
    for (BinaryOp op : cast<CompareExpr>(expr).ops) ops.append(ops.empty() ? "" : " ").append(spelling(op));
    return ops;
  }
  case ExprKind::Is: return cast<IsExpr>(expr).negated ? "not" : "";
  case ExprKind::Range: return cast<RangeExpr>(expr).inclusive ? "..=" : "..";
  case ExprKind::MethodCall: {
    const auto &call = cast<MethodCallExpr>(expr);
    return std::string(call.optional ? "?." : "").append(call.name.text);
  }
  case ExprKind::Field: {
    const auto &field = cast<FieldExpr>(expr);
    return std::string(field.optional ? "?." : "").append(field.name.text);
  }
  case ExprKind::Tuple: {
    std::string names;
    for (const Ident &ident : cast<TupleExpr>(expr).names) names.append(names.empty() ? "" : " ").append(ident.text);
    return names;
  }
  case ExprKind::Try: return std::string(cast<TryExpr>(expr).error.text);
  case ExprKind::Error:
  case ExprKind::None:
  case ExprKind::String:
  case ExprKind::Coalesce:
  case ExprKind::Match:
  case ExprKind::If:
  case ExprKind::Block:
  case ExprKind::Call:
  case ExprKind::Index:
  case ExprKind::Array:
  case ExprKind::EmptyArray:
  case ExprKind::Map:
  case ExprKind::Lambda:
  case ExprKind::Comprehension:
  case ExprKind::Generator:
  case ExprKind::Broadcast: return "";
  }
  return "";
}

void AstPrinter::print(const Expr *expr) {
  line(expr_names[static_cast<size_t>(expr->kind)], detail(expr), expr->span);
  ++depth_;
  children_of(expr);
  --depth_;
}

void AstPrinter::children_of(const Expr *expr) {
  switch (expr->kind) {
  case ExprKind::Error:
  case ExprKind::Number:
  case ExprKind::Bool:
  case ExprKind::None:
  case ExprKind::Name: return;
  case ExprKind::String: return all(cast<StringExpr>(expr).parts);
  case ExprKind::Unary: return print(cast<UnaryExpr>(expr).operand);
  case ExprKind::Binary: {
    const auto &binary = cast<BinaryExpr>(expr);
    return print(binary.left), print(binary.right);
  }
  case ExprKind::Logical: {
    const auto &logical = cast<LogicalExpr>(expr);
    return print(logical.left), print(logical.right);
  }
  case ExprKind::Compare: return all(cast<CompareExpr>(expr).operands);
  case ExprKind::Is: {
    const auto &is = cast<IsExpr>(expr);
    return print(is.value), print(is.type);
  }
  case ExprKind::Coalesce: {
    const auto &coalesce = cast<CoalesceExpr>(expr);
    return print(coalesce.left), print(coalesce.right);
  }
  case ExprKind::Match: {
    const auto &match = cast<MatchExpr>(expr);
    return print(match.subject), all(match.cases);
  }
  case ExprKind::If: {
    const auto &choice = cast<IfExpr>(expr);
    print(choice.condition), print(choice.yes);
    return choice.no ? print(choice.no) : void();
  }
  case ExprKind::Block: return all(cast<BlockExpr>(expr).statements);
  case ExprKind::Range: {
    const auto &range = cast<RangeExpr>(expr);
    print(range.first), print(range.last);
    return labelled("by", range.step);
  }
  case ExprKind::Call: {
    const auto &call = cast<CallExpr>(expr);
    return print(call.callee), all(call.arguments);
  }
  case ExprKind::MethodCall: {
    const auto &call = cast<MethodCallExpr>(expr);
    return print(call.receiver), all(call.arguments);
  }
  case ExprKind::Index: {
    const auto &index = cast<IndexExpr>(expr);
    return print(index.base), all(index.indices);
  }
  case ExprKind::Field: return print(cast<FieldExpr>(expr).base);
  case ExprKind::Tuple: return all(cast<TupleExpr>(expr).elements);
  case ExprKind::Array: return all(cast<ArrayExpr>(expr).elements);
  case ExprKind::Map:
    for (const MapExpr::Entry &entry : cast<MapExpr>(expr).entries) print(entry.key), print(entry.value);
    return;
  case ExprKind::EmptyArray: return print(cast<EmptyArrayExpr>(expr).type);
  case ExprKind::Comprehension: {
    const auto &comprehension = cast<ComprehensionExpr>(expr);
    print(comprehension.value), all(comprehension.generators);
    return labelled("if", comprehension.condition);
  }
  case ExprKind::Generator: {
    const auto &generator = cast<GeneratorExpr>(expr);
    all(generator.sources), print(static_cast<const Expr *>(generator.value));
    return generator.condition ? labelled("if", static_cast<const Expr *>(generator.condition)) : void();
  }
  case ExprKind::Lambda: {
    const auto &lambda = cast<LambdaExpr>(expr);
    all(lambda.params), labelled("result", lambda.result);
    return print(lambda.body);
  }
  case ExprKind::Broadcast: return print(cast<BroadcastExpr>(expr).operation);
  case ExprKind::Try: {
    const auto &attempt = cast<TryExpr>(expr);
    print(static_cast<const Expr *>(attempt.body));
    return labelled("catch", static_cast<const Expr *>(attempt.handler));
  }
  }
}

void AstPrinter::print(const Stmt *stmt) {
  auto head = [&](std::string_view detail = "") {
    line(stmt_names[static_cast<size_t>(stmt->kind)], detail, stmt->span);
    ++depth_;
  };
  auto function = [&](auto &node) { all(node.params), labelled("result", node.result); };
  switch (stmt->kind) {
  case StmtKind::Expr: {
    const auto &node = cast<ExprStmt>(stmt);
    head(node.hidden ? "hidden" : ""), print(node.value);
    break;
  }
  case StmtKind::Assign: {
    const auto &node = cast<AssignStmt>(stmt);
    head(fmt::format("{}={}", node.compound ? spelling(node.op) : "", node.hidden ? " hidden" : ""));
    print(node.target), print(node.value);
    break;
  }
  case StmtKind::BroadcastAssign: {
    const auto &node = cast<BroadcastAssignStmt>(stmt);
    head(fmt::format(".{}=", node.compound ? spelling(node.op) : ""));
    print(node.target), print(node.value);
    break;
  }
  case StmtKind::Let: {
    const auto &node = cast<LetStmt>(stmt);
    head(), print(node.target), print(node.value);
    break;
  }
  case StmtKind::Const: {
    const auto &node = cast<ConstStmt>(stmt);
    head(node.name.text), labelled("type", node.type), print(node.value);
    break;
  }
  case StmtKind::Global: {
    std::string names;
    for (const Ident &name : cast<GlobalStmt>(stmt).names) names.append(names.empty() ? "" : " ").append(name.text);
    head(names);
    break;
  }
  case StmtKind::While: {
    const auto &node = cast<WhileStmt>(stmt);
    head(), print(node.condition), print(static_cast<const Expr *>(node.body));
    break;
  }
  case StmtKind::For: {
    const auto &node = cast<ForStmt>(stmt);
    head(), all(node.generators), print(static_cast<const Expr *>(node.body));
    break;
  }
  case StmtKind::Break:
  case StmtKind::Continue: head(); break;
  case StmtKind::Return: {
    const auto &node = cast<ReturnStmt>(stmt);
    head();
    if (node.value) print(node.value);
    break;
  }
  case StmtKind::Function: {
    const auto &node = cast<FunctionStmt>(stmt);
    head(node.name.text), function(node), print(node.body);
    break;
  }
  case StmtKind::Struct: {
    const auto &node = cast<StructStmt>(stmt);
    head(fmt::format("{}{}", node.is_class ? "class " : "", node.name.text)), all(node.fields);
    break;
  }
  case StmtKind::Extern: {
    const auto &node = cast<ExternStmt>(stmt);
    head(fmt::format("{} {}", quoted(node.code), node.name.text)), function(node);
    break;
  }
  case StmtKind::Import: {
    const auto &node = cast<ImportStmt>(stmt);
    head(fmt::format("{} {}", quoted(node.path), node.alias.text));
    break;
  }
  }
  --depth_;
}

void AstPrinter::print(const TypeExpr *type) {
  std::string detail;
  if (const auto *named = as<NamedType>(type)) detail = named->name;
  if (const auto *array = as<ArrayType>(type)) detail = fmt::format("rank {}", array->rank);
  if (const auto *tuple = as<TupleType>(type))
    for (std::string_view name : tuple->names) detail.append(detail.empty() ? "" : " ").append(name);
  line(fmt::format("{}Type", type_names[static_cast<size_t>(type->kind)]), detail, type->span);
  ++depth_;
  switch (type->kind) {
  case TypeExprKind::Error: break;
  case TypeExprKind::Named: all(cast<NamedType>(type).arguments); break;
  case TypeExprKind::Tuple: all(cast<TupleType>(type).elements); break;
  case TypeExprKind::Array: print(cast<ArrayType>(type).element); break;
  case TypeExprKind::Map: print(cast<MapType>(type).key), print(cast<MapType>(type).value); break;
  case TypeExprKind::Function:
    all(cast<FunctionType>(type).params);
    labelled("result", cast<FunctionType>(type).result);
    break;
  case TypeExprKind::Union: all(cast<UnionType>(type).alternatives); break;
  }
  --depth_;
}

void AstPrinter::print(const Pattern *pattern) {
  line(fmt::format("{}Pattern", pattern_names[static_cast<size_t>(pattern->kind)]), pattern->name, pattern->span);
  ++depth_;
  if (pattern->type) print(pattern->type);
  all(pattern->elements);
  if (pattern->place) print(pattern->place);
  --depth_;
}

void AstPrinter::print(const CasePattern *pattern) {
  constexpr std::string_view case_names[] = {"Ignore", "Bind", "Value", "Tuple", "Struct"};
  line(fmt::format("{}Case", case_names[static_cast<size_t>(pattern->kind)]), pattern->name, pattern->span);
  ++depth_;
  if (pattern->type) print(pattern->type);
  if (pattern->value) print(pattern->value);
  all(pattern->elements);
  --depth_;
}

void AstPrinter::print(const MatchCase &choice) {
  line("Case", "", choice.span);
  ++depth_;
  all(choice.patterns);
  labelled("if", choice.guard);
  print(choice.body);
  --depth_;
}

void AstPrinter::print(const Param &param) {
  line("Param", fmt::format("{}{}", param.is_const ? "const " : "", param.name.text), param.name.span);
  ++depth_;
  if (param.type) print(param.type);
  labelled("default", param.default_value);
  --depth_;
}

void AstPrinter::print(const Argument &argument) {
  if (argument.name.text.empty()) return print(argument.value);
  line("Named", argument.name.text, argument.name.span);
  ++depth_;
  print(argument.value);
  --depth_;
}

void AstPrinter::print(const Generator &generator) {
  line("Generator", "", {});
  ++depth_;
  print(generator.target), print(generator.source);
  --depth_;
}

void AstPrinter::print(const StringPart &part) {
  if (!part.expr) return line("Text", quoted(part.text), {});
  line("Interpolation", part.format, part.format_span);
  ++depth_;
  print(part.expr);
  --depth_;
}

} // namespace

std::string print_ast(const Ast &ast, const Sources &sources) {
  AstPrinter printer(sources);
  for (const Stmt *statement : ast.statements) printer.print(statement);
  return printer.take();
}

std::string print_ast(const Expr *expr, const Sources &sources) {
  AstPrinter printer(sources);
  printer.print(expr);
  return printer.take();
}

} // namespace kiln
