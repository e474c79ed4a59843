// Uploads that clients put into the store themselves.
#include "service/direct_uploads.h"

#include "fakes/fake_presigner.h"
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

class DirectUploadsTest : public ServiceTest {
 protected:
  static DirectUpload photo() {
    DirectUpload upload;
    upload.size_bytes = 100;
    upload.name = "photo.jpg";
    upload.renditions = {RenditionSpec{}};
    return upload;
  }

  std::string put(const std::string& bytes, const DirectUpload& upload = photo()) {
    const Result<BegunUpload> begun = uploads.begin(upload, {});
    EXPECT_TRUE(begun.ok()) << begun.status().to_string();
    EXPECT_TRUE(store.put(presigner.put_key, Blob(bytes), presigner.put_options, {}).ok());
    return begun.ok() ? begun->id : std::string();
  }

  FakePresigner presigner;
  DirectUploads uploads{presigner, store, ingest, clock, std::chrono::minutes(15)};
};

TEST_F(DirectUploadsTest, ACompletedUploadIsDone) {
  const std::string id = put(jpeg_bytes("picture"));
  ASSERT_TRUE(uploads.complete(id, "caller", {}).ok());
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(result_of(id)->name, "photo.jpg");
  EXPECT_FALSE(has(upload_key(id)));
  EXPECT_EQ(uploads.complete(new_uuid7(clock), "caller", {}).code(), Code::not_found);
}

// Its request is good for some time still.
TEST_F(DirectUploadsTest, AnImageThatHasEndedIsNotMadeAgain) {
  const std::string id = put(jpeg_bytes("picture"));
  EXPECT_TRUE(presigner.put_options.if_absent) << "the file cannot change under a worker";
  ASSERT_TRUE(uploads.complete(id, "caller", {}).ok());
  ASSERT_EQ(run_to_end(), JobState::done);
  ASSERT_TRUE(
      store.put(presigner.put_key, Blob(jpeg_bytes("another")), presigner.put_options, {}).ok());
  EXPECT_TRUE(uploads.complete(id, "caller", {}).ok());
  EXPECT_EQ(queued(id), std::nullopt);
  EXPECT_EQ(thumbnailer.calls(), 1u);
  clock.advance(std::chrono::minutes(3));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_EQ(janitor.sweep({}).value().requeued, 0u);
  EXPECT_FALSE(has(upload_key(id)));
}

TEST_F(DirectUploadsTest, TheSweepQueuesWhatNobodyCompletes) {
  const std::string id = put(jpeg_bytes("picture"));
  clock.advance(std::chrono::minutes(3));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_EQ(janitor.sweep({}).value().requeued, 1U);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_TRUE(result_of(id)->done());
}

TEST_F(DirectUploadsTest, TheBytesDecideWhatItIs) {
  DirectUpload said = photo();
  said.format = ImageFormat::png;
  const std::string id = put(jpeg_bytes("picture"), said);
  ASSERT_TRUE(uploads.complete(id, "caller", {}).ok());
  thumbnailer.set_hook([](const ThumbnailRequest& request, const OpContext&) {
    EXPECT_EQ(request.format, ImageFormat::jpeg);
    return Status();
  });
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(result_of(id)->source_format, ImageFormat::jpeg);
}

TEST_F(DirectUploadsTest, WhatIsNoImageFailsBeforeADecoderSeesIt) {
  for (const std::string& bytes :
       {std::string("<svg></svg>"), std::string("text"), std::string()}) {
    const std::string id = put(bytes);
    ASSERT_TRUE(uploads.complete(id, "caller", {}).ok());
    EXPECT_EQ(run_to_end(), JobState::failed);
    EXPECT_EQ(result_of(id)->failure->code,
              bytes.empty() ? Code::invalid_argument : Code::unsupported);
    EXPECT_TRUE(has(dead_key(id)));
  }
  EXPECT_EQ(thumbnailer.calls(), 0U);
}

TEST_F(DirectUploadsTest, OnlyWhatCanBecomeAThumbnailIsBegun) {
  DirectUpload empty = photo();
  empty.size_bytes = 0;
  EXPECT_EQ(uploads.begin(empty, {}).status().code(), Code::invalid_argument);
  DirectUpload drawing = photo();
  drawing.format = ImageFormat::svg;
  EXPECT_EQ(uploads.begin(drawing, {}).status().code(), Code::unsupported);
  DirectUpload nothing = photo();
  nothing.renditions.clear();
  EXPECT_EQ(uploads.begin(nothing, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(presigner.put_key, "");
}

TEST_F(DirectUploadsTest, AnAwayQueueLosesNothing) {
  const std::string id = put(jpeg_bytes("picture"));
  queue.fail_all(Status(Code::unavailable, "away"));
  EXPECT_TRUE(uploads.complete(id, "caller", {}).ok());
  EXPECT_EQ(metrics.value(metric::kUploadsUnqueued), 1);
}

}  // namespace
}  // namespace thumbmill
