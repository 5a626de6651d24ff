// What keeps machine code from run to run: bytes of values, code with fields to fill in, and a folder of entries.
#include "jit/code_cache/archive.h"
#include "jit/code_cache/cache_folder.h"
#include "jit/code_cache/code_image.h"
#include "temporary_folder.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

namespace kiln {
namespace {

namespace fs = std::filesystem;

TEST(Archive, GivesBackWhatWasWritten) {
  std::string bytes;
  ArchiveWriter write(bytes);
  write(7), write(std::string("seven")), write(std::vector<std::string>{"a", "", "bc"}), write(std::vector<uint16_t>{1, 2, 3});
  int number = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<uint16_t> numbers;
  std::string_view rest = bytes;
  ArchiveReader read(rest);
  read(number), read(text), read(texts), read(numbers);
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(number, 7);
  EXPECT_EQ(text, "seven");
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "", "bc"}));
  EXPECT_EQ(numbers, (std::vector<uint16_t>{1, 2, 3}));
  EXPECT_TRUE(rest.empty());
}

TEST(Archive, MissesWhatIsCutOff) {
  std::string bytes;
  ArchiveWriter write(bytes);
  write(std::vector<uint64_t>{1, 2, 3});
  for (size_t length = 0; length < bytes.size(); ++length) {
    std::string_view rest = std::string_view(bytes).substr(0, length);
    ArchiveReader read(rest);
    std::vector<uint64_t> list;
    read(list);
    EXPECT_FALSE(read.ok()) << length;
  }
  std::string huge(8, '\xff'); // A length beyond all bytes.
  std::string_view rest = huge;
  ArchiveReader read(rest);
  std::string text;
  read(text);
  EXPECT_FALSE(read.ok());
}

#if defined(__x86_64__)

using Part = CodeImage::Part;
using Field = CodeImage::Field;

CodeImage image_of(std::string text) {
  CodeImage image;
  image.text = std::move(text);
  image.entries = {0};
  return image;
}

template <typename Result>
Result call(const PlacedImage &image) {
  return reinterpret_cast<Result (*)()>(image.entries.at(0))();
}

TEST(CodeImage, FieldsAreFilledIn) {
  Slabs slabs(Slab::Writer::OneThread);
  int there = 0;
  auto resolve = [&](std::string_view name) -> void * { return name == "there" ? &there : nullptr; };
  CodeImage address = image_of(std::string("\x48\xb8\0\0\0\0\0\0\0\0\xc3", 11)); // mov rax, imm64; ret
  address.externals = {"there"};
  address.fixups = {{Field::Address64, Part::Text, Part::External, 2, 0, 5}};
  auto placed = place_image(address, slabs, resolve);
  ASSERT_TRUE(placed);
  EXPECT_EQ(call<char *>(*placed), reinterpret_cast<char *>(&there) + 5);
  EXPECT_EQ(placed->region.end - placed->region.begin, 11u);

  CodeImage distance = image_of(std::string("\x48\x8b\x05\0\0\0\0\xc3", 8)); // mov rax, [rip + distance]; ret
  distance.data = std::string("........\x2a\0\0\0\0\0\0\0", 16);
  distance.fixups = {{Field::Distance32, Part::Text, Part::Data, 3, 8, -4}};
  auto near = place_image(distance, slabs, resolve);
  ASSERT_TRUE(near);
  EXPECT_EQ(call<int64_t>(*near), 42);
  Slabs::release(placed->memory);
  Slabs::release(near->memory);
}

TEST(CodeImage, WhatDoesNotFitIsNotPlaced) {
  Slabs slabs(Slab::Writer::OneThread);
  auto nothing = [](std::string_view) -> void * { return nullptr; };
  auto far = [](std::string_view) { return reinterpret_cast<void *>(uintptr_t(1) << 46); };
  CodeImage image = image_of(std::string("\x48\xb8\0\0\0\0\0\0\0\0\xc3", 11));
  image.externals = {"there"};
  image.fixups = {{Field::Distance32, Part::Text, Part::External, 2, 0, 0}};
  EXPECT_FALSE(place_image(image, slabs, nothing)); // Nobody knows it.
  EXPECT_FALSE(place_image(image, slabs, far));     // 32 bits do not reach it.
  image.fixups[0].field = Field::Address32;
  EXPECT_FALSE(place_image(image, slabs, far));
  image.fixups[0] = {Field::Address64, Part::Text, Part::External, 4, 0, 0}; // Beyond the end.
  EXPECT_FALSE(place_image(image, slabs, far));
  image.fixups[0] = {Field::Address64, Part::Text, Part::External, 2, 1, 0}; // There is no second external.
  EXPECT_FALSE(place_image(image, slabs, far));
  image.fixups.clear();
  image.entries = {11};
  EXPECT_FALSE(place_image(image, slabs, far));
}

#endif

