#pragma once

#include <string_view>
#include <vector>

namespace kiln {

class Repl;

/// Runs a line that begins with `:`; what is wrong with it is reported.
void run_command(Repl &repl, std::string_view line);

/// The commands' names with their colon, for completion.
std::vector<std::string_view> command_names();

} // namespace kiln
