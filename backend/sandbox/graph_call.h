/* graph_call.h - one request to Graph, as the files graph*.c share it. */
#ifndef SP_SANDBOX_GRAPH_CALL_H
#define SP_SANDBOX_GRAPH_CALL_H

#include "backend/sandbox/graph.h"

struct sp_box_message;

enum { SP_BOX_SEGMENTS_MAX = 8, SP_BOX_SEGMENT_MAX = 320 };

struct sp_box_call {
    struct sp_box_graph *graph;
    const struct sp_box_request *request;
    const struct sp_box_guest *guest;
    struct sp_box_answer *answer;
    size_t n;
    char segments[SP_BOX_SEGMENTS_MAX][SP_BOX_SEGMENT_MAX]; /* of the path, decoded */
    size_t mailbox;
};

/* Why Graph refuses: a row each in graph_words.c. */
enum sp_box_graph_error {
    SP_BOX_GRAPH_NO_TOKEN,
    SP_BOX_GRAPH_TOKEN_UNREADABLE,
    SP_BOX_GRAPH_TOKEN_FORGED,
    SP_BOX_GRAPH_TOKEN_AUDIENCE,
    SP_BOX_GRAPH_TOKEN_EXPIRED,
    SP_BOX_GRAPH_TOKEN_EARLY,
    SP_BOX_GRAPH_ACCESS_DENIED,
    SP_BOX_GRAPH_SEND_AS,
    SP_BOX_GRAPH_NO_DIRECTORY,
    SP_BOX_GRAPH_INVALID_USER, /* detail: the user */
    SP_BOX_GRAPH_MAILBOX_MISSING,
    SP_BOX_GRAPH_NO_ITEM,
    SP_BOX_GRAPH_NO_RESOURCE, /* detail: the segment */
    SP_BOX_GRAPH_METHOD,
    SP_BOX_GRAPH_TOO_LARGE,         /* the request */
    SP_BOX_GRAPH_MESSAGE_TOO_LARGE, /* the message */
    SP_BOX_GRAPH_CONCURRENT,
    SP_BOX_GRAPH_RATE,
    SP_BOX_GRAPH_DAY,
    SP_BOX_GRAPH_UNAVAILABLE,
    SP_BOX_GRAPH_BASE64,
    SP_BOX_GRAPH_JSON,
    SP_BOX_GRAPH_TYPE,
    SP_BOX_GRAPH_RECIPIENT, /* detail: which */
    SP_BOX_GRAPH_HEADER,    /* detail: its name */
    SP_BOX_GRAPH_ATTACHMENT_SMALL,
    SP_BOX_GRAPH_ATTACHMENT_LARGE,
    SP_BOX_GRAPH_RANGE,
    SP_BOX_GRAPH_INCOMPLETE,
    SP_BOX_GRAPH_AUTHORIZED_UPLOAD,
    SP_BOX_GRAPH_STORE,
};

/* graph_words.c. detail may be NULL. retry_after_s: where the row has a Retry-After. */
void sp_box_graph_error(const struct sp_box_graph *graph, struct sp_box_answer *answer, enum sp_box_graph_error error,
                        const char *detail, int64_t retry_after_s);
/* Whether a scenario spoils every call, or every message; then the answer is filled. */
bool sp_box_graph_spoils_call(const struct sp_box_call *call);
bool sp_box_graph_spoils_message(const struct sp_box_call *call, uint64_t size);

/* graph.c */
bool sp_box_graph_fail(const struct sp_box_call *call, enum sp_box_graph_error error, const char *detail); /* false */
void sp_box_graph_json(const struct sp_box_call *call, int status, json_t *json); /* takes json over; NULL: 500 */
const char *sp_box_graph_mailbox(const struct sp_box_graph *graph, size_t mailbox);
/* An object; NULL when it was answered already. The caller frees. */
json_t *sp_box_graph_read_json(const struct sp_box_call *call);

/* graph_send.c */
void sp_box_graph_send_mail(struct sp_box_call *call);
void sp_box_graph_send_draft(struct sp_box_call *call);

/* graph_draft.c */
void sp_box_graph_create(struct sp_box_call *call);
void sp_box_graph_show(struct sp_box_call *call);
void sp_box_graph_delete(struct sp_box_call *call);
void sp_box_graph_attach(struct sp_box_call *call);
void sp_box_graph_create_session(struct sp_box_call *call);
void sp_box_graph_upload(struct sp_box_call *call);        /* PUT */
void sp_box_graph_upload_status(struct sp_box_call *call); /* GET */
void sp_box_graph_upload_cancel(struct sp_box_call *call); /* DELETE */
/* Decodes what a fileAttachment holds into an attachment of the draft; false: answered. */
bool sp_box_graph_attach_file(const struct sp_box_call *call, struct sp_box_draft *draft, const json_t *attachment);

#endif
