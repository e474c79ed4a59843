#include "service/ingest.h"

#include "base/ids.h"
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

class IngestTest : public ServiceTest {
 protected:
  Status refusal(const Upload& upload) { return ingest.accept(upload, {}).status(); }

  Job stored_job(const std::string& id) {
    return decode_job(store.head(upload_key(id), {}).value().metadata).value();
  }

  static Upload with_key(const std::string& key, const std::string& content = "picture") {
    Upload upload = make_upload(content);
    upload.idempotency_key = key;
    return upload;
  }
};

TEST_F(IngestTest, StoresTheOriginalWithItsJobAndQueuesIt) {
  Upload upload = make_upload();
  upload.keep_original = true;
  upload.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string id = accept(upload);
  EXPECT_TRUE(is_uuid7(id));
  const Object object = store.get(upload_key(id), {}).value();
  EXPECT_EQ(object.body.to_string().value(), jpeg_bytes("picture"));
  EXPECT_EQ(object.info.content_type, "image/jpeg");
  const Job expected{.renditions = upload.renditions,
                     .name = "photo.jpg",
                     .format = ImageFormat::jpeg,
                     .created = clock.wall_now(),
                     .keep_original = true,
                     .trace = upload.trace};
  EXPECT_EQ(decode_job(object.info.metadata).value(), expected);
  EXPECT_EQ(queued(id)->state, QueuedState::ready);
  EXPECT_EQ(notifier.count(JobState::queued, id), 1u);
  EXPECT_EQ(metrics.value(metric::kUploads, {"accepted"}), 1);
  EXPECT_EQ(metrics.value(metric::kUploadBytes), static_cast<double>(upload.body.size()));
}

TEST_F(IngestTest, RefusesFormatsThatAreSwitchedOff) {
  Ingest pngs_only(store, queue, notifier, metrics, log, clock, *FormatSet::parse("png"));
  Upload upload;
  upload.body = Blob(std::string("GIF89a and so on"));
  upload.renditions = {RenditionSpec()};
  const Status refused = pngs_only.accept(upload, {}).status();
  EXPECT_EQ(refused.code(), Code::unsupported);
  EXPECT_EQ(refused.message(), "gif images are switched off here; formats: png");
  EXPECT_EQ(refusal(upload).code(), Code::ok);
}

