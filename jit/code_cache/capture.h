#pragma once

#include "jit/code_cache/code_image.h"

namespace llvm::jitlink {
class LinkGraph;
}

namespace kiln {

/// The image of a graph whose addresses are assigned and whose fields are not filled in yet. `entries` and `object` are left
/// empty. False for a graph that has what an image cannot hold.
bool capture_image(llvm::jitlink::LinkGraph &graph, CodeImage &image);

} // namespace kiln
