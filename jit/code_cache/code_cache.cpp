#include "jit/code_cache/code_cache.h"

#include "jit/code_cache/archive.h"
#include "jit/code_cache/environment.h"
#include "jit/llvm_start.h"
#include "jit/orc_lines.h"
#include "jit/stopwatch.h"

#include <algorithm>
#include <charconv>

namespace kiln {

namespace {

/// The places in the source of a function's instructions and block ends, in their order: the same in each session that has the
/// function, wherever it then stands.
std::vector<CodeCache::Place> places_of(const KirFunction &typed, const Sources &sources) {
  std::vector<CodeCache::Place> places;
  auto add = [&](Span span) {
    CodeCache::Place place{span.source, 0, 0};
    if (span.known()) {
      Location location = sources.location(span);
      place.line = location.line, place.column = location.column;
    }
    places.push_back(place);
  };
  for (const Block *block : typed.blocks) {
    for (const Inst *inst : block->insts) add(inst->span);
    add(block->end.span);
  }
  return places;
}

/// The id in a function's symbol, and where that ends.
std::pair<uint32_t, size_t> id_in(std::string_view symbol) {
  size_t dollar = symbol.rfind('$');
  uint32_t id = ~uint32_t(0);
  if (dollar == std::string_view::npos) return {id, symbol.size()};
  auto end = std::from_chars(symbol.data() + dollar + 1, symbol.data() + symbol.size(), id).ptr;
  return {id, static_cast<size_t>(end - symbol.data())};
}

} // namespace

/// What is kept of a module beside its image.
struct CodeCache::Entry {
  ContentHash whole;                // Of the description of all that was compiled together.
  std::vector<std::string> members; // "F2": the function number 2. "R0.5": function 0 as the interpreter goes on with it at block 5.
  struct Function {
    bool is_member;
    uint32_t number; // Among the members, or in the description...
    uint32_t id;     // ...and by its symbol when it was stored.
    std::vector<Place> places;
  };
  std::vector<Function> functions; // All that the line tables may speak of.

