#pragma once

#include "lang/source.h"

#include <cassert>
#include <memory_resource>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace kiln {

enum class BinaryOp : uint8_t {
#define KILN_BINARY(name, spelling, level, rule) name,
#include "lang/operators.def"
};
enum class UnaryOp : uint8_t {
#define KILN_UNARY(name, spelling) name,
#include "lang/operators.def"
};
std::string_view spelling(BinaryOp op);
std::string_view spelling(UnaryOp op);
/// True for the comparison level except `in`: < <= > >= == !=.
constexpr bool is_comparison(BinaryOp op) { return op <= BinaryOp::NotEqual; }

enum class ExprKind : uint8_t {
#define KILN_EXPR(name) name,
#include "lang/nodes.def"
};
enum class StmtKind : uint8_t {
#define KILN_STMT(name) name,
#include "lang/nodes.def"
};
enum class TypeExprKind : uint8_t {
#define KILN_TYPE_EXPR(name) name,
#include "lang/nodes.def"
};

/// A list of nodes or texts that lives in the AST's arena.
template <typename T> using List = std::span<const T>;

// Nodes live in an `Ast`'s arena, are never changed after parsing, and refer to each other by pointer.
// Names (std::string_view) point into the arena or into the source and are valid as long as both live.

struct Expr {
  ExprKind kind;
  Span span;
};
struct Stmt {
  StmtKind kind;
  Span span;
};
struct TypeExpr {
  TypeExprKind kind;
  Span span;
};
template <ExprKind K> struct ExprOf : Expr {
  static constexpr ExprKind node_kind = K;
};
template <StmtKind K> struct StmtOf : Stmt {
  static constexpr StmtKind node_kind = K;
};
template <TypeExprKind K> struct TypeExprOf : TypeExpr {
  static constexpr TypeExprKind node_kind = K;
};

/// The node as its own type, or null when it is of another kind.
template <typename T, typename Base> const T *as(const Base *node) {
  return node && node->kind == T::node_kind ? static_cast<const T *>(node) : nullptr;
}
/// The node as its own type, which it must be.
template <typename T, typename Base> const T &cast(const Base *node) {
  assert(node && node->kind == T::node_kind);
  return *static_cast<const T *>(node);
}

/// A name with its place.
struct Ident {
  std::string_view text;
  Span span;
};

// --- type expressions ---

/// What could not be parsed; already reported.
struct ErrorType : TypeExprOf<TypeExprKind::Error> {};
/// `f64`, `str`, `none`, `Point`; `Point(i64, f64)`: with the types of the fields that have none of their own.
struct NamedType : TypeExprOf<TypeExprKind::Named> {
  std::string_view name;
  List<const TypeExpr *> arguments;
};
/// `(T, U)`, `(x: T, y: U)`: `names` is empty or as long as `elements`.
struct TupleType : TypeExprOf<TypeExprKind::Tuple> {
  List<const TypeExpr *> elements;
  List<std::string_view> names;
};
/// `[T]` and `[T, N]`.
struct ArrayType : TypeExprOf<TypeExprKind::Array> {
  const TypeExpr *element;
  uint32_t rank; // At least 1.
};
/// `[K: V]`.
struct MapType : TypeExprOf<TypeExprKind::Map> {
  const TypeExpr *key;
  const TypeExpr *value;
};
/// `fn(T, U): R`: any callable of this signature.
struct FunctionType : TypeExprOf<TypeExprKind::Function> {
  List<const TypeExpr *> params;
  const TypeExpr *result; // Null when not given.
};
/// `A | B`, and `T?`, which is `T | none`.
struct UnionType : TypeExprOf<TypeExprKind::Union> {
  List<const TypeExpr *> alternatives;
};

// --- expressions ---

/// What could not be parsed; already reported. Consequences are silent.
struct ErrorExpr : ExprOf<ExprKind::Error> {};

enum class NumberType : uint8_t { I8, I16, I32, I64, U8, U16, U32, U64, F32, F64 };
/// A number as written. A minus sign directly before a literal belongs to it where the value needs it (-128i8).
struct NumberExpr : ExprOf<ExprKind::Number> {
  NumberType type;
  bool suffixed;     // 255u8, 'a': has a type of its own. 255: takes the type of its neighbour.
  int64_t integer;   // Bits of an integer literal (u64 as two's complement).
  double floating;   // Value of a floating literal (rounded to f32 for F32).
};
struct BoolExpr : ExprOf<ExprKind::Bool> {
  bool value;
};
struct NoneExpr : ExprOf<ExprKind::None> {};

