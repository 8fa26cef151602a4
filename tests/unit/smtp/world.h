/* world.h - what every test of the session stands on: a scripted server, options that lead to it, a session. */
#ifndef TESTS_SMTP_WORLD_H
#define TESTS_SMTP_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/net/dns.h"
#include "backend/smtp/session.h"
#include "unit/smtp/fake_smtp.h"

struct world {
    struct fake_smtp *server;
    struct sp_tls *tls;
    struct sp_net_address address;
    struct sp_smtp_options options;
    struct sp_smtp *smtp;
    struct sp_smtp_outcome got;
};

int setup_world(void **state);
int teardown_world(void **state);
/* The server shows another kind of certificate. Before the plan. */
void world_certificate(struct world *w, enum fake_certificate kind);
/* From now on no stage has more than a third of a second. */
void world_hurry(struct world *w);
bool world_open(struct world *w);
/* Says goodbye and asserts that everything went by the plan. */
void world_end(struct world *w);
/* Asserts that the outcome is this trouble at this stage. */
void world_got(const struct world *w, enum sp_stage stage, enum sp_trouble trouble);
void world_got_reply(const struct world *w, enum sp_stage stage, int code);

/* A body of a text that stays where it is. binary_size 0. */
struct text {
    const char *bytes;
    size_t size, at;
    size_t fails_at; /* reading past this fails; 0: never */
    bool binary;     /* how it was begun last */
};
struct sp_smtp_body text_body(struct text *text);

#endif
