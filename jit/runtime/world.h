#pragma once

#include <string>
#include <vector>

namespace kiln {

/// What `args()` gives to the program: the command line behind the file's name.
void set_arguments(std::vector<std::string> arguments);

} // namespace kiln
