/* fake_https.h - an HTTPS server on 127.0.0.1 that answers by a list of the test's, one answer a request, the last one
 * for ever. It remembers what was asked. A thread for each connection. */
#ifndef TESTS_FAKE_HTTPS_H
#define TESTS_FAKE_HTTPS_H

#include <stddef.h>

#include "unit/smtp/fake_tls.h"

enum fake_https_manner {
    HTTPS_KEEPS,    /* answers, and waits for the next request */
    HTTPS_CLOSES,   /* answers, and hangs up */
    HTTPS_HANGS_UP, /* reads the request, and hangs up */
    HTTPS_SILENT,   /* reads the request, and says nothing until the other side goes */
};

struct fake_https_answer {
    int status;
    const char *headers; /* "Retry-After: 3\r\n"; NULL: none */
    const char *body;    /* NULL: none */
    enum fake_https_manner manner;
};

struct fake_https;

/* answers: stay where they are. ca NULL: no TLS, as a proxy speaks. Aborts without a port. */
struct fake_https *fake_https_new(const struct fake_ca *ca, enum fake_certificate kind,
                                  const struct fake_https_answer *answers, size_t n);
void fake_https_free(struct fake_https **server);
/* "https://localhost:12345/path"; stays until the next call. */
const char *fake_https_url(struct fake_https *server, const char *path);
unsigned fake_https_port(const struct fake_https *server);

size_t fake_https_connections(struct fake_https *server); /* so far */
size_t fake_https_requests(struct fake_https *server);
/* Header and body of a request, from 0; stays as long as the server. Aborts when there was none. */
const char *fake_https_request(struct fake_https *server, size_t index);

#endif