/// A piece of a string literal: text (escapes already decoded), or an expression with its format spec.
struct StringPart {
  std::string_view text;
  const Expr *expr; // Null for text.
  std::string_view format;
  Span format_span;
};
struct StringExpr : ExprOf<ExprKind::String> {
  List<StringPart> parts; // A plain literal has at most one part.
};
struct NameExpr : ExprOf<ExprKind::Name> {
  std::string_view name;
};
struct UnaryExpr : ExprOf<ExprKind::Unary> {
  UnaryOp op;
  Span op_span;
  const Expr *operand;
};
/// Arithmetic, bits, `in`. (`not in` is Not of In.) A single comparison is a CompareExpr.
struct BinaryExpr : ExprOf<ExprKind::Binary> {
  BinaryOp op;
  Span op_span;
  const Expr *left;
  const Expr *right;
};
/// `and`, `or`: the right side is evaluated only when needed.
struct LogicalExpr : ExprOf<ExprKind::Logical> {
  bool is_and;
  Span op_span;
  const Expr *left;
  const Expr *right;
};
/// `a < b <= c`: operands.size() == ops.size() + 1; each operand is evaluated once.
struct CompareExpr : ExprOf<ExprKind::Compare> {
  List<const Expr *> operands;
  List<BinaryOp> ops;
  List<Span> op_spans;
};
/// `e is T`, `e is not T`, `e is none`.
struct IsExpr : ExprOf<ExprKind::Is> {
  const Expr *value;
  const TypeExpr *type;
  bool negated;
};
/// `a ?? b`: b where a is none.
struct CoalesceExpr : ExprOf<ExprKind::Coalesce> {
  const Expr *left;
  const Expr *right;
};
struct BlockExpr;
/// `condition ? yes : no`, and `if` (a statement, or used as a value).
struct IfExpr : ExprOf<ExprKind::If> {
  const Expr *condition;
  const Expr *yes;
  const Expr *no; // Null when an `if` has no `else`.
};
/// `{ ... }`: the value is that of the last statement, if that is an expression; else none.
struct BlockExpr : ExprOf<ExprKind::Block> {
  List<const Stmt *> statements;
};
/// `a..b`, `a..=b`, `a..b by k`.
struct RangeExpr : ExprOf<ExprKind::Range> {
  const Expr *first;
  const Expr *last;
  const Expr *step; // Null when not given.
  bool inclusive;
};
/// An argument; `name` is empty unless it is passed by name.
struct Argument {
  Ident name;
  const Expr *value;
};
struct CallExpr : ExprOf<ExprKind::Call> {
  const Expr *callee;
  List<Argument> arguments;
};
/// `x.f(y)`: a field's call, or f(x, y). `x?.f(y)`: none where x is none.
struct MethodCallExpr : ExprOf<ExprKind::MethodCall> {
  const Expr *receiver;
  Ident name;
  List<Argument> arguments;
  bool optional;
};
struct IndexExpr : ExprOf<ExprKind::Index> {
  const Expr *base;
  List<const Expr *> indices;
};
/// `x.f`, `x?.f`.
struct FieldExpr : ExprOf<ExprKind::Field> {
  const Expr *base;
  Ident name;
  bool optional;
};
/// `(a, b)`, `(x: a, y: b)`, `()` is not a value. `names` is empty or as long as `elements`.
struct TupleExpr : ExprOf<ExprKind::Tuple> {
  List<const Expr *> elements;
  List<Ident> names;
};
/// `[a, b, c]`, `[]`.
struct ArrayExpr : ExprOf<ExprKind::Array> {
  List<const Expr *> elements;
};
/// `[f64]()`, `[f64, 2]()`, `[str: i64]()`: an empty array or map of a given type.
struct EmptyArrayExpr : ExprOf<ExprKind::EmptyArray> {
  const TypeExpr *type; // An ArrayType or MapType.
};
/// `["ann": 31, "bob": 27]`, `[:]`.
struct MapExpr : ExprOf<ExprKind::Map> {
  struct Entry {
    const Expr *key;
    const Expr *value;
  };
  List<Entry> entries;
};

