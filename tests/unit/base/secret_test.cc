#include "base/secret.h"

#include <set>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(Secret, HasTheLengthAskedForAndIsNeverTheSame) {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) made.insert(new_secret_hex(32));
  EXPECT_EQ(made.size(), 100U);
  for (const std::string& secret : made) {
    EXPECT_EQ(secret.size(), 64U);
    EXPECT_EQ(secret.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST(Secret, IsEqualToItselfOnly) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  for (const char* other : {"", "secre", "secrets", "Secret", "secreT"}) {
    EXPECT_FALSE(equal_in_constant_time("secret", other)) << other;
  }
}

}  // namespace
}  // namespace thumbmill
