#pragma once

#include "jit/code_map.h"
#include "jit/slabs.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// A linked module before its addresses are filled in: what is kept of it, and what makes it code again in another process
/// without LLVM. Text and data keep their layout; a fixup is a field that depends on where these, or something outside, lie.
struct CodeImage {
  enum class Part : uint8_t { Text, Data, External };
  /// What the field holds. Distances are from the field itself.
  enum class Field : uint8_t { Address64, Address32, SignedAddress32, Distance64, Distance32, BackDistance64, BackDistance32 };
  struct Fixup {
    Field field;
    Part in, to; // `in`: never External.
    uint32_t offset;
    uint32_t target; // An offset, or the number of the external.
    int64_t addend;
  };
  struct Section {
    std::string name;
    uint32_t begin, end; // In the text.
  };

  std::string text, data;
  uint32_t data_alignment = 16;
  std::vector<Fixup> fixups;
  std::vector<std::string> externals;
  std::vector<uint32_t> entries; // In the text: of the names that were asked for, in their order.
  uint32_t frames_begin = 0, frames_bytes = 0; // The .eh_frame, in the data.
  std::vector<Section> sections;
  std::string object; // What was linked: its line tables.
};

/// An image in memory.
struct PlacedImage {
  Slabs::Allocation memory;
  CodeRegion region;
  std::vector<void *> entries;
};

/// Puts an image into executable memory. Null when there is no memory, when `resolve` gives null for an external, or when an
/// address does not fit its field.
std::unique_ptr<PlacedImage> place_image(const CodeImage &image, Slabs &slabs, const std::function<void *(std::string_view)> &resolve);

/// The image as bytes, and back. False for bytes that are none.
void write_image(std::string &bytes, const CodeImage &image);
bool read_image(std::string_view &bytes, CodeImage &image);

} // namespace kiln