TEST_F(IngestTest, RefusesWhatIsNoImageAndStoresNothing) {
  Upload upload = make_upload();
  upload.body = Blob();
  EXPECT_EQ(refusal(upload).code(), Code::invalid_argument);
  upload.body = Blob("plain text, not an image at all");
  EXPECT_EQ(refusal(upload).code(), Code::unsupported);
  upload.body = Blob("<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
  EXPECT_EQ(refusal(upload).code(), Code::unsupported);
  upload = make_upload();
  upload.renditions.clear();
  EXPECT_EQ(refusal(upload).code(), Code::invalid_argument);
  for (const std::string& key : {std::string(), std::string("with space"), std::string(256, 'k')}) {
    EXPECT_EQ(refusal(with_key(key)).code(), Code::invalid_argument) << key;
  }
  EXPECT_TRUE(store.keys().empty());
  EXPECT_EQ(metrics.value(metric::kUploads, {"unsupported"}), 2);
}

TEST_F(IngestTest, AcceptsWithoutTheQueueAndTheSweepDelivers) {
  queue.fail_all(Status(Code::unavailable, "away"));
  const std::string id = accept();
  EXPECT_EQ(metrics.value(metric::kUploadsUnqueued), 1);
  EXPECT_EQ(log.count(LogLevel::warning, "not queued"), 1u);
  queue.fail_all(Status());
  EXPECT_EQ(queued(id), std::nullopt);
  clock.advance(std::chrono::minutes(3));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_EQ(janitor.sweep({}).value().requeued, 1u);
  EXPECT_EQ(run_to_end(), JobState::done);
}

TEST_F(IngestTest, PromisesNothingWithoutTheStore) {
  store.fail("put", "uploads/", Status(Code::exhausted, "disk full"), 1);
  EXPECT_EQ(refusal(make_upload()).code(), Code::exhausted);
  EXPECT_TRUE(store.keys().empty());
  EXPECT_EQ(queue.depth({}).value().ready, 0u);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Characters of one and of two UTF-16 code units.
TEST_F(IngestTest, KeepsANameAsLongAsAFilesAndCutsALongerOneVisibly) {
  const struct {
    std::string character;
    std::size_t most;
  } cases[] = {{"a", 255}, {"\xc3\xa9", 255}, {"\xe9\xbe\x8d", 255}, {"\xf0\x9f\x90\x98", 127}};
  Upload upload = make_upload();
  for (const auto& [character, most] : cases) {
    upload.name = repeated(character, most);
    EXPECT_EQ(stored_job(accept(upload)).name, upload.name);
    upload.name = repeated(character, 4000);
    const std::string name = stored_job(accept(upload)).name;
    const std::size_t kept = most == 255 ? 254 : 127;
    EXPECT_EQ(name, repeated(character, kept) + "\xe2\x80\xa6");
    EXPECT_EQ(ingest.accept(upload, {}).value().name, name) << "its sender is told";
  }
}

TEST_F(IngestTest, CutsANameForWhichTheRenditionsLeaveNoRoom) {
  Upload upload = make_upload();
  upload.trace.assign(1500, 't');
  upload.name = repeated("\xe9\xbe\x8d", 200);
  const std::string name = stored_job(accept(upload)).name;
  EXPECT_TRUE(name.ends_with("\xe9\xbe\x8d\xe2\x80\xa6")) << name;
  EXPECT_GT(name.size(), 3u * 50);
}

TEST_F(IngestTest, RefusesAJobThatIsTooLongWithoutItsName) {
  Upload upload = make_upload();
  upload.trace.assign(3000, 't');
  EXPECT_EQ(refusal(upload).code(), Code::invalid_argument);
}

TEST_F(IngestTest, TheSameKeyGivesTheSameId) {
  const AcceptedUpload first = ingest.accept(with_key("k"), {}).value();
  EXPECT_FALSE(first.known);
  const AcceptedUpload second = ingest.accept(with_key("k"), {}).value();
  EXPECT_TRUE(second.known);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(run_to_end(), JobState::done);
  const AcceptedUpload third = ingest.accept(with_key("k"), {}).value();
  EXPECT_TRUE(third.known);
  EXPECT_EQ(third.id, first.id);
  EXPECT_FALSE(has(upload_key(first.id)));
  EXPECT_NE(ingest.accept(with_key("other"), {}).value().id, first.id);
  EXPECT_EQ(metrics.value(metric::kUploads, {"known"}), 2);
}

TEST_F(IngestTest, AKeyUsedWithAnotherUploadIsRefused) {
  ASSERT_TRUE(ingest.accept(with_key("k"), {}).ok());
  Upload other_options = with_key("k");
  other_options.renditions[0].quality = 50;
  for (const Upload& upload : {with_key("k", "another picture"), other_options}) {
    const Status status = refusal(upload);
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_EQ(status.detail(), Ingest::kKeyReused);
  }
  Upload other_name = with_key("k");
  other_name.name = "renamed.jpg";
  EXPECT_TRUE(ingest.accept(other_name, {}).value().known);
}

TEST_F(IngestTest, ACrashBetweenTheRecordAndTheUploadIsMadeGood) {
  store.fail("put", "uploads/", Status(Code::unavailable, "the process died here"), 1);
  EXPECT_EQ(refusal(with_key("k")).code(), Code::unavailable);
  ASSERT_EQ(store.keys().size(), 1u);  // the record
  const AcceptedUpload again = ingest.accept(with_key("k"), {}).value();
  EXPECT_FALSE(again.known);
  EXPECT_TRUE(has(upload_key(again.id)));
  EXPECT_EQ(ingest.accept(with_key("k"), {}).value().id, again.id);
  EXPECT_EQ(run_to_end(), JobState::done);
}

TEST_F(IngestTest, AFailedJobsKeyIsKnownToo) {
  const std::string id = accept(with_key("k"));
  thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
  EXPECT_EQ(run_to_end(), JobState::failed);
  EXPECT_EQ(ingest.accept(with_key("k"), {}).value().id, id);
  EXPECT_FALSE(has(upload_key(id)));
}

TEST_F(IngestTest, AKeyWhoseJobWasDeletedGivesANewJob) {
  const std::string id = accept(with_key("k"));
  ASSERT_TRUE(catalog.remove(id, {}).ok());
  const AcceptedUpload again = ingest.accept(with_key("k"), {}).value();
  EXPECT_FALSE(again.known);
  EXPECT_NE(again.id, id);
  EXPECT_TRUE(catalog.find(again.id, {}).ok());
}

// The queue is asked last, with the key still held.
class SlowQueue final : public JobQueue {
 public:
  explicit SlowQueue(std::function<void()> on_enqueue) : on_enqueue_(std::move(on_enqueue)) {}
  Result<bool> enqueue(std::string_view, std::string_view, const OpContext&) override {
    on_enqueue_();
    return true;
  }
  Result<std::vector<Lease>> lease(std::size_t, std::chrono::milliseconds,
                                   std::chrono::milliseconds, const OpContext&) override {
    return std::vector<Lease>();
  }
  Result<std::optional<QueuedJob>> find(std::string_view, const OpContext&) override {
    return std::optional<QueuedJob>();
  }
  Status forget(std::string_view, const OpContext&) override { return Status(); }
  Result<QueueDepth> depth(const OpContext&) override { return QueueDepth(); }
  Status check(const OpContext&) override { return Status(); }
  QueueTraits traits() const override { return {}; }

 private:
  std::function<void()> on_enqueue_;
};

TEST_F(IngestTest, TheSameKeyAtTheSameTimeIsAConflict) {
  Ingest* slow = nullptr;
  Status meanwhile;
  SlowQueue slow_queue([&] {
    if (meanwhile.ok()) meanwhile = slow->accept(with_key("k"), {}).status();
  });
  Ingest slow_ingest(store, slow_queue, notifier, metrics, log, clock);
  slow = &slow_ingest;
  EXPECT_TRUE(slow_ingest.accept(with_key("k"), {}).ok());
  EXPECT_EQ(meanwhile.code(), Code::conflict);
  EXPECT_TRUE(slow_ingest.accept(with_key("k"), {}).value().known);
}

}  // namespace
}  // namespace thumbmill
