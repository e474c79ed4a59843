#include "api/key_file.h"

#include <filesystem>
#include <fstream>
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/recording_logger.h"
#include "fakes/sim_clock.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class KeyFileTest : public testing::Test {
 protected:
  void write(const std::string& text) const {
    std::ofstream(path_) << text;
    std::filesystem::permissions(path_, std::filesystem::perms(0600));
  }
  static std::string line(std::string_view name) {
    return fmt::format("key {} sha256:{} read\n", name, api_key_digest(name));
  }
  std::unique_ptr<KeyFile> open() { return KeyFile::open(path_, clock_, log_).value(); }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/keys";
  SimClock clock_;
  RecordingLogger log_;
};

TEST_F(KeyFileTest, TakesNewKeysAndDropsRevokedOnes) {
  write(line("a"));
  const auto file = open();
  const std::shared_ptr<const KeyTable> before = file->keys();
  EXPECT_NE(before->find("a"), nullptr);
  write(line("b"));
  file->look();
  EXPECT_EQ(file->keys()->find("a"), nullptr);
  EXPECT_NE(file->keys()->find("b"), nullptr);
  EXPECT_NE(before->find("a"), nullptr);  // whoever is using it may go on
  EXPECT_THAT(log_.warnings(), SizeIs(0));
}

TEST_F(KeyFileTest, AFileThatAllUsersMayReadIsWarnedOf) {
  write(line("a"));
  for (const auto& [mode, exposed] :
       {std::pair(0600, false), {0640, false}, {0660, false}, {0644, true}, {0602, true}}) {
    std::filesystem::permissions(path_, std::filesystem::perms(mode));
    EXPECT_EQ(is_key_file_exposed(path_), exposed) << std::oct << mode;
    const std::size_t before = log_.warnings().size();
    open();
    EXPECT_EQ(log_.warnings().size() - before, exposed ? 1U : 0U) << std::oct << mode;
  }
  EXPECT_THAT(log_.warnings().back(), HasSubstr("chmod"));
  EXPECT_FALSE(is_key_file_exposed(path_ + "-none"));
}

TEST_F(KeyFileTest, ABrokenFileKeepsTheOldKeysAndIsToldOnce) {
  write(line("a"));
  const auto file = open();
  write(line("b") + "nonsense\n");
  file->look();
  file->look();
  EXPECT_NE(file->keys()->find("a"), nullptr);
  EXPECT_EQ(file->keys()->find("b"), nullptr);
  EXPECT_THAT(log_.warnings(), SizeIs(1));
  std::filesystem::remove(path_);
  file->look();
  file->look();
  EXPECT_NE(file->keys()->find("a"), nullptr);
  EXPECT_THAT(log_.warnings(), SizeIs(2));
  write(line("b"));
  file->look();
  EXPECT_NE(file->keys()->find("b"), nullptr);
}

TEST_F(KeyFileTest, WithoutAKeyEverybodyIsRefusedAndThatIsTold) {
  write(line("a"));
  const auto file = open();
  write("# all revoked\n");
  file->look();
  EXPECT_EQ(file->keys()->find("a"), nullptr);
  write("");
  EXPECT_THAT(open()->keys()->keys(), SizeIs(0));
  EXPECT_THAT(log_.warnings(), SizeIs(1));
}

TEST_F(KeyFileTest, MistakesAtTheStartNameFileAndLine) {
  const auto none = KeyFile::open(path_, clock_, log_);
  EXPECT_THAT(none.status().message(), HasSubstr(path_));
  write("\nkey a\n");
  const auto broken = KeyFile::open(path_, clock_, log_);
  EXPECT_EQ(broken.status().code(), Code::invalid_argument);
  EXPECT_THAT(broken.status().message(), AllOf(HasSubstr(path_), HasSubstr("line 2")));
  write(std::string(5 << 20, '#'));
  EXPECT_EQ(KeyFile::open(path_, clock_, log_).status().code(), Code::too_large);
}

// Tells when the file has been taken over.
class TellingLogger final : public Logger {
 public:
  void write(LogLevel level, std::string_view, std::initializer_list<LogField>) override {
    if (level == LogLevel::info) taken_over.set_value();
  }
  std::promise<void> taken_over;
};

TEST_F(KeyFileTest, LooksByItself) {
  write(line("a"));
  TellingLogger log;
  const auto file = KeyFile::open(path_, clock_, log).value();
  file->start();
  clock_.await_waiters(1);
  write(line("b"));
  clock_.advance(KeyFile::kInterval);
  log.taken_over.get_future().wait();
  EXPECT_NE(file->keys()->find("b"), nullptr);
  file->stop();
}

}  // namespace
}  // namespace thumbmill
