/* smtp.h - the two SMTP servers, which differ in little: the tenant's MX (port 25's behaviour) and client submission.
 * One call of sp_box_smtp_serve is one conversation. */
#ifndef SP_SANDBOX_SMTP_H
#define SP_SANDBOX_SMTP_H

#include <openssl/types.h>

#include "backend/sandbox/certificate.h"
#include "backend/sandbox/door.h"
#include "backend/sandbox/options.h"
#include "backend/sandbox/scenario.h"

struct sp_box_app;
struct sp_box_budget;
struct sp_box_seats;
struct sp_box_stats;
struct sp_box_store;
struct sp_log;
struct sp_secret;

/* Who may sign in. */
struct sp_box_account {
    const char *user;
    struct sp_secret *password;
    struct sp_secret *token; /* one that is always good; NULL: only those that were issued */
};

/* All borrowed. */
struct sp_box_smtp {
    enum sp_box_where where; /* MX or SUBMISSION */
    const char *method;      /* "mx" or "submission": for the log and the stored messages */
    const char *host;        /* what the banner says */
    const char *inner_host;  /* what refusals say in brackets */
    const struct sp_box_options *options;
    const struct sp_box_account *account;
    const struct sp_box_app *app;
    const char *connector; /* the name of the certificate by which a client may relay */
    struct sp_box_scenarios *scenarios;
    struct sp_box_store *store;
    struct sp_box_stats *stats;
    struct sp_box_budget *budget;
    struct sp_box_seats *seats;
    const struct sp_log *log;
    SSL_CTX *tls[SP_BOX_CERTIFICATES];
};

/* An sp_box_serve_fn; server is a struct sp_box_smtp. */
void sp_box_smtp_serve(void *server, const struct sp_box_guest *guest);

/* Announced (live servers, 2022 to 2025). It is not what a mailbox takes: that is the scenario too-large. */
enum { SP_BOX_SIZE_LIMIT = 157286400 };

#endif
