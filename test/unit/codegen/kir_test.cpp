#include "codegen/kir.h"
#include "codegen/specialisation.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Kir, OperationsHaveTheirNames) {
  EXPECT_EQ(to_string(Op::Param), "Param");
  EXPECT_EQ(to_string(Op::CompFinish), "CompFinish");
  EXPECT_EQ(to_string(IntrinsicKind::Length), "len");
  EXPECT_EQ(to_string(IntrinsicKind::ViewRow), "view_row");
}

/// A typed function made by hand:  f(x: f64): a loop that counts to a constant.
struct Loop {
  Loop() {
    function.name = "f";
    function.typed = true;
    for (uint32_t id = 0; id < 4; ++id) {
      Block *block = function.make_block();
      block->id = id;
      function.blocks.push_back(block);
    }
    x = param(0, types.f64);
    start = constant(0);
    k = param(1, types.i64);
    limit = constant(10, 1);
    less = add(1, Op::Binary, types.boolean, {k, limit});
    less->binary_op = BinaryOp::Less;
    next = add(2, Op::Increment, types.i64, {k});
    jump(0, 1, {start});
    Terminator &branch = block(1)->end;
    branch.kind = TermKind::Branch, branch.value = less;
    branch.edges[0].target = block(2), branch.edges[1].target = block(3);
    jump(2, 1, {next});
    block(3)->end.kind = TermKind::Return;
    block(3)->end.value = x;
    block(1)->loop_header = true;
    block(1)->loop_depth = block(2)->loop_depth = 1;
  }
  Block *block(size_t id) { return function.blocks[id]; }
  Inst *make(size_t at, Op op, const Type *type) {
    Inst *inst = function.make(op, {});
    inst->type = type;
    inst->block = block(at);
    return inst;
  }
  Inst *param(size_t at, const Type *type) {
    block(at)->params.push_back(make(at, Op::Param, type));
    return block(at)->params.back();
  }
  Inst *add(size_t at, Op op, const Type *type, std::vector<Inst *> args = {}) {
    block(at)->insts.push_back(make(at, op, type));
    block(at)->insts.back()->args = function.copy(std::span(args));
    return block(at)->insts.back();
  }
  Inst *constant(int64_t value, size_t at = 0) {
    Inst *inst = add(at, Op::Const, types.i64);
    inst->constant = Constant::of_int(value);
    return inst;
  }
  void jump(size_t from, size_t to, std::vector<Inst *> args) {
    block(from)->end.kind = TermKind::Jump;
    block(from)->end.edges[0] = {block(to), std::move(args)};
  }

  TypeTable types;
  KirFunction function;
  Inst *x, *start, *k, *limit, *less, *next;
};

