#include "backend/sandbox/draft.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/sandbox/jwt.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"

enum { NAME_BYTES = 60 };

void
sp_box_draft_name(char id[SP_BOX_DRAFT_ID])
{
    unsigned char random[NAME_BYTES];
    struct sp_str text = { 0 };
    sp_random_bytes(random, sizeof(random));
    sp_str_add(&text, "AAMk");
    sp_box_base64url_add(&text, random, sizeof(random));
    sp_str_add(&text, "=");
    (void)sp_text_copy(id, SP_BOX_DRAFT_ID, sp_str_text(&text));
    sp_str_free(&text);
}

struct sp_box_draft *
sp_box_draft_new(size_t mailbox, json_t *message)
{
    struct sp_box_draft *draft = calloc(1, sizeof(*draft));
    if (draft == NULL)
        return NULL;
    draft->mailbox = mailbox;
    draft->message = json_incref(message);
    sp_box_draft_name(draft->id);
    return draft;
}

void
sp_box_draft_free(struct sp_box_draft **draft)
{
    struct sp_box_draft *d = *draft;
    *draft = NULL;
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n; i++) {
        free(d->attachments[i].name);
        free(d->attachments[i].type);
        close(d->attachments[i].fd);
    }
    json_decref(d->message);
    free(d);
}

struct sp_box_attachment *
sp_box_draft_attach(struct sp_box_draft *draft, int dirfd, const char *name, const char *type)
{
    if (draft->n == SP_BOX_ATTACHMENTS_MAX)
        return NULL;
    struct sp_box_attachment made = { .name = strdup(name), .type = strdup(type) };
    made.fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made.name == NULL || made.type == NULL || made.fd < 0) {
        free(made.name);
        free(made.type);
        if (made.fd >= 0)
            close(made.fd);
        return NULL;
    }
    draft->attachments[draft->n] = made;
    return &draft->attachments[draft->n++];
}

/* The list. */

bool
sp_box_drafts_put(struct sp_box_drafts *drafts, struct sp_box_draft *draft)
{
    for (size_t i = 0; i < SP_BOX_DRAFTS_MAX; i++) {
        if (drafts->list[i] == NULL) {
            drafts->list[i] = draft;
            return true;
        }
    }
    return false;
}

struct sp_box_draft *
sp_box_drafts_find(const struct sp_box_drafts *drafts, size_t mailbox, const char *id)
{
    for (size_t i = 0; i < SP_BOX_DRAFTS_MAX; i++) {
        struct sp_box_draft *each = drafts->list[i];
        if (each != NULL && each->mailbox == mailbox && strcmp(each->id, id) == 0)
            return each;
    }
    return NULL;
}

struct sp_box_attachment *
sp_box_drafts_find_session(const struct sp_box_drafts *drafts, const char *session, const char *token)
{
    for (size_t i = 0; i < SP_BOX_DRAFTS_MAX && *session != '\0'; i++) {
        struct sp_box_draft *draft = drafts->list[i];
        for (size_t j = 0; draft != NULL && !draft->busy && j < draft->n; j++) {
            struct sp_box_attachment *each = &draft->attachments[j];
            if (strcmp(each->session, session) == 0 && strcmp(each->token, token) == 0)
                return each;
        }
    }
    return NULL;
}

void
sp_box_drafts_remove(struct sp_box_drafts *drafts, struct sp_box_draft **draft)
{
    for (size_t i = 0; i < SP_BOX_DRAFTS_MAX; i++)
        if (drafts->list[i] == *draft)
            drafts->list[i] = NULL;
    sp_box_draft_free(draft);
}

void
sp_box_drafts_free(struct sp_box_drafts *drafts)
{
    for (size_t i = 0; i < SP_BOX_DRAFTS_MAX; i++)
        sp_box_draft_free(&drafts->list[i]);
}
