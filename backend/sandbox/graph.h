/* graph.h - the part of Microsoft Graph that sends mail, v1.0: sendMail with MIME or JSON, drafts with attachments and
 * upload sessions, send; with the limits of a mailbox. */
#ifndef SP_SANDBOX_GRAPH_H
#define SP_SANDBOX_GRAPH_H

#include <pthread.h>

#include "backend/sandbox/draft.h"
#include "backend/sandbox/http.h"
#include "backend/sandbox/options.h"
#include "backend/sandbox/smtp.h"

enum {
    SP_BOX_GRAPH_BODY_MAX = 4 * 1024 * 1024, /* of a request: above it, 413 */
    SP_BOX_GRAPH_CONCURRENCY = 4,            /* requests of a mailbox at once */
    SP_BOX_MAILBOXES_MAX = SP_BOX_LIST_MAX + 1,
};

/* All borrowed but the drafts. Mailboxes are the account's user (0) and those it may send as (1 and so on). */
struct sp_box_graph {
    const struct sp_box_app *app;
    const struct sp_box_options *options;
    const struct sp_box_account *account;
    struct sp_box_scenarios *scenarios;
    struct sp_box_store *store;
    struct sp_box_stats *stats;
    struct sp_box_budget *budget;
    const struct sp_log *log;
    int dirfd;
    pthread_mutex_t lock; /* over what follows */
    unsigned requests[SP_BOX_MAILBOXES_MAX];
    struct sp_box_drafts drafts;
};

extern const struct sp_box_service_fns sp_box_graph_fns; /* their context is a struct sp_box_graph */

#endif
