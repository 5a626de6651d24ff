#pragma once

#include <cstdint>
#include <string_view>

namespace kiln {

/// Room for a number's text as `print` shows it. The text of a float is the shortest that reads back equal, always with
/// a point or an exponent: `1.0`, `0.30000000000000004`, `1e20`, `1.5e-7`, `inf`, `nan`. An exponent appears below 1e-4
/// and from 1e16 on.
class NumberText {
public:
  std::string_view of(int64_t value);
  std::string_view of(uint64_t value);
  std::string_view of(double value);
  std::string_view of(float value);

private:
  template <typename Float>
  std::string_view shortest(Float value);
  char text_[32];
};

} // namespace kiln
