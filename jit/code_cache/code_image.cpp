#include "jit/code_cache/code_image.h"

#include "jit/code_cache/archive.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace kiln {

namespace {

template <typename Archive, typename Image>
void each_field(Archive &archive, Image &image) {
  archive(image.text), archive(image.data), archive(image.data_alignment), archive(image.fixups), archive(image.externals);
  archive(image.entries), archive(image.frames_begin), archive(image.frames_bytes);
  size_t sections = image.sections.size();
  archive(sections);
  if constexpr (!std::is_const_v<Image>) image.sections.resize(std::min<size_t>(sections, 1000));
  for (auto &section : image.sections) archive(section.name), archive(section.begin), archive(section.end);
  archive(image.object);
}

template <typename T>
bool put(std::byte *field, int64_t value, bool is_unsigned = false) {
  bool fits = sizeof(T) == sizeof value || (is_unsigned ? value >= 0 && value <= std::numeric_limits<uint32_t>::max()
                                                        : value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max());
  auto narrow = static_cast<T>(value);
  std::memcpy(field, &narrow, sizeof narrow);
  return fits;
}

/// Fills one field in. `where`: the address at which the field will be read; `target`: with the addend.
bool fill(CodeImage::Field kind, std::byte *field, int64_t where, int64_t target) {
  using Field = CodeImage::Field;
  switch (kind) {
  case Field::Address64: return put<int64_t>(field, target);
  case Field::Address32: return put<uint32_t>(field, target, true);
  case Field::SignedAddress32: return put<int32_t>(field, target);
  case Field::Distance64: return put<int64_t>(field, target - where);
  case Field::Distance32: return put<int32_t>(field, target - where);
  case Field::BackDistance64: return put<int64_t>(field, where - target);
  case Field::BackDistance32: return put<int32_t>(field, where - target);
  }
  return false;
}

size_t bytes_of(CodeImage::Field field) {
  using Field = CodeImage::Field;
  return field == Field::Address64 || field == Field::Distance64 || field == Field::BackDistance64 ? 8 : 4;
}

} // namespace

std::unique_ptr<PlacedImage> place_image(const CodeImage &image, Slabs &slabs, const std::function<void *(std::string_view)> &resolve) {
  std::vector<int64_t> externals;
  for (const std::string &name : image.externals) {
    void *address = resolve(name);
    if (!address) return nullptr;
    externals.push_back(reinterpret_cast<int64_t>(address));
  }
  std::string error;
  auto memory = slabs.allocate(image.text.size(), image.data.size(), image.data_alignment, error);
  if (!memory) return nullptr;
  auto placed = std::make_unique<PlacedImage>();
  placed->memory = *memory;
  Slab &slab = *memory->slab;
  std::string text = image.text;
  struct {
    std::byte *filled, *runs;
    size_t bytes;
  } parts[] = {{reinterpret_cast<std::byte *>(text.data()), slab.text + memory->text, text.size()}, {slab.data + memory->data, slab.data + memory->data, image.data.size()}};
  std::memcpy(parts[1].filled, image.data.data(), image.data.size());
  bool ok = true;
  for (const CodeImage::Fixup &fixup : image.fixups) {
    bool is_known = fixup.in != CodeImage::Part::External && (fixup.to != CodeImage::Part::External || fixup.target < externals.size());
    const auto &in = parts[fixup.in == CodeImage::Part::Data];
    if (!is_known || fixup.offset + bytes_of(fixup.field) > in.bytes) {
      ok = false;
      break;
    }
    int64_t target = fixup.to == CodeImage::Part::External ? externals[fixup.target]
                                                           : reinterpret_cast<int64_t>(parts[fixup.to == CodeImage::Part::Data].runs + fixup.target);
    ok &= fill(fixup.field, in.filled + fixup.offset, reinterpret_cast<int64_t>(in.runs + fixup.offset), target + fixup.addend);
  }
  for (uint32_t entry : image.entries) {
    ok &= entry < image.text.size();
    placed->entries.push_back(parts[0].runs + entry);
  }
  ok &= size_t(image.frames_begin) + image.frames_bytes <= image.data.size();
  if (!ok || !slab.write_text(memory->text, std::as_bytes(std::span(text)))) {
    Slabs::release(*memory);
    return nullptr;
  }
  placed->region.begin = reinterpret_cast<uintptr_t>(parts[0].runs);
  placed->region.end = placed->region.begin + image.text.size();
  if (image.frames_bytes) {
    std::byte *frames = parts[1].runs + image.frames_begin;
    read_frame_entries(frames, image.frames_bytes, reinterpret_cast<uintptr_t>(frames), placed->region);
  }
  return placed;
}

void write_image(std::string &bytes, const CodeImage &image) {
  ArchiveWriter archive(bytes);
  each_field(archive, image);
}

bool read_image(std::string_view &bytes, CodeImage &image) {
  ArchiveReader archive(bytes);
  each_field(archive, image);
  return archive.ok();
}

} // namespace kiln
