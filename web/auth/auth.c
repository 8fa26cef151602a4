/* auth.c - the Unix socket's word, a token, a session: who is asking. */
#include "web/auth/auth.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "db/batch.h"
#include "web/auth/password.h"
#include "web/auth/sessions.h"
#include "web/auth/throttle.h"

enum {
    ADDRESS_WAIT_MS = 15 * 60 * 1000,
    NAME_WAIT_MS = 30 * 1000, /* short: or anybody could lock the admin out */
    USED_EVERY_MS = 60 * 1000,
    NSS_BUFFER = 16 * 1024,
};

struct sp_auth {
    struct sp_auth_options options;
    uid_t own_uid, lp_uid;
    gid_t admin_gid, lp_gid;
    bool has_lp_user, has_admin_group, has_lp_group;
    pthread_mutex_t lock; /* of the two below */
    struct sp_sessions sessions;
    struct sp_throttle throttle;
};

static bool
find_group(const char *name, gid_t *ret)
{
    SP_AUTO_FREE char *buffer = malloc(NSS_BUFFER);
    struct group group;
    struct group *found = NULL;
    if (buffer == NULL || getgrnam_r(name, &group, buffer, NSS_BUFFER, &found) != 0 || found == NULL)
        return false;
    *ret = group.gr_gid;
    return true;
}

static bool
find_user(const char *name, uid_t *ret)
{
    SP_AUTO_FREE char *buffer = malloc(NSS_BUFFER);
    struct passwd user;
    struct passwd *found = NULL;
    if (buffer == NULL || getpwnam_r(name, &user, buffer, NSS_BUFFER, &found) != 0 || found == NULL)
        return false;
    *ret = user.pw_uid;
    return true;
}

enum sp_rc
sp_auth_new(const struct sp_auth_options *options, struct sp_auth **ret, struct sp_err *err)
{
    struct sp_auth *auth = calloc(1, sizeof(*auth));
    if (auth == NULL)
        return sp_fail(err, SP_E_NOMEM, "auth: out of memory");
    auth->options = *options;
    auth->own_uid = geteuid();
    auth->has_lp_user = find_user("lp", &auth->lp_uid);
    auth->has_lp_group = find_group("lp", &auth->lp_gid);
    auth->has_admin_group = find_group("scanpost", &auth->admin_gid);
    pthread_mutex_init(&auth->lock, NULL);
    *ret = auth;
    return SP_OK;
}

void
sp_auth_free(struct sp_auth **auth)
{
    if (*auth == NULL)
        return;
    pthread_mutex_destroy(&(*auth)->lock);
    sp_wipe(&(*auth)->sessions, sizeof((*auth)->sessions));
    free(*auth);
    *auth = NULL;
}

bool
sp_name_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len < SP_NAME_SIZE && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

void
sp_token_make(char text[SP_TOKEN_TEXT_SIZE], char sha256_hex[65])
{
    sp_text_copy(text, SP_TOKEN_TEXT_SIZE, "sp_");
    sp_random_text(text + 3);
    sp_sha256_hex(text, strlen(text), sha256_hex);
}

/* ---- the Unix socket ---- */

static bool
in_group(const struct sp_peer *peer, gid_t gid)
{
    bool in = peer->gid == gid;
    for (size_t i = 0; i < peer->n_groups; i++)
        in = in || peer->groups[i] == gid;
    return in;
}

static const char *
login_name(struct sp_arena *arena, uid_t uid)
{
    SP_AUTO_FREE char *buffer = malloc(NSS_BUFFER);
    struct passwd user;
    struct passwd *found = NULL;
    if (buffer != NULL && getpwuid_r(uid, &user, buffer, NSS_BUFFER, &found) == 0 && found != NULL)
        return sp_arena_text(arena, user.pw_name);
    return sp_arena_format(arena, "uid:%u", (unsigned)uid);
}

