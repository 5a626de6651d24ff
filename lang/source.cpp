#include "lang/source.h"

#include <algorithm>

namespace kiln {

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1))
    line_starts_.push_back(static_cast<uint32_t>(at + 1));
}

Location Source::location(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  uint32_t start = *(after - 1);
  uint32_t column = 1;
  for (uint32_t i = start; i < offset; ++i)
    column += (static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80; // Continuation bytes are no column of their own.
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
