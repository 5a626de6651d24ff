#pragma once

#include "lang/diagnostics.h"

#include <string_view>

namespace kiln {

/// `--color`.
enum class ColorMode : uint8_t { Auto, Always, Never };

/// Whether to write colour to a file descriptor: only to a terminal that has it, unless asked for; NO_COLOR is obeyed.
bool use_color(ColorMode mode, int fd);

/// The escape sequences of the program's own words; empty without colour.
struct Palette {
  std::string_view dim, bold, error, prompt, reset;
};
Palette palette(bool color);

/// A message of the program itself (not about a source text), to stderr: `kiln: message`.
void complain(std::string_view message);

/// Writes out what programs have printed, and `text` behind it, and gives the status to exit with: `status`, unless the
/// output cannot be written. That is reported, except when its reader went away (a closed pipe).
int finish_output(int status, std::string_view text = {});

} // namespace kiln
