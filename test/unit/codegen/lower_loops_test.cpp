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
  EXPECT_NE(text.find("kiln_fail_index"), std::string::npos);

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

} // namespace
} // namespace kiln::test
