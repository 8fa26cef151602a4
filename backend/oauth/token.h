/* token.h - an access token for one application of a tenant, kept fresh: OAuth 2.0 client credentials (RFC 6749 section
 * 4.4) with a secret, or with a certificate (RFC 7523). One token serves every connection of the identity; when it has
 * to be fetched, one thread does and the others wait for it. Calls may come from any thread.
 *
 * A successor of secret or certificate ("next-...") is tried by itself when the first is refused, and stays in use from
 * then on, until it is refused itself. */
#ifndef SP_OAUTH_TOKEN_H
#define SP_OAUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"
#include "base/err.h"

struct sp_clock;
struct sp_https;
struct sp_log;
struct sp_secret;
struct sp_token;
struct sp_transcript;

enum {
    SP_TOKEN_MARGIN_S = 300,    /* renewed so long before its end */
    SP_TOKEN_WORDS_SIZE = 2048, /* AADSTS errors are long */
};

/* What proves that we are the application: a secret, or a certificate with its key. Paths; "" where not set. */
struct sp_token_proof {
    const char *secret_file, *certificate, *key;
};

struct sp_token_options {
    const char *name; /* of the method, for the log */
    const char *url;  /* "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token" */
    const char *client_id, *scope;
    struct sp_token_proof now, next; /* next: all "" when there is none */
    struct sp_https *https;          /* this and what follows is borrowed and outlives the token */
    const struct sp_clock *clock;
    const struct sp_log *log;
};

/* Why there is no token, as diagnosis wants to know it: stage, trouble, code and words of a struct sp_event. */
struct sp_token_failure {
    enum sp_stage stage;     /* always SP_STAGE_TOKEN */
    enum sp_trouble trouble; /* REPLY: refused in words; others: no answer; LOCAL: secret or key cannot be read */
    int code;                /* the HTTP status; 0 without a reply */
    char words[SP_TOKEN_WORDS_SIZE];
    int64_t retry_after; /* seconds, as the endpoint asked for; -1: did not */
    int64_t date_ms;     /* the endpoint's clock, wall ms; 0: not heard */
};

/* Texts are copied; secrets and keys are read now, and one that cannot be read is told by sp_token_get. Connects to
 * nothing. SP_E_NOMEM. */
enum sp_rc sp_token_new(const struct sp_token_options *options, struct sp_token **ret, struct sp_err *err);
void sp_token_free(struct sp_token **token); /* accepts NULL; leaves NULL */

/* A token good for at least `margin` seconds (SP_TOKEN_MARGIN_S for most), fetched when needed; the caller frees *ret.
 * One that is still good is given out when a fresh one cannot be had. false: failure is filled, *ret is untouched.
 * transcript: where asking the endpoint is written down, when this call does; NULL: nowhere. */
bool sp_token_get(struct sp_token *token, int margin, struct sp_transcript *transcript, struct sp_secret **ret,
                  struct sp_token_failure *failure);
/* The peer refused this token: fetch another one next time, unless that has happened already. */
void sp_token_invalidate(struct sp_token *token, const struct sp_secret *refused);

enum sp_token_by { SP_TOKEN_BY_NOBODY, SP_TOKEN_BY_NOW, SP_TOKEN_BY_NEXT };
/* Which proof the endpoint accepted last; NOBODY before the first token. */
enum sp_token_by sp_token_works_by(struct sp_token *token);

/* What a token says about itself, read without checking its signature: for the admin's eyes, never a reason to refuse
 * it (a token without SMTP.SendAsApp in its roles is right where RBAC for Applications is used). Texts "" where absent.
 */
struct sp_token_hint {
    char audience[128], tenant[64], app[64];
    char roles[512];    /* joined by ' ' */
    int64_t expires_ms; /* wall ms; 0: not said */
};
/* false: it is no JWT that can be read. */
bool sp_token_hint(const struct sp_secret *token, struct sp_token_hint *ret);

#endif
