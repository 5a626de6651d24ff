#pragma once

#include "codegen/kir.h"
#include "lang/diagnostics.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kiln {

struct InferenceResult;
struct Routine;

/// What calls from other modules jump through: the lazy entry until the code exists. Its own address is linked as the
/// specialisation's symbol + ".entry".
struct EntryCell {
  void *entry = nullptr;
  Routine *routine = nullptr; // As the interpreter calls it; made when first needed.
};

/// A function for one tuple of argument types: what is inferred, and later compiled, once. Owned by Inference.
struct Specialisation : EntryCell {
  uint32_t id = 0;
  const KirFunction *function = nullptr;
  std::vector<const Type *> params; // Captures first, then parameters.
  /// Of `const` parameters: the values that this one is for. Empty, or as long as `params`. They are passed all the same,
  /// so that specialisations which differ in them alone are called alike.
  std::vector<std::optional<Constant>> constants;
  const Type *result = nullptr;     // Never while nothing is known to return.
  std::string symbol;               // Unique for the life of the session: "fib$i64.17".
  std::string display;              // As people write it: "fib(i64)".

  /// Typed KIR; made on demand by Inference::typed().
  std::unique_ptr<KirFunction> typed;
  std::shared_ptr<InferenceResult> inferred;
  /// Whether running it may change the length of some array (push, pop, or a call that does).
  bool may_resize = false;
  bool is_unit = false;

  /// Not null: this is a continuation of that specialisation, its body from the header of one of its loops on, entered
  /// when the conditions do not hold under which the loop needs no checks; or (`resumed`) from the interpreter, in the
  /// middle of the loop. Parameters: the header's own, then what lives there (liveness.h).
  Specialisation *continues = nullptr;
  const Block *entered = nullptr;
  bool resumed = false;
  std::unordered_map<uint64_t, Specialisation *> continuations; // By twice the header's id, and one more for `resumed`.

  // Inference's own.
  enum State : uint8_t { New, InProgress, Provisional, Done, Failed } state = New;
  size_t depth = 0;                          // InProgress: place on the stack of inference. Provisional: the least place it depends on.
  std::vector<Diagnostic> errors;            // Failed
  std::vector<std::string_view> names;       // Looked up, found or not: a change of their meaning makes this one stale.
  std::vector<Specialisation *> callees;

  bool compiled = false;
  uint64_t module = 0; // Whose handle its compiled code is freed by; 0: never.
  uint32_t held = 0;   // By what is no code: the host's formulas, and values of a Callable type, for which it counts for ever.

  /// Whose entry cell it is.
  static Specialisation &of(void *cell) { return *static_cast<Specialisation *>(static_cast<EntryCell *>(cell)); }
};

} // namespace kiln
