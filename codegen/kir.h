#pragma once

#include "codegen/type.h"
#include "lang/ast.h"

#include <cassert>
#include <initializer_list>
#include <list>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace kiln {

struct Block;
struct Specialisation;
struct GlobalVariable;
struct ExternFunction;
struct DynSite;

enum class Op : uint8_t {
#define KILN_OP(name, stage) name,
#include "codegen/kir_ops.def"
};
std::string_view to_string(Op op);

enum class IntrinsicKind : uint16_t {
#define KILN_INTRINSIC(name, text) name,
#include "codegen/intrinsics.def"
};
std::string_view to_string(IntrinsicKind kind);

/// How a Convert works.
enum class Conversion : uint8_t {
  Exact,     // Never fails, loses nothing: widening, bool to integer, integer to a float that holds all its values, f32 to f64.
  Rounding,  // Arithmetic promotion: an i64 meets an f64 (or f64 is written to f32): nearest.
  Checked,   // An integer to an integer of another range: out of range is a run-time error.
  CheckedExact, // Integer to float that must be exact: a run-time error when it is not.
  Wrapping,  // An integer to a narrower one: the low bits.
  Truncating,   // A float to an integer, toward zero; NaN or out of range is a run-time error.
};

/// The value of a Const. Read as what it is not, it is zero or an empty text.
class Constant {
public:
  enum Kind : uint8_t { None, Bool, Int, Float, Str };

  Constant() = default; // None
  static Constant of_bool(bool value);
  static Constant of_int(int64_t value);           // u64 as two's complement
  static Constant of_float(double value);          // An f32 exactly representable
  static Constant of_text(std::string_view value); // Which lives as long as the session.

  Kind kind() const { return kind_; }
  int64_t integer() const { return kind_ == Int || kind_ == Bool ? integer_ : 0; }
  double floating() const { return kind_ == Float ? floating_ : 0; }
  std::string_view text() const { return kind_ == Str ? std::string_view(text_, length_) : std::string_view(); }
  friend bool operator==(const Constant &a, const Constant &b); // Floats by bits.

private:
  explicit Constant(Kind kind) : kind_(kind) {}

  Kind kind_ = None;
  uint32_t length_ = 0;
  union {
    int64_t integer_ = 0;
    double floating_;
    const char *text_;
  };
};
static_assert(sizeof(Constant) <= 16);

/// One instruction; also the value it makes. Lives in its function's memory, with all that it lists: nothing destroys it.
struct Inst {
  Op op{};
  NumberType number_type = NumberType::I64; // Const (untyped): its type as written
  bool literal : 1 = false;     // Const (untyped): an unsuffixed literal, takes its neighbour's type
  bool inclusive : 1 = false;   // Range
  bool unchecked : 1 = false;   // typed: proven not to fail
  bool fresh : 1 = false;       // StoreGlobal
  bool negated : 1 = false;     // Narrow: to what the test does not hold for
  bool in_pattern : 1 = false;  // Binary, untyped: a pattern's test, false where the types can never be equal. Destructure: also of structs and classes
  bool exact : 1 = false;       // CompNew
  bool stored : 1 = false;      // SetField
  bool writes_back : 1 = false; // SetField, SetIndex, CellSet, StoreGlobal: the value is the result of the SetField that is
                                // args.back(); nothing is left to do when that has changed an object of a class.
  bool shared : 1 = false;      // Index by a range (untyped): the elements themselves, not a copy
  bool in_frame : 1 = false;    // typed CellNew: nothing keeps the cell when the function is left
  BinaryOp binary_op{};
  UnaryOp unary_op{};
  Conversion conversion{};
  enum Role : uint8_t { Variable, Result, Parameter } role = Variable; // Coerce: what the fixed type belongs to
  IntrinsicKind intrinsic{};

private:
  enum class Subject : uint8_t { None, TypeExpr, Function, Found, Callee, Global, External, Wanted, Site, Names };
  Subject subject_kind_ = Subject::None;

public:
  uint32_t id = 0; // Dense in the function, from 0.
  Span span;       // The expression it came from; for operators the whole expression (op_span: the operator).
  Span op_span;
  const Type *type = nullptr; // Typed KIR only.
  Block *block = nullptr;
  std::span<Inst *> args;

