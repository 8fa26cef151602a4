/* sasl.h - ways to sign in (RFC 4954), each a const struct. A new one is a struct and a line in the table in sasl.c,
 * a member in enum sp_sasl and a fact that tells whether it is offered. Pure. */
#ifndef SP_SMTP_SASL_H
#define SP_SMTP_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/smtp/session.h"

struct sp_str;

struct sp_sasl_asked {
    const char *user;
    const struct sp_secret *secret; /* password or token */
    bool initial;                   /* the first answer went with AUTH */
    size_t step;                    /* challenges before this one */
    const char *challenge;          /* as it came, in base64; "" is usual */
};

struct sp_sasl_mechanism {
    const char *name;
    bool (*offered)(const struct sp_smtp_facts *facts);
    /* Appends what may go with AUTH as the initial response, in base64. */
    void (*first)(const struct sp_sasl_asked *asked, struct sp_str *out);
    const char *first_shown; /* in log and transcript */
    /* Appends the answer in base64; nothing is an empty line. */
    void (*answer)(const struct sp_sasl_asked *asked, struct sp_str *out);
};

const struct sp_sasl_mechanism *sp_sasl_mechanism(enum sp_sasl which);

#endif
