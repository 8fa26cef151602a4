/* secret.c - every secret has pages of its own: locked against swapping as far as RLIMIT_MEMLOCK goes, left out of core
 * dumps, wiped before they are returned. A dozen secrets make that waste bearable. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"

enum { SECRET_FILE_MAX = 64 * 1024 };

struct sp_secret {
    size_t mapped; /* of the whole mapping, this header included */
    size_t size;
    char bytes[];
};

static struct sp_secret *
secret_room(size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct sp_secret) - 1)
        return NULL;
    size_t mapped = sizeof(struct sp_secret) + size + 1;
    struct sp_secret *secret = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED)
        return NULL;
    /* Both are best effort: a service without the right to lock memory must still be able to log in. */
    (void)mlock(secret, mapped);
    (void)madvise(secret, mapped, MADV_DONTDUMP);
    secret->mapped = mapped;
    secret->size = size;
    return secret;
}

struct sp_secret *
sp_secret_new(const void *bytes, size_t size)
{
    struct sp_secret *secret = secret_room(size);
    if (secret != NULL && size > 0)
        memcpy(secret->bytes, bytes, size);
    return secret;
}

struct sp_secret *
sp_secret_dup(const struct sp_secret *secret)
{
    return secret == NULL ? NULL : sp_secret_new(secret->bytes, secret->size);
}

void
sp_secret_free(struct sp_secret **secret)
{
    if (*secret == NULL)
        return;
    size_t mapped = (*secret)->mapped;
    sp_wipe(*secret, mapped);
    munmap(*secret, mapped);
    *secret = NULL;
}

/* O_NONBLOCK so that a FIFO put there cannot hang us. Links are followed: credential managers hand out links. */
static enum sp_rc
open_secret_file(const char *path, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return sp_fail_errno(err, "secret: cannot open '%s'", path);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sp_fail_errno(err, "secret: cannot look at '%s'", path);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_E_INVALID, "secret: '%s' is not a regular file", path);
    if (st.st_mode & S_IROTH)
        return sp_fail(err, SP_E_INVALID, "secret: '%s' can be read by everybody; run: chmod o= '%s'", path, path);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static size_t
without_line_end(const char *bytes, size_t size)
{
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size > 0 && bytes[size - 1] == '\r')
        size--;
    return size;
}

enum sp_rc
sp_secret_from_file(const char *path, struct sp_secret **ret, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = open_secret_file(path, &fd, err);
    if (rc != SP_OK)
        return rc;
    SP_AUTO(sp_secret_free) struct sp_secret *whole = secret_room(SECRET_FILE_MAX + 1);
    if (whole == NULL)
        return sp_fail(err, SP_E_NOMEM, "secret: out of memory");
    size_t got = 0;
    rc = sp_io_read_full(fd, whole->bytes, whole->size, &got, err);
    if (rc != SP_OK) {
        sp_err_prefix(err, "secret: cannot read '%s'", path);
        return rc;
    }
    if (got > SECRET_FILE_MAX)
        return sp_fail(err, SP_E_INVALID, "secret: '%s' is larger than 64 KiB", path);
    size_t size = without_line_end(whole->bytes, got);
    if (size == 0)
        return sp_fail(err, SP_E_INVALID, "secret: '%s' is empty", path);
    struct sp_secret *secret = sp_secret_new(whole->bytes, size);
    if (secret == NULL)
        return sp_fail(err, SP_E_NOMEM, "secret: out of memory");
    *ret = secret;
    return SP_OK;
}

const char *
sp_secret_bytes(const struct sp_secret *secret)
{
    return secret->bytes;
}

size_t
sp_secret_size(const struct sp_secret *secret)
{
    return secret->size;
}

bool
sp_secret_equal(const struct sp_secret *a, const struct sp_secret *b)
{
    return a->size == b->size && CRYPTO_memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void
blot(char *text, const char *bytes, size_t size)
{
    for (char *at = text; (at = memmem(at, strlen(at), bytes, size)) != NULL; at += size)
        memset(at, '*', size);
}

void
sp_secret_blot(char *text, const struct sp_secret *secret)
{
    enum { SHORTEST = 4 };
    if (secret == NULL || secret->size < SHORTEST || text[0] == '\0')
        return;
    blot(text, secret->bytes, secret->size);
    struct sp_secret *encoded = secret_room(SP_BASE64_LEN(secret->size));
    if (encoded == NULL) {
        text[0] = '\0'; /* rather no words than the wrong ones */
        return;
    }
    size_t size = sp_base64_encode(encoded->bytes, secret->bytes, secret->size);
    while (size > 0 && encoded->bytes[size - 1] == '=')
        size--;
    blot(text, encoded->bytes, size);
    sp_secret_free(&encoded);
}

void
sp_wipe(void *bytes, size_t size)
{
    explicit_bzero(bytes, size);
}
