#pragma once

#include "jit/orc.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <fstream>
#include <map>
#include <string>

namespace kiln::test {

/// A JIT to which tests hand textual IR; names resolve through `externals`.
class OrcTest : public ::testing::Test {
protected:
  void SetUp() override { start({}); }

  void start(Orc::Options options) {
    std::string error;
    orc = Orc::create(options, error);
    ASSERT_TRUE(orc) << error;
  }

  std::unique_ptr<llvm::Module> parse(const std::string &ir) {
    llvm::SMDiagnostic diagnostic;
    auto module = llvm::parseAssemblyString(ir, diagnostic, orc->context());
    std::string text;
    llvm::raw_string_ostream stream(text);
    diagnostic.print("ir", stream, false);
    EXPECT_TRUE(module) << text;
    return module;
  }

  Orc::Handle add(std::unique_ptr<llvm::Module> module, std::span<const std::string> names, std::span<void *> addresses, std::string &error) {
    auto resolver = [this](std::string_view name) {
      auto it = externals.find(std::string(name));
      return it == externals.end() ? nullptr : it->second;
    };
    return orc->publish(orc->build(std::move(module), names, resolver), addresses, error);
  }

  /// Links a module and gives the address of one name.
  template <typename F>
  F *link(const std::string &ir, const std::string &name, Orc::Handle *handle = nullptr) {
    void *address = nullptr;
    std::string error;
    Orc::Handle made = add(parse(ir), {&name, 1}, {&address, 1}, error);
    EXPECT_NE(made, 0u) << error;
    if (handle) *handle = made;
    return reinterpret_cast<F *>(address);
  }

  std::map<std::string, void *> externals;
  std::unique_ptr<Orc> orc;
};

/// The lines of the process's memory map.
inline std::vector<std::string> memory_map() {
  std::ifstream file("/proc/self/maps");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

} // namespace kiln::test
