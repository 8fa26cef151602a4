/* request.h - a request as handlers see it: plain data, so that a test makes one without a socket.
 * Everything lives in the request's arena, or longer. Paths and queries are percent-decoded exactly once. */
#ifndef SP_WEB_HTTP_REQUEST_H
#define SP_WEB_HTTP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "db/identity.h"

struct sp_arena;
struct sp_db;

enum { SP_REQUEST_ARGS = 4, SP_REQUEST_SEGMENTS = 12, SP_REQUEST_QUERY = 64, SP_PEER_ADDRESS = 46 };

/* Where it came from, as the kernel says. */
struct sp_peer {
    bool local; /* through the Unix socket: uid, gid and groups are known */
    bool tls;
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* the supplementary ones */
    size_t n_groups;
    char address[SP_PEER_ADDRESS]; /* "192.0.2.7", "2001:db8::7"; "" when local */
};

/* Who asks, and what they may do; filled by web/auth. */
enum sp_caller_kind { SP_CALLER_NONE, SP_CALLER_TOKEN, SP_CALLER_SESSION, SP_CALLER_PEER };
struct sp_caller {
    enum sp_caller_kind kind;
    enum sp_role role;                /* NONE: no right to look or act */
    bool may_submit;                  /* hand in scans */
    bool may_name_user;               /* and say whose they are */
    const char *name;                 /* of the token, the user, or the login name of the peer */
    const struct sp_token_row *token; /* kind TOKEN */
    uid_t uid;                        /* kind PEER */
    uint64_t session;                 /* kind SESSION: its number, which is never used again; else 0 */
};

struct sp_field {
    const char *name, *value;
};
struct sp_fields {
    const struct sp_field *items;
    size_t count;
};

struct sp_request {
    struct sp_arena *arena;
    const char *method;                        /* HEAD comes as GET */
    const char *path;                          /* decoded, for words to people only: routing works on the segments */
    const char *segments[SP_REQUEST_SEGMENTS]; /* "/api/v1/jobs" -> api, v1, jobs; each decoded on its own */
    size_t n_segments;
    struct sp_fields headers, query;
    const char *args[SP_REQUEST_ARGS]; /* what stands for :id and so on in the route's path */
    size_t n_args;
    const char *body; /* of a small request; NULL when it had none */
    size_t body_size;
    struct sp_peer peer;
    struct sp_caller caller;
    struct sp_db *db; /* for reading, of the thread that runs the handler */
};

/* Takes "/path?query" apart. SP_E_INVALID: not a path, broken percent-encoding, NUL or other control characters, bytes
 * that are not UTF-8, "." or "..", too many parts; SP_E_NOMEM. */
enum sp_rc sp_request_target(struct sp_request *req, const char *target, struct sp_err *err);

const char *sp_request_arg(const struct sp_request *req, size_t index);        /* never NULL: the route has it */
const char *sp_request_header(const struct sp_request *req, const char *name); /* NULL: absent; the first one */
const char *sp_request_query(const struct sp_request *req, const char *name);  /* NULL: absent; the first one */
/* A cookie's value, copied into the arena; NULL: absent. */
const char *sp_request_cookie(const struct sp_request *req, const char *name);
/* Whether the media type of Content-Type is this one, parameters apart. */
bool sp_request_is_type(const struct sp_request *req, const char *type);

/* The body as a JSON object with no other keys than those (a list that ends with NULL); the caller json_decref()s it.
 * SP_E_TYPE: not application/json; SP_E_INVALID. */
enum sp_rc sp_request_json(const struct sp_request *req, const char *const *keys, json_t **ret, struct sp_err *err);

#endif
