#include "codegen/layout.h"
#include "test/unit/codegen/lower_fixture.h"

#include <cmath>

namespace kiln::test {
namespace {

[[noreturn]] void fail_overflow(int64_t, int64_t, int32_t) { throw Failed("overflow"); }
[[noreturn]] void fail_index(int64_t index, int64_t extent, int32_t dimension) {
  throw Failed(std::to_string(index) + " of " + std::to_string(extent) + " in " + std::to_string(dimension));
}

class Loops : public LowerTest {
protected:
  Loops() {
    link("kiln_fail_overflow", fail_overflow);
    link("kiln_fail_index", fail_index);
  }

  /// multiply(a, b, c, n): c[i, j] += a[i, k] * b[k, j].
  void make_multiply() {
    const Type *matrix = types.array(types.f64, 2);
    TypedKir &f = function("multiply", {matrix, matrix, matrix, types.i64}, types.none);
    Inst *a = f.params[0], *b = f.params[1], *c = f.params[2], *range = f.range(f.integer(0), f.params[3]);
    TypedKir::Loop i = f.begin_range(range);
    TypedKir::Loop k = f.begin_range(range);
    Inst *aik = f.index(a, {i.element, k.element});
    TypedKir::Loop j = f.begin_range(range);
    Inst *product = f.binary(BinaryOp::Multiply, aik, f.index(b, {k.element, j.element}));
    f.set_index(c, {i.element, j.element}, f.binary(BinaryOp::Add, f.index(c, {i.element, j.element}), product));
    f.end_loop(j);
    f.end_loop(k);
    f.end_loop(i);
    f.ret();
  }

