#include "jit/llvm_start.h"

#include "jit/map_ahead.h"

#include <atomic>
#include <mutex>

// The bounds of the array of LLVM's constructors that cmake/llvm_start.ld makes; both null in a program linked without it.
// A constructor gets what it would before main(): the arguments and the environment, which LLVM's do not read.
using Constructor = void (*)(int, char **, char **);
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const Constructor kiln_llvm_init_begin[];
[[gnu::weak, gnu::visibility("hidden")]] extern const Constructor kiln_llvm_init_end[];
}

namespace kiln {

namespace {

std::once_flag started;
std::atomic<size_t> run = 0;

} // namespace

void start_llvm() {
  std::call_once(started, [] {
    if (!kiln_llvm_init_begin) return;
    map_ahead();
    for (const Constructor *next = kiln_llvm_init_begin; next != kiln_llvm_init_end; ++next) {
      (*next)(0, nullptr, nullptr);
      ++run;
    }
  });
}

size_t llvm_constructors_run() { return run; }

} // namespace kiln
