/* err.h - how everything here fails: a code for the program, a sentence for the person.
 * Low layers fill the error and stay silent; whoever decides what happens next logs it, once. */
#ifndef SP_BASE_ERR_H
#define SP_BASE_ERR_H

enum sp_rc {
    SP_OK,
    SP_E_NOMEM,
    SP_E_INVALID, /* what was asked makes no sense: bad address, bad header, bad setting */
    SP_E_NOTFOUND,
    SP_E_GONE,     /* it was here, and was deleted on purpose */
    SP_E_CONFLICT, /* it changed meanwhile, or the same name is taken */
    SP_E_DENIED,   /* known, but not allowed */
    SP_E_AUTH,     /* who are you? */
    SP_E_TYPE,     /* a kind of document that is not accepted here */
    SP_E_TOO_LARGE,
    SP_E_NO_ROOM, /* disk below the reserve, or full */
    SP_E_BUSY,    /* too much at once, or locked by another; worth another try */
    SP_E_TIMEOUT,
    SP_E_CLOSED, /* the peer hung up, or we are shutting down */
    SP_E_IO,
    SP_E_PROTO,   /* the peer said something that makes no sense */
    SP_E_TLS,     /* no STARTTLS, handshake failed, certificate refused */
    SP_E_CORRUPT, /* stored data is damaged */
};

/* Initialise with { 0 }. The text is one line without a full stop, UTF-8, safe to log and to show; it never holds a
 * secret. */
struct sp_err {
    enum sp_rc rc;
    char text[480];
};

/* Fills err (which may be NULL) and returns rc, so that failing is one line:
 *     return sp_fail(err, SP_E_IO, "spool: cannot open '%s': %s", name, strerror(errno)); */
enum sp_rc sp_fail(struct sp_err *err, enum sp_rc rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like sp_fail, for a failed system call: adds ": " and the words for errno, and picks SP_E_NO_ROOM, SP_E_NOTFOUND,
 * SP_E_DENIED, SP_E_NOMEM or SP_E_IO from it. Leaves errno alone. */
enum sp_rc sp_fail_errno(struct sp_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the text of err, for callers that know more of the circumstances. Returns err->rc. */
enum sp_rc sp_err_prefix(struct sp_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compilers and analyzers cannot look into the functions above, and would go on after `if (rc != SP_OK) return rc;` as
 * if a failure might be none: what was to be filled looks uninitialised to them. So they are told what comes back. */
#define sp_fail(err, rc, ...)                                                                                          \
    __extension__({                                                                                                    \
        enum sp_rc failed_ = (rc);                                                                                     \
        (void)(sp_fail)(err, failed_, __VA_ARGS__);                                                                    \
        failed_;                                                                                                       \
    })
#define sp_fail_errno(...)                                                                                             \
    __extension__({                                                                                                    \
        enum sp_rc failed_ = (sp_fail_errno)(__VA_ARGS__);                                                             \
        if (failed_ == SP_OK)                                                                                          \
            __builtin_unreachable();                                                                                   \
        failed_;                                                                                                       \
    })

/* A stable lower-case word: "not_found", "too_large". */
const char *sp_rc_name(enum sp_rc rc);

#endif
