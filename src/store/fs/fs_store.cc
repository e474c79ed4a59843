#include "store/fs/fs_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/private_directory.h"
#include "base/secret.h"
#include "base/write_all.h"
#include "model/object_key.h"
#include "store/fs/listing.h"
#include "store/fs/object_file.h"

namespace thumbmill {
namespace {

constexpr std::string_view kMarker = "/.thumbmill-store";
// How often a put makes directories that vanish under it before it gives up.
constexpr int kNamingTries = 10;

// ext4 takes a new file's inode from the group of blocks in which the directory is, and passes over
// those that were freed within the last minutes one by one (recently_deleted() in
// fs/ext4/ialloc.c). In one directory all the uploads that were worked off lie in the way of every
// new file: an eighth of all time at a hundred uploads a second. So files are made in several
// directories in turn, which the flag (chattr(1), T) puts into groups of their own.
constexpr std::size_t kSpoolDirectories = 16;

std::string spool_path(const std::string& root, std::size_t number) {
  return fmt::format("{}/tmp/{:x}", root, number);
}

// What of the store directory's rights the files and directories in it have as well: its owner
// decides with one chmod(1) whether others, such as a web server, may read what is stored.
mode_t shared_rights(const std::string& root) {
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) return 0;
  return info.st_mode & (S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
}

// 0, or errno. One that is there is fine.
int make_directory(const std::string& path, mode_t mode) {
  return ::mkdir(path.c_str(), mode) == 0 || errno == EEXIST ? 0 : errno;
}

// Makes them where they are not there. The flag is ext4's: others do without.
int make_spool_directories(const std::string& root, mode_t mode) {
  if (const int error = make_directory(root + "/tmp", mode)) return error;
  const UniqueFd parent(::open((root + "/tmp").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int flags = 0;
  if (parent.valid() && ::ioctl(parent.get(), FS_IOC_GETFLAGS, &flags) == 0) {
    flags |= FS_TOPDIR_FL;
    (void)::ioctl(parent.get(), FS_IOC_SETFLAGS, &flags);
  }
  for (std::size_t i = 0; i < kSpoolDirectories; ++i) {
    if (const int error = make_directory(spool_path(root, i), mode)) return error;
  }
  return 0;
}

std::string fd_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

int sync_directory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return errno;
  return 0;
}

Status write_bytes(int fd, std::string_view bytes) {
  const int error = write_all(fd, bytes);
  return error == 0 ? Status() : status_from_errno(error, "writing to the store");
}

// An upload spooled by TempFile into our own file system: it can be given a name as it is. A file
// that has one already, or is only a part, must be copied.
bool is_adoptable(const Blob& body, dev_t device) {
  struct stat info {};
  if (body.fd() < 0 || body.file_offset() != 0 || ::fstat(body.fd(), &info) != 0) return false;
  const int flags = ::fcntl(body.fd(), F_GETFL);
  const bool unnamed = info.st_nlink == 0 && info.st_dev == device;
  return unnamed && (flags & O_ACCMODE) == O_RDWR &&
         static_cast<std::uint64_t>(info.st_size) >= body.size();
}

WallTime modified_time(const struct stat& info) {
  const auto since_epoch =
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
}

}  // namespace

Result<std::unique_ptr<FsStore>> FsStore::open(const std::string& root, const Clock& clock) {
  const auto unusable = [&](int error, std::string_view what) {
    Status status =
        status_from_errno(error, fmt::format("cannot {} the store directory {}", what, root));
    if (status.code() == Code::exhausted) return status;
    return Status(Code::unavailable, status.message(), status.detail());
  };
  if (const std::error_code error = make_private_directories(root)) {
    return unusable(error.value(), "make");
  }
  const mode_t directory_mode = S_IRWXU | shared_rights(root);
  const mode_t file_mode = directory_mode & ~mode_t{S_IXUSR | S_IXGRP | S_IXOTH};
  if (const int error = make_spool_directories(root, directory_mode)) {
    return unusable(error, "make");
  }
  const UniqueFd marker(
      ::open((root + std::string(kMarker)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, file_mode));
  if (!marker.valid()) return unusable(errno, "write to");
  const UniqueFd probe(::open((root + "/tmp").c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, file_mode));
  if (!probe.valid() && (errno == EOPNOTSUPP || errno == EISDIR)) {
    return Status(Code::unsupported, "the file system of the store directory " + root +
                                         " has no unnamed files (O_TMPFILE); use another one");
  }
  if (!probe.valid()) return unusable(errno, "write to");
  if (const int failed = sync_directory(root)) return unusable(failed, "sync");
  return std::unique_ptr<FsStore>(new FsStore(root, directory_mode, file_mode, clock));
}

std::string FsStore::spool_directory() const {
  return spool_path(root_, next_spool_.fetch_add(1, std::memory_order_relaxed) % kSpoolDirectories);
}

Status FsStore::check_key(std::string_view key, const OpContext& context) const {
  RETURN_IF_ERROR(context.check(clock_));
  if (!is_object_key(key)) {
    return Status(Code::invalid_argument, "this is no object key", std::string(key.substr(0, 100)));
  }
  if (is_private_name(key.substr(0, key.find('/')))) {
    return Status(Code::invalid_argument, "the store keeps its own files there", std::string(key));
  }
  return Status();
}

Status FsStore::check_root() const {
  const std::string marker = root_ + std::string(kMarker);
  if (::access(marker.c_str(), F_OK) == 0) return Status();
  const int error = errno;
  std::string cause = ": " + std::generic_category().message(error);
  if (error == ENOENT) cause = " is missing: the disk is not mounted, or the directory was removed";
  return Status(Code::unavailable, "the store cannot be reached", marker + cause);
}

Status FsStore::failure(int error, std::string_view doing, std::string_view key) const {
  if (error == ENOENT) RETURN_IF_ERROR(check_root());
  Status status = status_from_errno(error, fmt::format("{} {}", doing, key));
  // What a local file system refuses is not the caller's mistake, whatever the number says.
  if (status.code() == Code::invalid_argument || status.code() == Code::too_large) {
    return Status(Code::unavailable, status.message(), status.detail());
  }
  return status;
}

Status FsStore::write_failure(int error, std::string_view doing, std::string_view key) const {
  Status status = failure(error, doing, key);
  if (status.code() != Code::not_found) return status;
  return Status(Code::unavailable, status.message(), status.detail());
}

Result<UniqueFd> FsStore::write_unnamed(const Blob& body, const std::string& trailer) const {
  UniqueFd file(::open(spool_directory().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, file_mode_));
  if (!file.valid()) return write_failure(errno, "making a file in", "tmp");
  std::array<char, 64 * 1024> buffer;
  for (std::uint64_t done = 0; done < body.size();) {
    const std::span<char> part(buffer.data(),
                               std::min<std::uint64_t>(buffer.size(), body.size() - done));
    RETURN_IF_ERROR(body.read(done, part));
    RETURN_IF_ERROR(write_bytes(file.get(), std::string_view(part.data(), part.size())));
    done += part.size();
  }
  RETURN_IF_ERROR(write_bytes(file.get(), trailer));
  return file;
}

Status FsStore::put(std::string_view key, const Blob& body, const PutOptions& options,
                    const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  RETURN_IF_ERROR(options.check());
  RETURN_IF_ERROR(check_root());
  ASSIGN_OR_RETURN(const std::string trailer,
                   make_trailer(key, {options.content_type, options.metadata}, body));
  struct stat root_info {};
  if (::stat((root_ + "/tmp").c_str(), &root_info) != 0)
    return write_failure(errno, "looking at", "tmp");
  if (is_adoptable(body, root_info.st_dev)) {
    // A former try may have left its trailer behind the bytes.
    if (::ftruncate(body.fd(), static_cast<off_t>(body.size())) != 0 ||
        ::lseek(body.fd(), 0, SEEK_END) < 0 || ::fchmod(body.fd(), file_mode_) != 0) {
      return write_failure(errno, "preparing", key);
    }
    RETURN_IF_ERROR(write_bytes(body.fd(), trailer));
    const Status named = sync_and_name(body.fd(), key, options.if_absent);
    // A file that had a name once and lost it cannot get another: it must be copied.
    if (named.code() != Code::not_found) return named;
  }
  ASSIGN_OR_RETURN(const UniqueFd written, write_unnamed(body, trailer));
  const Status named = sync_and_name(written.get(), key, options.if_absent);
  if (named.code() != Code::not_found) return named;
  return Status(Code::unavailable, named.message(), named.detail());
}

Status FsStore::sync_and_name(int file, std::string_view key, bool if_absent) {
  step(FsPutStep::written);
  if (::fdatasync(file) != 0) return write_failure(errno, "syncing", key);
  step(FsPutStep::synced);
  return give_name(fd_path(file), key, if_absent);
}

Status FsStore::give_name(const std::string& source_path, std::string_view key, bool if_absent) {
  const std::string path = path_of(key);
  const std::string directory = path.substr(0, path.rfind('/'));
  // A directory on the way may be removed, by a concurrent remove() of its last object or by hand,
  // just before it is used.
  for (int tries = 0;; ++tries) {
    Status linked = make_directories(key);
    if (linked.ok()) linked = link_or_replace(source_path, path, if_absent);
    if (linked.ok()) break;
    if (linked.code() == Code::conflict) {
      // Whoever put it may not have come so far yet, and the caller relies on its being there.
      const int error = sync_directory(directory);
      return error == 0 || error == ENOENT ? linked : write_failure(error, "syncing", key);
    }
    if (linked.code() != Code::not_found) return linked;
    RETURN_IF_ERROR(check_root());
    if (tries == kNamingTries) return linked;
    const std::lock_guard lock(mutex_);
    durable_directories_.clear();
  }
  step(FsPutStep::named);
  const int error = sync_directory(directory);
  if (error == ENOENT) RETURN_IF_ERROR(check_root());
  // Without its directory, the object has been removed already.
  if (error != 0 && error != ENOENT) return write_failure(error, "syncing the directory of", key);
  step(FsPutStep::durable);
  return Status();
}

Status FsStore::link_or_replace(const std::string& source_path, const std::string& path,
                                bool if_absent) {
  if (::linkat(AT_FDCWD, source_path.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0)
    return Status();
  if (errno != EEXIST) return status_from_errno(errno, "naming a stored object");
  if (if_absent) return Status(Code::conflict, "the object exists already");
  const std::string temporary = fmt::format("{}/tmp/{}", root_, new_secret_hex(8));
  if (::linkat(AT_FDCWD, source_path.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) !=
          0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return status_from_errno(error, "replacing a stored object");
  }
  // rename(2) does nothing when both names are the same file already.
  ::unlink(temporary.c_str());
  return Status();
}

Status FsStore::make_directories(std::string_view key) {
  for (std::size_t slash = key.find('/'); slash != std::string_view::npos;
       slash = key.find('/', slash + 1)) {
    const std::string_view directory = key.substr(0, slash);
    {
      const std::lock_guard lock(mutex_);
      if (durable_directories_.contains(directory)) continue;
    }
    const std::string path = path_of(directory);
    if (::mkdir(path.c_str(), directory_mode_) != 0 && errno != EEXIST)
      return failure(errno, "making the directory of", key);
    // Also when it was there: whoever made it may have died before syncing its parent.
    if (const int error = sync_directory(path.substr(0, path.rfind('/')))) {
      return failure(error, "syncing the directory of", key);
    }
    // Directories of single jobs come and go; remembering them would only grow.
    if (std::count(directory.begin(), directory.end(), '/') > 1) continue;
    const std::lock_guard lock(mutex_);
    durable_directories_.emplace(directory);
  }
  return Status();
}

Result<Object> FsStore::get(std::string_view key, std::uint64_t most_bytes,
                            const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  // A pipe that somebody has put there would not be opened before it has a writer; a link could
  // lead to a file that is not the store's.
  UniqueFd file(::open(path_of(key).c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid() && errno != ELOOP) return failure(errno, "reading", key);
  struct stat info {};
  if (file.valid() && ::fstat(file.get(), &info) != 0) return failure(errno, "reading", key);
  if (!S_ISREG(info.st_mode))
    return Status(Code::not_found, fmt::format("there is no object {}", key));
  ASSIGN_OR_RETURN(ObjectFile parts,
                   read_object_file(file.get(), static_cast<std::uint64_t>(info.st_size)));
  if (parts.body_bytes > most_bytes) return too_many_bytes(key, most_bytes);
  Object object;
  object.info = {std::string(key),
                 parts.body_bytes,
                 modified_time(info),
                 std::string(implied_content_type(key)),
                 {}};
  if (parts.description) {
    object.info.content_type = std::move(parts.description->content_type);
    object.info.metadata = std::move(parts.description->metadata);
  }
  object.body = Blob::from_file(std::move(file), 0, parts.body_bytes);
  return object;
}

Result<ObjectInfo> FsStore::head(std::string_view key, const OpContext& context) {
  ASSIGN_OR_RETURN(Object object, get(key, context));
  return std::move(object.info);
}

Status FsStore::remove(std::string_view key, const OpContext& context) {
  RETURN_IF_ERROR(check_key(key, context));
  const std::string path = path_of(key);
  if (::unlink(path.c_str()) != 0) {
    const Status failed = failure(errno, "removing", key);
    if (failed.code() != Code::not_found) return failed;
  }
  // The directory of a single job goes with its last object; shards stay.
  if (std::count(key.begin(), key.end(), '/') > 2) ::rmdir(path.substr(0, path.rfind('/')).c_str());
  return Status();
}

Status FsStore::copy(std::string_view from, std::string_view to, const OpContext& context) {
  RETURN_IF_ERROR(check_key(from, context));
  RETURN_IF_ERROR(check_key(to, context));
  RETURN_IF_ERROR(check_root());
  // Objects never change once they have a name, so a second name is a copy. Its age begins now.
  const UniqueFd source(::open(path_of(from).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!source.valid()) return failure(errno, "copying", from);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return failure(errno, "copying", from);
  if (!S_ISREG(info.st_mode))
    return Status(Code::not_found, fmt::format("there is no object {}", from));
  if (::futimens(source.get(), nullptr) != 0) return failure(errno, "copying", from);
  // A plain file's content type hangs on its extension, so that it must not change.
  ASSIGN_OR_RETURN(const ObjectFile parts,
                   read_object_file(source.get(), static_cast<std::uint64_t>(info.st_size)));
  if (!parts.description && implied_content_type(from) != implied_content_type(to)) {
    ASSIGN_OR_RETURN(const Object object, get(from, context));
    return put(to, object.body, {object.info.content_type, object.info.metadata, false}, context);
  }
  const Status named = give_name(fd_path(source.get()), to, false);
  if (named.code() != Code::not_found) return named;
  // Either the source was removed meanwhile, or the directory of `to` keeps vanishing.
  if (::fstat(source.get(), &info) == 0 && info.st_nlink == 0)
    return Status(Code::not_found, fmt::format("there is no object {}", from));
  return Status(Code::unavailable, named.message(), named.detail());
}

Result<std::vector<ListedObject>> FsStore::list(std::string_view prefix, std::string_view after,
                                                std::size_t limit, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  if (!prefix.empty() &&
      (prefix.back() != '/' || !is_object_key(prefix.substr(0, prefix.size() - 1)))) {
    return Status(Code::invalid_argument, "a prefix is empty, or a key's components and '/'");
  }
  if (limit < 1 || limit > 1000)
    return Status(Code::invalid_argument, "a listing takes 1 to 1000 objects");
  RETURN_IF_ERROR(check_root());
  std::vector<ListedObject> found;
  RETURN_IF_ERROR(list_directory(root_, std::string(prefix), after, limit, found));
  return found;
}

Status FsStore::check(const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  RETURN_IF_ERROR(check_root());
  ASSIGN_OR_RETURN(const UniqueFd file, write_unnamed(Blob(std::string("probe")), {}));
  if (::fdatasync(file.get()) != 0) return failure(errno, "syncing a file in", "tmp");
  return Status();
}

Result<std::size_t> FsStore::remove_unfinished(WallTime before, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  RETURN_IF_ERROR(check_root());
  std::vector<ListedObject> found;
  std::size_t removed = 0;
  RETURN_IF_ERROR(list_directory(root_ + "/tmp", {}, {}, 1000, found));
  for (const ListedObject& leftover : found) {
    if (leftover.modified < before && ::unlink((root_ + "/tmp/" + leftover.key).c_str()) == 0)
      ++removed;
  }
  return removed;
}

}  // namespace thumbmill
