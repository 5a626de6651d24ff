#include "jit/runtime/table.h"

#include "jit/runtime/calls.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

extern "C" {
// Of libgcc: 128-bit arithmetic that LLVM may leave to it.
__extension__ typedef __int128 kiln_i128;
kiln_i128 __divti3(kiln_i128, kiln_i128);
kiln_i128 __modti3(kiln_i128, kiln_i128);
__extension__ unsigned __int128 __udivti3(unsigned __int128, unsigned __int128);
__extension__ unsigned __int128 __umodti3(unsigned __int128, unsigned __int128);
}

namespace kiln {
namespace {

struct Row {
  std::string_view symbol;
  void *address;
};

template <typename Function>
void *address_of(Function *function) {
  return reinterpret_cast<void *>(function);
}

// <cmath> overloads the names; the number of operands and the type choose the C function.
template <typename Float>
using Unary = Float(Float);
template <typename Float>
using Binary = Float(Float, Float);
#define KILN_SIGNATURE_1 Unary
#define KILN_SIGNATURE_2 Binary

std::vector<Row> make_table() {
  std::vector<Row> table = {
#define KILN_RUNTIME(symbol, attribute, result, ...) {#symbol, address_of(&calls::symbol)},
#include "codegen/runtime.def"
#define KILN_MATH(name, f64, f32, operands)                                                                            \
  {#f64, address_of<KILN_SIGNATURE_##operands<double>>(&::f64)},                                                       \
      {#f32, address_of<KILN_SIGNATURE_##operands<float>>(&::f32)},
#include "codegen/math.def"
#define KILN_C(symbol) {#symbol, address_of(&::symbol)},
#define KILN_C_1(f64, f32) {#f64, address_of<Unary<double>>(&::f64)}, {#f32, address_of<Unary<float>>(&::f32)},
#define KILN_C_2(f64, f32) {#f64, address_of<Binary<double>>(&::f64)}, {#f32, address_of<Binary<float>>(&::f32)},
      // Calls that LLVM makes out of instructions, loops and other calls.
      KILN_C(memcpy) KILN_C(memmove) KILN_C(memset) KILN_C(memcmp) KILN_C(bcmp) KILN_C(strlen) KILN_C_1(floor, floorf)
          KILN_C_1(ceil, ceilf) KILN_C_1(trunc, truncf) KILN_C_1(nearbyint, nearbyintf)
              KILN_C_1(round, roundf) KILN_C_1(sqrt, sqrtf) KILN_C_1(fabs, fabsf) KILN_C_1(exp10, exp10f)
                  KILN_C_2(fmin, fminf) KILN_C_2(fmax, fmaxf)
                      KILN_C_2(copysign, copysignf){"fma", address_of<double(double, double, double)>(&::fma)},
      {"fmaf", address_of<float(float, float, float)>(&::fmaf)},
      {"ldexp", address_of<double(double, int)>(&::ldexp)},
      {"ldexpf", address_of<float(float, int)>(&::ldexpf)},
      {"frexp", address_of<double(double, int *)>(&::frexp)},
      {"frexpf", address_of<float(float, int *)>(&::frexpf)},
      KILN_C(sincos) KILN_C(sincosf) KILN_C(__divti3) KILN_C(__modti3) KILN_C(__udivti3) KILN_C(__umodti3)};
  std::sort(table.begin(), table.end(), [](const Row &a, const Row &b) { return a.symbol < b.symbol; });
  return table;
}

} // namespace

void *runtime_address(std::string_view symbol) {
  static const std::vector<Row> table = make_table();
  auto row = std::lower_bound(table.begin(), table.end(), symbol,
                              [](const Row &row, std::string_view name) { return row.symbol < name; });
  return row != table.end() && row->symbol == symbol ? row->address : nullptr;
}

} // namespace kiln