static enum sp_rc
identify_local(const struct sp_auth *auth, struct sp_request *req, struct sp_err *err)
{
    const struct sp_peer *peer = &req->peer;
    bool admin =
        peer->uid == 0 || peer->uid == auth->own_uid || (auth->has_admin_group && in_group(peer, auth->admin_gid));
    bool printing =
        (auth->has_lp_user && peer->uid == auth->lp_uid) || (auth->has_lp_group && in_group(peer, auth->lp_gid));
    if (!admin && !printing)
        return sp_fail(err, SP_E_DENIED, "only root and members of the group scanpost may do this");
    req->caller = (struct sp_caller){
        .kind = SP_CALLER_PEER,
        .role = admin ? SP_ROLE_ADMIN : SP_ROLE_NONE,
        .may_submit = true,
        .may_name_user = true,
        .name = login_name(req->arena, peer->uid),
        .uid = peer->uid,
    };
    return req->caller.name == NULL ? sp_fail(err, SP_E_NOMEM, "auth: out of memory") : SP_OK;
}

/* ---- tokens ---- */

static enum sp_rc
note_use(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct sp_token_row *row = context;
    return sp_token_used(db, row->name, row->last_used, err);
}

/* Once a minute at most: a busy copier shall not cost a commit more for each scan. */
static void
token_used(const struct sp_auth *auth, const struct sp_token_row *row)
{
    int64_t now = sp_wall_ms(auth->options.clock);
    if (auth->options.batch == NULL || (now >= row->last_used && now - row->last_used < USED_EVERY_MS))
        return;
    struct sp_token_row used = *row;
    struct sp_err err = { 0 };
    used.last_used = now;
    if (sp_batch_run(auth->options.batch, note_use, &used, &err) != SP_OK)
        sp_warn(auth->options.log, "auth: the last use of token %s is not noted: %s", row->name, err.text);
}

static enum sp_rc
identify_token(const struct sp_auth *auth, struct sp_request *req, const char *token, struct sp_err *err)
{
    static const char wrong[] = "the token is not valid, or was revoked";
    if (strlen(token) != SP_TOKEN_TEXT_SIZE - 1 || !sp_text_starts(token, "sp_"))
        return sp_fail(err, SP_E_AUTH, wrong);
    struct sp_token_row *row = sp_arena_zalloc(req->arena, sizeof(*row));
    if (row == NULL)
        return sp_fail(err, SP_E_NOMEM, "auth: out of memory");
    char digest[SP_SHA256_HEX_SIZE];
    sp_sha256_hex(token, strlen(token), digest);
    enum sp_rc rc = sp_token_find(req->db, digest, req->arena, row, err);
    if (rc == SP_E_NOTFOUND)
        return sp_fail(err, SP_E_AUTH, wrong);
    if (rc != SP_OK)
        return rc;
    req->caller = (struct sp_caller){ .kind = SP_CALLER_TOKEN, .may_submit = true, .name = row->name, .token = row };
    token_used(auth, row);
    return SP_OK;
}

/* RFC 7617: base64 of "name:password"; the name may be anything. */
static enum sp_rc
identify_basic(const struct sp_auth *auth, struct sp_request *req, const char *credentials, struct sp_err *err)
{
    struct sp_str decoded = { 0 };
    const char *password = NULL;
    if (sp_base64_decode(&decoded, credentials, strlen(credentials)))
        password = strchr(sp_str_text(&decoded), ':');
    enum sp_rc rc = password == NULL ? sp_fail(err, SP_E_AUTH, "the Authorization header is not well formed")
                                     : identify_token(auth, req, password + 1, err);
    if (decoded.text != NULL)
        sp_wipe(decoded.text, decoded.len);
    sp_str_free(&decoded);
    return rc;
}

