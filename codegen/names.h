#pragma once

#include "codegen/abstract.h"
#include "codegen/file_names.h"
#include "codegen/specialisation.h"

#include <string_view>
#include <vector>

namespace kiln {

/// A top-level variable as it is known at this point of the program.
struct GlobalState {
  const GlobalVariable *variable = nullptr; // Null where there is no storage: after an error, or when no value can be used.
  Abstract value;                           // Its type; the constant of a `const` where known.
  bool is_const = false;
};

/// What a name means, apart from locals.
struct NameMeaning {
  const GlobalState *global = nullptr;
  std::vector<const KirFunction *> methods; // The program's, else the library's.
  const ExternFunction *external = nullptr;
};

/// The names of the session, as inference sees them. Implemented by the session; asks are remembered by inference as dependencies.
class Names : public FileNames {
public:
  /// Variables, extern functions and the program's methods; without those, the library's. Builds the methods' KIR when first needed.
  /// `from_library`: the library's own code asks, and sees only the library's.
  virtual NameMeaning lookup(std::string_view name, bool from_library) = 0;
  /// The library's methods of a name only: what the program's methods fall back to.
  virtual std::vector<const KirFunction *> library_methods(std::string_view name) = 0;
  /// The struct or class of the name, or null.
  virtual const Declaration *declaration(std::string_view name, bool from_library) = 0;
  /// The top-level variable gets this type from now on (a new version when it had another). Returns its state.
  virtual const GlobalState &assign(std::string_view name, const Abstract &value) = 0;
  /// Whether the program assigns a top-level variable of the name, be it later.
  virtual bool is_top_level(std::string_view name) const = 0;
  /// All names, for suggestions.
  virtual std::vector<std::string_view> all() const = 0;
};

} // namespace kiln
