#include "app/config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/configuration_page.h"
#include "app/units.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

class ConfigFile {
 public:
  explicit ConfigFile(std::string_view text)
      : path_(std::filesystem::temp_directory_path() /
              ("thumbmill-config-" + std::to_string(::getpid()) + ".toml")) {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string refusal(const SettingSources& sources) {
  const auto loaded = load_settings(sources);
  return loaded.ok() ? "accepted" : loaded.status().message();
}

TEST(Config, DefaultsAreThoseOfTheTable) {
  const LoadedSettings loaded = load_settings({}).value();
  for (const Option& option : option_table()) {
    EXPECT_EQ(option.get(loaded.settings), option.default_value) << option.name;
    EXPECT_EQ(loaded.origins.at(option.name), "default") << option.name;
  }
  EXPECT_EQ(loaded.settings.renditions.at("thumb"), RenditionSpec());
}

TEST(Config, EverySettingReadsBackWhatItPrints) {
  const LoadedSettings loaded = load_settings({}).value();
  for (const Option& option : option_table()) {
    Settings other;
    ASSERT_TRUE(option.set(option.get(loaded.settings), other).ok()) << option.name;
    EXPECT_EQ(option.get(other), option.get(loaded.settings)) << option.name;
  }
}

TEST(Config, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const ConfigFile file("workers = 3\nmax-body = \"1MiB\"\ndrain = \"5s\"\n");
  const SettingSources sources{
      {{"workers", "7"}},
      {{"THUMBMILL_WORKERS", "5"}, {"THUMBMILL_MAX_BODY", "2MiB"}, {"HOME", "/"}},
      file.path()};
  const LoadedSettings loaded = load_settings(sources).value();
  EXPECT_EQ(loaded.settings.workers, 7u);
  EXPECT_EQ(loaded.origins.at("workers"), "flag --workers");
  EXPECT_EQ(loaded.settings.max_body_bytes, 2u << 20);
  EXPECT_EQ(loaded.origins.at("max-body"), "environment THUMBMILL_MAX_BODY");
  EXPECT_EQ(loaded.settings.drain, std::chrono::seconds(5));
  EXPECT_EQ(loaded.origins.at("drain"), "file " + file.path());
}

TEST(Config, PortMovesOnlyThePort) {
  const LoadedSettings loaded = load_settings({{}, {{"PORT", "9000"}}, {}}).value();
  EXPECT_EQ(loaded.settings.listen.host, "127.0.0.1");
  EXPECT_EQ(loaded.settings.listen.port, 9000);
  EXPECT_THAT(refusal({{}, {{"PORT", "http"}}, {}}), HasSubstr("environment PORT"));
}

TEST(Config, BadValuesNameTheSettingItsOriginAndWhatIsAllowed) {
  EXPECT_THAT(
      refusal({{{"workers", "many"}}, {}, {}}),
      ::testing::AllOf(HasSubstr("workers"), HasSubstr("flag --workers"), HasSubstr("0 to 1024")));
  EXPECT_THAT(refusal({{{"max-body", "50 potatoes"}}, {}, {}}), HasSubstr("1B to 4GiB"));
  EXPECT_THAT(refusal({{{"lease", "soon"}}, {}, {}}), HasSubstr("1s to 1h"));
  EXPECT_THAT(refusal({{{"listen", "here"}}, {}, {}}), HasSubstr("HOST:PORT"));
  EXPECT_THAT(
      refusal({{}, {{"THUMBMILL_LOG_LEVEL", "loud"}}, {}}),
      ::testing::AllOf(HasSubstr("THUMBMILL_LOG_LEVEL"), HasSubstr("debug, info, warning, error")));
}

TEST(Config, FileErrorsNameTheFileAndThePlace) {
  EXPECT_THAT(refusal({{}, {}, "/nowhere/thumbmill.toml"}), HasSubstr("/nowhere/thumbmill.toml"));
  // As a container's mount of a missing file makes one.
  EXPECT_THAT(refusal({{}, {}, "/tmp"}), HasSubstr("configuration file /tmp"));
  const ConfigFile broken("workers = \n");
  EXPECT_THAT(refusal({{}, {}, broken.path()}), HasSubstr("line 1"));
  const ConfigFile unknown("wrokers = 3\n");
  EXPECT_THAT(refusal({{}, {}, unknown.path()}), HasSubstr("\"wrokers\""));
}

TEST(Config, RenditionsComeFromTheFile) {
  const ConfigFile file(
      "default-renditions = [\"thumb\", \"card\"]\n"
      "[renditions.card]\nsize = \"640x480\"\nfit = \"cover\"\nformat = \"webp\"\nquality = 75\n");
  const LoadedSettings loaded = load_settings({{}, {}, file.path()}).value();
  const RenditionSpec& card = loaded.settings.renditions.at("card");
  EXPECT_EQ(card.name, "card");
  EXPECT_EQ(card.width_px, 640u);
  EXPECT_EQ(card.fit, Fit::cover);
  EXPECT_EQ(card.format, ImageFormat::webp);
  EXPECT_EQ(loaded.settings.default_renditions, (std::vector<std::string>{"thumb", "card"}));
}

TEST(Config, BadRenditionsAreNamed) {
  const ConfigFile bad_fit("[renditions.card]\nfit = \"squeeze\"\n");
  EXPECT_THAT(refusal({{}, {}, bad_fit.path()}),
              ::testing::AllOf(HasSubstr("[renditions.card]"), HasSubstr("inside")));
  EXPECT_THAT(refusal({{{"default-renditions", "card"}}, {}, {}}), HasSubstr("card"));
  const ConfigFile huge(
      "[renditions.huge]\nsize = \"8192x8192\"\nfit = \"contain\"\nbackground = \"#fff\"\n");
  EXPECT_THAT(refusal({{}, {}, huge.path()}),
              ::testing::AllOf(HasSubstr("[renditions.huge]"),
                               HasSubstr("max-rendition-pixels is 16777216")));
  EXPECT_EQ(refusal({{{"max-rendition-pixels", "67108864"}}, {}, huge.path()}), "accepted");
  const ConfigFile many(
      "default-renditions = [\"a\", \"b\", \"c\"]\n[renditions.a]\nfit = \"contain\"\n"
      "[renditions.b]\nfit = \"contain\"\n[renditions.c]\nfit = \"contain\"\n");
  EXPECT_THAT(refusal({{{"max-rendition-pixels", "40000"}}, {}, many.path()}),
              ::testing::AllOf(HasSubstr("default-renditions"), HasSubstr("80000")));
  const ConfigFile reserved("[renditions.original]\nsize = \"10\"\n");
  EXPECT_THAT(refusal({{}, {}, reserved.path()}), HasSubstr("[renditions.original]"));
}

TEST(Config, ContradictionsAreRefused) {
  EXPECT_THAT(refusal({{{"lease-renewal", "25s"}}, {}, {}}), HasSubstr("lease-patience"));
  EXPECT_THAT(refusal({{{"upload-burst", "255MiB"}}, {}, {}}),
              ::testing::AllOf(HasSubstr("upload-burst"), HasSubstr("256MiB")));
  EXPECT_EQ(refusal({{{"upload-burst", "256MiB"}}, {}, {}}), "accepted");
}

TEST(Config, UnknownVariablesOfOursAreWarnedAbout) {
  const LoadedSettings loaded =
      load_settings({{}, {{"THUMBMILL_WROKERS", "3"}, {"THUMBMILL_CORPUS", "x"}}, {}}).value();
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_THAT(loaded.warnings[0], HasSubstr("THUMBMILL_WROKERS"));
}

TEST(Config, ListenAddresses) {
  EXPECT_EQ(parse_listen_address("8080")->host, "0.0.0.0");
  EXPECT_EQ(parse_listen_address(":8080")->port, 8080);
  EXPECT_EQ(parse_listen_address("[::1]:80")->host, "::1");
  EXPECT_EQ(format_listen_address({"::1", 80}), "[::1]:80");
  for (const char* bad : {"", "localhost", "::1:80", "host:", "host:65536", "[::1:80"}) {
    EXPECT_FALSE(parse_listen_address(bad).has_value()) << bad;
  }
}

TEST(Units, RoundTrip) {
  EXPECT_EQ(parse_size_bytes("50MiB"), 50u << 20);
  EXPECT_EQ(parse_size_bytes("5MB"), 5'000'000u);
  EXPECT_EQ(format_size_bytes(1536ull << 20), "1536MiB");
  EXPECT_EQ(parse_duration("14d"), std::chrono::hours(14 * 24));
  EXPECT_EQ(format_duration(std::chrono::milliseconds(1500)), "1500ms");
  for (const char* bad : {"", "MiB", "-1", "1.5s", "99999999999GiB"}) {
    EXPECT_FALSE(parse_size_bytes(bad).has_value()) << bad;
  }
}

// docs/configuration.md is `thumbmill config --markdown`; this fails when one was changed without
// the other.
TEST(Config, TheReferencePageIsUpToDate) {
  std::ifstream file(std::filesystem::path(THUMBMILL_SOURCE_DIR) / "docs/configuration.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(page, configuration_page());
}

}  // namespace
}  // namespace thumbmill
