/* check.h - walking a way to see whether it works: everything that an attempt does, up to where the next step would
 * send, told step by step in plain words; and what such a walk cannot prove.
 *
 *   check.c          telling, and what all walks share: certificate, clock, a refusal
 *   check_address.c  what the world thinks of the office's address: SPF, block lists
 *   check_token.c    the token, and what it says about itself
 *   check_smtp.c     direct, relay, submission: to RCPT TO and RSET
 *   check_graph.c    Graph: one request that changes nothing */
#ifndef SP_DELIVERY_CHECK_H
#define SP_DELIVERY_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"

struct sp_app;
struct sp_diagnosis;
struct sp_method_settings;
struct sp_way_env;

enum sp_finding_outcome {
    SP_FINDING_OK,
    SP_FINDING_FAILED,
    SP_FINDING_UNPROVEN, /* not known, or works and may still end badly */
    SP_FINDING_INFO,
};
const char *sp_finding_outcome_name(enum sp_finding_outcome outcome); /* "ok" "failed" "unproven" "info" */

/* Texts are never NULL, and live during the call only. */
struct sp_finding {
    enum sp_stage stage;
    enum sp_finding_outcome outcome;
    const char *title; /* "Certificate" */
    const char *text;  /* a sentence or two */
    const char *fix;   /* who must do what; "" */
    const char *reply; /* what the other side said; "" */
};

struct sp_walk {
    const char *mail_from, *recipient;
    bool dnsbl; /* the block lists may be asked */
    bool sends; /* a test mail follows, which proves what the walk cannot */
    void (*tell)(void *context, const struct sp_finding *finding);
    void *context;
};

/* One without fix and reply. */
void sp_walk_tell(const struct sp_walk *walk, enum sp_stage stage, enum sp_finding_outcome outcome, const char *title,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* What ended the walk, in the words of its diagnosis. */
void sp_walk_tell_refusal(const struct sp_walk *walk, enum sp_stage stage, const struct sp_diagnosis *diagnosis,
                          const char *reply);
/* Protocol and issuer of the certificate: Microsoft's, or somebody's in between. */
void sp_walk_tell_tls(const struct sp_walk *walk, const char *version, const char *issuer);
/* Our clock beside theirs, both wall ms. */
void sp_walk_tell_clock(const struct sp_walk *walk, enum sp_stage stage, int64_t ours, int64_t theirs);

/* --- check_address.c --- */

/* Whether the record of the sender's domain covers the address; matters: mail goes out to receivers from here. */
void sp_walk_tell_spf(const struct sp_walk *walk, const struct sp_way_env *env, const char *ip, bool matters);
void sp_walk_tell_lists(const struct sp_walk *walk, const struct sp_way_env *env, const char *ip);

/* --- check_token.c --- */

/* A token that is there. role: what it should have, "SMTP.SendAsApp". */
void sp_walk_tell_token(const struct sp_walk *walk, const struct sp_app *app, const char *role);
/* Whether the token says that it has this role. */
bool sp_token_says_role(const struct sp_app *app, const char *role);

#endif