static enum sp_rc
identify_authorization(const struct sp_auth *auth, struct sp_request *req, const char *value, struct sp_err *err)
{
    size_t scheme = strcspn(value, " ");
    const char *credentials = value + scheme + strspn(value + scheme, " ");
    if (scheme == 6 && sp_text_starts_nocase(value, "Bearer"))
        return identify_token(auth, req, credentials, err);
    if (scheme == 5 && sp_text_starts_nocase(value, "Basic"))
        return identify_basic(auth, req, credentials, err);
    return sp_fail(err, SP_E_AUTH, "this kind of Authorization is not known here");
}

/* ---- people ---- */

static bool
session_of(struct sp_auth *auth, const char *cookie, struct sp_session_entry *ret)
{
    pthread_mutex_lock(&auth->lock);
    const struct sp_session_entry *entry = sp_sessions_find(&auth->sessions, cookie, sp_mono_ms(auth->options.clock));
    if (entry != NULL)
        *ret = *entry;
    pthread_mutex_unlock(&auth->lock);
    return entry != NULL;
}

static enum sp_rc
identify_session(struct sp_auth *auth, struct sp_request *req, const char *cookie, struct sp_err *err)
{
    struct sp_session_entry session;
    if (!session_of(auth, cookie, &session))
        return sp_fail(err, SP_E_AUTH, "the session has ended; sign in again");
    const char *csrf = sp_request_header(req, "X-CSRF-Token");
    if (strcmp(req->method, "GET") != 0 && (csrf == NULL || !sp_text_equal_slowly(csrf, session.csrf)))
        return sp_fail(err, SP_E_DENIED, "the X-CSRF-Token is missing or not this session's");
    /* Looked up each time, so that a role taken away is gone at once. */
    struct sp_user_row user = { 0 };
    enum sp_rc rc = sp_user_find(req->db, session.name, req->arena, &user, err);
    if (rc == SP_E_NOTFOUND)
        return sp_fail(err, SP_E_AUTH, "the session has ended; sign in again");
    if (rc != SP_OK)
        return rc;
    req->caller = (struct sp_caller){ .kind = SP_CALLER_SESSION,
                                      .role = user.role,
                                      .may_submit = user.role == SP_ROLE_ADMIN,
                                      .name = user.name,
                                      .session = session.number };
    return SP_OK;
}

enum sp_rc
sp_auth_identify(struct sp_auth *auth, struct sp_request *req, struct sp_err *err)
{
    req->caller = (struct sp_caller){ 0 };
    if (req->peer.local)
        return identify_local(auth, req, err);
    const char *authorization = sp_request_header(req, "Authorization");
    if (authorization != NULL)
        return identify_authorization(auth, req, authorization, err);
    const char *cookie = sp_request_cookie(req, SP_SESSION_COOKIE);
    return cookie == NULL ? SP_OK : identify_session(auth, req, cookie, err);
}

struct keys { /* of the throttle */
    char name[SP_THROTTLE_KEY], address[SP_THROTTLE_KEY];
};

/* Whoever has one address of IPv6 has the 2^64 beside it. */
static void
put_network(char *ret, size_t size, const char *address)
{
    struct in6_addr in6;
    if (inet_pton(AF_INET6, address, &in6) != 1 || IN6_IS_ADDR_V4MAPPED(&in6)) {
        (void)sp_text_copy(ret, size, address);
        return;
    }
    memset(in6.s6_addr + 8, 0, 8);
    (void)inet_ntop(AF_INET6, &in6, ret, (socklen_t)size);
}

static struct keys
keys_of(const struct sp_request *req, const char *name)
{
    struct keys keys;
    snprintf(keys.name, sizeof(keys.name), "name:%s", name);
    char network[SP_PEER_ADDRESS];
    put_network(network, sizeof(network), req->peer.address);
    snprintf(keys.address, sizeof(keys.address), "from:%s", network);
    return keys;
}

static bool
blocked(struct sp_auth *auth, const struct keys *keys)
{
    int64_t now = sp_mono_ms(auth->options.clock);
    pthread_mutex_lock(&auth->lock);
    bool blocks =
        sp_throttle_blocks(&auth->throttle, keys->name, now) || sp_throttle_blocks(&auth->throttle, keys->address, now);
    pthread_mutex_unlock(&auth->lock);
    return blocks;
}

