/* auth.h - who is asking. In this order:
 *
 *   the Unix socket      the kernel's word: root, our own uid and members of group `scanpost` are admin; user or group
 *                        `lp` may hand in scans and name their user; anybody else is refused
 *   Authorization        Bearer TOKEN, or Basic with the token as password (copiers and WebDAV clients know no better)
 *   Cookie               a session made by POST /api/v1/session; requests that change something also show its CSRF
 *                        token in X-CSRF-Token
 *
 * Tokens are 256 random bits, looked up by their SHA-256, so neither a slow hash nor a constant-time comparison is
 * needed: an attacker cannot choose digests. Passwords are yescrypt, one at a time in the whole process (16 MiB each).
 * Sessions live in memory: they end with the process, and no copy of the database holds one. */
#ifndef SP_WEB_AUTH_AUTH_H
#define SP_WEB_AUTH_AUTH_H

#include "web/http/router.h"

struct sp_auth;
struct sp_batch;
struct sp_clock;
struct sp_log;

#define SP_SESSION_COOKIE "scanpost_session"
enum { SP_TOKEN_TEXT_SIZE = 47, SP_SESSION_TEXT_SIZE = 44, SP_PASSWORD_MIN = 10, SP_PASSWORD_MAX = 256 };

struct sp_auth_options {
    struct sp_batch *batch; /* where a token's last use is noted; NULL: it is not */
    const struct sp_clock *clock;
    const struct sp_log *log;
};
/* Looks up the groups `scanpost` and `lp` and the user `lp` once; none of them has to exist. Borrows everything. */
enum sp_rc sp_auth_new(const struct sp_auth_options *options, struct sp_auth **ret, struct sp_err *err);
void sp_auth_free(struct sp_auth **auth);

/* The router's question. */
enum sp_rc sp_auth_identify(struct sp_auth *auth, struct sp_request *req, struct sp_err *err);

/* "sp_..." and what is stored of it. */
void sp_token_make(char text[SP_TOKEN_TEXT_SIZE], char sha256_hex[65]);

/* Names of users and tokens: 1 to 64 of a-z 0-9 . _ - and no dot in front. */
bool sp_name_valid(const char *name);

struct sp_session {
    char token[SP_SESSION_TEXT_SIZE]; /* the cookie's value */
    char csrf[SP_SESSION_TEXT_SIZE];
    enum sp_role role;
};
/* A new session for name and password. SP_E_AUTH: wrong, and not said which of the two; SP_E_BUSY: too many wrong tries
 * for this name or from this address lately; SP_E_IO. */
enum sp_rc sp_auth_sign_in(struct sp_auth *auth, const struct sp_request *req, const char *name, const char *password,
                           struct sp_session *ret, struct sp_err *err);
/* The same for somebody who has shown in another way who they are. */
void sp_auth_begin_session(struct sp_auth *auth, const struct sp_user_row *user, struct sp_session *ret);
/* The CSRF token of the session that the request's cookie names. false: there is none. */
bool sp_auth_csrf(struct sp_auth *auth, const struct sp_request *req, char ret[SP_SESSION_TEXT_SIZE]);
void sp_auth_sign_out(struct sp_auth *auth, const struct sp_request *req);
/* Whether the session of that number (sp_caller) has not ended. */
bool sp_auth_session_lives(struct sp_auth *auth, uint64_t number);
/* The password changed, or the user is gone. */
void sp_auth_end_sessions(struct sp_auth *auth, const char *name);

#endif
