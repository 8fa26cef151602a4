/* io.h - files that are still there after the power came back. Durable means: the bytes are fsynced, and so is the
 * directory that names them. Every name is relative to a directory descriptor and opened with O_NOFOLLOW. */
#ifndef SP_BASE_IO_H
#define SP_BASE_IO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* Writes everything, resuming after EINTR and short writes. */
enum sp_rc sp_io_write_all(int fd, const void *bytes, size_t size, struct sp_err *err);
/* Reads until size bytes are there or the file ends; *ret_got is untouched on failure. */
enum sp_rc sp_io_read_full(int fd, void *bytes, size_t size, size_t *ret_got, struct sp_err *err);
/* Appends a whole file to out. SP_E_TOO_LARGE over `cap` bytes; SP_E_NOTFOUND; SP_E_IO. dirfd may be AT_FDCWD. */
enum sp_rc sp_io_read_file(int dirfd, const char *name, size_t cap, struct sp_str *out, struct sp_err *err);
/* Writes a file whole or not at all: beside it, fsynced, renamed into place, directory fsynced. */
enum sp_rc sp_io_put_file(int dirfd, const char *name, const void *bytes, size_t size, mode_t mode, struct sp_err *err);
enum sp_rc sp_io_sync(int fd, const char *what, struct sp_err *err); /* fsync; `what` for the error text */
/* Opens a directory for the *at calls. */
enum sp_rc sp_io_open_dir(int dirfd, const char *name, int *ret_fd, struct sp_err *err);
/* mkdir -p; existing directories are fine and keep their modes. */
enum sp_rc sp_io_mkdir_path(const char *path, mode_t mode, struct sp_err *err);
/* Removes a file or a directory with everything below it, never following a link. Absent is fine. Bounded depth (8). */
enum sp_rc sp_io_remove_tree(int dirfd, const char *name, struct sp_err *err);
/* Bytes that an ordinary process may still write on the file system of fd. */
enum sp_rc sp_io_room(int fd, uint64_t *ret_bytes, struct sp_err *err);
/* Takes an exclusive flock on dirfd/name (made when missing) and keeps it as long as the descriptor is open.
 * SP_E_BUSY: somebody else has it. */
enum sp_rc sp_io_lock(int dirfd, const char *name, mode_t mode, int *ret_fd, struct sp_err *err);

/* Another process or thread, waiting in poll(2) on an eventfd made with EFD_NONBLOCK, is woken; draining makes it quiet
 * again. An fd of -1 is nobody. */
void sp_wake(int eventfd);
void sp_wake_drain(int eventfd);

#endif