  template <typename Archive, typename Self>
  static void each_field(Archive &archive, Self &self) {
    archive(self.whole), archive(self.members);
    size_t count = self.functions.size();
    archive(count);
    if constexpr (!std::is_const_v<Self>) self.functions.resize(std::min<size_t>(count, 100'000));
    for (auto &function : self.functions) archive(function.is_member), archive(function.number), archive(function.id), archive(function.places);
  }
};

struct CodeCache::Draft {
  std::string name, alias;
  Entry entry;
  std::unordered_map<std::string, std::string> references; // By name.
};

/// Code that was found, and how its line tables are to be read.
struct CodeCache::Placed {
  std::unique_ptr<PlacedImage> image;
  std::unique_ptr<LineTable> lines;
  struct Function {
    Specialisation *function;
    std::vector<Place> then, now; // `now`: made when first needed.
  };
  std::unordered_map<uint32_t, Function> functions; // By the ids in the line tables.
};

CodeCache::CodeCache(Inference &inference, const EngineOptions &options, std::function<bool(Specialisation &)> is_copied, Resolver resolve)
    : inference_(inference), options_(options), is_copied_(std::move(is_copied)), resolve_(std::move(resolve)) {}

CodeCache::~CodeCache() {
  for (auto &[end, placed] : placed_) CodeMap::remove(placed->image->region);
}

bool CodeCache::is_open() {
  if (!std::exchange(tried_, true) && !options_.cache.empty()) {
    std::string error;
    if (!environment().empty()) folder_ = CacheFolder::open(options_.cache, options_.cache_bytes, error);
  }
  return folder_ != nullptr;
}

const std::string &CodeCache::environment() {
  if (environment_.empty())
    if (std::string host = host_environment(); !host.empty()) environment_ = fmt::format("{} O{} {}", host, options_.opt_level, options_.checks ? "checked" : "unchecked");
  return environment_;
}

CodeCache::Root &CodeCache::root_of(Specialisation &function) {
  Root &root = roots_[&function];
  if (root.name.empty()) {
    root.description.emplace(inference_, is_copied_);
    root.description->add(function);
    root.name = to_text(root.description->hash(environment()));
  }
  return root;
}

/// Its description and that of what is copied into it.
CodeDescription CodeCache::description_of(Specialisation &function) {
  Root &root = root_of(function);
  if (root.description) return *std::exchange(root.description, std::nullopt);
  CodeDescription description(inference_, is_copied_);
  description.add(function);
  return description;
}

std::optional<CodeCache::Found> CodeCache::find(Specialisation &root) {
  if (!is_open() || root.resumed) return std::nullopt;
  Stopwatch watch(seconds);
  return load(root_of(root).name, root);
}

std::optional<CodeCache::Found> CodeCache::find(Specialisation &continued, const Block &header) {
  if (!is_open()) return std::nullopt;
  Stopwatch watch(seconds);
  return load(continuation_name(continued, header.id), continued);
}

std::optional<CodeCache::Found> CodeCache::load(const std::string &name, Specialisation &root) {
  std::optional<std::string> contents = folder_->read(name);
  if (!contents) return std::nullopt;
  std::string_view rest = *contents;
  Entry entry;
  CodeImage image;
  ArchiveReader archive(rest);
  Entry::each_field(archive, entry);
  if (!archive.ok() || !read_image(rest, image) || image.entries.size() != entry.members.size()) return std::nullopt;

  CodeDescription description = description_of(root);
  std::vector<Specialisation *> members;
  for (std::string_view member : entry.members) {
    uint32_t number = ~uint32_t(0), block = 0;
    const char *end = member.data() + member.size();
    const char *after = std::from_chars(member.data() + 1, end, number).ptr;
    if (number >= description.functions().size()) return std::nullopt;
    Specialisation &function = *description.functions()[number];
    if (member[0] == 'R') {
      if (after != end) std::from_chars(after + 1, end, block);
      members.push_back(resumption ? resumption(function, block) : nullptr);
    } else {
      members.push_back(&function);
      description.add(function);
    }
  }
  if (!description.is_complete() || description.hash(environment()) != entry.whole) return std::nullopt;
  std::unique_ptr<PlacedImage> placed = place_image(
      image, slabs_, [&](std::string_view reference) { return description.is_described(reference) ? description.address_of(reference) : resolve_(reference); });
  if (!placed) return std::nullopt;

  Found result;
  for (size_t i = 0; i < members.size(); ++i)
    if (members[i] && !members[i]->compiled) result.functions.emplace_back(members[i], placed->entries[i]);
  result.bytes = image.text.size();
  std::vector<LineTable::TextSection> sections;
  for (CodeImage::Section &section : image.sections)
    sections.push_back({std::move(section.name), placed->region.begin + section.begin, placed->region.begin + section.end});
  auto kept = std::make_unique<Placed>();
  kept->image = std::move(placed);
  kept->lines = std::make_unique<LineTable>(std::move(image.object), std::move(sections));
  for (Entry::Function &function : entry.functions) {
    const std::vector<Specialisation *> &among = function.is_member ? members : description.functions();
    if (function.number < among.size() && among[function.number]) kept->functions[function.id] = {among[function.number], std::move(function.places), {}};
  }
  CodeMap::add(kept->image->region);
  placed_.emplace(kept->image->region.end, std::move(kept));
  ++found;
  code_bytes += result.bytes;
  return result;
}

std::shared_ptr<CodeCache::Draft> CodeCache::draft(std::span<Specialisation *const> group, std::span<const std::string> names) {
  if (!is_open() || group.empty()) return nullptr;
  Specialisation &first = *group.front(), &root = first.resumed ? *first.continues : first;
  auto draft = std::make_shared<Draft>();
  CodeDescription description = description_of(root);
  for (Specialisation *member : group) {
    auto number = description.number_of(member->resumed ? *member->continues : *member);
    if (!number || (member->resumed && *number != 0)) return nullptr;
    if (member->resumed) {
      draft->entry.members.push_back(fmt::format("R{}.{}", *number, member->entered->id));
      (draft->name.empty() ? draft->name : draft->alias) = continuation_name(root, member->entered->id);
    } else {
      draft->entry.members.push_back(fmt::format("F{}", *number));
      description.add(*member);
      if (draft->name.empty()) draft->name = root_of(root).name;
    }
  }
  if (!description.is_complete()) return nullptr;
  draft->entry.whole = description.hash(environment());
  for (const std::string &name : names) {
    std::string reference = description.reference_to(name);
    if (reference.empty()) return nullptr;
    draft->references.emplace(name, std::move(reference));
  }
  for (uint32_t number : description.described()) {
    Specialisation &function = *description.functions()[number];
    draft->entry.functions.push_back({false, number, function.id, places_of(inference_.typed(function), inference_.sources())});
  }
  for (uint32_t i = 0; i < group.size(); ++i)
    if (group[i]->resumed) draft->entry.functions.push_back({true, i, group[i]->id, places_of(inference_.typed(*group[i]), inference_.sources())});
  return draft;
}

void CodeCache::store(const Draft &draft, CodeImage image) {
  for (std::string &name : image.externals)
    if (auto known = draft.references.find(name); known != draft.references.end()) name = known->second;
  std::string bytes;
  ArchiveWriter archive(bytes);
  Entry::each_field(archive, draft.entry);
  write_image(bytes, image);
  stored += folder_->write(draft.name, draft.alias, bytes);
}

bool CodeCache::has(const void *address) const {
  auto it = placed_.upper_bound(reinterpret_cast<uintptr_t>(address));
  return it != placed_.end() && it->second->image->region.begin <= reinterpret_cast<uintptr_t>(address);
}

std::vector<CodePlace> CodeCache::places(const void *address) {
  if (!has(address)) return {};
  Placed &placed = *placed_.upper_bound(reinterpret_cast<uintptr_t>(address))->second;
  start_llvm(); // It reads the line tables.
  std::vector<CodePlace> places = placed.lines->places(reinterpret_cast<uintptr_t>(address));
  for (CodePlace &place : places) {
    auto [id, end] = id_in(place.symbol);
    auto known = placed.functions.find(id);
    if (known == placed.functions.end()) {
      place = {};
      continue;
    }
    Placed::Function &function = known->second;
    if (function.now.empty()) function.now = places_of(inference_.typed(*function.function), inference_.sources());
    auto is_here = [&](const Place &then) { return then.source == place.source && then.line == place.line && (then.column == place.column || place.column == 0); };
    auto then = std::ranges::find_if(function.then, is_here);
    size_t index = static_cast<size_t>(then - function.then.begin());
    Place now = index < function.now.size() && then != function.then.end() ? function.now[index] : Place{};
    bool had_column = place.column != 0;
    place = {function.function->symbol + place.symbol.substr(end), now.source, now.line, had_column ? now.column : 0};
  }
  return places;
}

} // namespace kiln
