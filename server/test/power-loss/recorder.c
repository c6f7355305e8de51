// Preloaded into a daemon's store: notes, in the order the kernel saw them, every
// write, truncation and sync of the database and its write-ahead log, and every
// line of the acknowledgements. The notes go to the file that RECORDER_TRACE names:
//
//   kind (1 byte), file (1 byte), place or number (8 bytes), length (4 bytes), data
//
// Kinds: W write, T truncation, S a sync began, E that sync succeeded.
// RECORDER_SYNC_US makes each sync that much longer, so that writes go on beside it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { OTHER = 0, DATABASE = 1, LOG = 2, ACKS = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static long sync_us = 0;
static uint64_t syncs = 0;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("RECORDER_TRACE");
  const char *delay = getenv("RECORDER_SYNC_US");
  if (path) trace = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (delay) sync_us = atol(delay);
}

static int ends_with(const char *text, const char *end) {
  size_t all = strlen(text), some = strlen(end);
  return all >= some && strcmp(text + all - some, end) == 0;
}

static int file_of(int fd) {
  char link[64], path[512];
  int kept = errno;
  if (trace < 0) return OTHER;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (length < 0) return OTHER;
  path[length] = 0;
  if (ends_with(path, "/daphnia.db")) return DATABASE;
  if (ends_with(path, "/daphnia.db-wal")) return LOG;
  if (ends_with(path, "/acks")) return ACKS;
  return OTHER;
}

static void note_all(const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    ssize_t done = syscall(SYS_write, trace, at, length);
    if (done < 0) abort();  // a trace with a hole would prove nothing
    at += done;
    length -= done;
  }
}

static void note(char kind, int file, uint64_t place, const void *data, uint32_t length) {
  char head[14] = {kind, (char)file};
  memcpy(head + 2, &place, 8);
  memcpy(head + 10, &length, 4);
  note_all(head, sizeof head);
  note_all(data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t place) {
  int file = file_of(fd);
  if (file == OTHER) return syscall(SYS_pwrite64, fd, data, length, place);
  pthread_mutex_lock(&lock);
  ssize_t done = syscall(SYS_pwrite64, fd, data, length, place);
  if (done > 0) note('W', file, place, data, done);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t place) {
  return pwrite64(fd, data, length, place);
}

ssize_t write(int fd, const void *data, size_t length) {
  int file = file_of(fd);
  if (file == OTHER) return syscall(SYS_write, fd, data, length);
  pthread_mutex_lock(&lock);
  off_t place = lseek(fd, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, fd, data, length);
  if (done > 0) note('W', file, place, data, done);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate64(int fd, off64_t length) {
  int file = file_of(fd);
  if (file == OTHER) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  int result = syscall(SYS_ftruncate, fd, length);
  if (result == 0) note('T', file, length, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, long call) {
  int file = file_of(fd);
  if (file == OTHER) return syscall(call, fd);
  pthread_mutex_lock(&lock);
  uint64_t number = ++syncs;
  note('S', file, number, NULL, 0);
  pthread_mutex_unlock(&lock);
  int result = syscall(call, fd);
  if (sync_us > 0) usleep(sync_us);
  pthread_mutex_lock(&lock);
  if (result == 0) note('E', file, number, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }

int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