struct Pattern;
/// `for target in source`; several stand in one `for` or comprehension, the last varies fastest.
struct Generator {
  const Pattern *target;
  const Expr *source;
};
/// `[value for x in xs if condition]`; more than one generator makes rank N.
struct ComprehensionExpr : ExprOf<ExprKind::Comprehension> {
  const Expr *value;
  List<Generator> generators;
  const Expr *condition; // Null when there is none.
};
enum class CaseKind : uint8_t { Ignore, Bind, Value, Tuple, Struct };
/// What a case of `match` asks of a value, and the names it gives to its parts.
struct CasePattern {
  CaseKind kind;
  Span span;
  std::string_view name;              // Bind
  const TypeExpr *type;               // Struct; Ignore, Bind: `n: i64`; null when any.
  const Expr *value;                  // Value: a literal, or a range of integers.
  List<const CasePattern *> elements; // Tuple, Struct
};
/// `pattern | pattern if guard => body`.
struct MatchCase {
  Span span;
  List<const CasePattern *> patterns; // Any of them; if there are several, they bind no names.
  const Expr *guard;                  // Null when there is none.
  const Expr *body;
};
struct MatchExpr : ExprOf<ExprKind::Match> {
  const Expr *subject;
  List<MatchCase> cases;
};
/// A parameter of a function or lambda.
struct Param {
  Ident name;
  const TypeExpr *type;       // Null when not annotated.
  const Expr *default_value;  // Null when required.
  bool is_const;              // `const n`: the argument is known when a call is compiled, and part of the specialisation.
};
/// `x -> e`, `(x, y) -> e`, `fn (x, y) { ... }`.
struct LambdaExpr : ExprOf<ExprKind::Lambda> {
  List<Param> params;
  const TypeExpr *result; // Null when not given.
  const Expr *body;
  bool by_value; // What it captures stays as it is when the lambda is made, whatever is assigned later.
};
/// `value for x in xs if condition` in the parentheses of a call or its own: elements that are made when something
/// iterates over them. Several sources stand for their combinations, as tuples nested to the left: ((x, y), z).
struct GeneratorExpr : ExprOf<ExprKind::Generator> {
  List<const Expr *> sources;
  const LambdaExpr *value;     // Of an element of the sources.
  const LambdaExpr *condition; // Null when there is none.
};
/// `try { ... } catch e { ... }`: the value of the first block or, after an error in it, of the second.
struct TryExpr : ExprOf<ExprKind::Try> {
  const BlockExpr *body;
  Ident error; // Empty when the error is not named.
  const BlockExpr *handler;
};

/// `a .+ b`, `.-a`, `f.(x)`: the operation for each element of its operands that are arrays. The operation is a Unary,
/// Binary, Logical, Compare or Call; operands that are broadcasts themselves belong to the same nest, which is one loop.
struct BroadcastExpr : ExprOf<ExprKind::Broadcast> {
  const Expr *operation;
};

// --- statements ---

/// What may stand left of `=` or after `for`: a name, or a tuple of targets. In assignments, also an element or a field.
enum class PatternKind : uint8_t { Name, Tuple, Index, Field, Ignore };
struct Pattern {
  PatternKind kind;
  Span span;
  std::string_view name;           // Name
  const TypeExpr *type;            // Name: `x: f64 = 1`; null when not annotated.
  List<const Pattern *> elements;  // Tuple
  const Expr *place;               // Index: an IndexExpr; Field: a FieldExpr. (Ignore is `_`.)
};

