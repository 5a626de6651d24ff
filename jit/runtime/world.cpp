#include "jit/runtime/world.h"

#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/str.h"

#include <chrono>

namespace kiln {
namespace {

std::vector<std::string> arguments;

} // namespace

void set_arguments(std::vector<std::string> list) { arguments = std::move(list); }

namespace calls {

extern "C" F64 kiln_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

extern "C" PTR kiln_arguments() {
  auto *array = static_cast<ArrayHeader *>(allocate_first(header_size(1)));
  if (arguments.empty()) return array;
  auto *texts = static_cast<StrValue *>(allocate_first(arguments.size() * sizeof(StrValue)));
  array->data = texts;
  array->length = array->capacity = static_cast<int64_t>(arguments.size());
  for (const std::string &argument : arguments) *texts++ = make_str(argument);
  return array;
}

} // namespace calls
} // namespace kiln