  // What else an operation needs; kir_ops.def says which.
  Constant constant;
  uint32_t index = 0;
  uint32_t count = 0;
  std::string_view name;

  // The one thing that an operation is about beside its operands, if any: null, or no names, where it is another.
  const TypeExpr *type_expr() const { return subject<const TypeExpr>(Subject::TypeExpr); }
  const KirFunction *function() const { return subject<const KirFunction>(Subject::Function); }
  Inst *found() const { return subject<Inst>(Subject::Found); } // Index, SetIndex (untyped): the Find of this same place before.
  Specialisation *callee() const { return subject<Specialisation>(Subject::Callee); }
  const GlobalVariable *global() const { return subject<const GlobalVariable>(Subject::Global); }
  const ExternFunction *external() const { return subject<const ExternFunction>(Subject::External); }
  const Type *wanted() const { return subject<const Type>(Subject::Wanted); } // typed DynTest: null for a tuple of `count`
  DynSite *site() const { return subject<DynSite>(Subject::Site); }           // typed CallDyn
  List<Ident> names() const {
    const List<Ident> *names = subject<const List<Ident>>(Subject::Names);
    return names ? *names : List<Ident>();
  }

  void refer_to(const TypeExpr *type_expr) { refer_to(Subject::TypeExpr, type_expr); }
  void refer_to(const KirFunction *function) { refer_to(Subject::Function, function); }
  void refer_to(Inst *found) { refer_to(Subject::Found, found); }
  void refer_to(Specialisation *callee) { refer_to(Subject::Callee, callee); }
  void refer_to(const GlobalVariable *global) { refer_to(Subject::Global, global); }
  void refer_to(const ExternFunction *external) { refer_to(Subject::External, external); }
  void refer_to(const Type *wanted) { refer_to(Subject::Wanted, wanted); }
  void refer_to(DynSite *site) { refer_to(Subject::Site, site); }
  void refer_to(const List<Ident> *names) { refer_to(Subject::Names, names); }

private:
  template <typename T> T *subject(Subject kind) const {
    return subject_kind_ == kind ? static_cast<T *>(const_cast<void *>(subject_)) : nullptr;
  }
  void refer_to(Subject kind, const void *thing) {
    assert(subject_kind_ == Subject::None || subject_kind_ == kind);
    subject_kind_ = thing ? kind : Subject::None;
    subject_ = thing;
  }

  const void *subject_ = nullptr;
};
// Every function has its instructions twice, untyped and typed: memory that the system must clear before a program begins.
static_assert(sizeof(Inst) <= 128);

/// An edge to a block, with a value for each of its parameters.
struct Edge {
  Block *target = nullptr;
  std::vector<Inst *> args;
};

enum class TermKind : uint8_t { None, Jump, Branch, Try, Return, Unreachable };
/// How a block ends. Jump: edges[0]. Branch: condition (bool), edges[0] when true, edges[1] when false. Return: value.
/// Try: edges[0] enters a region of blocks, and an error anywhere in it goes on at edges[1], to a block that only this
/// edge leads to. What the region had assigned until then is in slots.
struct Terminator {
  TermKind kind = TermKind::None;
  Span span;
  Inst *value = nullptr; // Branch: condition; Return: the value (none is a Const).
  Edge edges[2];
};

struct Block {
  uint32_t id = 0; // Its place in KirFunction::blocks.
  uint32_t loop_depth = 0;
  uint32_t region = 0;       // The innermost `try` whose body the block belongs to; 0: none.
  bool loop_header = false;  // Some edge comes from a later block.
  std::vector<Inst *> params;
  std::vector<Inst *> insts;
  Terminator end;
};

/// A parameter as declared.
struct KirParam {
  std::string_view name;
  Span span;
  const TypeExpr *type_expr = nullptr;        // Null when not annotated.
  bool is_const = false;                      // The argument is part of the specialisation, and a constant in it.
  std::unique_ptr<KirFunction> default_value; // A function of the parameters before it; null when required.
};

