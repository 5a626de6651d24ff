#include "codegen/range_checks.h"

namespace kiln {

RangeChecks::RangeChecks(const KirFunction &function) : by_block_(function.blocks.size(), nullptr) {}

} // namespace kiln
