#include "lang/source.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr uint32_t column_stride = 4096;

bool starts_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

} // namespace

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1))
    line_starts_.push_back(static_cast<uint32_t>(at + 1));

  // Programs that programs write may have lines of megabytes: columns are not counted from their start each time.
  uint32_t size = static_cast<uint32_t>(text_.size()), longest = size - line_starts_.back();
  for (size_t i = 1; i < line_starts_.size(); ++i) longest = std::max(longest, line_starts_[i] - line_starts_[i - 1]);
  if (longest < column_stride) return;
  for (uint32_t at = 0, column = 1; at < size; ++at) {
    if (at % column_stride == 0) columns_.push_back(column);
    column = text_[at] == '\n' ? 1 : column + starts_code_point(text_[at]);
  }
}

Location Source::location(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  uint32_t start = *(after - 1);
  uint32_t column = 1, from = start;
  if (uint32_t mark = (offset / column_stride) * column_stride; !columns_.empty() && mark > start && mark < text_.size()) {
    column = columns_[mark / column_stride];
    from = mark;
  }
  for (uint32_t i = from; i < offset; ++i) column += starts_code_point(text_[i]); // Other bytes are no column of their own.
  return {static_cast<uint32_t>(after - line_starts_.begin()), column};
}

std::string_view Source::line(uint32_t number) const {
  if (number == 0 || number > line_count()) return {};
  uint32_t start = line_starts_[number - 1];
  uint32_t end = number < line_count() ? line_starts_[number] - 1 : static_cast<uint32_t>(text_.size());
  if (end > start && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(start, end - start);
}

uint32_t Sources::add(std::string name, std::string text) {
  sources_.emplace_back(std::move(name), std::move(text));
  return size();
}

} // namespace kiln
