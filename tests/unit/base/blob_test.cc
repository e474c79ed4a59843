#include "base/blob.h"

#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/temp_file.h"

namespace thumbmill {
namespace {

Blob in_file(std::string_view bytes) {
  auto file = TempFile::create(std::filesystem::temp_directory_path());
  EXPECT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_TRUE(file->append(bytes).ok());
  return file->finish();
}

TEST(Blob, InMemoryAndInAFileReadAlike) {
  for (const Blob& blob : {Blob(std::string("thumbnail")), in_file("thumbnail")}) {
    EXPECT_EQ(blob.size(), 9u);
    EXPECT_EQ(blob.to_string().value(), "thumbnail");
    EXPECT_EQ(blob.slice(5, 4).to_string().value(), "nail");
    EXPECT_EQ(blob.slice(5, 4).slice(1, 2).to_string().value(), "ai");
    EXPECT_EQ(blob.view().value().bytes(), "thumbnail");
    EXPECT_EQ(blob.slice(5, 4).view().value().bytes(), "nail");
  }
}

TEST(Blob, EmptyHasAnEmptyView) {
  EXPECT_EQ(Blob().size(), 0u);
  EXPECT_EQ(Blob().view().value().bytes(), "");
  EXPECT_EQ(in_file("").view().value().bytes(), "");
}

TEST(Blob, ShrunkFileIsAnErrorNotShortBytes) {
  const Blob blob = in_file("0123456789");
  ASSERT_EQ(::ftruncate(blob.fd(), 4), 0);
  EXPECT_EQ(blob.to_string().status().code(), Code::unavailable);
}

TEST(Blob, MemfdHoldsTheSameBytesAndCannotChange) {
  const std::string bytes(200'000, 'x');
  const Blob sealed = Blob(bytes).to_memfd("test").value();
  EXPECT_EQ(sealed.to_string().value(), bytes);
  EXPECT_EQ(::pwrite(sealed.fd(), "y", 1, 0), -1);
  EXPECT_EQ(::ftruncate(sealed.fd(), 0), -1);
}

}  // namespace
}  // namespace thumbmill