struct ExprStmt : StmtOf<StmtKind::Expr> {
  const Expr *value;
  bool hidden; // Ends in `;`, so the REPL does not show it.
};
/// `target = value`, `target += value`.
struct AssignStmt : StmtOf<StmtKind::Assign> {
  const Pattern *target;
  bool compound;  // `op=`; then `op` is the operator.
  BinaryOp op;
  Span op_span;
  const Expr *value;
  bool hidden;
};
/// `target .= value`, `target .+= value`: writes the elements of an array that exists.
struct BroadcastAssignStmt : StmtOf<StmtKind::BroadcastAssign> {
  const Expr *target;
  bool compound; // `.op=`; then `op` is the operator.
  BinaryOp op;
  Span op_span;
  const Expr *value;
};
/// `let target = value`: new variables for the rest of the block.
struct LetStmt : StmtOf<StmtKind::Let> {
  const Pattern *target;
  const Expr *value;
};
/// `const K = e`, at top level.
struct ConstStmt : StmtOf<StmtKind::Const> {
  Ident name;
  const TypeExpr *type; // Null when not annotated.
  const Expr *value;
  std::string_view doc;
};
/// `global a, b`.
struct GlobalStmt : StmtOf<StmtKind::Global> {
  List<Ident> names;
};
struct WhileStmt : StmtOf<StmtKind::While> {
  const Expr *condition;
  const BlockExpr *body;
};
struct ForStmt : StmtOf<StmtKind::For> {
  List<Generator> generators;
  const BlockExpr *body;
};
struct BreakStmt : StmtOf<StmtKind::Break> {};
struct ContinueStmt : StmtOf<StmtKind::Continue> {};
struct ReturnStmt : StmtOf<StmtKind::Return> {
  const Expr *value; // Null for a bare `return`.
};
/// `fn f(x) { ... }`, `f(x) = e`, `fn f(x): T = e`.
struct FunctionStmt : StmtOf<StmtKind::Function> {
  Ident name;
  List<Param> params;
  const TypeExpr *result; // Null when not given.
  const Expr *body;
  std::string_view doc;   // The `##` lines above, without the marks, joined by newlines.
};
/// `struct Point { x, y: f64 = 0 }`, `class Node { ... }`.
struct StructStmt : StmtOf<StmtKind::Struct> {
  Ident name;
  bool is_class;
  List<Param> fields;
  std::string_view doc;
};
/// What an ExternStmt's code is.
enum class ForeignCode : uint8_t {
  Library, // `extern "lib.so" name(x: T): U`: a C function; the library may be left out.
  Machine, // `machine name(x: T): U = x"8d 04 37 c3"`: the host's machine code.
  Llvm,    // `llvm name(x: T): U = """ret i64 %x"""`: a body in LLVM IR.
};
struct ExternStmt : StmtOf<StmtKind::Extern> {
  ForeignCode kind;
  std::string_view code; // The library's name, the bytes, or the text of the body.
  Span code_span;        // Where that is written, without the quotes; unknown when the library is left out.
  Ident name;
  List<Param> params;
  const TypeExpr *result; // Null for none.
  std::string_view doc;
};
/// `import "geometry.kn"`, `import "geometry.kn" as g`.
struct ImportStmt : StmtOf<StmtKind::Import> {
  std::string_view path;
  Span path_span;
  Ident alias; // Empty text when there is none.
};

/// The parsed form of one source: owns its nodes.
class Ast {
public:
  Ast() = default;
  Ast(const Ast &) = delete;
  Ast &operator=(const Ast &) = delete;

  /// Makes a node of type T at `span` and sets its members, in order, from the rest.
  template <typename T, typename... Args> const T *make(Span span, Args &&...args) {
    static_assert(std::is_trivially_destructible_v<T>);
    void *memory = arena_.allocate(sizeof(T), alignof(T));
    return new (memory) T{{{T::node_kind, span}}, std::forward<Args>(args)...};
  }
  const Pattern *make_pattern(const Pattern &pattern) {
    return new (arena_.allocate(sizeof(Pattern), alignof(Pattern))) Pattern(pattern);
  }
  const CasePattern *make_case_pattern(const CasePattern &pattern) {
    static_assert(std::is_trivially_destructible_v<CasePattern>);
    return new (arena_.allocate(sizeof(CasePattern), alignof(CasePattern))) CasePattern(pattern);
  }
  /// A copy of the items that lives as long as the AST.
  template <typename T> List<T> list(const std::vector<T> &items) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (items.empty())
      return {};
    T *memory = static_cast<T *>(arena_.allocate(sizeof(T) * items.size(), alignof(T)));
    std::uninitialized_copy(items.begin(), items.end(), memory);
    return {memory, items.size()};
  }
  std::string_view text(std::string_view text);

  /// The top-level statements, in order.
  List<const Stmt *> statements;

private:
  std::pmr::monotonic_buffer_resource arena_;
};

/// The tree as indented text, one node a line, with names, values and source ranges: for `emit ast` and tests.
std::string print_ast(const Ast &ast, const Sources &sources);
std::string print_ast(const Expr *expr, const Sources &sources);

} // namespace kiln
