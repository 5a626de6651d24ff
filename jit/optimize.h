#pragma once

#include <memory>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace kiln {

/// The pass pipeline of one optimisation level (0..3). Built once and run on every module: building it costs more than
/// a small module takes.
class Optimizer {
public:
  Optimizer(llvm::TargetMachine &machine, int level);
  ~Optimizer();
  Optimizer(const Optimizer &) = delete;
  Optimizer &operator=(const Optimizer &) = delete;

  void run(llvm::Module &module);

private:
  struct Passes;
  std::unique_ptr<Passes> passes_;
};

} // namespace kiln
