/* client.h - the daemon's HTTP API over its Unix socket, where the kernel says who we are and no password is needed.
 * For the command line and the print queue, which know nothing of HTTP. */
#ifndef SP_GATEWAY_CLIENT_CLIENT_H
#define SP_GATEWAY_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

struct sp_client;

/* Nothing is connected yet. SP_E_NOMEM. */
enum sp_rc sp_client_new(const char *run_dir, struct sp_client **ret, struct sp_err *err);
void sp_client_free(struct sp_client **client); /* accepts NULL; leaves NULL */

/* path: "/api/v1/jobs?limit=3"; body may be NULL, and stays the caller's. *ret is what came back, NULL for nothing,
 * to be released with json_decref. A refusal of the daemon comes back in its own words: SP_E_INVALID, SP_E_NOTFOUND,
 * SP_E_CONFLICT, SP_E_DENIED ...; SP_E_CLOSED when it cannot be reached, SP_E_PROTO when it talks nonsense. */
enum sp_rc sp_client_call(struct sp_client *client, const char *method, const char *path, const json_t *body,
                          json_t **ret, struct sp_err *err);

/* Called about once a second, and oftener, while a request is under way; false gives it up (SP_E_CLOSED). */
typedef bool sp_client_watch_fn(void *context);
void sp_client_watch(struct sp_client *client, sp_client_watch_fn *watch, void *context);

struct sp_form_field {
    const char *name, *value;
};
struct sp_form {              /* texts may be NULL */
    const char *const *files; /* paths, each a document named as the file is */
    size_t n_files;
    const char *document_name; /* one more document, in an open file; NULL: none */
    int document_fd;
    uint64_t document_size;
    const char *const *to;
    size_t n_to;
    const char *const *cc;
    size_t n_cc;
    const char *route, *subject, *body;
    const struct sp_form_field *more; /* other fields */
    size_t n_more;
    const char *key; /* an Idempotency-Key: the same scan a second time is the same job */
};
/* Posts a scan; files are read as they are sent. *ret is what came of it: the job. */
enum sp_rc sp_client_send(struct sp_client *client, const struct sp_form *form, json_t **ret, struct sp_err *err);

/* Whether somebody listened to the last request, answered or not: when its answer was lost, it may have been done. */
bool sp_client_reached(const struct sp_client *client);
/* The HTTP status of the last answer, for callers to whom a refusal is more than its words; 0: there was none. */
int sp_client_status(const struct sp_client *client);

#endif
