#include "api/key_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/read_file.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostBytes = 4 << 20;

Result<KeyTable> parse_named(const std::string& path, std::string_view text) {
  Result<KeyTable> table = KeyTable::parse(text);
  if (table.ok()) return table;
  return Status(table.status().code(),
                fmt::format("keys file {}, {}", path, table.status().message()));
}

}  // namespace

Result<std::string> read_key_file(const std::string& path) {
  return read_file(path, "the keys file " + path, kMostBytes);
}

bool is_key_file_exposed(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

Result<std::unique_ptr<KeyFile>> KeyFile::open(const std::string& path, Clock& clock, Logger& log) {
  ASSIGN_OR_RETURN(std::string text, read_key_file(path));
  ASSIGN_OR_RETURN(KeyTable table, parse_named(path, text));
  return std::unique_ptr<KeyFile>(new KeyFile(path, std::move(text), std::move(table), clock, log));
}

KeyFile::KeyFile(std::string path, std::string text, KeyTable table, Clock& clock, Logger& log)
    : path_(std::move(path)),
      clock_(clock),
      log_(log),
      seen_(std::move(text)),
      table_(std::make_shared<const KeyTable>(std::move(table))) {
  if (table_->keys().empty()) {
    log_.warning("the keys file has no key: nobody may use the API", {{"file", path_}});
  }
  if (is_key_file_exposed(path_)) {
    log_.warning(
        "every user of this machine may read or change the keys file, which holds the key that "
        "signs "
        "URLs: chmod o-rwx",
        {{"file", path_}});
  }
}

std::shared_ptr<const KeyTable> KeyFile::keys() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void KeyFile::look() {
  Result<std::string> text = read_key_file(path_);
  if (text.ok() && *text == seen_) {
    failure_.clear();
    return;
  }
  const Result<KeyTable> table = text.ok() ? parse_named(path_, *text) : text.status();
  if (!table.ok()) {
    const std::string failure = table.status().to_string();
    if (failure != failure_) {
      log_.error("the keys file was not taken over; the keys from before hold",
                 {{"file", path_}, {"detail", failure}});
    }
    failure_ = failure;
    return;
  }
  seen_ = *std::move(text);
  failure_.clear();
  {
    auto taken = std::make_shared<const KeyTable>(*table);
    const std::lock_guard lock(mutex_);
    table_ = std::move(taken);
  }
  log_.info("the keys file was read again", {{"file", path_}, {"keys", table->keys().size()}});
}

void KeyFile::start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!clock_.wait_until(lock, stop_changed_, clock_.now() + kInterval,
                              [this] { return stopping_; })) {
      lock.unlock();
      look();
      lock.lock();
    }
  });
}

void KeyFile::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace thumbmill
