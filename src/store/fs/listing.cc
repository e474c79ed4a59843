#include "store/fs/listing.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "model/object_key.h"

namespace thumbmill {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_directory(int directory_fd, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat info {};
  return ::fstatat(directory_fd, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(info.st_mode);
}

// The keys of a directory's files, and of its directories with a '/' behind, that may hold anything
// greater than `after`; the '/' makes their byte order that of the keys below them.
Result<std::vector<std::string>> entries_after(DIR* directory, const std::string& prefix,
                                               std::string_view after) {
  std::vector<std::string> keys;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name(entry->d_name);
    if (name == "." || name == ".." || (prefix.empty() && is_private_name(name))) continue;
    std::string key = prefix + entry->d_name;
    if (is_directory(::dirfd(directory), *entry)) {
      if (!is_object_key(key)) continue;  // nothing of ours lies below
      key.push_back('/');
      if (key > after || after.starts_with(key)) keys.push_back(std::move(key));
    } else if (key > after) {
      keys.push_back(std::move(key));
    }
    errno = 0;
  }
  if (errno != 0) return status_from_errno(errno, "listing the store");
  return keys;
}

}  // namespace

bool is_private_name(std::string_view name) {
  return name == "tmp" || name == "queue" || name.starts_with('.');
}

Status list_directory(const std::string& root, const std::string& prefix, std::string_view after,
                      std::size_t limit, std::vector<ListedObject>& found) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir((root + "/" + prefix).c_str()));
  if (directory == nullptr && (errno == ENOENT || errno == ENOTDIR)) return Status();
  if (directory == nullptr) return status_from_errno(errno, "listing the store");
  ASSIGN_OR_RETURN(std::vector<std::string> keys, entries_after(directory.get(), prefix, after));
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    if (found.size() >= limit) break;
    if (key.back() == '/') {
      RETURN_IF_ERROR(list_directory(root, key, after, limit, found));
      continue;
    }
    struct stat info {};
    if (::fstatat(::dirfd(directory.get()), key.c_str() + prefix.size(), &info,
                  AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode)) {
      continue;  // removed meanwhile, or not an object
    }
    const auto since_epoch =
        std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    found.push_back({key, WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch))});
  }
  return Status();
}

}  // namespace thumbmill
