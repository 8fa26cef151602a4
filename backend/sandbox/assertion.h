/* assertion.h - what an application sends instead of a secret: a JWT that it signed with the key of its certificate
 * (RFC 7523; learn.microsoft.com entra/identity-platform/certificate-credentials). */
#ifndef SP_SANDBOX_ASSERTION_H
#define SP_SANDBOX_ASSERTION_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/sandbox/app.h"

enum { SP_BOX_JTI_MAX = 1024, SP_BOX_JTI_SIZE = 65, SP_BOX_THUMBPRINT_SIZE = 65 };

/* Which assertions were used. A ring: the oldest is forgotten. Threads may share it. */
struct sp_box_jtis {
    pthread_mutex_t lock;
    size_t next;
    char sums[SP_BOX_JTI_MAX][SP_BOX_JTI_SIZE]; /* SHA-256 in hex; "": free */
};
void sp_box_jtis_init(struct sp_box_jtis *jtis);

enum sp_box_verdict {
    SP_BOX_ASSERTION_GOOD,
    SP_BOX_ASSERTION_UNREADABLE,
    SP_BOX_ASSERTION_KEY_UNKNOWN, /* no certificate of that thumbprint is registered */
    SP_BOX_ASSERTION_SIGNATURE,
    SP_BOX_ASSERTION_SUBJECT, /* iss or sub is not the client */
    SP_BOX_ASSERTION_AUDIENCE,
    SP_BOX_ASSERTION_TIME,
    SP_BOX_ASSERTION_REPLAYED,
};

struct sp_box_asserted {
    size_t proof;                            /* which certificate, when GOOD */
    char thumbprint[SP_BOX_THUMBPRINT_SIZE]; /* that was named, in hex */
    int64_t from_s, until_s;
};

/* path: of the request, "/TENANT/oauth2/v2.0/token"; the audience must end so. */
enum sp_box_verdict sp_box_assertion_check(const struct sp_box_app *app, struct sp_box_jtis *jtis, const char *text,
                                           const char *client, const char *path, int64_t now_s,
                                           struct sp_box_asserted *ret);

#endif
