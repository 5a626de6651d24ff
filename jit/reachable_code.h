#pragma once

#include "codegen/infer.h"
#include "jit/session.h"

#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kiln {

/// Which of a session's functions and specialisations something can still call, asked between two inputs, when no frame of
/// the program is on the stack. It is found as a collector marks objects. In doubt a thing is reachable.
///
/// Roots: what values hold, which are the specialisations and types that inference was told of (Specialisation::held,
/// Inference::stored_types) and the types of the variables; and every specialisation in inference's table, which a later
/// call may find, whose function is defined now and takes no lambda of one that is not reachable.
///
/// From a specialisation on: its function, its callees, its continuations, what its places of dynamic calls have met, and
/// the lambdas in the types of its values. From a function on: the lambdas in it, and its specialisations in the table.
///
/// What may be unreachable at all is what was replaced, a unit of statements, which runs once, and what was specialised
/// for these or with an old meaning of a name.
class ReachableCode {
public:
  /// `finished`: units that have run, formulas and the like, with their lambdas.
  ReachableCode(const Session &session, std::span<const std::unique_ptr<KirFunction>> finished);

  bool contains(const Specialisation &specialisation) const { return specialisations_.contains(&specialisation); }
  /// Of one that is no part of another.
  bool contains(const KirFunction &function) const { return !outermost_.contains(&function) || functions_.contains(&function); }
  /// Whether a value that is kept may be a caught error: it tells its trace by the addresses of the code that it came from.
  bool has_caught_errors() const { return has_caught_errors_; }

private:
  /// What a type says of code.
  struct Mentioned {
    std::vector<const KirFunction *> lambdas;
    bool caught_error = false;
  };
  void note_parts(const KirFunction &function, const KirFunction &outermost);
  void note_mentioned(const Type *type, Mentioned &mentioned, std::unordered_set<const Type *> &seen);
  const Mentioned &mentioned(const Type *type);
  bool is_reachable(const KirFunction &function) const;
  bool can_be_found(const Specialisation &specialisation);

  void reach(const Specialisation &specialisation);
  void reach(const KirFunction &function);
  void reach(const Type *type);
  /// Values of the type are kept.
  void reach_stored(const Type *type);
  void reach_global(const GlobalVariable *variable);
  void reach_plan(const CallPlan &plan);
  void reach_all(const Specialisation &specialisation);
  void reach_all(const KirFunction &typed);
  void reach_all(const InferenceResult &inferred);

  std::unordered_map<const KirFunction *, const KirFunction *> outermost_;      // Of what may be unreachable.
  std::unordered_map<const KirFunction *, const Specialisation *> adapted_for_; // Adapters of dynamic calls: where those stand.
  std::unordered_multimap<const Specialisation *, const DynSite *> sites_;
  std::unordered_map<const Type *, Mentioned> mentioned_;
  std::unordered_set<const KirFunction *> functions_; // Outermost ones that were reached.
  std::unordered_set<const Specialisation *> specialisations_;
  std::vector<const Specialisation *> unvisited_;
  bool has_caught_errors_ = false;
};

} // namespace kiln
