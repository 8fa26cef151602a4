/* graph.h - what the files of the Graph method share: the way, one request, and the two ways to hand a mail over.
 *
 *   method_graph.c   the method: which of the two, for whom, and the report
 *   graph_small.c    sendMail with the whole message as MIME
 *   graph_large.c    a draft, its attachments, send
 *   graph_upload.c   one large attachment in ranges
 *   graph_call.c     one request: token, answer, waiting when told to
 *   graph_json.c     what is written into requests and read from answers
 *   graph_body.c     bodies made while they are sent
 *   check_graph.c    one look at the mailbox, for a check */
#ifndef SP_DELIVERY_GRAPH_H
#define SP_DELIVERY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/delivery/app.h"
#include "backend/delivery/cloud.h"
#include "backend/delivery/graph_body.h"
#include "backend/delivery/method.h"
#include "backend/net/https.h"
#include "backend/oauth/token.h"

struct sp_mail_document;

enum {
    /* Graph takes requests of 4 MB (https://learn.microsoft.com/graph/outlook-large-attachments, 2026-06): measured by
     * others, 3,145,611 bytes of a file in one POST, which is 4 MiB in base64 with the JSON around it. We stay below
     * the smaller reading of "MB". */
    SP_GRAPH_REQUEST_MAX = 4000000,
    SP_GRAPH_RAW_MAX = SP_GRAPH_REQUEST_MAX / 4 * 3, /* what such a request carries in base64 */
    /* From here on a file goes by an upload session, which Graph refuses below a size that is documented as 3 MB and
     * was measured as 2 MiB. One byte less fits into a request. */
    SP_GRAPH_UPLOAD_MIN = SP_GRAPH_RAW_MAX - 4096,
    /* "Up to 4 MB" each; multiples of 320 KiB, as Graph's upload sessions want them elsewhere. */
    SP_GRAPH_RANGE = 12 * 320 * 1024,
};

struct sp_graph {
    const struct sp_method_settings *settings;
    const struct sp_tenant_settings *tenant;
    const struct sp_cloud_places *places;
    struct sp_way_env env;
    struct sp_app app;
    struct sp_err unready; /* why it cannot sign in; rc SP_OK: it can */
    const char *host;
    char *mailbox_url; /* "https://graph.microsoft.com/v1.0/users/scanner%40contoso.com" */
};

struct sp_graph_request {
    const char *method;
    const char *url; /* below the mailbox's ("/sendMail"), or an upload session's own: signed, needs no token */
    const char *type, *range;   /* of the content; NULL: none */
    struct sp_graph_body *body; /* NULL: none */
    bool once;                  /* doing it twice leaves two of something */
    bool hands_over;            /* and that is a mail on its way */
    bool patient; /* told to wait (429, 503 with Retry-After), wait here: what was uploaded so far would be lost */
};

/* Initialise with { 0 }; free in any case. Every call begins by forgetting what an earlier one left. */
struct sp_graph_answer {
    struct sp_transcript *transcript; /* of the attempt, as the next: these two are not forgotten. NULL: none */
    struct sp_point *point;           /* passed by the request that hands a mail over */
    enum sp_stage stage;              /* where it ended */
    enum sp_trouble trouble;          /* NONE: done, a status of 2xx; REPLY: refused in words */
    int code;                         /* the HTTP status; 0: none */
    bool maybe_sent;
    int64_t retry_after_ms;          /* 0: not said */
    char words[SP_TOKEN_WORDS_SIZE]; /* of the token endpoint, or ours; Graph's own are the response's body */
    struct sp_https_response response;
};

/* --- graph_call.c --- */

/* true: done. */
bool sp_graph_call(struct sp_graph *graph, const struct sp_graph_request *request, struct sp_graph_answer *answer);
bool sp_graph_done(const struct sp_graph_answer *answer);
/* What the other side said, or what happened instead of an answer. */
const char *sp_graph_words(const struct sp_graph_answer *answer);
void sp_graph_answer_free(struct sp_graph_answer *answer);
/* Makes it a failure of ours, or an answer that makes no sense. Returns false. */
bool sp_graph_fail(struct sp_graph_answer *answer, enum sp_trouble trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sp_graph_pause(int64_t ms);

/* --- graph_json.c: NULL, or false, when it is not there, or memory is out; the caller frees texts --- */

char *sp_graph_json_draft(const struct sp_mail *mail);
/* The beginning of a small attachment, up to where its base64 begins; the end is "\"}". */
char *sp_graph_json_attachment(const struct sp_mail_document *document);
char *sp_graph_json_session(const struct sp_mail_document *document);
/* A text of the answer's object: "id", "uploadUrl". */
char *sp_graph_read_text(const struct sp_graph_answer *answer, const char *key);
bool sp_graph_read_bool(const struct sp_graph_answer *answer, const char *key, bool *ret);
/* The beginning of the first of nextExpectedRanges: "26", "26-99". *ret is `end` when there are none any more. */
bool sp_graph_read_next(const struct sp_graph_answer *answer, uint64_t end, uint64_t *ret);
/* One line for people, word for word: "403 ErrorSendAsDenied: The user account ... [request-id ...]". */
void sp_graph_reply(const struct sp_graph_answer *answer, char *buffer, size_t size);

/* --- method_graph.c, check_graph.c --- */

struct sp_walk;

/* How it went, for all recipients that were not refused before. */
void sp_graph_report(const struct sp_graph *graph, const struct sp_graph_answer *answer, struct sp_report *report);
/* struct sp_method's check. */
void sp_graph_check(void *context, const struct sp_walk *walk, struct sp_report *report);

/* --- handing over: true when Graph took the mail --- */

bool sp_graph_fits_small(uint64_t message_size);
bool sp_graph_send_small(struct sp_graph *graph, struct sp_composer *composer, struct sp_graph_answer *answer);
bool sp_graph_send_large(struct sp_graph *graph, const struct sp_mail *mail, struct sp_graph_answer *answer);
/* Puts a document of at least SP_GRAPH_UPLOAD_MIN bytes to a draft ("/messages/ID"). */
bool sp_graph_upload(struct sp_graph *graph, const char *draft, const struct sp_mail_document *document, int fd,
                     struct sp_graph_answer *answer);

#endif