TEST(CodeImage, BytesAndBack) {
  CodeImage image;
  image.text = "text", image.data = "data", image.object = "object";
  image.externals = {"a", "b"}, image.entries = {1, 2};
  image.fixups = {{CodeImage::Field::Distance32, CodeImage::Part::Text, CodeImage::Part::External, 1, 1, -4}};
  image.sections = {{".text", 0, 4}};
  std::string bytes;
  write_image(bytes, image);
  CodeImage back;
  std::string_view rest = bytes;
  ASSERT_TRUE(read_image(rest, back));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(back.text, "text");
  EXPECT_EQ(back.object, "object");
  EXPECT_EQ(back.externals, image.externals);
  EXPECT_EQ(back.fixups.at(0).addend, -4);
  EXPECT_EQ(back.sections.at(0).name, ".text");
  rest = std::string_view(bytes).substr(0, bytes.size() - 1);
  EXPECT_FALSE(read_image(rest, back));
}

class CacheFolderTest : public ::testing::Test {
protected:
  std::unique_ptr<CacheFolder> open(uint64_t most_bytes = 1 << 20) {
    std::string error;
    auto folder = CacheFolder::open(base_ / "a" / "cache", most_bytes, error);
    EXPECT_TRUE(folder) << error;
    return folder;
  }
  fs::path path_of(const std::string &name) { return base_ / "a" / "cache" / (name + ".code"); }

  test::TemporaryFolder folder_;
  const fs::path base_ = folder_.path();
};

TEST_F(CacheFolderTest, KeepsEntries) {
  auto folder = open();
  EXPECT_EQ(folder->read("one"), std::nullopt);
  EXPECT_TRUE(folder->write("one", "", "first"));
  EXPECT_TRUE(folder->write("two", "alias", std::string("with a zero \0 in it", 19)));
  EXPECT_EQ(open()->read("one"), "first");
  EXPECT_EQ(folder->read("alias"), std::string("with a zero \0 in it", 19));
  EXPECT_TRUE(folder->write("one", "", ""));
  EXPECT_EQ(folder->read("one"), "");
  EXPECT_EQ(folder->usage().entries, 3u);
  std::ofstream(base_ / "a" / "cache" / "x.1.1.part") << "left behind";
  EXPECT_EQ(folder->clear(), 3u);
  EXPECT_TRUE(fs::is_empty(base_ / "a" / "cache"));
}

TEST_F(CacheFolderTest, DamageIsSeen) {
  auto folder = open();
  ASSERT_TRUE(folder->write("one", "", "contents"));
  std::string whole;
  {
    std::ifstream file(path_of("one"), std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    std::ofstream(path_of("one"), std::ios::binary) << damaged;
    EXPECT_EQ(folder->read("one"), std::nullopt) << i;
    std::ofstream(path_of("one"), std::ios::binary) << whole.substr(0, i);
    EXPECT_EQ(folder->read("one"), std::nullopt) << i;
  }
  std::ofstream(path_of("one"), std::ios::binary) << whole;
  EXPECT_EQ(folder->read("one"), "contents");
}

TEST_F(CacheFolderTest, WhatWasNotUsedGoesFirst) {
  std::string kilobyte(1024, 'x');
  auto folder = open(10 << 10);
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(folder->write(std::to_string(i), "", kilobyte));
    timespec times[2] = {{1000 + i, 0}, {1000 + i, 0}};
    utimensat(AT_FDCWD, path_of(std::to_string(i)).c_str(), times, 0);
  }
  EXPECT_EQ(folder->read("0"), kilobyte); // Used last from now on.
  ASSERT_TRUE(folder->write("9", "", kilobyte));
  EXPECT_LE(folder->usage().bytes, 10u << 10);
  EXPECT_EQ(folder->read("1"), std::nullopt);
  EXPECT_EQ(folder->read("0"), kilobyte);
  EXPECT_EQ(folder->read("9"), kilobyte);
}

TEST_F(CacheFolderTest, UseIsNotedOncePerHour) {
  auto folder = open();
  ASSERT_TRUE(folder->write("one", "", "contents"));
  const time_t now = time(nullptr);
  auto used_after_reading = [&](time_t before) {
    timespec times[2] = {{before, 0}, {before, 0}};
    utimensat(AT_FDCWD, path_of("one").c_str(), times, 0);
    EXPECT_EQ(folder->read("one"), "contents");
    struct stat status = {};
    stat(path_of("one").c_str(), &status);
    return status.st_mtime;
  };
  EXPECT_EQ(used_after_reading(now - 600), now - 600);
  EXPECT_GE(used_after_reading(now - 4000), now);
  EXPECT_LE(used_after_reading(now + 4000), now + 3000); // A clock that was put back.
}

TEST_F(CacheFolderTest, IsPrivate) {
  auto folder = open();
  ASSERT_TRUE(folder->write("one", "", "contents"));
  struct stat status;
  ASSERT_EQ(stat(path_of("one").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  chmod(path_of("one").c_str(), 0622);
  EXPECT_EQ(folder->read("one"), std::nullopt);
  std::string error;
  chmod(folder->path().c_str(), 0777);
  EXPECT_FALSE(CacheFolder::open(folder->path(), 1, error));
  EXPECT_NE(error.find("others may write"), std::string::npos);
  EXPECT_FALSE(CacheFolder::open(path_of("one"), 1, error));
  EXPECT_NE(error.find("not a folder"), std::string::npos);
  EXPECT_FALSE(CacheFolder::open("/dev/null/kiln", 1, error));
  EXPECT_FALSE(CacheFolder::open(base_ / "no" / "such" / "folder", 1, error));
  EXPECT_FALSE(fs::exists(base_ / "no"));
}

} // namespace
} // namespace kiln
