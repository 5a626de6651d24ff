// Formulas by way of the engine's C++ interface: what making one costs, what evaluating one costs in each tier and in C,
// and whether all values are right.
//   formulas_bench FORMULAS.tsv [CLANG]
#include "jit/formula.h"
#include "jit/map_ahead.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>

namespace {

using Clock = std::chrono::steady_clock;
using InC = double (*)(const double *);

constexpr std::array<std::string_view, 7> names = {"a", "b", "c", "x", "y", "z", "w"};
constexpr std::array<double, 7> values = {1.1, 2.2, 3.3, 2.123456, 3.123456, 4.123456, 5.123456};
constexpr size_t counted = 1000;      // Formulas whose making is timed.
constexpr size_t evaluated = 20;      // Formulas of rising size whose evaluation is timed.
constexpr int rounds = 200'000, repeats = 5;
constexpr size_t together = 1000;     // Rows that are evaluated by one call.

struct Row {
  std::string text;
  double value;
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Nanoseconds for each evaluation, the least of some repeats. One variable changes from one to the next.
template <typename Evaluate>
double nanoseconds(Evaluate evaluate) {
  double best = 1e300;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    std::array<double, 7> at = values;
    [[maybe_unused]] volatile double sink = 0;
    Clock::time_point start = Clock::now();
    for (int i = 0; i < rounds; ++i) {
      at[3] = values[3] + i * 1e-9;
      sink = evaluate(at);
    }
    best = std::min(best, seconds_since(start) / rounds * 1e9);
  }
  return best;
}

/// The same with rows of variables that are given together.
double nanoseconds_by_rows(kiln::Formula &formula) {
  std::vector<double> rows, results(together);
  for (size_t i = 0; i < together; ++i) {
    rows.insert(rows.end(), values.begin(), values.end());
    rows[rows.size() - values.size() + 3] += static_cast<double>(i) * 1e-9;
  }
  kiln::Outcome outcome;
  return nanoseconds([&, calls = 0](const std::array<double, 7> &) mutable {
    return calls++ % together ? results[0] : static_cast<double>(formula.values(rows, results, outcome));
  });
}

/// x ^ y is pow(x, y) in C: only formulas without it are compared.
bool is_c(const std::string &text) { return text.find_first_of("^%:=<>!&|?;{}\"") == std::string::npos; }

std::vector<InC> compile_in_c(const std::vector<Row> &rows, const std::string &clang) {
  std::string folder = "/tmp/kiln_formulas_bench";
  std::ofstream source(folder + ".c");
  source << "#include <math.h>\n#define abs fabs\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    source << "double f" << i << "(const double *v) { double a = v[0], b = v[1], c = v[2], x = v[3], y = v[4], z = v[5], w = v[6];\n"
           << "(void)a, (void)b, (void)c, (void)x, (void)y, (void)z, (void)w; return " << rows[i].text << "; }\n";
  }
  source.close();
  std::string command = clang + " -O3 -march=native -ffp-contract=off -shared -fPIC -o " + folder + ".so " + folder + ".c -lm";
  std::vector<InC> made;
  if (std::system(command.c_str()) != 0) return made;
  void *library = dlopen((folder + ".so").c_str(), RTLD_NOW);
  for (size_t i = 0; library && i < rows.size(); ++i) made.push_back(reinterpret_cast<InC>(dlsym(library, fmt::format("f{}", i).c_str())));
  return made;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: formulas_bench FORMULAS.tsv [CLANG]\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);)
    if (size_t tab = line.find('\t'); !line.empty() && line[0] != '#' && tab != std::string::npos)
      rows.push_back({line.substr(0, tab), std::strtod(line.c_str() + tab + 1, nullptr)});

  kiln::keep_heap_in_large_pages();
  kiln::Engine engine;
  size_t wrong = 0;
  std::vector<double> made;
  for (const Row &row : rows) {
    Clock::time_point start = Clock::now();
    kiln::Outcome outcome;
    auto formula = engine.formula(row.text, names, outcome);
    auto value = formula ? formula->value(values, outcome) : std::nullopt;
    made.push_back(seconds_since(start) * 1e6);
    if (!value || !(std::fabs(*value - row.value) <= 1e-12 * std::fabs(row.value))) ++wrong;
  }
  auto mean = [&](size_t count) {
    double sum = 0;
    for (size_t i = 0; i < std::min(count, made.size()); ++i) sum += made[i];
    return sum / static_cast<double>(std::min(count, made.size()));
  };
  fmt::print("{} formulas, {} wrong\nmade and evaluated once: {:.1f} us each of the first {}, {:.1f} of all\n", rows.size(), wrong, mean(counted), counted, mean(rows.size()));

  std::vector<Row> chosen;
  std::ranges::copy_if(rows, std::back_inserter(chosen), [](const Row &row) { return is_c(row.text) && row.text.size() > 2; });
  std::ranges::stable_sort(chosen, {}, [](const Row &row) { return row.text.size(); });
  for (size_t i = 0; i < evaluated; ++i) chosen[i] = chosen[i * (chosen.size() - 1) / (evaluated - 1)];
  chosen.resize(evaluated);
  std::vector<InC> in_c = argc > 2 ? compile_in_c(chosen, argv[2]) : std::vector<InC>();
  double interpreted = 0, compiled = 0, rows_at_once = 0, c = 0;
  fmt::print("ns per evaluation: characters, tier 0, LLVM, LLVM by {} rows, C\n", together);
  for (size_t i = 0; i < chosen.size(); ++i) {
    kiln::Outcome outcome;
    auto formula = engine.formula(chosen[i].text, names, outcome);
    auto evaluate = [&](const std::array<double, 7> &at) { return *formula->value(at, outcome); };
    double first = nanoseconds(evaluate);
    if (!formula->compile(outcome)) return 1;
    double by_rows = nanoseconds_by_rows(*formula), second = nanoseconds(evaluate), third = in_c.empty() ? 0 : nanoseconds([&](const std::array<double, 7> &at) { return in_c[i](at.data()); });
    fmt::print("{:>5} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f}  {:.60}\n", chosen[i].text.size(), first, second, by_rows, third, chosen[i].text);
    interpreted += std::log(first), compiled += std::log(second), rows_at_once += std::log(by_rows), c += std::log(third);
  }
  auto n = static_cast<double>(evaluated);
  fmt::print("geometric mean: tier 0 {:.1f}, LLVM {:.1f}, by rows {:.1f}, C {:.1f}\n", std::exp(interpreted / n), std::exp(compiled / n), std::exp(rows_at_once / n),
             std::exp(c / n));
  return wrong != 0;
}
