#include "repl/times.h"

#include <fmt/format.h>

#include <cstdio>

namespace kiln {

PhaseTimes since(const PhaseTimes &before, PhaseTimes after) {
  auto less = [&](auto... member) { ((after.*member -= before.*member), ...); };
  less(&PhaseTimes::lex, &PhaseTimes::parse, &PhaseTimes::build, &PhaseTimes::infer, &PhaseTimes::assemble, &PhaseTimes::baseline, &PhaseTimes::start_llvm,
       &PhaseTimes::lower, &PhaseTimes::optimise, &PhaseTimes::codegen, &PhaseTimes::link, &PhaseTimes::cache, &PhaseTimes::run, &PhaseTimes::background);
  less(&PhaseTimes::sources, &PhaseTimes::functions_built, &PhaseTimes::specialisations_inferred,
       &PhaseTimes::specialisations_assembled, &PhaseTimes::baseline_functions, &PhaseTimes::llvm_constructors, &PhaseTimes::specialisations_compiled,
       &PhaseTimes::modules, &PhaseTimes::code_bytes, &PhaseTimes::cached_modules, &PhaseTimes::cached_bytes, &PhaseTimes::stored_modules);
  return after;
}

std::string times_table(const PhaseTimes &times) {
  struct Row {
    const char *phase;
    double seconds;
    uint64_t count;
    const char *counted; // Null: nothing.
    bool is_optional = false; // Left out when it took no time.
  };
  const Row rows[] = {
      {"lex", times.lex, times.sources, "sources"},
      {"parse", times.parse, 0, nullptr},
      {"build", times.build, times.functions_built, "functions"},
      {"infer", times.infer, times.specialisations_inferred, "specialisations"},
      {"assemble", times.assemble, times.specialisations_assembled, "specialisations for the interpreter"},
      {"baseline", times.baseline, times.baseline_functions, "specialisations in machine code", true},
      {"start LLVM", times.start_llvm, times.llvm_constructors, "constructors", true},
      {"lower", times.lower, times.specialisations_compiled, "specialisations"},
      {"optimise", times.optimise, times.modules, "modules"},
      {"codegen", times.codegen, times.code_bytes, "bytes of code"},
      {"link", times.link, 0, nullptr},
      {"cache", times.cache, times.cached_modules, "modules found", true},
      {"run", times.run, 0, nullptr},
  };
  double total = 0;
  for (const Row &row : rows) total += row.seconds;
  std::string table = "phase           ms      %\n";
  for (const Row &row : rows) {
    if (row.is_optional && row.seconds == 0) continue;
    table += fmt::format("{:<10} {:>8.3f}  {:>5.1f}", row.phase, row.seconds * 1e3,
                         total > 0 ? 100 * row.seconds / total : 0.0);
    if (row.count != 0) table += fmt::format("  {:>8} {}", row.count, row.counted);
    table += '\n';
  }
  table += fmt::format("{:<10} {:>8.3f}\n", "total", total * 1e3);
  if (times.promote_after)
    table += fmt::format("LLVM compiles after {:g} ms of work without it what took a tenth of that, or that long\n", *times.promote_after * 1e3);
  if (times.cached_modules || times.stored_modules)
    table += fmt::format("{:<10} {:>8} modules of {} bytes of code found, {} stored\n", "cache", times.cached_modules, times.cached_bytes, times.stored_modules);
  if (times.background > 0) table += fmt::format("{:<10} {:>8.3f}  of it while the program ran, by the compile thread\n", "background", times.background * 1e3);
  return table;
}

void print_times(const PhaseTimes &times) {
  const std::string table = times_table(times);
  std::fwrite(table.data(), 1, table.size(), stderr);
}

} // namespace kiln
