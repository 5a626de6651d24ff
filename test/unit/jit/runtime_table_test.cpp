#include "jit/runtime/calls.h"
#include "jit/runtime/table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kiln {
namespace {

TEST(RuntimeTable, KnowsEveryRow) {
#define KILN_RUNTIME(symbol, attribute, result, ...)                                                                   \
  EXPECT_EQ(runtime_address(#symbol), reinterpret_cast<void *>(&calls::symbol)) << #symbol;
#include "codegen/runtime.def"
#define KILN_MATH(name, f64, f32, operands)                                                                            \
  EXPECT_NE(runtime_address(#f64), nullptr) << #f64;                                                                   \
  EXPECT_NE(runtime_address(#f32), nullptr) << #f32;
#include "codegen/math.def"
}

TEST(RuntimeTable, MathIsTheRightWidth) {
  EXPECT_EQ(reinterpret_cast<double (*)(double)>(runtime_address("sin"))(1.0), std::sin(1.0));
  EXPECT_EQ(reinterpret_cast<float (*)(float)>(runtime_address("sinf"))(1.0f), std::sin(1.0f));
  EXPECT_EQ(reinterpret_cast<double (*)(double, double)>(runtime_address("pow"))(2.0, 10.0), 1024.0);
  EXPECT_EQ(reinterpret_cast<float (*)(float, float)>(runtime_address("atan2f"))(1.0f, 2.0f), std::atan2(1.0f, 2.0f));
}

TEST(RuntimeTable, OthersAreNull) {
  EXPECT_EQ(runtime_address("system"), nullptr);
  EXPECT_EQ(runtime_address(""), nullptr);
  EXPECT_NE(runtime_address("memcpy"), nullptr);
}

} // namespace
} // namespace kiln
