/* err.c - filling errors. Whatever goes in, the text stays one printable line: errors quote peers, names and paths. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"

static const char *const rc_names[] = {
    [SP_OK] = "ok",
    [SP_E_NOMEM] = "out_of_memory",
    [SP_E_INVALID] = "invalid",
    [SP_E_NOTFOUND] = "not_found",
    [SP_E_GONE] = "gone",
    [SP_E_CONFLICT] = "conflict",
    [SP_E_DENIED] = "denied",
    [SP_E_AUTH] = "unauthenticated",
    [SP_E_TYPE] = "unsupported_type",
    [SP_E_TOO_LARGE] = "too_large",
    [SP_E_NO_ROOM] = "no_room",
    [SP_E_BUSY] = "busy",
    [SP_E_TIMEOUT] = "timeout",
    [SP_E_CLOSED] = "closed",
    [SP_E_IO] = "io",
    [SP_E_PROTO] = "protocol",
    [SP_E_TLS] = "tls",
    [SP_E_CORRUPT] = "corrupt",
};

/* The arguments may point into err->text itself ("again: %s"), so the new text is made beside it. */
static void __attribute__((format(printf, 2, 0))) set_text(struct sp_err *err, const char *format, va_list args)
{
    char raw[2 * sizeof err->text]; /* larger, so that the cleaning sees that it must cut, and where */
    vsnprintf(raw, sizeof raw, format, args);
    sp_log_clean(err->text, sizeof err->text, raw);
}

enum sp_rc(sp_fail)(struct sp_err *err, enum sp_rc rc, const char *format, ...)
{
    if (err == NULL)
        return rc;
    int saved = errno;
    va_list args;
    va_start(args, format);
    set_text(err, format, args);
    va_end(args);
    err->rc = rc;
    errno = saved;
    return rc;
}

static enum sp_rc
rc_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return SP_E_NO_ROOM;
    case ENOENT:
    case ENOTDIR:
        return SP_E_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return SP_E_DENIED;
    case ENOMEM:
        return SP_E_NOMEM;
    default: /* errno is no enum of ours */
        return SP_E_IO;
    }
}

enum sp_rc(sp_fail_errno)(struct sp_err *err, const char *format, ...)
{
    int saved = errno;
    enum sp_rc rc = rc_of_errno(saved);
    if (err == NULL)
        return rc;
    va_list args;
    va_start(args, format);
    char what[sizeof err->text];
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char words[128];
    sp_fail(err, rc, "%s: %s", what, strerror_r(saved, words, sizeof words));
    errno = saved;
    return rc;
}

enum sp_rc
sp_err_prefix(struct sp_err *err, const char *format, ...)
{
    if (err == NULL)
        return SP_OK;
    va_list args;
    va_start(args, format);
    char prefix[sizeof err->text];
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    char before[sizeof err->text];
    memcpy(before, err->text, sizeof before);
    return sp_fail(err, err->rc, "%s: %s", prefix, before);
}

const char *
sp_rc_name(enum sp_rc rc)
{
    return (size_t)rc < SP_LEN(rc_names) ? rc_names[rc] : "unknown";
}
