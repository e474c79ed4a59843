#include "api/key_table.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/access.h"
#include "fakes/strange_texts.h"

namespace thumbmill {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kDigest = api_key_digest("tm_secret");
const std::string kSigning(64, 'a');

std::string refusal(const std::string& text) {
  const Result<KeyTable> table = KeyTable::parse(text);
  return table.ok() ? "accepted" : table.status().message();
}

TEST(KeyTable, ReadsKeysScopesRatesAndSigningKeys) {
  const KeyTable table =
      KeyTable::parse(fmt::format("# made by hand\n\n"
                                  "key shop sha256:{} upload,queue rate=5 burst=9\r\n"
                                  "\tkey ops   sha256:{}   admin\n"
                                  "sign {}\nsign {}",
                                  kDigest, api_key_digest("other"), kSigning, std::string(64, 'b')))
          .value();
  ASSERT_EQ(table.keys().size(), 2U);
  const ApiKey* shop = table.find("tm_secret");
  ASSERT_NE(shop, nullptr);
  EXPECT_EQ(shop->name, "shop");
  EXPECT_EQ(shop->scopes, (std::vector{Scope::upload, Scope::queue}));
  EXPECT_EQ(shop->rate, (RateLimit{5, 9}));
  EXPECT_EQ(table.find("other")->rate, std::nullopt);
  EXPECT_EQ(table.signing_keys(), (std::vector{kSigning, std::string(64, 'b')}));
}

TEST(KeyTable, KnowsNoOtherKey) {
  const KeyTable table = KeyTable::parse(fmt::format("key a sha256:{} read\n", kDigest)).value();
  for (const char* key : {"", "tm_secre", "tm_secret ", "TM_SECRET", kDigest.c_str()}) {
    EXPECT_EQ(table.find(key), nullptr) << key;
  }
  EXPECT_EQ(KeyTable().find(""), nullptr);
}

TEST(KeyTable, ADigestThatOnlyBeginsTheSameIsAnother) {
  std::string alike = kDigest;
  alike.back() = alike.back() == '0' ? '1' : '0';
  EXPECT_EQ(KeyTable::parse(fmt::format("key a sha256:{} read\n", alike)).value().find("tm_secret"),
            nullptr);
}

TEST(KeyTable, MistakesNameTheLineAndWhatIsAllowed) {
  const auto key = [](std::string_view rest) {
    return fmt::format("key a sha256:{} {}", kDigest, rest);
  };
  EXPECT_THAT(refusal("\n\nfrob a"), AllOf(HasSubstr("line 3"), HasSubstr("key, sign or #")));
  EXPECT_THAT(refusal("key a"), HasSubstr("NAME sha256:DIGEST SCOPE"));
  EXPECT_THAT(refusal(key("write")),
              AllOf(HasSubstr("\"write\""), HasSubstr("read, upload, queue")));
  EXPECT_THAT(refusal(key("open")), HasSubstr("\"open\""));
  EXPECT_THAT(refusal(key("read,")), HasSubstr("scope \"\""));
  EXPECT_THAT(refusal(key("read rate=fast")), HasSubstr("rate=0 to 1000000"));
  EXPECT_THAT(refusal(key("read rate=-1")), HasSubstr("rate=0 to 1000000"));
  EXPECT_THAT(refusal(key("read rate=1 burst=0")), HasSubstr("burst=1 to"));
  EXPECT_THAT(refusal(key("read burst=5")), HasSubstr("rate of 1 or more"));
  EXPECT_THAT(refusal(key("read until=2030")), HasSubstr("rate=REQUESTS_A_SECOND"));
  EXPECT_THAT(refusal(fmt::format("key a/b sha256:{} read", kDigest)), HasSubstr("\"a/b\""));
  EXPECT_THAT(refusal(key("read") + "\n" + key("read")), HasSubstr("line 2: there is a key \"a\""));
  EXPECT_THAT(refusal(key("read") + fmt::format("\nkey b sha256:{} read", kDigest)),
              HasSubstr("this digest"));
  EXPECT_THAT(refusal("sign short"), HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(refusal(fmt::format("sign {0}\nsign {0}\nsign {0}", kSigning)),
              AllOf(HasSubstr("line 3"), HasSubstr("more than 2")));
}

TEST(KeyTable, AKeyThatStandsWhereItsDigestBelongsIsNotRepeated) {
  EXPECT_THAT(refusal("key a tm_secret read"),
              AllOf(HasSubstr("\"a\""), Not(HasSubstr("tm_secret"))));
  EXPECT_THAT(refusal("key a sha256:tm_secret read"), Not(HasSubstr("tm_secret")));
  EXPECT_THAT(refusal("tm_secret"), Not(HasSubstr("tm_secret")));
}

TEST(KeyTable, LinesReadBackWhatTheyWereMadeOf) {
  for (const std::optional<RateLimit>& rate :
       {std::optional<RateLimit>(), std::optional(RateLimit{0, 0}), std::optional(RateLimit{7, 0}),
        std::optional(RateLimit{7, 9})}) {
    const ApiKey key{"a.b-c_d", kDigest, {Scope::read, Scope::queue}, rate};
    EXPECT_EQ(key_name_of_line(key_line(key)), key.name);
    const ApiKey read = KeyTable::parse(key_line(key)).value().keys().front();
    EXPECT_EQ(read.name, key.name);
    EXPECT_EQ(read.sha256_hex, key.sha256_hex);
    EXPECT_EQ(read.scopes, key.scopes);
    EXPECT_EQ(read.rate, key.rate);
  }
  EXPECT_EQ(key_name_of_line("# key a"), "");
  EXPECT_EQ(key_name_of_line("sign abc"), "");
}

TEST(KeyTable, NewKeysAreLongAndNeverTheSame) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.insert(new_api_key());
  EXPECT_EQ(keys.size(), 100U);
  EXPECT_EQ(keys.begin()->size(), 67U);
}

TEST(Scopes, CoverWhatLiesBelowThem) {
  const std::vector<Scope> needed{Scope::open, Scope::read, Scope::upload, Scope::queue,
                                  Scope::admin};
  const auto covered = [&](Scope held) {
    std::vector<Scope> those;
    for (const Scope scope : needed) {
      if (covers(held, scope)) those.push_back(scope);
    }
    return those;
  };
  EXPECT_EQ(covered(Scope::read), (std::vector{Scope::open, Scope::read}));
  EXPECT_EQ(covered(Scope::upload), (std::vector{Scope::open, Scope::read, Scope::upload}));
  EXPECT_EQ(covered(Scope::queue), (std::vector{Scope::open, Scope::queue}));
  EXPECT_EQ(covered(Scope::admin), needed);
}

TEST(KeyTable, StrangeTextsAreRefusedOrHaveNoKey) {
  for (const std::string& text : strange_texts()) {
    const Result<KeyTable> table = KeyTable::parse(text);
    if (table.ok()) {
      EXPECT_TRUE(table->keys().empty()) << text.substr(0, 200);
    } else {
      EXPECT_EQ(table.status().code(), Code::invalid_argument) << text.substr(0, 200);
    }
  }
}

}  // namespace
}  // namespace thumbmill
