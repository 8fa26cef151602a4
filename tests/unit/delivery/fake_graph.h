/* fake_graph.h - a scripted HTTPS server on 127.0.0.1 that plays Graph and the token endpoint. It answers as the plan
 * says, and notes the first thing that does not go by the plan. A step is a request and what becomes of it:
 *
 *   ">POST /sendMail"        a request whose line begins so, behind /v1.0/users/MAILBOX; "/upload" is the signed URL
 *   "<202"                   an answer: status, then headers, then "\n\n" and a body
 *   "<429\nRetry-After: 7"
 *   "<200\n\n{\"id\":\"X\"}"   "^" in a body stands for "https://localhost:PORT"
 *   "!lose"                  reads the request and hangs up
 *   "!cut N"                 reads N octets of the body and hangs up
 *   "!endless"               answers 400 with a body that never ends
 *   "!garbage"               says something that is no HTTP
 *   "!hang"                  says nothing until the client leaves
 *
 * Tokens are given out without a step: "token-1", "token-2" ...; a request with another one than the newest is against
 * every plan. Connections may be many; requests are taken in the order in which they come. */
#ifndef TESTS_FAKE_GRAPH_H
#define TESTS_FAKE_GRAPH_H

#include <stddef.h>

#include "unit/smtp/fake_tls.h"

struct fake_graph;

/* Listens on a free port, as `localhost`. Aborts when the machine has none. */
struct fake_graph *fake_graph_new(enum fake_certificate kind);
/* Lets go of everybody and waits for the threads. Accepts NULL; leaves NULL. */
void fake_graph_free(struct fake_graph **server);

const char *fake_graph_ca_file(const struct fake_graph *server);
unsigned fake_graph_port(const struct fake_graph *server);

/* The steps end with NULL; literals. Again for a new plan, when the one before has ended. */
void fake_graph_plan(struct fake_graph *server, ...) __attribute__((sentinel));
/* The token endpoint answers so ("<401\n\n{...}") instead of giving a token; NULL: gives them again. */
void fake_graph_token_answer(struct fake_graph *server, const char *said);
/* NULL when all went by the plan and all of it was used, else what did not. Call when the client has its answer. */
const char *fake_graph_end(struct fake_graph *server);

unsigned fake_graph_tokens(struct fake_graph *server); /* that were given out */
/* The nth request by the plan (from 0): its header as it came, and its body. NULL: there was none. */
const char *fake_graph_head(struct fake_graph *server, size_t number);
const char *fake_graph_body(struct fake_graph *server, size_t number, size_t *ret_size);

#endif