  /// step(u, v, n): the five-point stencil of heat2d.
  void make_step() {
    const Type *matrix = types.array(types.f64, 2);
    TypedKir &f = function("step", {matrix, matrix, types.i64}, types.none);
    Inst *u = f.params[0], *v = f.params[1];
    Inst *range = f.range(f.integer(1), f.binary(BinaryOp::Subtract, f.params[2], f.integer(1)));
    TypedKir::Loop i = f.begin_range(range);
    TypedKir::Loop j = f.begin_range(range);
    auto at = [&](int di, int dj) {
      auto moved = [&](Inst *x, int d) {
        return d == 0 ? x : f.binary(d < 0 ? BinaryOp::Subtract : BinaryOp::Add, x, f.integer(1));
      };
      return f.index(u, {moved(i.element, di), moved(j.element, dj)});
    };
    Inst *c = at(0, 0);
    Inst *around = f.binary(BinaryOp::Add, at(-1, 0), at(1, 0));
    around = f.binary(BinaryOp::Add, around, at(0, -1));
    around = f.binary(BinaryOp::Add, around, at(0, 1));
    Inst *flow = f.binary(BinaryOp::Subtract, around, f.binary(BinaryOp::Multiply, f.floating(4.0), c));
    f.set_index(v, {i.element, j.element},
                f.binary(BinaryOp::Add, c, f.binary(BinaryOp::Multiply, f.floating(0.2), flow)));
    f.end_loop(j);
    f.end_loop(i);
    f.ret();
  }
};

struct Matrix {
  void *data;
  int64_t length, capacity, dims[2];
  std::vector<double> values;
  Matrix(int64_t rows, int64_t columns)
      : length(rows * columns), capacity(length), dims{rows, columns}, values(length) {
    data = values.data();
    for (int64_t i = 0; i < length; ++i) values[i] = static_cast<double>((i * 7 + 3) % 11) / 8;
  }
  double &at(int64_t i, int64_t j) { return values[i * dims[1] + j]; }
};

bool has_vectors(const std::string &ir, std::string_view operation) {
  return ir.find(std::string(operation) + " <4 x double>") != std::string::npos ||
         ir.find(std::string(operation) + " <8 x double>") != std::string::npos ||
         ir.find(std::string(operation) + " <2 x double>") != std::string::npos;
}

TEST_F(Loops, MatrixProductIsVectorisedWithChecksOn) {
  make_multiply();
  lower_all();
  optimise();
  std::string text = ir();
  EXPECT_TRUE(has_vectors(text, "fmul")) << text;
  EXPECT_TRUE(has_vectors(text, "fadd"));
  EXPECT_EQ(count(text, "fmuladd"), 0u);
  EXPECT_EQ(count(text, "contract"), 0u);
  EXPECT_EQ(count(text, "fast "), 0u);
  EXPECT_NE(text.find("multiply.from"), std::string::npos); // The continuation.

  using Function = void(Matrix *, Matrix *, Matrix *, int64_t);
  auto *multiply = run<Function>("multiply");
  Matrix a(9, 9), b(9, 9), c(9, 9), d = c;
  d.data = d.values.data();
  multiply(&a, &b, &c, 9);
  for (int i = 0; i < 9; ++i)
    for (int k = 0; k < 9; ++k)
      for (int j = 0; j < 9; ++j) d.at(i, j) += a.at(i, k) * b.at(k, j);
  EXPECT_EQ(c.values, d.values);
}

TEST_F(Loops, CarryWhatWasCountedOfTheirBranches) {
  make_multiply();
  branch_counts = [](const Specialisation &, const Block &block) { return block.loop_header ? BranchCounts{9000, 1000} : BranchCounts{}; };
  lower_all();
  EXPECT_NE(ir().find("!{!\"branch_weights\", i32 9001, i32 1001}"), std::string::npos) << ir();
}

TEST_F(Loops, CarryCountsThatAreLargerThanWeights) {
  make_multiply();
  branch_counts = [](const Specialisation &, const Block &) { return BranchCounts{uint64_t(3) << 40, uint64_t(1) << 40}; };
  lower_all();
  EXPECT_NE(ir().find("!{!\"branch_weights\", i32 1610612737, i32 536870913}"), std::string::npos) << ir();
}

TEST_F(Loops, DoNotCarryCountsThatSayLittle) {
  make_multiply();
  branch_counts = [](const Specialisation &, const Block &) { return BranchCounts{5, 1}; };
  lower_all();
  EXPECT_EQ(ir().find("i32 6, i32 2"), std::string::npos);
}

TEST_F(Loops, AnErrorKeepsItsExactPoint) {
  make_multiply();
  lower_all();
  optimise();
  using Function = void(Matrix *, Matrix *, Matrix *, int64_t);
  auto *multiply = run<Function>("multiply");
  Matrix a(4, 4), b(4, 3), c(4, 4), before(4, 4);
  try {
    multiply(&a, &b, &c, 4);
    FAIL() << "no error";
  } catch (const Failed &failed) {
    EXPECT_STREQ(failed.what(), "3 of 3 in 1");
  }
  for (int j = 0; j < 3; ++j) // What came before the error was done, and no more.
    EXPECT_EQ(c.at(0, j), before.at(0, j) + a.at(0, 0) * b.at(0, j));
  EXPECT_EQ(c.at(0, 3), before.at(0, 3));
  EXPECT_EQ(c.at(1, 0), before.at(1, 0));
}

TEST_F(Loops, AStencilIsVectorisedWithChecksOn) {
  make_step();
  lower_all();
  optimise();
  std::string text = ir();
  EXPECT_TRUE(has_vectors(text, "fmul")) << text;
  EXPECT_EQ(count(text, "fmuladd"), 0u);

  using Function = void(Matrix *, Matrix *, int64_t);
  auto *step = run<Function>("step");
  Matrix u(13, 13), v(13, 13), w(13, 13);
  step(&u, &v, 13);
  for (int i = 1; i < 12; ++i)
    for (int j = 1; j < 12; ++j) {
      double c = u.at(i, j);
      double around = u.at(i - 1, j) + u.at(i + 1, j) + u.at(i, j - 1) + u.at(i, j + 1);
      volatile double part = 0.2 * (around - 4.0 * c); // No contraction here either.
      w.at(i, j) = c + part;
    }
  EXPECT_EQ(v.values, w.values);
  EXPECT_THROW(step(&u, &v, 14), Failed);
}

/// sum(a, n): (the sum, 100 * the last index + how many are negative), of an [i64] read by a range; the sum is not
/// provable.
class Sums : public Loops {
protected:
  void make_sum() {
    const Type *parts[] = {types.i64, types.i64};
    const Type *result = types.tuple(parts);
    TypedKir &f = function("sum", {types.array(types.i64), types.i64}, result);
    Inst *zero = f.integer(0), *range = f.range(f.integer(0), f.params[1]);
    TypedKir::Loop i = f.begin_range(range, {zero, zero, zero});
    Inst *element = f.index(f.params[0], {i.element});
    Inst *sum = f.binary(BinaryOp::Add, i.carried[0], element);
    Inst *negative = f.convert(f.binary(BinaryOp::Less, element, f.integer(0)), types.i64, Conversion::Exact);
    f.end_loop(i, {sum, i.element, f.binary(BinaryOp::Add, i.carried[2], negative)});
    Inst *others =
        f.binary(BinaryOp::AddWrap, f.binary(BinaryOp::MultiplyWrap, i.carried[1], f.integer(100)), i.carried[2]);
    f.ret(f.add(Op::Tuple, result, {i.carried[0], others}));
  }
};

struct Pair {
  int64_t sum, others;
};

TEST_F(Sums, LeaveBothVersionsOfALoop) {
  make_sum();
  lower_all();
  EXPECT_NE(ir().find("loop.conditions"), std::string::npos);
  int64_t values[] = {5, -7, 9, -1};
  ArrayHeader array{values, 4, 4};
  auto *sum = run<Pair(ArrayHeader *, int64_t)>("sum");
  Pair all = sum(&array, 4);
  EXPECT_EQ(all.sum, 6);
  EXPECT_EQ(all.others, 302);
  EXPECT_EQ(sum(&array, 0).sum, 0);
  EXPECT_THROW(sum(&array, 5), Failed);
  values[0] = values[2] = std::numeric_limits<int64_t>::max();
  values[1] = 0;
  EXPECT_THROW(sum(&array, 3), Failed); // What the conditions cannot cover stays checked.
}

TEST_F(Loops, CountingIsVectorisedWithChecksOn) {
  TypedKir &f = function("count", {types.array(types.boolean), types.i64}, types.i64);
  TypedKir::Loop i = f.begin_range(f.range(f.integer(0), f.params[1]), {f.integer(0)});
  Block *yes = f.block(), *next = f.block();
  Inst *count = f.param(next, types.i64);
  f.branch(f.index(f.params[0], {i.element}), {yes, {}}, {next, {i.carried[0]}});
  f.at = yes;
  f.jump(next, {f.binary(BinaryOp::Add, i.carried[0], f.integer(1))});
  f.at = next;
  f.end_loop(i, {count});
  f.ret(i.carried[0]);
  lower_all();
  optimise();
  EXPECT_NE(ir().find(" x i64>"), std::string::npos) << ir();
  std::vector<char> flags(1000);
  for (size_t k = 0; k < flags.size(); ++k) flags[k] = k % 3 == 0;
  ArrayHeader array{flags.data(), 1000, 1000};
  auto *run_count = run<int64_t(ArrayHeader *, int64_t)>("count");
  EXPECT_EQ(run_count(&array, 1000), 334);
  EXPECT_THROW(run_count(&array, 1001), Failed);
}

TEST_F(Loops, ACounterOfAWhileLoopIsCovered) {
  // i = start; while i < n { a[i] = 1.0; i += step }; i
  TypedKir &f = function("stride", {types.array(types.f64), types.i64, types.i64, types.i64}, types.i64);
  Block *header = f.block(), *body = f.kir->make_block(), *after = f.kir->make_block();
  header->loop_header = true;
  header->loop_depth = body->loop_depth = 1;
  f.kir->has_loop = true;
  f.jump(header, {f.params[1]});
  Inst *i = f.param(header, types.i64);
  for (Block *block : {body, after}) {
    block->id = static_cast<uint32_t>(f.kir->blocks.size());
    f.kir->blocks.push_back(block);
  }
  f.at = header;
  f.branch(f.binary(BinaryOp::Less, i, f.params[2]), {body, {}}, {after, {}});
  f.at = body;
  f.set_index(f.params[0], {i}, f.floating(1.0));
  f.jump(header, {f.binary(BinaryOp::Add, i, f.params[3])});
  f.at = after;
  f.ret(i);
  lower_all();
  EXPECT_NE(ir().find("loop.conditions"), std::string::npos);
  optimise();
  std::vector<double> values(10);
  ArrayHeader array{values.data(), 10, 10};
  auto *stride = run<int64_t(ArrayHeader *, int64_t, int64_t, int64_t)>("stride");
  EXPECT_EQ(stride(&array, 1, 10, 4), 13);
  EXPECT_EQ(values, (std::vector<double>{0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(stride(&array, 20, 10, 4), 20); // Not entered.
  EXPECT_THROW(stride(&array, 9, 11, 1), Failed);
  EXPECT_THROW(stride(&array, -1, 10, 1), Failed);
  EXPECT_EQ(values[0], 0.0);
  EXPECT_THROW(stride(&array, 2, 10, -2), Failed); // Runs down to -2, whatever the conditions think of it.
  EXPECT_EQ(values[0], 1.0);
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_THROW(stride(&array, 3, 10, most), Failed); // 3 + most overflows.
}

TEST_F(Loops, HeadersAreReadOutsideOfLoops) {
  TypedKir &f = function("scale", {types.array(types.f64), types.i64}, types.none);
  TypedKir::Loop i = f.begin_range(f.range(f.integer(0), f.params[1]));
  f.set_index(f.params[0], {i.element},
              f.binary(BinaryOp::Multiply, f.index(f.params[0], {i.element}), f.floating(3.0)));
  f.end_loop(i);
  f.ret();
  lower_all();
  optimise();
  EXPECT_TRUE(has_vectors(ir(), "fmul")) << ir();
  for (llvm::BasicBlock &block : *module->getFunction("scale")) {
    bool multiplies = false, reads_header = false;
    for (llvm::Instruction &inst : block) {
      multiplies |= inst.getOpcode() == llvm::Instruction::FMul && inst.getType()->isVectorTy();
      reads_header |=
          llvm::isa<llvm::LoadInst>(inst) && (inst.getType()->isPointerTy() || inst.getType()->isIntegerTy(64));
    }
    EXPECT_FALSE(multiplies && reads_header) << ir();
  }
}

} // namespace
} // namespace kiln::test
