#pragma once

#include "jit/engine.h"

namespace kiln {

struct Specialisation;
struct KirFunction;

/// An expression of variables that are f64, for a C++ program to evaluate again and again: Engine::formula() makes it. It is
/// interpreted at first, and plain machine code after a few evaluations. The engine must outlive it, and runs it in one
/// thread at a time.
class Formula {
public:
  ~Formula();
  Formula(const Formula &) = delete;
  Formula &operator=(const Formula &) = delete;

  /// The value where the variables have these values, in the order of their names: a number, or 1 and 0 for true and false.
  /// Nothing after a run-time error, which is in `outcome` then.
  std::optional<double> value(std::span<const double> variables, Outcome &outcome) {
    double result = 0; // An optional that a call returns goes through memory, which takes as long as all else of it.
    return values(variables, {&result, 1}, outcome) ? std::optional(result) : std::nullopt;
  }
  /// The values for as many rows of variables, one row behind the other, as `results` has room for. Each costs a third of one
  /// by itself; after compile(), the first call with many rows has LLVM make a loop of the formula, vectorised where that can be.
  /// How many there are: fewer after a run-time error, which is in `outcome` then. Results overlap no variables.
  size_t values(std::span<const double> rows, std::span<double> results, Outcome &outcome);
  /// Has LLVM compile it now: milliseconds, worth it before some hundred thousand evaluations. False with the error, a bug
  /// of Kiln's, in `outcome`.
  bool compile(Outcome &outcome);

private:
  friend class Engine;
  struct Impl;
  explicit Formula(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace kiln
