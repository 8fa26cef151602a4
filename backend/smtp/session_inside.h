/* session_inside.h - a session from the inside, for the files that make one up: session.c (saying, hearing, stages),
 * session_open.c, session_auth.c, transaction.c, body.c. Nobody else includes this. */
#ifndef SP_SMTP_SESSION_INSIDE_H
#define SP_SMTP_SESSION_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/smtp/session.h"

struct sp_conn;

enum {
    /* A body up to this size leaves together with MAIL and RCPT; a larger one is read in blocks of it. */
    SP_SMTP_BLOCK_SIZE = 64 * 1024,
    SP_SMTP_FLIGHT_MAX = 512 * 1024, /* a message that goes with its commands: what a refused recipient may cost */
    SP_SMTP_BANNER_SIZE = 512,
    SP_SMTP_IP_SIZE = 48,
};

struct sp_smtp {
    struct sp_conn *conn;
    char *host, *hostname;
    struct sp_tls *tls;
    const struct sp_clock *clock;
    const struct sp_log *log;
    struct sp_transcript *transcript; /* NULL: none */
    const struct sp_secret *secret;   /* just told to the server, who may repeat it; NULL: none */
    int64_t (*timeout_ms)(enum sp_stage stage);
    bool pipelining, binarymime; /* may be used when offered */
    bool secured;                /* TLS runs; before that only EHLO and STARTTLS may be said */
    bool alive;                  /* in step with the server, which did not say that it leaves */
    enum sp_stage stage;
    enum sp_trouble broken; /* why nothing can be said any more; what the server said before can still be heard */
    struct sp_err broken_err;
    struct sp_smtp_facts facts;
    char banner[SP_SMTP_BANNER_SIZE], public_ip[SP_SMTP_IP_SIZE];
    char block[SP_SMTP_BLOCK_SIZE];
};

/* The only place where the stage changes. */
void sp_smtp_enter(struct sp_smtp *smtp, enum sp_stage stage);
/* When the stage's time is over that begins now. */
int64_t sp_smtp_deadline(const struct sp_smtp *smtp);

/* Saying does not fail: what goes wrong is kept in `broken` and told by the next hear, because the server may have said
 * why before it hung up, and its words are worth more than "connection closed". */
void sp_smtp_say(struct sp_smtp *smtp, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line that log and transcript show as `shown`. */
void sp_smtp_say_secret(struct sp_smtp *smtp, const char *line, size_t len, const char *shown);
void sp_smtp_put(struct sp_smtp *smtp, const void *bytes, size_t size); /* a piece of the body */
void sp_smtp_flush(struct sp_smtp *smtp);

/* Sends what is buffered and reads one reply, within the stage's time. false: none came, and outcome tells why. */
bool sp_smtp_hear(struct sp_smtp *smtp, struct sp_reply *reply, struct sp_smtp_outcome *outcome);
/* Both fill outcome with the present stage, and return false. */
bool sp_smtp_fail(const struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, enum sp_trouble trouble,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
bool sp_smtp_refused(const struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, const struct sp_reply *reply);
/* The reply has no meaning here: the two sides are out of step, and the session is over. */
bool sp_smtp_senseless(struct sp_smtp *smtp, struct sp_smtp_outcome *outcome, const struct sp_reply *reply);

static inline bool
sp_reply_positive(const struct sp_reply *reply)
{
    return reply->code / 100 == 2;
}

static inline bool
sp_reply_negative(const struct sp_reply *reply)
{
    return reply->code / 100 >= 4;
}

#endif
