// The messages between a pool and its decoders.
#include "sandbox/wire.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

DecodeRequest some_request() {
  DecodeRequest request;
  request.source_offset = 4096;
  request.source_bytes = 123456789012;
  request.format = ImageFormat::heic;
  request.limits.max_pixels = 1'000'000'007;
  request.limits.max_pages = 3;
  request.limits.max_rendition_pixels = 99'999;
  request.limits.cpu_time = std::chrono::milliseconds(1234);
  request.renditions = {RenditionSpec{.name = "a",
                                      .width_px = 1,
                                      .height_px = 0,
                                      .fit = Fit::cover,
                                      .format = ImageFormat::avif,
                                      .quality = 100,
                                      .background = Color{1, 2, 3},
                                      .enlarge = true},
                        RenditionSpec()};
  return request;
}

DecodeReply some_reply() {
  DecodeReply reply;
  reply.source_size = {4000, 3000};
  DecodedRendition rendition;
  rendition.facts = {.name = "thumb",
                     .format = ImageFormat::png,
                     .size = {200, 150},
                     .size_bytes = 5000,
                     .placeholder = "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
                     .color = "#a0b0c0"};
  rendition.offset = 17;
  reply.renditions = {rendition};
  return reply;
}

TEST(Wire, CarriesARequest) {
  const DecodeRequest sent = some_request();
  const auto got = decode_request(encode_request(sent));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->source_offset, sent.source_offset);
  EXPECT_EQ(got->source_bytes, sent.source_bytes);
  EXPECT_EQ(got->format, sent.format);
  EXPECT_EQ(got->limits.max_pixels, sent.limits.max_pixels);
  EXPECT_EQ(got->limits.max_side_px, sent.limits.max_side_px);
  EXPECT_EQ(got->limits.max_pages, sent.limits.max_pages);
  EXPECT_EQ(got->limits.max_scans, sent.limits.max_scans);
  EXPECT_EQ(got->limits.max_rendition_pixels, sent.limits.max_rendition_pixels);
  EXPECT_EQ(got->limits.max_memory_bytes, sent.limits.max_memory_bytes);
  EXPECT_EQ(got->limits.cpu_time, sent.limits.cpu_time);
  EXPECT_EQ(got->limits.wall_time, sent.limits.wall_time);
  EXPECT_EQ(got->renditions, sent.renditions);
}

TEST(Wire, CarriesAReplyAndARefusal) {
  const DecodeReply sent = some_reply();
  const auto got = decode_reply(encode_reply(sent));
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->status.ok());
  EXPECT_EQ(got->source_size, sent.source_size);
  ASSERT_EQ(got->renditions.size(), 1u);
  EXPECT_EQ(got->renditions[0].facts, sent.renditions[0].facts);
  EXPECT_EQ(got->renditions[0].offset, sent.renditions[0].offset);

  DecodeReply refusal;
  refusal.status = Status(Code::too_large, std::string(5000, 'm'), std::string(9000, 'd'));
  const auto refused = decode_reply(encode_reply(refusal));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status.code(), Code::too_large);
  EXPECT_EQ(refused->status.message(), std::string(1024, 'm'));
  EXPECT_EQ(refused->status.detail(), std::string(4096, 'd'));
}

TEST(Wire, TheLargestMessagesFitAPacket) {
  DecodeRequest request = some_request();
  RenditionSpec spec = request.renditions[0];
  request.renditions.clear();
  for (std::size_t i = 0; i < kMaxRenditionsPerJob; ++i) {
    spec.name = std::string(31, 'n') + static_cast<char>('a' + i);
    request.renditions.push_back(spec);
  }
  EXPECT_LE(encode_request(request).size(), kMaxMessageBytes);
  ASSERT_TRUE(decode_request(encode_request(request)).ok());

  DecodeReply reply = some_reply();
  reply.status = Status(Code::internal, std::string(5000, 'm'), std::string(9000, 'd'));
  reply.renditions.assign(kMaxRenditionsPerJob, reply.renditions[0]);
  EXPECT_LE(encode_reply(reply).size(), kMaxMessageBytes);
}

TEST(Wire, CarriesANeedOfMemoryAndTheWordToGoOn) {
  const MemoryNeed need = decode_need(encode_need({7, 1ull << 40})).value();
  EXPECT_EQ(need.sequence, 7u);
  EXPECT_EQ(need.bytes, 1ull << 40);
  EXPECT_EQ(decode_go(encode_go(9)).value(), 9u);
  for (const std::string& whole : {encode_need({7, 8}), encode_go(9)}) {
    EXPECT_FALSE(decode_need(whole.substr(1)).ok());
    EXPECT_FALSE(decode_go(whole + "x").ok());
    EXPECT_FALSE(decode_reply(whole).ok());
  }
}

TEST(Wire, NoPartOfAMessageIsAMessage) {
  for (const std::string& whole : {encode_request(some_request()), encode_reply(some_reply())}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_request(whole.substr(0, size)).ok()) << size;
      EXPECT_FALSE(decode_reply(whole.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(decode_request(whole + '\0').ok());
    EXPECT_FALSE(decode_reply(whole + '\0').ok());
  }
}

// What can be read must have been written by encode_*(): there is one way to say each thing.
TEST(Wire, EveryChangedByteIsRefusedOrMeant) {
  const std::string request = encode_request(some_request());
  const std::string reply = encode_reply(some_reply());
  for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
    for (std::size_t at = 0; at < request.size(); ++at) {
      std::string changed = request;
      changed[at] = static_cast<char>(value);
      const auto got = decode_request(changed);
      EXPECT_TRUE(!got.ok() || encode_request(*got) == changed) << at;
    }
    for (std::size_t at = 0; at < reply.size(); ++at) {
      std::string changed = reply;
      changed[at] = static_cast<char>(value);
      const auto got = decode_reply(changed);
      EXPECT_TRUE(!got.ok() || encode_reply(*got) == changed) << at;
    }
  }
}

TEST(Wire, ARequestWithoutRenditionsIsNone) {
  DecodeRequest request = some_request();
  request.renditions.clear();
  EXPECT_FALSE(decode_request(encode_request(request)).ok());
}

}  // namespace
}  // namespace thumbmill
