/* client.h - the daemon's HTTP API over its Unix socket, where the kernel says who we are and no password is needed.
 * The only header of the command line that knows of HTTP; client.c is the only file with curl.h. */
#ifndef SP_GATEWAY_CLI_CLIENT_H
#define SP_GATEWAY_CLI_CLIENT_H

#include <stddef.h>

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

struct sp_form { /* texts may be NULL */
    const char *const *files;
    size_t n_files;
    const char *const *to;
    size_t n_to;
    const char *route, *subject, *body;
};
/* Posts a scan; files are read as they are sent. *ret is the job. */
enum sp_rc sp_client_send(struct sp_client *client, const struct sp_form *form, json_t **ret, struct sp_err *err);

#endif
