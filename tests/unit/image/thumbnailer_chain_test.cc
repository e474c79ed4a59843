#include "image/thumbnailer_chain.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

// Answers with a code, or with thumbnails of a source of `side` pixels; counts how often.
class Link final : public Thumbnailer {
 public:
  Link(Code code, std::uint32_t side, int& asked) : code_(code), side_(side), asked_(asked) {}

  Result<Thumbnails> make(const ThumbnailRequest&, const OpContext&) override {
    ++asked_;
    if (code_ != Code::ok) return Status(code_, "no " + std::to_string(side_));
    return Thumbnails{{side_, side_}, {}};
  }

 private:
  const Code code_;
  const std::uint32_t side_;
  int& asked_;
};

struct Asked {
  int first = 0;
  int second = 0;
};

Result<Thumbnails> ask(Code first, Code second, Asked& asked) {
  std::vector<std::unique_ptr<Thumbnailer>> links;
  links.push_back(std::make_unique<Link>(first, 1, asked.first));
  links.push_back(std::make_unique<Link>(second, 2, asked.second));
  return ThumbnailerChain(std::move(links)).make({}, {});
}

TEST(ThumbnailerChain, TheFirstThatCanDoesIt) {
  Asked asked;
  EXPECT_EQ(ask(Code::ok, Code::ok, asked)->source_size.width, 1u);
  EXPECT_EQ(asked.second, 0);
}

TEST(ThumbnailerChain, PassesOnWhatIsNotForTheFirst) {
  for (const Code code : {Code::unsupported, Code::corrupt_input}) {
    Asked asked;
    EXPECT_EQ(ask(code, Code::ok, asked)->source_size.width, 2u);
    EXPECT_EQ(asked.first, 1);
  }
}

TEST(ThumbnailerChain, OtherAnswersStand) {
  for (const Code code :
       {Code::too_large, Code::invalid_argument, Code::deadline_exceeded, Code::internal}) {
    Asked asked;
    EXPECT_EQ(ask(code, Code::ok, asked).status().code(), code);
    EXPECT_EQ(asked.second, 0);
  }
}

TEST(ThumbnailerChain, TheLastHasTheLastWord) {
  Asked asked;
  const Status status = ask(Code::unsupported, Code::corrupt_input, asked).status();
  EXPECT_EQ(status.code(), Code::corrupt_input);
  EXPECT_EQ(status.message(), "no 2");
}

}  // namespace
}  // namespace thumbmill
