#include "test/unit/jit/runtime_fixture.h"

#include <gc/gc.h>

#include <cstring>

namespace kiln {
namespace {

using namespace calls;

class Collector : public RuntimeTest {};

TEST_F(Collector, MemoryStaysFlat) {
  // 5 GB in all, of a few sizes, with some of it kept.
  const Type *list = types.array(types.i64);
  void *kept[16] = {};
  uint64_t total = 0;
  for (int64_t i = 0; total < 5'000'000'000; ++i) {
    int64_t count = 1 + i * 7919 % 20000;
    kept[i % 16] = kiln_array_new(list, &count);
    total += static_cast<uint64_t>(count) * 8;
  }
  EXPECT_NE(kept[0], nullptr);
  EXPECT_LT(GC_get_heap_size(), 100'000'000u);
}

TEST_F(Collector, WhatIsReferredToStays) {
  const Type *inner = types.array(types.i64), *outer = types.array(inner);
  int64_t count = 1000;
  auto *list = static_cast<ArrayHeader *>(kiln_array_new(outer, &count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t ten = 10;
    auto *row = static_cast<ArrayHeader *>(kiln_array_new(inner, &ten));
    static_cast<int64_t *>(row->data)[9] = i;
    static_cast<ArrayHeader **>(list->data)[i] = row;
  }
  for (int i = 0; i < 200000; ++i) // Overwrites what was freed by mistake.
    std::memset(kiln_alloc_atomic(80), 0xFF, 80);
  GC_gcollect();
  for (int64_t i = 0; i < count; ++i)
    ASSERT_EQ(static_cast<int64_t *>(static_cast<ArrayHeader **>(list->data)[i]->data)[9], i);
}

TEST_F(Collector, ViewsKeepTheirBase) {
  const Type *list = types.array(types.i64);
  int64_t count = 1000;
  auto *base = static_cast<ArrayHeader *>(kiln_array_new(list, &count));
  static_cast<int64_t *>(base->data)[900] = 12345;
  auto *view = static_cast<ArrayHeader *>(kiln_array_view(base, list, 900, 910, 1));
  base = nullptr;
  for (int i = 0; i < 20000; ++i) std::memset(kiln_alloc_atomic(8000), 0xFF, 8000);
  EXPECT_EQ(static_cast<int64_t *>(view->data)[0], 12345);
}

int finalized = 0;
void *static_reference = nullptr;

[[gnu::noinline]] void *counted(size_t bytes) {
  void *object = kiln_alloc(static_cast<int64_t>(bytes));
  GC_register_finalizer(
      object, [](void *, void *) { ++finalized; }, nullptr, nullptr, nullptr);
  return object;
}
[[gnu::noinline]] void clear_stack() {
  volatile char room[20000];
  for (size_t i = 0; i < sizeof room; ++i) room[i] = 0;
}

TEST_F(Collector, RootsAreScannedAndStaticDataIsNot) {
  auto **root = static_cast<void **>(make_root(sizeof(void *)));
  EXPECT_EQ(*root, nullptr);
  finalized = 0;
  [&]() __attribute__((noinline)) {
    for (int i = 0; i < 100; ++i) {
      static_reference = counted(64);
      if (i == 50) *root = static_reference;
    }
  }
  ();
  clear_stack();
  GC_gcollect();
  GC_invoke_finalizers();
  EXPECT_GE(finalized, 95) << "a stray word of the stack may keep one, all but those should go";
  EXPECT_LE(finalized, 99) << "the root's object stays";
  free_root(root);
}

TEST_F(Collector, ALimitIsAnErrorAndLifeGoesOn) {
  set_memory_limit(200'000'000);
  const Type *list = types.array(types.i64);
  int64_t zero = 0;
  auto *a = static_cast<ArrayHeader *>(kiln_array_new(list, &zero));
  RuntimeError error = error_of([&] {
    for (;;) { // An endless push.
      if (a->length == a->capacity) kiln_array_grow(a, list);
      a->length = a->capacity;
    }
  });
  EXPECT_EQ(error.kind, RuntimeError::OutOfMemory);
  EXPECT_TRUE(error.message.starts_with("out of memory: no room for ")) << error.message;
  EXPECT_TRUE(error.message.ends_with("(the limit is 200.0 MB)")) << error.message;
  EXPECT_GT(a->length, 1'000'000);
  a = nullptr;
  clear_stack();
  for (int i = 0; i < 1000; ++i) ASSERT_NE(kiln_alloc(100'000), nullptr);
  RuntimeError negative = error_of([] { kiln_alloc(-1); });
  EXPECT_EQ(negative.kind, RuntimeError::OutOfMemory);
  set_memory_limit(default_memory_limit());
}

} // namespace
} // namespace kiln
