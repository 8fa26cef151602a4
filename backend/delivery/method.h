/* method.h - a way for a message to leave, and what came of trying it. Messages, not jobs: nothing here knows the
 * database.
 *
 * A new way to deliver is a new file that ends in a const struct sp_method, plus one line in methods.c. */
#ifndef SP_DELIVERY_METHOD_H
#define SP_DELIVERY_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/diagnosis/diagnosis.h"
#include "backend/net/transcript.h"
#include "base/err.h"
#include "base/settings.h"

struct sp_clock;
struct sp_dns;
struct sp_log;
struct sp_mail;
struct sp_point;
struct sp_walk;

/* What every way needs from the world; all of it borrowed and longer lived. */
struct sp_way_env {
    const struct sp_settings *settings;
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_dns *dns;
    int64_t (*timeout_ms)(enum sp_stage stage);                     /* NULL: the protocol's own; tests make it short */
    const struct sp_method *(*method_of)(enum sp_method_type type); /* NULL: sp_method_of; tests script their own */
};

struct sp_message {
    const char *id;        /* of the job, for the log */
    const char *mail_from; /* who is named as sender in the envelope */
    const struct sp_mail *mail;
    const char *const *recipients; /* those that still wait; at least one */
    size_t n_recipients;
    struct sp_point *point; /* passed before the message is handed over; NULL: it may always be */
    /* Called when the way has a connection in hand for it, perhaps more than once. NULL: not of interest. */
    void (*connected)(void *context);
    void *context;
};

struct sp_report_recipient {
    bool accepted;
    bool refused; /* by a reply of its own, told by diagnosis */
    char reply[480];
    struct sp_diagnosis diagnosis;
};

/* How one attempt went. The caller provides one sp_report_recipient for each recipient. */
struct sp_report {
    bool accepted;   /* the message was taken for the recipients marked accepted */
    bool maybe_sent; /* handed over, and the answer never came */
    enum sp_stage stage;
    struct sp_diagnosis diagnosis; /* of the whole: class ok when accepted */
    int code;
    char enhanced[16], reply[2048];
    char host[256], ip[64], tls[16];
    int port;
    int64_t retry_after_ms; /* the peer asked to be left alone for so long; 0: it did not */
    struct sp_report_recipient *recipients;
    size_t n_recipients;
    struct sp_transcript transcript; /* of an attempt; a check tells its steps instead */
};

struct sp_method {
    const char *name; /* the type's: "direct" */
    /* Why this configuration cannot be used by this version, in words for the decision; NULL when it can. */
    const char *(*unable)(const struct sp_method_settings *settings);
    /* The largest mail (octets, in base64) that this way can take in the tenant's cloud, whatever max-size says;
     * *ret_why is a clause for the decision. 0: no limit of its own. NULL: never has one. */
    uint64_t (*limit)(const struct sp_method_settings *settings, const struct sp_tenant_settings *tenant,
                      const char **ret_why);
    /* Makes a way ready: reads secrets and certificates, connects to nothing. A secret that cannot be read is no
     * failure here but told by every attempt, so that jobs wait instead of failing. SP_E_NOMEM only. */
    enum sp_rc (*open)(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret,
                       struct sp_err *err);
    void (*close)(void *way);
    /* One attempt; blocks, each step with its deadline. Called from several threads at once, at most
     * settings->connections of them. */
    void (*deliver)(void *way, const struct sp_message *message, struct sp_report *report);
    /* Walks the way up to where the next step would send, and tells each step; blocks. Fills report as an attempt
     * would, accepted never being set; class ok: what can be known without sending is well. NULL: cannot be walked. */
    void (*check)(void *way, const struct sp_walk *walk, struct sp_report *report);
    /* Closes connections that were idle for too long. Returns when to come again (monotonic ms), 0: not needed. */
    int64_t (*tidy)(void *way);
    /* Closes all idle connections, because another way of the same mailbox needs them. NULL: it keeps none. */
    void (*shed)(void *way);
    /* How many connections are kept. NULL, as spare: they are nobody's but the way's. */
    size_t (*kept)(void *way);
    /* Opens a connection and keeps it for the next message; blocks, but not for long. Called as deliver is, and counts
     * as one of its connections meanwhile. One that is kept already will do. false: that failed, and is told to nobody:
     * the next message will meet it. */
    bool (*spare)(void *way);
};

extern const struct sp_method sp_method_direct;
extern const struct sp_method sp_method_submission;
extern const struct sp_method sp_method_relay;
extern const struct sp_method sp_method_graph;

const struct sp_method *sp_method_of(enum sp_method_type type); /* methods.c; never NULL */

#endif
