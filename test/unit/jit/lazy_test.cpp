#include "jit/lazy_entry.h"

#include "orc_fixture.h"

#include "jit/code_map.h"
#include "jit/interpreter/native_call.h"


namespace kiln::test {
namespace {

void **asked_for = nullptr;
void *answer = nullptr;

struct LazyTest : OrcTest {
  void SetUp() override {
    OrcTest::SetUp();
    asked_for = nullptr;
    externals = {{"g.entry", &cell}};
    kiln_lazy_call_hook = [](NativeCall &call) -> void * {
      asked_for = call.cell;
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
      return *call.cell = answer;
    };
  }
  void TearDown() override { kiln_lazy_call_hook = nullptr; }

  void *cell = reinterpret_cast<void *>(kiln_lazy_entry); // Of g, which the IR calls.
};

double collect(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, double p, double q, double r, double s,
               double t, double u, double v, double w, int64_t on_stack) {
  return static_cast<double>(a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * on_stack) + p / 10 +
         q / 100 + r / 1000 + s / 1e4 + t / 1e5 + u / 1e6 + v / 1e7 + w / 1e8;
}

TEST_F(LazyTest, KeepsEveryArgument) {
  answer = reinterpret_cast<void *>(collect);
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
  answer = reinterpret_cast<void *>(raise);
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

TEST_F(LazyTest, TheHookMayThrow) {
  kiln_lazy_call_hook = [](NativeCall &) -> void * { throw 42; };
  auto *f = link<void()>(R"ir(
    @g.entry = external global ptr
    define void @f() uwtable {
      %code = load ptr, ptr @g.entry
      call void %code(ptr nest @g.entry)
      ret void
    })ir",
                         "f");
  EXPECT_THROW(f(), int);
}

using Kind = NativeSignature::Kind;

NativeSignature *form = nullptr;
Slot taken[24], given[8];

// Takes the arguments into `taken`, and returns `given`.
void *do_call(NativeCall &call) {
  read_arguments(call, *form, taken);
  return_result(call, *form, given);
  return nullptr;
}

TEST_F(LazyTest, TheHookGetsEveryArgument) {
  NativeSignature signature;
  signature.arguments = {{0, 1, Kind::Signed}, {8, 4, Kind::Unsigned}, {12, 2, Kind::Signed}, {16, 8, Kind::Float64}, {24, 4, Kind::Float32}, {28, 4, Kind::Float32}};
  for (uint32_t i = 4; i < 9; ++i) signature.arguments.push_back({8 * i, 8, Kind::Unsigned}); // The last two find no register,
  for (uint32_t i = 9; i < 15; ++i) signature.arguments.push_back({8 * i, 8, Kind::Float64}); // as the last of these...
  signature.arguments.push_back({8 * 15, 4, Kind::Signed});                                   // ...and this.
  form = &signature;
  kiln_lazy_call_hook = do_call;
  auto *f = link<void()>(R"ir(
    @g.entry = external global ptr
    define void @f() uwtable {
      %code = load ptr, ptr @g.entry
      call void %code(ptr nest @g.entry, i8 signext -3, i32 4000000000, i16 -2, double 1.5, float 2.5, float -3.5,
                      i64 4, i64 5, i64 6, i64 7, i64 8, double 9.0, double 10.0, double 11.0, double 12.0, double 13.0, double 14.0, i32 -15)
      ret void
    })ir",
                         "f");
  f();
  EXPECT_EQ(taken[0].i, -3);
  EXPECT_EQ(static_cast<uint32_t>(taken[1].u), 4000000000u);
  EXPECT_EQ(static_cast<uint16_t>(taken[1].u >> 32), 0xfffe);
  EXPECT_EQ(taken[2].f, 1.5);
  EXPECT_EQ(taken[3].s, 2.5f);
  EXPECT_EQ(static_cast<uint32_t>(taken[3].u >> 32), 0xc0600000u); // -3.5f
  for (size_t i = 4; i < 9; ++i) EXPECT_EQ(taken[i].u, i);
  for (size_t i = 9; i < 15; ++i) EXPECT_EQ(taken[i].f, static_cast<double>(i));
  EXPECT_EQ(taken[15].i, -15);
}

TEST_F(LazyTest, WhatTheHookGivesIsReturned) {
  NativeSignature signature;
  signature.result = {{0, 8, Kind::Unsigned}, {8, 8, Kind::Float64}, {16, 4, Kind::Signed}, {20, 4, Kind::Float32}, {24, 4, Kind::Float32}, {28, 4, Kind::Signed}, {32, 8, Kind::Float64}};
  signature.floats_on_x87 = 2;
  form = &signature;
  given[0].u = 1, given[1].f = 2.25, given[2].u = 0xfffffffd | uint64_t(0x40900000) << 32, given[3].u = 0x40a80000 | uint64_t(7) << 32, given[4].f = 6.5; // 1, 2.25, -3, 4.5, 5.25, 7, 6.5
  kiln_lazy_call_hook = do_call;
  const char *text = R"ir(
    @g.entry = external global ptr
    define double @f() uwtable {
      %code = load ptr, ptr @g.entry
      %r = call {i64, double, i32, float, float, i32, double} %code(ptr nest @g.entry)
      %a = extractvalue {i64, double, i32, float, float, i32, double} %r, 0
      %b = extractvalue {i64, double, i32, float, float, i32, double} %r, 1
      %c = extractvalue {i64, double, i32, float, float, i32, double} %r, 2
      %d = extractvalue {i64, double, i32, float, float, i32, double} %r, 3
      %e = extractvalue {i64, double, i32, float, float, i32, double} %r, 4
      %g = extractvalue {i64, double, i32, float, float, i32, double} %r, 5
      %h = extractvalue {i64, double, i32, float, float, i32, double} %r, 6
      %a1 = sitofp i64 %a to double
      %c1 = sitofp i32 %c to double
      %d1 = fpext float %d to double
      %e1 = fpext float %e to double
      %g1 = sitofp i32 %g to double
      %s0 = fmul double %a1, 1.0e6
      %s1 = fmul double %b, 1.0e5
      %s2 = fmul double %c1, 1.0e4
      %s3 = fmul double %d1, 1.0e3
      %s4 = fmul double %e1, 1.0e2
      %s5 = fmul double %g1, 1.0e1
      %t1 = fadd double %s0, %s1
      %t2 = fadd double %t1, %s2
      %t3 = fadd double %t2, %s3
      %t4 = fadd double %t3, %s4
      %t5 = fadd double %t4, %s5
      %t6 = fadd double %t5, %h
      ret double %t6
    })ir";
  auto *f = link<double()>(text, "f");
  const double wanted = 1e6 + 2.25e5 - 3e4 + 4.5e3 + 5.25e2 + 70 + 6.5;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(f(), wanted); // More often than the x87 stack is deep.
}

