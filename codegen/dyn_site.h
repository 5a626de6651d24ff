#pragma once

#include "codegen/kir.h"

#include <map>
#include <memory>

namespace kiln {

struct Specialisation;

/// A place in the program where an operation meets values of type `dyn`, with its inline cache. For each combination of
/// types that they turn out to have, the operation becomes a function of its own that takes the operands as they are here
/// and gives a dyn. (Deutsch and Schiffman 1984; Hoelzle, Chambers and Ungar 1991, "Optimizing Dynamically-Typed
/// Object-Oriented Languages With Polymorphic Inline Caches".)
struct DynSite {
  struct Operand {
    const Type *type;                 // As it is here: dyn or a type of its own.
    std::optional<Constant> constant; // Known here: part of the operation.
    bool literal = false;
  };

  /// What compiled code looks at: the types that it met, and the entry cells for them. More combinations than fit are
  /// looked up in a table, more than two dyn operands in `known`.
  static constexpr size_t ways = 4, compared = 2, table_size = 64;
  struct Way {
    const Type *types[compared];
    void *const *cell;
  };
  struct Cache {
    Way ways[DynSite::ways];
    DynSite *site;
  } cache{};
  Way table[table_size]{};

  size_t id;
  const Inst *inst;            // The operation, in untyped KIR.
  const Specialisation *where; // In whose code it is.
  std::vector<Operand> operands;
  std::map<std::vector<const Type *>, std::unique_ptr<KirFunction>> adapters;
  std::map<std::vector<const Type *>, void *const *> known;
  size_t next_way = 0;

  static DynSite &of(void *cache) { return *static_cast<Cache *>(cache)->site; }
  size_t dynamic_operands() const;
  /// Null when these types were not met yet.
  void *const *find(const Type *const *held);
  void remember(const Type *const *held, void *const *cell);
  /// A definition changed: what was found may be wrong now.
  void forget();
};

} // namespace kiln
