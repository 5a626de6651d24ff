#include "jit/engine_impl.h"

#include "jit/reachable_code.h"
#include "jit/signals.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr size_t least_growth = 512;

} // namespace

void Engine::Impl::free_unreachable() {
  // As often as what is left has doubled: so each thing that is made is looked at a few times only, however many there are.
  auto count = [&] { return session.inference().all().size() + session.tree_count() + units.size(); };
  if (count() < 2 * reached + least_growth || RunningKiln::any() || compiler.is_compiling()) return;
  compiler.settle();
  if (ReachableCode code(session, units); !code.has_caught_errors()) {
    auto is_dead = [&](const Specialisation &specialisation) { return !code.contains(specialisation); };
    auto is_dead_function = [&](const KirFunction &function) { return !code.contains(function); };
    tiers.erase(is_dead);
    for (const auto &[id, specialisation] : session.inference().all())
      if (is_dead(specialisation)) compiler.erase(specialisation);
    session.inference().erase(is_dead);
    std::erase_if(units, [&](const auto &unit) { return is_dead_function(*unit); });
    std::unordered_set<uint32_t> used_sources;
    for (const auto &unit : units) used_sources.insert(unit->span.source);
    session.erase_replaced(is_dead_function, std::move(used_sources));
  }
  reached = count();
}

} // namespace kiln
