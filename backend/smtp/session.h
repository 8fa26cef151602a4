/* session.h - one conversation with a mail server (RFC 5321, 3207, 4954, 2920, 3030, 1870), used for as many messages
 * as it lasts. A session is used by one thread at a time.
 *
 * Order of calls: open, then (auth) once, then deliver or probe any number of times, then close. STARTTLS is always
 * required; nothing but EHLO and STARTTLS is ever said in clear.
 *
 * Every failure leaves as the same struct sp_smtp_outcome, whether it was a refused connection or a "550 5.7.1". */
#ifndef SP_SMTP_SESSION_H
#define SP_SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"
#include "backend/net/dns.h"
#include "backend/smtp/reply.h"
#include "base/err.h"

struct sp_clock;
struct sp_log;
struct sp_secret;
struct sp_smtp;
struct sp_tls;
struct sp_transcript;

struct sp_smtp_options {
    const char *host; /* for the certificate and the log */
    const struct sp_net_address *addresses;
    size_t n_addresses;
    const char *hostname; /* what EHLO says */
    struct sp_tls *tls;
    const struct sp_clock *clock;
    const struct sp_log *log;
    bool pipelining, binarymime;                /* may be used when offered */
    int64_t (*timeout_ms)(enum sp_stage stage); /* NULL: RFC 5321 section 4.5.3.2's; tests make it short */
    struct sp_transcript *transcript;           /* NULL: none; see sp_smtp_transcribe */
};

/* How a step went. trouble NONE: well. */
struct sp_smtp_outcome {
    enum sp_stage stage;
    enum sp_trouble trouble;
    struct sp_reply reply; /* the last one, with REPLY and NONE; code 0 otherwise */
    char words[480];       /* our sentence, for the other troubles */
    bool maybe_sent;       /* the message was handed over and the answer never came */
    bool alive;            /* the connection can be used for another message */
};

/* Connects, reads the banner, EHLO, STARTTLS, EHLO again. Options are copied except tls, clock and log, which outlive
 * the session. On failure *ret is NULL and outcome tells why. true: open. */
bool sp_smtp_open(const struct sp_smtp_options *options, struct sp_smtp **ret, struct sp_smtp_outcome *outcome);
/* QUIT without waiting for the answer when the connection is well, then closes. Accepts NULL; leaves NULL. */
void sp_smtp_close(struct sp_smtp **smtp);
/* Where the dialogue is written down from now on; borrowed until the next call. NULL: nowhere. */
void sp_smtp_transcribe(struct sp_smtp *smtp, struct sp_transcript *transcript);
/* As in the options, from now on. */
void sp_smtp_time(struct sp_smtp *smtp, int64_t (*timeout_ms)(enum sp_stage stage));
/* False when the peer said something or hung up while nobody asked: do not use it for another message. */
bool sp_smtp_idle_ok(struct sp_smtp *smtp);

enum sp_sasl { SP_SASL_LOGIN, SP_SASL_XOAUTH2 };
/* AUTH. Which mechanisms the server offers is looked at first (NO_MECHANISM). true: signed in. After false the session
 * is good for nothing but close. */
bool sp_smtp_auth(struct sp_smtp *smtp, enum sp_sasl mechanism, const char *user, const struct sp_secret *secret,
                  struct sp_smtp_outcome *outcome);

/* Where the message comes from: a stream that can be begun again, in CRLF lines, without dot-stuffing. */
struct sp_smtp_body {
    void *context;
    uint64_t size;        /* exact, in octets */
    uint64_t binary_size; /* the same message with binary parts (RFC 3030); 0: there is none */
    /* Begins again from the start, in base64 or binary form. */
    enum sp_rc (*begin)(void *context, bool binary, struct sp_err *err);
    /* Up to `room` bytes; *ret_got 0: the end. */
    enum sp_rc (*read)(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err);
    /* Asked before the octets leave that make it a whole message. false: it is broken off, and was not handed over.
     * NULL: it may. */
    bool (*may_end)(void *context);
};

struct sp_smtp_recipient {
    const char *address;
    bool accepted;         /* out: and, after deliver said well, taken over by the server */
    struct sp_reply reply; /* out: to its RCPT; code 0: never asked */
};

/* One transaction for all recipients: MAIL, RCPT each, then DATA or BDAT when at least one was accepted. All refused:
 * stage RCPT, trouble REPLY with the first refusal. The reply of a success is the one to the end of the message. After
 * a refusal the session is reset (RSET) when alive. A body larger than the SIZE announced is not begun (TOO_LARGE).
 * true: the server took the message for every recipient marked accepted. */
bool sp_smtp_deliver(struct sp_smtp *smtp, const char *mail_from, struct sp_smtp_recipient *recipients, size_t n,
                     const struct sp_smtp_body *body, struct sp_smtp_outcome *outcome);
/* The same up to RCPT TO, then RSET: sends nothing. */
bool sp_smtp_probe(struct sp_smtp *smtp, const char *mail_from, struct sp_smtp_recipient *recipients, size_t n,
                   struct sp_smtp_outcome *outcome);

/* What was learnt on the way. Valid while the session is open. */
struct sp_smtp_facts {
    const char *ip; /* of the server */
    int port;
    const char *tls_version, *certificate_issuer;
    bool tls_resumed;
    const char *banner;
    const char *public_ip; /* ours, from "Hello [ip]"; "" when not said */
    uint64_t max_size;     /* SIZE announced; 0: none */
    bool size;             /* SIZE may be said with MAIL */
    bool pipelining, chunking, binarymime, eightbit, smtputf8, auth_login, auth_xoauth2;
};
const struct sp_smtp_facts *sp_smtp_facts(const struct sp_smtp *smtp);

#endif
