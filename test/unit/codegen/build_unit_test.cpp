// KIR of statements of the top level.
#include "built.h"

namespace kiln {
namespace {

TEST(BuildUnit, VariablesLiveInTheUnitAndAreWrittenBack) {
  EXPECT_EQ(unit_kir("x = y + 1\nx += 2\nx * 2", {}, "ans"), R"(top level
b0:
  %0 = Name y
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = Const 2
  %4 = Binary + %2, %3
  %5 = Const 2
  %6 = Binary * %4, %5
  %7 = StoreGlobal ans %6 fresh
  %8 = StoreGlobal x %4 fresh
  %9 = Const none
  return %9
)");
}

TEST(BuildUnit, ReadsAtTheEntryWhatIsAssignedLater) {
  EXPECT_EQ(unit_kir("for i in 0..3 { s = s + i }"), R"(top level
b0:
  %0 = Name s fresh
  %1 = Const 0
  %2 = Const 3
  %3 = Range %1, %2
  %4 = Iterable %3
  %5 = IterStart %4
  jump b1(%5, %0)
b1(%6, %7 s):
  %8 = IterHas %4, %6
  branch %8, b2, b3
b2:
  %9 = IterGet %4, %6
  %10 = Binary + %7, %9
  %11 = IterNext %4, %6
  jump b1(%11, %10)
b3:
  %12 = StoreGlobal s %7 fresh
  %13 = Const none
  return %13
)");
}

TEST(BuildUnit, SharedVariablesAreInMemory) {
  EXPECT_EQ(unit_kir("x += 1\nx", {"x"}), R"(top level
b0:
  %0 = Name x
  %1 = Const 1
  %2 = Binary + %0, %1
  %3 = StoreGlobal x %2
  %4 = Name x
  %5 = Const none
  return %5
)");
  EXPECT_EQ(count(unit_kir("x = 1", {"x"}), "StoreGlobal x %0 fresh"), 1u);
  // Mentioned by a lambda of the unit itself.
  std::string kir = unit_kir("x = 1\ng = () -> x\nx = 2");
  EXPECT_EQ(count(kir, "StoreGlobal x"), 2u) << kir;
  EXPECT_EQ(count(kir, "captures"), 0u) << kir;
}

TEST(BuildUnit, LambdasCaptureWhatIsLocalToBlocks) {
  std::string kir = unit_kir("for i in 0..3 { g(() -> i) }");
  EXPECT_EQ(count(kir, "captures i"), 1u) << kir;
  EXPECT_EQ(count(kir, "StoreGlobal"), 0u) << kir;
}

TEST(BuildUnit, LetAndConstAtTheTopLevelAreTopLevelVariables) {
  EXPECT_EQ(count(unit_kir("let x = 1"), "StoreGlobal x %0 fresh"), 1u);
  EXPECT_EQ(count(unit_kir("const K: f64 = 1"), "StoreGlobal K %1 fresh"), 1u);
}

} // namespace
} // namespace kiln
