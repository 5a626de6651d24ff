#include "jit/processor.h"

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
  std::string bytes;
  for (unsigned leaf = CPUID_INDEX_1; leaf <= CPUID_INDEX_14_ECX_0; ++leaf) {
    cpuid_feature feature = *__x86_get_cpuid_feature_leaf(leaf);
    if (leaf == CPUID_INDEX_1) feature.cpuid_array[cpuid_register_index_ebx] = 0; // The number of the core.
    bytes.append(reinterpret_cast<const char *>(&feature), sizeof feature);
  }
  return bytes;
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
