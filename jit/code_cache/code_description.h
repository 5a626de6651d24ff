#pragma once

#include "codegen/infer.h"
#include "jit/code_cache/content_hash.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kiln {

/// What a module is made from, by its content: the typed KIR of the functions that it defines and of those that are copied into
/// them, the signatures of the others, and the structure of the types. Names of variables and places in the source are not part
/// of it. What the code refers to has a number in the order of its first mention, so that equal programs, in whatever session,
/// number the same things alike.
class CodeDescription {
public:
  /// `is_copied`: whether callers get a copy of the function.
  CodeDescription(Inference &inference, std::function<bool(Specialisation &)> is_copied);

  /// Describes a function in full. The first one is number 0.
  void add(Specialisation &function);
  /// False: there is something that only this session has.
  bool is_complete() const { return complete_; }
  ContentHash hash(std::string_view environment) const;

  const std::vector<Specialisation *> &functions() const { return functions_; }
  std::optional<uint32_t> number_of(const Specialisation &function) const;
  /// Those described in full.
  std::vector<uint32_t> described() const;

  /// What the code links to by a name of Kiln's (lower.h), as a text that means the same in each session; for another name that
  /// name. Empty for what is not described.
  std::string reference_to(std::string_view symbol) const;
  /// Whether a reference is one to what is described, and its address: null where it has none.
  bool is_described(std::string_view reference) const { return reference.starts_with('#'); }
  void *address_of(std::string_view reference);

private:
  template <typename Thing>
  struct Numbers {
    std::vector<Thing *> things;
    std::unordered_map<const Thing *, uint32_t> numbers;
    uint32_t of(Thing &thing);
    std::optional<uint32_t> find(const Thing *thing) const;
  };
  /// Bytes that grow at their end.
  class Buffer {
  public:
    char *grow(size_t bytes) {
      if (room_ - used_ < bytes) make_room(bytes);
      return data_.get() + std::exchange(used_, used_ + bytes);
    }
    std::string_view view() const { return {data_.get(), used_}; }

  private:
    void make_room(size_t bytes);

    std::unique_ptr<char[]> data_;
    size_t used_ = 0, room_ = 0;
  };
  template <typename... T>
  void put(const T &...values);
  void put_ids(std::span<Inst *const> insts);
  void put_text(std::string_view text);
  void put_type(const Type *type);
  void put_constant(const Constant &constant);
  void put_callee(Specialisation &caller, const Block &block, const Inst &inst);
  void put_body(Specialisation &function);
  void put_inst(Specialisation &function, const Block &block, const Inst &inst);
  void put_end(const Terminator &end);
  void put_pending();
  void describe_type(const Type &type);
  void describe_external(const ExternFunction &function);
  void describe_site(const DynSite &site);

  Inference &inference_;
  std::function<bool(Specialisation &)> is_copied_;
  Buffer bytes_;
  bool complete_ = true;
  std::vector<Specialisation *> functions_;
  struct Function {
    uint32_t number;
    bool in_full = false;
  };
  std::unordered_map<const Specialisation *, Function> numbers_;
  std::vector<Specialisation *> pending_; // To be described in full.
  Numbers<const Type> types_;
  const Type *last_type_ = nullptr; // Mentioned last.
  uint32_t last_type_number_ = 0;
  size_t types_described_ = 0;
  Numbers<const GlobalVariable> globals_;
  Numbers<const ExternFunction> externals_;
  Numbers<DynSite> sites_;
};

} // namespace kiln
