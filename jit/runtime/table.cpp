#include "jit/runtime/table.h"

#include "jit/runtime/calls.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

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

template <auto function>
void *address_of() {
  return reinterpret_cast<void *>(function);
}

struct Row {
  std::string_view symbol;
  void *(*address)();
};

// <cmath> overloads the names; the number of operands and the type choose the C function.
template <typename Float>
using Unary = Float(Float);
template <typename Float>
using Binary = Float(Float, Float);
#define KILN_SIGNATURE_1 Unary
#define KILN_SIGNATURE_2 Binary

/// In the order of their names. Made while Kiln is compiled: a short run looks up few of them.
constexpr auto table = [] {
  auto rows = std::to_array<Row>({
#define KILN_ROW(symbol, ...) {#symbol, &address_of<static_cast<std::type_identity_t<__VA_ARGS__> *>(&::symbol)>},
#define KILN_RUNTIME(symbol, attribute, result, ...) {#symbol, &address_of<&calls::symbol>},
#include "codegen/runtime.def"
#define KILN_MATH(name, f64, f32, operands)                                                                            \
  KILN_ROW(f64, KILN_SIGNATURE_##operands<double>)                                                                     \
  KILN_ROW(f32, KILN_SIGNATURE_##operands<float>)
#include "codegen/math.def"
#define KILN_C(symbol) {#symbol, &address_of<&::symbol>},
#define KILN_C_1(f64, f32) KILN_ROW(f64, Unary<double>) KILN_ROW(f32, Unary<float>)
#define KILN_C_2(f64, f32) KILN_ROW(f64, Binary<double>) KILN_ROW(f32, Binary<float>)
      // Calls that LLVM makes out of instructions, loops and other calls.
      KILN_C(memcpy) KILN_C(memmove) KILN_C(memset) KILN_C(memcmp) KILN_C(bcmp) KILN_C(strlen) KILN_C_1(floor, floorf)
          KILN_C_1(ceil, ceilf) KILN_C_1(trunc, truncf) KILN_C_1(nearbyint, nearbyintf) KILN_C_1(round, roundf)
              KILN_C_1(sqrt, sqrtf) KILN_C_1(fabs, fabsf) KILN_C_1(exp10, exp10f) KILN_C_2(fmin, fminf)
                  KILN_C_2(fmax, fmaxf) KILN_C_2(copysign, copysignf) KILN_ROW(fma, double(double, double, double))
                      KILN_ROW(fmaf, float(float, float, float)) KILN_ROW(ldexp, double(double, int))
                          KILN_ROW(ldexpf, float(float, int)) KILN_ROW(frexp, double(double, int *))
                              KILN_ROW(frexpf, float(float, int *)) KILN_C(sincos) KILN_C(sincosf)
                                  KILN_C(__divti3) KILN_C(__modti3) KILN_C(__udivti3) KILN_C(__umodti3)});
  std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) { return a.symbol < b.symbol; });
  return rows;
}();

} // namespace

void *runtime_address(std::string_view symbol) {
  auto row = std::lower_bound(table.begin(), table.end(), symbol,
                              [](const Row &row, std::string_view name) { return row.symbol < name; });
  return row != table.end() && row->symbol == symbol ? row->address() : nullptr;
}

} // namespace kiln
