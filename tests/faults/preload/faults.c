// Makes a process see another wall clock, or a disk that fails, for tests/faults/run.
//
// Loaded by LD_PRELOAD. The file that THUMBMILL_FAULTS names is mapped, and read at each call, so that a test
// changes it while the process runs; three numbers of 64 bits in the machine's byte order:
//
//   1. nanoseconds to add to the wall clock (the monotonic clock is left alone)
//   2. not 0: fsync and fdatasync fail with EIO
//   3. not 0: writes fail with ENOSPC, to regular files on the device where that file lies, bar stdin to stderr
//
// Without the variable nothing is changed. Child processes get the library only where their environment names it,
// so not the decoders. Thread-safe.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct faults {
  int64_t clock_offset_ns;
  int64_t sync_fails;
  int64_t disk_is_full;
};

static const struct faults no_faults;
static const struct faults* faults = &no_faults;
static dev_t device;

__attribute__((constructor)) static void map_faults(void) {
  const char* path = getenv("THUMBMILL_FAULTS");
  if (path == NULL) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0 || info.st_size < (off_t)sizeof *faults) abort();
  void* mapped = mmap(NULL, sizeof *faults, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  close(file);
  device = info.st_dev;
  faults = mapped;
}

static int64_t read_now(const int64_t* number) { return __atomic_load_n(number, __ATOMIC_RELAXED); }

int clock_gettime(clockid_t clock, struct timespec* time) {
  // Not by dlsym: it may be called before any constructor has run.
  const int failed = (int)syscall(SYS_clock_gettime, clock, time);
  const int64_t offset = read_now(&faults->clock_offset_ns);
  if (failed != 0 || offset == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
  const int64_t second_ns = 1000000000;
  const int64_t moved = time->tv_sec * second_ns + time->tv_nsec + offset;
  time->tv_sec = moved / second_ns;
  time->tv_nsec = moved % second_ns;
  return 0;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* where) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
  if (where != NULL) *where = now.tv_sec;
  return now.tv_sec;
}

static int sync_failed(void) {
  if (read_now(&faults->sync_fails) == 0) return 0;
  errno = EIO;
  return 1;
}

int fsync(int file) { return sync_failed() ? -1 : (int)syscall(SYS_fsync, file); }

int fdatasync(int file) { return sync_failed() ? -1 : (int)syscall(SYS_fdatasync, file); }

static int disk_full(int file) {
  struct stat info;
  if (read_now(&faults->disk_is_full) == 0 || file <= STDERR_FILENO || fstat(file, &info) != 0) return 0;
  if (!S_ISREG(info.st_mode) || info.st_dev != device) return 0;
  errno = ENOSPC;
  return 1;
}

ssize_t write(int file, const void* bytes, size_t size) {
  return disk_full(file) ? -1 : syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return disk_full(file) ? -1 : syscall(SYS_pwrite64, file, bytes, size, offset);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  return disk_full(file) ? -1 : syscall(SYS_pwrite64, file, bytes, size, offset);
}

ssize_t writev(int file, const struct iovec* parts, int count) {
  return disk_full(file) ? -1 : syscall(SYS_writev, file, parts, count);
}
