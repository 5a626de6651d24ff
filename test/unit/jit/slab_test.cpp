#include "jit/slab.h"

#include "orc_fixture.h"

#include <cstring>
#include <random>

namespace kiln::test {
namespace {

TEST(Ranges, ReusesAndJoinsWhatWasFreed) {
  Ranges ranges(1024);
  size_t a = ranges.allocate(256, 64), b = ranges.allocate(256, 64), c = ranges.allocate(512, 64);
  EXPECT_EQ(a, 0u);
  EXPECT_EQ(b, 256u);
  EXPECT_EQ(c, 512u);
  EXPECT_EQ(ranges.allocate(1, 1), Ranges::none);
  ranges.release(a, 256);
  ranges.release(b, 256);
  EXPECT_EQ(ranges.allocate(512, 64), 0u); // Only if the two were joined.
}

TEST(Ranges, AlignsAndKeepsTheRest) {
  Ranges ranges(4096);
  EXPECT_EQ(ranges.allocate(10, 1), 0u);
  EXPECT_EQ(ranges.allocate(16, 1024), 1024u);
  EXPECT_EQ(ranges.allocate(1014, 1), 10u); // The gap before the aligned range.
}

TEST(Ranges, NeverHandsOutOverlaps) {
  std::mt19937 random(1);
  Ranges ranges(1 << 16);
  std::vector<char> used(1 << 16);
  std::vector<std::pair<size_t, size_t>> live;
  for (int i = 0; i < 20'000; ++i) {
    if (live.empty() || random() % 2) {
      size_t bytes = 1 + random() % 500, alignment = size_t(1) << random() % 8;
      size_t at = ranges.allocate(bytes, alignment);
      if (at == Ranges::none) continue;
      ASSERT_EQ(at % alignment, 0u);
      for (size_t k = at; k < at + bytes; ++k) ASSERT_FALSE(std::exchange(used[k], 1));
      live.emplace_back(at, bytes);
    } else {
      std::swap(live[random() % live.size()], live.back());
      auto [at, bytes] = live.back();
      live.pop_back();
      ranges.release(at, bytes);
      std::memset(used.data() + at, 0, bytes);
    }
  }
  for (auto [at, bytes] : live) ranges.release(at, bytes);
  EXPECT_EQ(ranges.allocate(1 << 16, 1), 0u);
}

TEST(Slab, WhatIsWrittenRunsAndNoPageIsWritableAndExecutable) {
  for (auto writer : {Slab::Writer::OneThread, Slab::Writer::Another}) {
    std::string error;
    auto slab = Slab::create(1 << 20, 1 << 20, writer, error);
    ASSERT_TRUE(slab) << error;
    const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; // mov eax, 42; ret
    size_t across = 4096 - 3; // Two pages.
    for (size_t offset : {size_t(64), across}) {
      ASSERT_TRUE(slab->write_text(offset, std::as_bytes(std::span(code))));
#if defined(__x86_64__)
      EXPECT_EQ(reinterpret_cast<int (*)()>(slab->text + offset)(), 42);
#endif
    }
    slab->trap_text(across, sizeof code);
    EXPECT_EQ(slab->text[across], std::byte(0xcc));
    EXPECT_EQ(slab->text[64], std::byte(0xb8));
    slab->data[5] = std::byte(1);
    EXPECT_TRUE(Slab::in_text(slab->text));
    EXPECT_TRUE(Slab::in_text(slab->text + slab->text_bytes - 1));
    EXPECT_FALSE(Slab::in_text(slab->data));
    EXPECT_EQ(slab->writable_text != nullptr, writer == Slab::Writer::Another);
    EXPECT_FALSE(Slab::in_text(slab->writable_text));
    for (auto &line : memory_map()) EXPECT_EQ(line.find("rwx"), std::string::npos) << line;
    const std::byte *text = slab->text;
    slab.reset();
    EXPECT_FALSE(Slab::in_text(text));
  }
}

TEST(Slab, LiesNearTheProgram) {
  std::string error;
  auto slab = Slab::create(1 << 20, 1 << 20, Slab::Writer::OneThread, error);
  ASSERT_TRUE(slab) << error;
  auto distance = reinterpret_cast<intptr_t>(slab->text) - reinterpret_cast<intptr_t>(&Slab::in_text);
  EXPECT_LT(std::abs(distance), intptr_t(1) << 31);
}

} // namespace
} // namespace kiln::test
