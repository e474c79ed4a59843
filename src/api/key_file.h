// KeyFile: the keys file while the program runs. It is read again when it has changed, so that a
// new or revoked key needs no restart. It is looked at every kInterval and compared by its bytes:
// times and inodes mislead where files are swapped by links, as Kubernetes does with Secrets.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/key_table.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"

namespace thumbmill {

/// The text of a keys file. not_found and others naming the file; too_large over 4 MiB.
Result<std::string> read_key_file(const std::string& path);

/// Whether others than the file's owner and group may read or change it: it holds the key that
/// signs URLs. False when there is no file.
bool is_key_file_exposed(const std::string& path);

/// Thread-safe. Clock and log outlive it.
class KeyFile {
 public:
  static constexpr std::chrono::seconds kInterval{2};

  /// Reads the file. invalid_argument for a mistake in it, naming file, line and what is allowed.
  static Result<std::unique_ptr<KeyFile>> open(const std::string& path, Clock& clock, Logger& log);
  ~KeyFile() { stop(); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  /// The keys that hold now. Never null.
  std::shared_ptr<const KeyTable> keys() const;

  /// Looks at the file now. A file that has mistakes, or is gone, changes nothing and is told to
  /// the log as an error, once: whoever has a key keeps it, and nobody gets in who had none.
  void look();

  /// Starts a thread that looks every kInterval.
  void start();
  void stop();

 private:
  KeyFile(std::string path, std::string text, KeyTable table, Clock& clock, Logger& log);

  const std::string path_;
  Clock& clock_;
  Logger& log_;
  std::string seen_;     // the text that was looked at last; one thread at a time
  std::string failure_;  // that was told last; one thread at a time
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;                  // guarded by mutex_
  std::shared_ptr<const KeyTable> table_;  // shared with requests that use it; guarded by mutex_
};

}  // namespace thumbmill
