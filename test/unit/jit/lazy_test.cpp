#include "jit/lazy_entry.h"

#include "orc_fixture.h"

#include "jit/code_map.h"

namespace kiln::test {
namespace {

void **asked_for = nullptr;
void *answer = nullptr;

struct LazyTest : OrcTest {
  void SetUp() override {
    OrcTest::SetUp();
    asked_for = nullptr;
    kiln_materialize_hook = [](void **cell) -> void * {
      asked_for = cell;
      // Overwrites every register that a call may.
      volatile double noise = 1;
      for (int i = 0; i < 100; ++i) noise = noise * 1.5 + i;
      asm volatile(
          "xorps %%xmm0,%%xmm0; xorps %%xmm1,%%xmm1; xorps %%xmm2,%%xmm2; xorps %%xmm3,%%xmm3;"
          "xorps %%xmm4,%%xmm4; xorps %%xmm5,%%xmm5; xorps %%xmm6,%%xmm6; xorps %%xmm7,%%xmm7;"
          "xor %%edi,%%edi; xor %%esi,%%esi; xor %%edx,%%edx; xor %%ecx,%%ecx; xor %%r8d,%%r8d; xor %%r9d,%%r9d;"
          "xor %%r10d,%%r10d; xor %%r11d,%%r11d" ::
              : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "rdi", "rsi", "rdx", "rcx", "r8", "r9",
                "r10", "r11", "cc");
      return *cell = answer;
    };
  }
  void TearDown() override { kiln_materialize_hook = nullptr; }
};

double collect(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, double p, double q, double r, double s,
               double t, double u, double v, double w, int64_t on_stack) {
  return static_cast<double>(a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * on_stack) + p / 10 +
         q / 100 + r / 1000 + s / 1e4 + t / 1e5 + u / 1e6 + v / 1e7 + w / 1e8;
}

TEST_F(LazyTest, KeepsEveryArgument) {
  void *cell = reinterpret_cast<void *>(kiln_lazy_entry);
  answer = reinterpret_cast<void *>(collect);
  externals = {{"g.entry", &cell}};
  auto *f = link<double()>(R"ir(
    @g.entry = external global ptr
    define double @f() uwtable {
      %code = load ptr, ptr @g.entry
      %r = call double %code(ptr nest @g.entry, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, double 1.0, double 2.0, double 3.0,
                             double 4.0, double 5.0, double 6.0, double 7.0, double 8.0, i64 7)
      ret double %r
    })ir",
                           "f");
  double wanted = 7654321.12345678;
  EXPECT_NEAR(f(), wanted, 1e-9);
  EXPECT_EQ(asked_for, &cell);
  EXPECT_EQ(cell, answer);
  asked_for = nullptr;
  EXPECT_NEAR(f(), wanted, 1e-9);
  EXPECT_EQ(asked_for, nullptr); // The second call went straight to the code.
}

[[noreturn]] double raise(double) { throw 42; }

TEST_F(LazyTest, WhatItJumpsToMayThrow) {
  void *cell = reinterpret_cast<void *>(kiln_lazy_entry);
  answer = reinterpret_cast<void *>(raise);
  externals = {{"g.entry", &cell}};
  auto *f = link<double()>(R"ir(
    @g.entry = external global ptr
    define double @f() uwtable {
      %code = load ptr, ptr @g.entry
      %r = call double %code(ptr nest @g.entry, double 1.0)
      %s = fadd double %r, 1.0
      ret double %s
    })ir",
                           "f");
  EXPECT_THROW(f(), int);
  EXPECT_THROW(f(), int);
}

} // namespace
} // namespace kiln::test
