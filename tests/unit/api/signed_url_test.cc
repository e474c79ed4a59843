#include "api/signed_url.h"

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

const std::string kOld(64, 'a');
const std::string kNew(64, 'b');
constexpr std::string_view kPath = "/v1/images/id/thumb";

KeyTable table(const std::string& text) { return KeyTable::parse(text).value(); }

HttpRequest request_of(const std::string& url) {
  HttpRequest request;
  request.method = "GET";
  const std::size_t mark = std::min(url.find('?'), url.size());
  request.path = url.substr(0, mark);
  for (std::size_t begin = mark + 1; begin < url.size();) {
    const std::size_t end = std::min(url.find('&', begin), url.size());
    const std::string pair = url.substr(begin, end - begin);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    request.query.emplace_back(pair.substr(0, equals),
                               pair.substr(std::min(equals + 1, pair.size())));
    begin = end + 1;
  }
  return request;
}

Signature check(const std::string& url, const KeyTable& keys, std::int64_t now) {
  WallTime expires{};
  return check_signature(request_of(url), keys, from_unix_ms(now * 1000), expires);
}

TEST(SignedUrl, IsAnHmacThatAnybodyWithTheKeyCanMake) {
  // printf 'GET\n/v1/images/id/thumb\n1000' | openssl dgst -sha256 -hmac aaaa...
  EXPECT_EQ(sign_path(kPath, 1000, kOld),
            "/v1/images/id/thumb?expires=1000&signature="
            "1f1527740cc2f66530c6f765c97ccef00211d112e405fdf8cb35444ff03b0e1c");
}

TEST(SignedUrl, HoldsUntilItExpires) {
  const KeyTable keys = table("sign " + kOld);
  const std::string url = sign_path(kPath, 1000, kOld);
  EXPECT_EQ(check(url, keys, 999), Signature::good);
  EXPECT_EQ(check(url, keys, 1000), Signature::expired);
  EXPECT_EQ(check(url + "&x=1", keys, 999), Signature::good);
  WallTime expires{};
  check_signature(request_of(url), keys, from_unix_ms(0), expires);
  EXPECT_EQ(expires, from_unix_ms(1'000'000));
}

TEST(SignedUrl, NothingOfItCanBeChanged) {
  const KeyTable keys = table("sign " + kOld);
  const std::string url = sign_path(kPath, 1000, kOld);
  const std::string signature = url.substr(url.find("signature="));
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (url[i] == '?' || url[i] == '&' || url[i] == '=') continue;
    std::string changed = url;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_NE(check(changed, keys, 1), Signature::good) << changed;
  }
  const std::string path(kPath);
  for (const std::string& query :
       {std::string("expires=1000"), "expires=9999&" + signature, "expires=01000&" + signature,
        "expires=+1000&" + signature, "expires=1000000000000000&" + signature,
        "expires=&" + signature, signature, std::string("expires=1000&signature="),
        "expires=1000&expires=9999&" + signature, "expires=1000&" + signature + "&signature=x",
        "expires=1000&" + signature + "0"}) {
    EXPECT_NE(check(path + "?" + query, keys, 1), Signature::good) << query;
  }
  EXPECT_EQ(check(path, keys, 1), Signature::absent);
  EXPECT_EQ(check(url, KeyTable(), 1), Signature::wrong);
}

TEST(SignedUrl, KeysAreChangedByHavingTwoForAWhile) {
  const std::string old_url = sign_path(kPath, 1000, kOld);
  const std::string new_url = sign_path(kPath, 1000, kNew);
  const KeyTable both = table("sign " + kNew + "\nsign " + kOld);
  EXPECT_EQ(check(old_url, both, 1), Signature::good);
  EXPECT_EQ(check(new_url, both, 1), Signature::good);
  EXPECT_EQ(check(old_url, table("sign " + kNew), 1), Signature::wrong);
}

class RenditionUrlsTest : public testing::Test {
 protected:
  RenditionUrls urls(const std::string& text, std::chrono::seconds time) {
    const auto keys = std::make_shared<const KeyTable>(table(text));
    return RenditionUrls([keys] { return keys; }, time, clock_);
  }
  std::int64_t now() const { return to_unix_ms(clock_.wall_now()) / 1000; }

  SimClock clock_;
};

TEST_F(RenditionUrlsTest, AreSignedByTheFirstKey) {
  const std::string url = urls("sign " + kNew + "\nsign " + kOld, 1h).of("id", "thumb");
  EXPECT_EQ(check(url, table("sign " + kNew), now()), Signature::good);
  EXPECT_EQ(check(url, table("sign " + kOld), now()), Signature::wrong);
}

TEST_F(RenditionUrlsTest, AreBareWithoutAKeyToSignWith) {
  EXPECT_EQ(RenditionUrls({}, 1h, clock_).of("id", "thumb"), kPath);
  EXPECT_EQ(urls("", 1h).of("id", "thumb"), kPath);
}

TEST_F(RenditionUrlsTest, StayTheSameForAQuarterOfTheirTimeAndHoldAtLeastThatTime) {
  const KeyTable keys = table("sign " + kOld);
  const RenditionUrls made = urls("sign " + kOld, 1h);
  std::string last;
  int changes = 0;
  for (int minute = 0; minute < 240; ++minute) {
    const std::string url = made.of("id", "thumb");
    EXPECT_EQ(check(url, keys, now() + 3599), Signature::good);
    EXPECT_EQ(check(url, keys, now() + 4501), Signature::expired);
    changes += url != last ? 1 : 0;
    last = url;
    clock_.advance(1min);
  }
  EXPECT_LE(changes, 17);
}

}  // namespace
}  // namespace thumbmill
