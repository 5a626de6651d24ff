#include "jit/processor.h"

#include <fmt/format.h>

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#define KILN_LIBRARY_KNOWS_PROCESSOR
#include <sys/platform/x86.h>
#else
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <vector>
#endif

namespace kiln {

#ifdef KILN_LIBRARY_KNOWS_PROCESSOR

std::string processor_identity() {
  std::string text;
  for (unsigned leaf = CPUID_INDEX_1; leaf <= CPUID_INDEX_14_ECX_0; ++leaf) {
    const cpuid_feature *feature = __x86_get_cpuid_feature_leaf(leaf);
    for (unsigned i = 0; i < 4; ++i) {
      const bool is_number_of_core = leaf == CPUID_INDEX_1 && i == cpuid_register_index_ebx;
      if (!is_number_of_core) text += fmt::format(" {:x}/{:x}", feature->cpuid_array[i], feature->active_array[i]);
    }
  }
  return text;
}

bool processor_has_fma() { return CPU_FEATURE_ACTIVE(FMA) && CPU_FEATURE_ACTIVE(AVX2); }

#else

std::string processor_identity() {
  std::vector<std::string> features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    if (feature.second) features.push_back(feature.first().str());
  std::ranges::sort(features);
  std::string text = " " + llvm::sys::getHostCPUName().str();
  for (const std::string &feature : features) text += " +" + feature;
  return text;
}

bool processor_has_fma() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

#endif

} // namespace kiln