static void
note_failure(struct sp_auth *auth, const struct keys *keys)
{
    int64_t now = sp_mono_ms(auth->options.clock);
    pthread_mutex_lock(&auth->lock);
    sp_throttle_failed(&auth->throttle, keys->name, now, NAME_WAIT_MS);
    sp_throttle_failed(&auth->throttle, keys->address, now, ADDRESS_WAIT_MS);
    pthread_mutex_unlock(&auth->lock);
}

void
sp_auth_begin_session(struct sp_auth *auth, const struct sp_user_row *user, struct sp_session *ret)
{
    pthread_mutex_lock(&auth->lock);
    const struct sp_session_entry *entry =
        sp_sessions_begin(&auth->sessions, user->name, sp_mono_ms(auth->options.clock));
    sp_text_copy(ret->token, sizeof(ret->token), entry->token);
    sp_text_copy(ret->csrf, sizeof(ret->csrf), entry->csrf);
    ret->role = user->role;
    pthread_mutex_unlock(&auth->lock);
}

static void
forget_failures(struct sp_auth *auth, const struct keys *keys)
{
    pthread_mutex_lock(&auth->lock);
    sp_throttle_forget(&auth->throttle, keys->name);
    sp_throttle_forget(&auth->throttle, keys->address);
    pthread_mutex_unlock(&auth->lock);
}

enum sp_rc
sp_auth_sign_in(struct sp_auth *auth, const struct sp_request *req, const char *name, const char *password,
                struct sp_session *ret, struct sp_err *err)
{
    struct keys keys = keys_of(req, name);
    if (blocked(auth, &keys))
        return sp_fail(err, SP_E_BUSY, "too many wrong tries; wait a little");
    struct sp_user_row user = { .hash = "" };
    if (sp_name_valid(name)) {
        enum sp_rc rc = sp_user_find(req->db, name, req->arena, &user, err);
        if (rc != SP_OK && rc != SP_E_NOTFOUND)
            return rc;
    }
    if (!sp_password_matches(password, user.hash)) {
        note_failure(auth, &keys);
        sp_notice(auth->options.log, "auth: a wrong name or password from %s", req->peer.address);
        return sp_fail(err, SP_E_AUTH, "the name or the password is wrong");
    }
    forget_failures(auth, &keys);
    sp_auth_begin_session(auth, &user, ret);
    return SP_OK;
}

bool
sp_auth_csrf(struct sp_auth *auth, const struct sp_request *req, char ret[SP_SESSION_TEXT_SIZE])
{
    const char *cookie = sp_request_cookie(req, SP_SESSION_COOKIE);
    struct sp_session_entry session;
    if (cookie == NULL || !session_of(auth, cookie, &session))
        return false;
    sp_text_copy(ret, SP_SESSION_TEXT_SIZE, session.csrf);
    return true;
}

void
sp_auth_sign_out(struct sp_auth *auth, const struct sp_request *req)
{
    const char *cookie = sp_request_cookie(req, SP_SESSION_COOKIE);
    if (cookie == NULL)
        return;
    pthread_mutex_lock(&auth->lock);
    sp_sessions_end(&auth->sessions, cookie);
    pthread_mutex_unlock(&auth->lock);
}

bool
sp_auth_session_lives(struct sp_auth *auth, uint64_t number)
{
    pthread_mutex_lock(&auth->lock);
    bool lives = sp_sessions_lives(&auth->sessions, number, sp_mono_ms(auth->options.clock));
    pthread_mutex_unlock(&auth->lock);
    return lives;
}

void
sp_auth_end_sessions(struct sp_auth *auth, const char *name)
{
    pthread_mutex_lock(&auth->lock);
    sp_sessions_end_of(&auth->sessions, name);
    pthread_mutex_unlock(&auth->lock);
}
