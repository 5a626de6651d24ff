#pragma once

#include "jit/orc.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kiln {

/// The line table of one linked module: its relocatable object, read when an error first asks.
class LineTable {
public:
  struct TextSection {
    std::string name;
    uintptr_t begin = 0, end = 0;
  };

  LineTable(std::string object, std::vector<TextSection> sections);
  ~LineTable();

  /// The places of an address in one of the sections, innermost first.
  std::vector<CodePlace> places(uintptr_t address);

private:
  struct Parsed;
  std::string object_;
  std::vector<TextSection> sections_;
  std::unique_ptr<Parsed> parsed_;
};

} // namespace kiln