/// The body of a function, lambda, default value, or unit of top-level statements, in SSA with block arguments.
/// Blocks are in reverse postorder (every block but a loop header after all its predecessors); blocks[0] is the entry.
struct KirFunction {
  std::string name; // Lambdas: "fn"; units: "top level".
  Span span;        // The whole definition.
  Span name_span;
  std::vector<KirParam> params;           // Without captures.
  std::vector<std::string_view> captures; // Lambdas: the captured locals; first among the entry block's parameters.
  const TypeExpr *result_type = nullptr;
  std::string_view doc;
  const Declaration *constructs = nullptr; // The constructor of a struct or class: it has parameters and no body.
  bool is_lambda = false;
  bool is_unit = false;     // Top-level statements; returns none.
  bool has_loop = false;
  bool typed = false;
  bool from_library = false;
  bool is_adapter = false;  // What a DynSite does for some types.
  std::vector<Ident> unread; // Variables that the body assigns and never reads.
  bool fused = false;       // The operation of a broadcast: part of its caller's loop, so always inlined.
  std::pmr::monotonic_buffer_resource memory; // Of blocks and instructions.
  std::pmr::list<Block> block_storage{&memory};
  std::vector<Inst *> insts; // All, each at its id.
  std::vector<Block *> blocks;
  std::vector<uint32_t> regions{0}; // The region around each region; 0 stands for the whole body.
  std::vector<std::unique_ptr<KirFunction>> lambdas; // Those written in this body.

  /// `size`: what the blocks and instructions will take, as far as is known.
  explicit KirFunction(size_t size = 1024) : memory(size) {}
  Block *entry() const { return blocks.front(); }
  size_t inst_count() const { return insts.size(); }
  Inst *make(Op op, Span span, std::span<Inst *const> args = {}) {
    Inst *inst = new (memory.allocate(sizeof(Inst), alignof(Inst))) Inst;
    inst->op = op, inst->span = span, inst->id = static_cast<uint32_t>(insts.size()), inst->args = copy(args);
    insts.push_back(inst);
    return inst;
  }
  /// The list, in the function's memory.
  template <typename T> std::span<std::remove_const_t<T>> copy(std::span<T> list) {
    if (list.empty()) return {};
    auto *copied = static_cast<std::remove_const_t<T> *>(memory.allocate(list.size_bytes(), alignof(T)));
    std::uninitialized_copy(list.begin(), list.end(), copied);
    return {copied, list.size()};
  }
  /// What the instruction's last arguments, or its elements, are called.
  void name_args(Inst &inst, std::span<const Ident> names) {
    if (names.empty()) return;
    inst.refer_to(new (memory.allocate(sizeof(List<Ident>), alignof(List<Ident>))) const List<Ident>(copy(names)));
  }
  Block *make_block() { return &block_storage.emplace_back(); } // Its place in `blocks` comes with the order.
};

/// A top-level variable's storage for one type: a new type makes a new version, so compiled code stays right.
struct GlobalVariable {
  std::string_view name;
  const Type *type = nullptr;
  uint32_t version = 0;
  void *address = nullptr; // Collected roots cover it. Null for types without bits.
  std::string symbol;      // "global.x.2", for linking.
};

/// A function whose code comes from outside: declared with `extern`, `machine` or `llvm`.
struct ExternFunction {
  std::string_view name;
  ForeignCode kind = ForeignCode::Library;
  std::string_view code; // As in ExternStmt.
  Span code_span;
  std::vector<std::string_view> param_names;
  std::vector<const Type *> params;
  const Type *result = nullptr;
  void *address = nullptr; // Machine: once placed. Llvm: none.
  std::string symbol;
};

/// KIR as text: one line an instruction, `%3 = Binary + %1, %2  ; type`. For `emit kir`, `emit typed-kir` and tests.
std::string print_kir(const KirFunction &function, const Sources &sources);
/// Checks the rules of the form (definitions dominate uses, edges carry as many values as parameters, order, stages).
/// Returns what is wrong, or an empty text. For debug builds and tests.
std::string verify_kir(const KirFunction &function);

} // namespace kiln
