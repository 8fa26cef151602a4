/* draft.h - messages in the making, as Graph keeps them: properties in JSON, attachments in unnamed files that go with
 * the program. Not for two threads at once; graph_draft.c holds the lock. */
#ifndef SP_SANDBOX_DRAFT_H
#define SP_SANDBOX_DRAFT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_box_message;

enum {
    SP_BOX_DRAFTS_MAX = 64,
    SP_BOX_ATTACHMENTS_MAX = 32, /* of a draft */
    SP_BOX_DRAFT_ID = 88,
    SP_BOX_ATTACHMENT_LIMIT = 150 * 1024 * 1024,
};

struct sp_box_attachment {
    char *name, *type;
    int fd;
    uint64_t size, expected;                               /* equal when it is whole */
    char session[SP_BOX_DRAFT_ID], token[SP_BOX_DRAFT_ID]; /* of its upload; "": there is none, or no more */
};

struct sp_box_draft {
    char id[SP_BOX_DRAFT_ID];
    size_t mailbox;
    json_t *message; /* a Graph message resource */
    size_t n;
    struct sp_box_attachment attachments[SP_BOX_ATTACHMENTS_MAX];
    bool busy; /* being sent */
};

struct sp_box_drafts {
    struct sp_box_draft *list[SP_BOX_DRAFTS_MAX];
};

/* One of its own, in no list. message is borrowed: it is counted once more. NULL when memory is out. */
struct sp_box_draft *sp_box_draft_new(size_t mailbox, json_t *message);
void sp_box_draft_free(struct sp_box_draft **draft);
/* An empty attachment with a file in dirfd; NULL: there is no room for one more. */
struct sp_box_attachment *sp_box_draft_attach(struct sp_box_draft *draft, int dirfd, const char *name,
                                              const char *type);
/* A new value for session, token or id: "AAMk", what nobody can guess, "=". */
void sp_box_draft_name(char id[SP_BOX_DRAFT_ID]);

bool sp_box_drafts_put(struct sp_box_drafts *drafts, struct sp_box_draft *draft); /* false: too many */
struct sp_box_draft *sp_box_drafts_find(const struct sp_box_drafts *drafts, size_t mailbox, const char *id);
struct sp_box_attachment *sp_box_drafts_find_session(const struct sp_box_drafts *drafts, const char *session,
                                                     const char *token);
void sp_box_drafts_remove(struct sp_box_drafts *drafts, struct sp_box_draft **draft); /* and frees it */
void sp_box_drafts_free(struct sp_box_drafts *drafts);

/* draft_mime.c: the whole as a message, as Exchange would put it together. `sender` where the draft says no from. */
enum sp_rc sp_box_draft_compose(const struct sp_box_draft *draft, const char *sender, struct sp_box_message *message,
                                struct sp_err *err);
/* The address of {"emailAddress":{"address":"..."}}; "" when there is none. */
const char *sp_box_draft_address(const json_t *recipient);

#endif