TEST_F(LazyTest, ALargeResultIsReturnedInMemory) {
  NativeSignature signature;
  for (uint32_t i = 0; i < 5; ++i) signature.result.push_back({4 * i, 4, Kind::Signed});
  signature.result_in_memory = true;
  signature.arguments = {{0, 8, Kind::Unsigned}};
  form = &signature;
  for (uint64_t i = 0; i < 3; ++i) given[i].u = (2 * i + 1) | (2 * i + 2) << 32; // 1 to 5
  kiln_lazy_call_hook = do_call;
  auto *f = link<int64_t()>(R"ir(
    @g.entry = external global ptr
    define i64 @f() uwtable {
      %code = load ptr, ptr @g.entry
      %r = call {i32, i32, i32, i32, i32} %code(ptr nest @g.entry, i64 77)
      %a = extractvalue {i32, i32, i32, i32, i32} %r, 0
      %e = extractvalue {i32, i32, i32, i32, i32} %r, 4
      %a1 = zext i32 %a to i64
      %e1 = zext i32 %e to i64
      %m = mul i64 %a1, 10
      %s = add i64 %m, %e1
      ret i64 %s
    })ir",
                            "f");
  EXPECT_EQ(f(), 15);
  EXPECT_EQ(taken[0].u, 77u);
}

} // namespace
} // namespace kiln::test
