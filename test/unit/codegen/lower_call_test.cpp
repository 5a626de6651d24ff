#include "codegen/layout.h"
#include "test/unit/codegen/lower_fixture.h"

namespace kiln::test {
namespace {

[[noreturn]] void fail_overflow(int64_t, int64_t, int32_t) { throw Failed("overflow"); }
[[noreturn]] void fail_index(int64_t index, int64_t extent, int32_t dimension) {
  throw Failed(std::to_string(index) + " of " + std::to_string(extent) + " in " + std::to_string(dimension));
}
[[noreturn]] void fail_pop(int64_t capacity) { throw Failed("pop " + std::to_string(capacity)); }
[[noreturn]] void fail_unset(const char *name, int64_t length) { throw Failed(std::string(name, length)); }
int64_t minus(int64_t a, int64_t b) { return a - b; }
void grow_to_eight(ArrayHeader *array, const Type *) {
  static int64_t room[8];
  if (array->capacity < 0) throw Failed("grow");
  std::copy_n(static_cast<int64_t *>(array->data), array->length, room);
  array->data = room;
  array->capacity = 8;
}
void *allocate(int64_t size) { return calloc(1, static_cast<size_t>(size)); }

class Calls : public LowerTest {
protected:
  Calls() {
    link("kiln_fail_overflow", fail_overflow);
    link("kiln_fail_index", fail_index);
    link("kiln_fail_pop", fail_pop);
    link("kiln_fail_unset", fail_unset);
    link("kiln_array_grow", grow_to_eight);
    link("kiln_alloc", allocate);
    link("kiln_alloc_atomic", allocate);
  }
};

TEST_F(Calls, GoThroughTheEntryCellWithItsAddressInTheNestRegister) {
  TypedKir &callee = function("other", {types.i64, types.i64}, types.i64);
  callee.ret(callee.params[0]);
  TypedKir &f = function("f", {types.i64}, types.i64);
  f.ret(f.call(callee.specialisation, {f.params[0], f.integer(2)}));
  lower_all();
  std::string text = ir();
  EXPECT_NE(text.find("(ptr nest @other.entry, i64 noundef %0, i64 noundef 2)"), std::string::npos) << text;
  EXPECT_EQ(text.find("define internal"), std::string::npos);
  static void *entry = reinterpret_cast<void *>(&minus);
  link("other.entry", reinterpret_cast<int64_t (*)(int64_t)>(&entry));
  EXPECT_EQ(run<int64_t(int64_t)>("f")(44), 42);
}

TEST_F(Calls, OfSmallCalleesAreCopiedAndInlined) {
  copies = true;
  TypedKir &callee = function("other", {types.i64, types.i64}, types.i64);
  callee.ret(callee.binary(BinaryOp::BitXor, callee.params[0], callee.params[1]));
  TypedKir &f = function("f", {types.i64}, types.i64);
  f.ret(f.call(callee.specialisation, {f.params[0], f.integer(2)}));
  lower_all();
  EXPECT_NE(ir().find("define internal noundef i64 @other.copy"), std::string::npos) << ir();
  optimise();
  EXPECT_EQ(ir().find("call"), std::string::npos) << ir();
  EXPECT_EQ(run<int64_t(int64_t)>("f")(3), 1);
}

TEST_F(Calls, WithinTheGroupAreDirectAndSkipValuesWithoutBits) {
  TypedKir &callee = function("callee", {types.none, types.i64}, types.i64);
  callee.ret(callee.params[1]);
  TypedKir &f = function("f", {types.i64}, types.i64);
  f.ret(f.call(callee.specialisation, {f.add(Op::Const, types.none, {}), f.params[0]}));
  lower_all();
  EXPECT_NE(ir().find("call noundef i64 @callee(i64 noundef %0)"), std::string::npos) << ir();
  EXPECT_EQ(run<int64_t(int64_t)>("f")(7), 7);
}

TEST_F(Calls, TuplesPassAndReturnByValue) {
  const Type *elements[] = {types.boolean, types.none, types.f64};
  const Type *pair = types.tuple(elements);
  TypedKir &callee = function("callee", {pair}, pair);
  auto get = [&](TypedKir &f, Inst *tuple, uint32_t index) {
    Inst *inst = f.add(Op::TupleGet, tuple->type->elements[index], {tuple});
    inst->index = index;
    return inst;
  };
  Inst *negated = callee.add(Op::Unary, types.boolean, {get(callee, callee.params[0], 0)});
  negated->unary_op = UnaryOp::Not;
  Inst *nothing = callee.add(Op::Const, types.none, {});
  callee.ret(callee.add(Op::Tuple, pair, {negated, nothing, get(callee, callee.params[0], 2)}));
  TypedKir &f = function("f", {types.boolean, types.f64}, types.boolean);
  Inst *tuple = f.add(Op::Tuple, pair, {f.params[0], f.add(Op::Const, types.none, {}), f.params[1]});
  f.ret(get(f, f.call(callee.specialisation, {tuple}), 0));
  lower_all();
  EXPECT_NE(ir().find("@callee({ i8, double } noundef"), std::string::npos) << ir();
  EXPECT_FALSE(run<bool(bool, double)>("f")(true, 1.0));
  EXPECT_TRUE(run<bool(bool, double)>("f")(false, 1.0));
}

TEST_F(Calls, PushGrowsAndPopShrinks) {
  const Type *array = types.array(types.i64);
  TypedKir &push = function("push", {array, types.i64}, types.none);
  push.intrinsic(IntrinsicKind::Push, types.none, {push.params[0], push.params[1]});
  push.ret();
  TypedKir &pop = function("pop", {array}, types.i64);
  pop.ret(pop.intrinsic(IntrinsicKind::Pop, types.i64, {pop.params[0]}));
  const std::string type_object = "type." + std::to_string(array->id);
  link(type_object, fail_pop); // Only its address counts.
  lower_all();
  int64_t room[2] = {};
  ArrayHeader header{room, 0, 2};
  auto *run_push = run<void(ArrayHeader *, int64_t)>("push");
  for (int64_t i = 1; i <= 5; ++i) run_push(&header, i * i);
  EXPECT_EQ(header.length, 5);
  EXPECT_EQ(header.capacity, 8);
  EXPECT_EQ(room[1], 4);
  auto *run_pop = run<int64_t(ArrayHeader *)>("pop");
  for (int64_t i = 5; i >= 1; --i) EXPECT_EQ(run_pop(&header), i * i);
  EXPECT_THROW(run_pop(&header), Failed);
  ArrayHeader view{room, 2, -1};
  EXPECT_THROW(run_push(&view, 1), Failed);
  EXPECT_THROW(run_pop(&view), Failed);
}

TEST_F(Calls, CellsSayWhetherTheyAreSet) {
  const Type *cell = types.cell(types.f64);
  TypedKir &f = function("f", {types.boolean, types.f64}, types.f64);
  Inst *made = f.add(Op::CellNew, cell, {});
  Block *set = f.block(), *get = f.block();
  f.branch(f.params[0], {set, {}}, {get, {}});
  f.at = set;
  f.add(Op::CellSet, types.none, {made, f.params[1]});
  f.jump(get);
  f.at = get;
  Inst *value = f.add(Op::CellGet, types.f64, {made});
  value->name = "total";
  f.ret(value);
  lower_all();
  auto *run_f = run<double(bool, double)>("f");
  EXPECT_EQ(run_f(true, 2.5), 2.5);
  try {
    run_f(false, 2.5);
    FAIL() << "no error";
  } catch (const Failed &failed) {
    EXPECT_STREQ(failed.what(), "total");
  }
}

TEST_F(Calls, CarryLineTablesAndUnwindTablesAndNoPersonality) {
  TypedKir &f = function("f", {types.i64}, types.i64);
  f.ret(f.binary(BinaryOp::Add, f.params[0], f.integer(1)));
  lower_all();
  llvm::Function *made = module->getFunction("f");
  EXPECT_TRUE(made->hasUWTable());
  EXPECT_FALSE(made->hasPersonalityFn());
  EXPECT_FALSE(made->doesNotThrow());
  llvm::DISubprogram *subprogram = made->getSubprogram();
  ASSERT_TRUE(subprogram);
  EXPECT_EQ(subprogram->getName(), "f(...)");
  EXPECT_EQ(subprogram->getLinkageName(), "f");
  EXPECT_EQ(subprogram->getFile()->getFilename(), "1");
  size_t failing_calls = 0;
  for (llvm::Instruction &inst : llvm::instructions(*made))
    if (auto *call = llvm::dyn_cast<llvm::CallInst>(&inst); call && call->doesNotReturn()) {
      ++failing_calls;
      ASSERT_TRUE(call->getDebugLoc());
      EXPECT_EQ(call->getDebugLoc().getLine(), 1u);
      EXPECT_TRUE(call->isNoTailCall());
      EXPECT_TRUE(call->hasFnAttr(llvm::Attribute::NoMerge)); // Each place keeps its own return address.
    }
  EXPECT_EQ(failing_calls, 1u);
}

TEST_F(Calls, UnitsWithoutLoopsAreNotOptimised) {
  TypedKir &f = function("unit", {}, types.none);
  f.kir->is_unit = true;
  f.ret();
  lower_all();
  EXPECT_TRUE(module->getFunction("unit")->hasOptNone());
}

TEST_F(Calls, WithoutChecksNothingIsChecked) {
  options.checks = false;
  TypedKir &f = function("f", {types.array(types.i64), types.i64}, types.i64);
  f.ret(f.binary(BinaryOp::Add, f.index(f.params[0], {f.params[1]}), f.integer(1)));
  lower_all();
  EXPECT_EQ(ir().find("kiln_fail"), std::string::npos) << ir();
}

} // namespace
} // namespace kiln::test