bool has(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(PrintKir, Typed) {
  Loop loop;
  EXPECT_EQ(print_kir(loop.function, Sources()), R"(fn f()
b0(%0: f64):
  %1 = Const 0  ; i64
  jump b1(%1)
b1(%2: i64):  ; loop 1
  %3 = Const 10  ; i64
  %4 = Binary < %2, %3  ; bool
  branch %4, b2, b3
b2:  ; in loop 1
  %5 = Increment %2  ; i64
  jump b1(%5)
b3:
  return %0
)");
}

TEST(PrintKir, ShowsWhatAnInstructionNeeds) {
  Loop loop;
  Inst *convert = loop.add(3, Op::Convert, loop.types.i64, {loop.x});
  convert->conversion = Conversion::Truncating;
  Inst *length = loop.add(3, Op::Intrinsic, loop.types.i64, {loop.x});
  length->intrinsic = IntrinsicKind::Length;
  Inst *sum = loop.add(3, Op::Binary, loop.types.i64, {convert, length});
  sum->binary_op = BinaryOp::Add, sum->unchecked = true;
  Inst *part = loop.add(3, Op::TupleGet, loop.types.i64, {sum});
  part->index = 2;
  Specialisation callee;
  callee.display = "fib(i64)";
  loop.add(3, Op::CallDirect, loop.types.i64, {sum})->refer_to(&callee);
  GlobalVariable global;
  global.name = "total";
  loop.add(3, Op::LoadGlobal, loop.types.i64)->refer_to(&global);
  std::string text = print_kir(loop.function, Sources());
  for (const char *expected : {"%6 = Convert truncating %0  ; i64\n", "%7 = Intrinsic len %0  ; i64\n",
                               "%8 = Binary + %6, %7 unchecked  ; i64\n", "%9 = TupleGet %8, 2  ; i64\n",
                               "%10 = CallDirect fib(i64) %8  ; i64\n", "%11 = LoadGlobal total  ; i64\n"})
    EXPECT_TRUE(has(text, expected)) << expected << text;
}

TEST(Inst, IsAboutOneThingAtMost) {
  KirFunction function;
  Inst *call = function.make(Op::CallDirect, {}), *load = function.make(Op::LoadGlobal, {});
  EXPECT_FALSE(call->callee());
  Specialisation callee;
  call->refer_to(&callee);
  EXPECT_EQ(call->callee(), &callee);
  EXPECT_FALSE(call->type_expr() || call->function() || call->found() || call->global() || call->external() || call->wanted() || call->site());
  EXPECT_TRUE(call->names().empty());
  GlobalVariable global;
  load->refer_to(&global);
  EXPECT_EQ(load->global(), &global);
  EXPECT_FALSE(load->callee());
  load->refer_to(static_cast<const GlobalVariable *>(nullptr));
  EXPECT_FALSE(load->global());
}

TEST(Inst, KeepsTheNamesOfItsArguments) {
  KirFunction function;
  Inst *tuple = function.make(Op::Tuple, {}), *plain = function.make(Op::Tuple, {});
  {
    std::vector<Ident> names = {{"x", {1, 2, 3}}, {"y", {1, 5, 6}}};
    function.name_args(*tuple, names);
    function.name_args(*plain, {});
  }
  ASSERT_EQ(tuple->names().size(), 2u);
  EXPECT_EQ(tuple->names()[0].text, "x");
  EXPECT_EQ(tuple->names()[1].span, (Span{1, 5, 6}));
  EXPECT_FALSE(tuple->function());
  EXPECT_TRUE(plain->names().empty());
}

TEST(PrintKir, ShowsPlaces) {
  Sources sources;
  uint32_t source = sources.add("a.kn", "x = 1\n  y = 20\n");
  KirFunction function;
  function.name = "top level", function.is_unit = true;
  Block *block = function.make_block();
  function.blocks = {block};
  Inst *value = function.make(Op::Const, {source, 12, 14});
  value->constant = Constant::of_int(20), value->literal = true;
  value->block = block;
  block->insts = {value};
  block->end.kind = TermKind::Return, block->end.value = value, block->end.span = {source, 8, 14};
  EXPECT_EQ(print_kir(function, sources), "top level\nb0:\n  %0 = Const 20  ; 2:7\n  return %0  ; 2:3\n");
}

// --- the verifier: each test breaks one rule ---

TEST(VerifyKir, AcceptsALoop) {
  Loop loop;
  EXPECT_EQ(verify_kir(loop.function), "");
}

TEST(VerifyKir, UseBeforeDefinition) {
  Loop loop;
  loop.less->args[1] = loop.next; // Defined in the body, which does not dominate the header.
  EXPECT_TRUE(has(verify_kir(loop.function), "%4 in b1 uses %5 where it is not defined"));
  Loop same_block;
  std::swap(same_block.block(1)->insts[0], same_block.block(1)->insts[1]);
  EXPECT_TRUE(has(verify_kir(same_block.function), "%4 in b1 uses %3 where it is not defined"));
}

TEST(VerifyKir, ValueOnAnEdgeMustBeDefined) {
  Loop loop;
  loop.block(0)->end.edges[0].args[0] = loop.next;
  EXPECT_TRUE(has(verify_kir(loop.function), "an edge in b0 uses %5"));
}

TEST(VerifyKir, EdgesCarryAValueForEachParameter) {
  Loop loop;
  loop.block(2)->end.edges[0].args.clear();
  EXPECT_TRUE(has(verify_kir(loop.function), "b2 gives b1 0 values for 1 parameters"));
}

TEST(VerifyKir, StageOfOperations) {
  Loop loop;
  loop.add(3, Op::Name, loop.types.i64)->name = "x";
  EXPECT_TRUE(has(verify_kir(loop.function), "Name is not for typed KIR"));
  Loop untyped;
  untyped.function.typed = false;
  EXPECT_TRUE(has(verify_kir(untyped.function), "Increment is not for untyped KIR"));
}

TEST(VerifyKir, TypedKirHasTypes) {
  Loop loop;
  loop.next->type = nullptr;
  EXPECT_TRUE(has(verify_kir(loop.function), "%5 has no type"));
}

TEST(VerifyKir, NumberOfOperands) {
  Loop loop;
  loop.less->args = loop.less->args.first(1);
  EXPECT_TRUE(has(verify_kir(loop.function), "%4: Binary with 1 operands"));
}

TEST(VerifyKir, BlocksEnd) {
  Loop loop;
  loop.block(3)->end.kind = TermKind::None;
  EXPECT_TRUE(has(verify_kir(loop.function), "b3 has no end"));
}

TEST(VerifyKir, PlacesAndOrder) {
  Loop twice;
  twice.block(3)->insts.push_back(twice.next);
  EXPECT_FALSE(verify_kir(twice.function).empty());
  Loop unmarked;
  unmarked.block(1)->loop_header = false;
  EXPECT_TRUE(has(verify_kir(unmarked.function), "b1 is not marked as a loop header"));
  Loop foreign;
  KirFunction other;
  foreign.block(3)->end.value = other.make(Op::Const, {});
  EXPECT_TRUE(has(verify_kir(foreign.function), "which is in no block"));
  Loop entered;
  entered.jump(2, 0, {});
  EXPECT_FALSE(verify_kir(entered.function).empty());
}

} // namespace
} // namespace kiln
