/* house.h - the API over a real gateway in a temporary directory, asked without a socket. */
#ifndef SP_TEST_HTTP_HOUSE_H
#define SP_TEST_HTTP_HOUSE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/str.h"
#include "db/queue.h"
#include "unit/gateway/world.h"
#include "web/api/api.h"
#include "web/auth/auth.h"

struct house {
    struct world *w;
    struct sp_clock clock;
    _Atomic int64_t later_ms; /* how far the clock is ahead of the true one */
    struct sp_auth *auth;
    struct sp_api api;
    const struct sp_route *const *tables; /* those of the API, unless a test has more */
};

struct house *house_open(void);
void house_close(struct house *house);

struct asker { /* who asks, and how */
    bool local, tls;
    uid_t uid;
    const char *authorization, *cookie, *csrf;
    const char *key;     /* Idempotency-Key */
    const char *address; /* NULL: 192.0.2.1 */
};
extern const struct asker nobody, admin; /* admin: our own uid on the Unix socket */

/* *res is to be freed. Returns the status. */
int house_ask(struct house *house, const struct asker *asker, const char *method, const char *target, const char *type,
              const char *body, size_t size, struct sp_response *res);
int house_get(struct house *house, const struct asker *asker, const char *target, struct sp_response *res);
int house_post(struct house *house, const struct asker *asker, const char *method, const char *target, const char *json,
               struct sp_response *res);
/* Only the status matters. */
int status_get(struct house *house, const struct asker *asker, const char *target);
int status_send(struct house *house, const struct asker *asker, const char *method, const char *target,
                const char *json);
/* The body, for the caller to json_decref(). */
json_t *body_of(const struct sp_response *res);

/* --- people --- */
#define PASSWORD "correct horse"
struct session {
    char cookie[128], csrf[64];
};
void add_user(struct house *house, const char *name, const char *role); /* who signs in with PASSWORD */
/* Returns the status; *ret (may be NULL) is filled when it is 200. */
int sign_in(struct house *house, const char *name, const char *password, const char *address, struct session *ret);
struct asker as_session(const struct session *session);

/* A form, built part by part. */
void form_field(struct sp_str *form, const char *name, const char *value);
void form_file(struct sp_str *form, const char *file_name, const void *bytes, size_t size);
int house_submit(struct house *house, const struct asker *asker, const char *target, struct sp_str *form,
                 struct sp_response *res);
/* A job for accounting@contoso.com in the database; its id. */
void house_job(struct house *house, const char *subject, char ret_id[27]);
/* One attempt that ended the job with this state and class. */
void house_settle(struct house *house, const char *id, enum sp_job_state state, const char *class_name);
/* A token; "Bearer sp_..." for the caller to free. */
char *house_token(struct house *house, const char *json);

#endif
