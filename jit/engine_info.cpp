#include "jit/engine_impl.h"

#include "jit/runtime/print.h"
#include "jit/trace.h"

#include <llvm/Config/llvm-config.h>

#include <algorithm>
#include <set>

namespace kiln {

namespace {

struct BuiltinDoc {
  std::string_view name, doc;
};
constexpr BuiltinDoc builtin_docs[] = {
#define KILN_BUILTIN(name, rule, least, most, doc) {name, doc},
#include "codegen/builtins.def"
#define KILN_MATH(name, f64, f32, operands) {name, operands == 2 ? name "(x, y): the C library's function" : name "(x): the C library's function"},
#include "codegen/math.def"
    {"pi", "pi: 3.141592653589793"},
    {"e", "e: 2.718281828459045"},
    {"inf", "inf: floating-point infinity"},
    {"nan", "nan: not a number"},
    {"args", "args: the program's arguments, an array of str"},
};
constexpr std::string_view keywords[] = {"fn",     "if",    "else", "for", "in",  "while", "break", "continue", "return", "true",   "false",
                                         "none",   "and",   "or",   "not", "xor", "is",    "const", "let",      "global", "extern", "import", "by",
                                         "struct", "class", "try",  "catch"};

} // namespace

std::string Engine::doc(std::string_view name) const {
  std::string text;
  for (const std::string &entry : impl_->session.documentation(name))
    text += (text.empty() ? "" : "\n") + entry;
  if (text.empty())
    for (const BuiltinDoc &builtin : builtin_docs)
      if (builtin.name == name)
        return std::string(builtin.doc);
  return text;
}

std::vector<std::string> Engine::complete(std::string_view prefix) const {
  std::set<std::string> found;
  auto offer = [&](std::string_view name) {
    if (name.starts_with(prefix))
      found.emplace(name);
  };
  impl_->session.library_methods(""); // Loads the library's names.
  for (std::string_view name : impl_->session.all())
    offer(name);
  for (const BuiltinDoc &builtin : builtin_docs)
    offer(builtin.name);
  for (std::string_view keyword : keywords)
    offer(keyword);
  return {found.begin(), found.end()};
}

std::vector<std::string> Engine::complete_fields(std::string_view expression, std::string_view prefix) {
  std::vector<std::string> found;
  Outcome ignored;
  if (const Type *type = impl_->type_of(std::string(expression), ignored))
    for (std::string_view name : type->names)
      if (name.starts_with(prefix))
        found.emplace_back(name);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<SpecialisationInfo> Engine::specialisations() const {
  std::vector<SpecialisationInfo> list;
  for (const auto &[id, specialisation] : impl_->session.inference().all())
    if (specialisation.state == Specialisation::Done && !specialisation.continues &&
        impl_->session.inference().is_current(specialisation) && impl_->session.defines(*specialisation.function))
      list.push_back({specialisation.display, to_string(specialisation.result), specialisation.routine && specialisation.routine->code, specialisation.compiled});
  const Sources &sources = impl_->session.sources();
  for (const auto &[id, site] : impl_->session.inference().dyn_sites())
    for (const auto &[held, cell] : site.known) { // An inline cache: what it has met.
      std::string types;
      for (const Type *type : held)
        types += (types.empty() ? "" : ", ") + to_string(type);
      Location place = sources.location(site.inst->span);
      list.push_back({fmt::format("{} at {}:{} for {}", sources.text(site.inst->span), sources.get(site.inst->span).name(), place.line, types),
                      "dyn", false, true});
    }
  return list;
}

std::vector<VariableInfo> Engine::variables() const {
  std::vector<VariableInfo> list;
  for (const auto &[name, state] : impl_->session.globals())
    if (state.variable)
      list.push_back({std::string(name), to_string(state.value.type), impl_->variable_value(name), state.is_const});
  return list;
}

bool Engine::forget(std::string_view name) { return impl_->session.forget(name); }

std::string to_text(Value value, ValueStyle style) {
  std::string text;
  if (!value.type)
    return text;
  ShowOptions options;
  options.quote = style.quote_strings;
  if (style.most_elements)
    options.max_elements = style.most_elements;
  append_value(text, value.type, value.data, options);
  return text;
}

std::string type_text(Value value) { return value.type ? to_string(value.type) : std::string(); }

std::string render_failure(const Outcome &outcome, const Sources &sources, RenderStyle style) {
  Diagnostics diagnostics;
  // The text is the program's own, and is not cut.
  diagnostics.report<Diag::RuntimeFailure>(place_of(outcome.trace, sources), "").message = outcome.message;
  std::string text = render(diagnostics.list().front(), sources, style);
  if (!text.ends_with('\n'))
    text += '\n';
  for (const std::string &line : trace_lines(outcome.trace, outcome.omitted, sources))
    text += fmt::format("  {}{}\n", line.starts_with('(') ? "" : "in ", line);
  return text;
}

std::string_view version() { return "0.1.0"; }
std::string llvm_version() { return LLVM_VERSION_STRING; }

} // namespace kiln
