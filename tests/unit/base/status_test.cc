#include "base/status.h"

#include <cerrno>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(Status, EveryCodeHasANameOfItsOwn) {
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    const Code code = static_cast<Code>(i);
    EXPECT_EQ(code_from_name(code_name(code)), code) << code_name(code);
  }
  EXPECT_EQ(code_from_name("nonsense"), std::nullopt);
  EXPECT_EQ(code_from_name(""), std::nullopt);
}

TEST(Status, ContextGoesBeforeTheMessageAndKeepsTheRest) {
  const Status failure = Status(Code::too_large, "11 MiB", "private").with_context("reading");
  EXPECT_EQ(failure.code(), Code::too_large);
  EXPECT_EQ(failure.message(), "reading: 11 MiB");
  EXPECT_EQ(failure.detail(), "private");
  EXPECT_EQ(failure.to_string(), "too_large: reading: 11 MiB (private)");
  EXPECT_TRUE(Status().with_context("reading").ok());
}

TEST(Status, FromErrnoDecidesTheCodeAndHidesTheErrnoInTheDetail) {
  EXPECT_EQ(status_from_errno(ENOENT, "x").code(), Code::not_found);
  EXPECT_EQ(status_from_errno(EEXIST, "x").code(), Code::conflict);
  for (const int error : {ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE}) {
    EXPECT_EQ(status_from_errno(error, "x").code(), Code::exhausted) << error;
  }
  for (const int error : {EROFS, EACCES, EIO, EPERM, ESTALE}) {
    EXPECT_EQ(status_from_errno(error, "x").code(), Code::unavailable) << error;
  }
  const Status failure = status_from_errno(ENOSPC, "writing a file");
  EXPECT_EQ(failure.message(), "writing a file");
  EXPECT_THAT(failure.detail(), ::testing::HasSubstr("No space left"));
}

Result<int> half(int value) {
  if (value % 2 != 0) return Status(Code::invalid_argument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  ASSIGN_OR_RETURN(const int once, half(value));
  ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

TEST(Result, HandsOnValuesAndFailures) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).status().code(), Code::invalid_argument);
  EXPECT_TRUE(quarter(12).status().ok());
}

TEST(Result, GivesUpWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  EXPECT_EQ(**result, 7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(CheckDeathTest, EndsTheProcessAndSaysWhere) {
  EXPECT_DEATH(THUMBMILL_CHECK(1 + 1 == 3), "status_test.cc.*1 \\+ 1 == 3");
}

}  // namespace
}  // namespace thumbmill
