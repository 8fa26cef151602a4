/* graph_body.c - bodies of requests, streamed; see graph_body.h. */
#include "backend/delivery/graph_body.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/digest.h"

/* --- sources --- */

static enum sp_rc
message_begin(void *context, struct sp_err *err)
{
    return sp_composer_begin(context, false, err);
}

static enum sp_rc
message_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    return sp_composer_read(context, buffer, room, ret_got, err);
}

struct sp_graph_source
sp_graph_source_message(struct sp_composer *composer)
{
    return (struct sp_graph_source){ composer, message_begin, message_read, sp_composer_size(composer, false) };
}

static enum sp_rc
slice_begin(void *context, struct sp_err *err)
{
    struct sp_graph_slice *slice = context;
    (void)err; /* cannot fail: reading says where from */
    slice->at = 0;
    return SP_OK;
}

static enum sp_rc
slice_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    struct sp_graph_slice *slice = context;
    uint64_t left = slice->size - slice->at;
    size_t size = left < room ? (size_t)left : room;
    ssize_t got = 0;
    do
        got = pread(slice->fd, buffer, size, (off_t)(slice->from + slice->at));
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return sp_fail_errno(err, "graph: cannot read the document");
    slice->at += (uint64_t)got;
    *ret_got = (size_t)got;
    return SP_OK;
}

struct sp_graph_source
sp_graph_source_slice(struct sp_graph_slice *slice)
{
    return (struct sp_graph_source){ slice, slice_begin, slice_read, slice->size };
}

enum sp_rc
sp_graph_document_open(const struct sp_mail *mail, size_t n, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    struct stat facts;
    enum sp_rc rc = mail->open(mail->context, n, &fd, err);
    if (rc != SP_OK)
        return rc;
    if (fstat(fd, &facts) != 0)
        return sp_fail_errno(err, "graph: document %zu", n + 1);
    if ((uint64_t)facts.st_size != mail->documents[n].size)
        return sp_fail(err, SP_E_CORRUPT, "graph: document %zu is not as long as it was", n + 1);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

/* --- the body --- */

static size_t
length(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

static uint64_t
source_size(const struct sp_graph_body *body)
{
    if (body->source.read == NULL)
        return 0;
    return body->base64 ? SP_BASE64_LEN(body->source.size) : body->source.size;
}

uint64_t
sp_graph_body_size(const struct sp_graph_body *body)
{
    return length(body->head) + source_size(body) + length(body->tail);
}

enum sp_rc
sp_graph_body_begin(void *context, struct sp_err *err)
{
    struct sp_graph_body *body = context;
    body->part = SP_GRAPH_HEAD;
    body->text_at = 0;
    body->line_at = body->line_len = 0;
    body->left = body->source.read != NULL ? body->source.size : 0;
    return body->source.read != NULL ? body->source.begin(body->source.context, err) : SP_OK;
}

static size_t
read_text(struct sp_graph_body *body, const char *text, char *out, size_t room)
{
    size_t size = length(text) - body->text_at;
    if (size > room)
        size = room;
    if (size > 0)
        memcpy(out, text + body->text_at, size);
    body->text_at += size;
    return size;
}

/* The next bytes of the source, as many as asked for: it may hand them over in pieces. */
static enum sp_rc
read_source(struct sp_graph_body *body, void *bytes, size_t size, struct sp_err *err)
{
    for (size_t at = 0; at < size;) {
        size_t got = 0;
        enum sp_rc rc = body->source.read(body->source.context, (char *)bytes + at, size - at, &got, err);
        if (rc != SP_OK)
            return rc;
        if (got == 0)
            return sp_fail(err, SP_E_CORRUPT, "graph: the document is shorter than it was");
        at += got;
    }
    body->left -= size;
    return SP_OK;
}

static size_t
at_most(uint64_t left, size_t room)
{
    return left < room ? (size_t)left : room;
}

static enum sp_rc
encode_more(struct sp_graph_body *body, struct sp_err *err)
{
    size_t size = at_most(body->left, sizeof body->raw);
    enum sp_rc rc = read_source(body, body->raw, size, err);
    if (rc != SP_OK)
        return rc;
    body->line_len = sp_base64_encode(body->line, body->raw, size);
    body->line_at = 0;
    return SP_OK;
}

static enum sp_rc
read_encoded(struct sp_graph_body *body, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    if (body->line_at == body->line_len && body->left > 0)
        rc = encode_more(body, err);
    if (rc != SP_OK)
        return rc;
    *ret_got = at_most(body->line_len - body->line_at, room);
    memcpy(out, body->line + body->line_at, *ret_got);
    body->line_at += *ret_got;
    return SP_OK;
}

static enum sp_rc
read_as_it_is(struct sp_graph_body *body, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    *ret_got = at_most(body->left, room);
    return read_source(body, out, *ret_got, err);
}

/* Nothing: this part has ended. */
static enum sp_rc
read_part(struct sp_graph_body *body, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    switch (body->part) {
    case SP_GRAPH_HEAD:
        *ret_got = read_text(body, body->head, out, room);
        break;
    case SP_GRAPH_SOURCE:
        return body->base64 ? read_encoded(body, out, room, ret_got, err)
                            : read_as_it_is(body, out, room, ret_got, err);
    case SP_GRAPH_TAIL:
        *ret_got = read_text(body, body->tail, out, room);
        break;
    case SP_GRAPH_END:
        break;
    }
    return SP_OK;
}

enum sp_rc
sp_graph_body_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    struct sp_graph_body *body = context;
    char *out = buffer;
    size_t got = 0;
    while (got < room && body->part != SP_GRAPH_END) {
        size_t size = 0;
        enum sp_rc rc = read_part(body, out + got, room - got, &size, err);
        if (rc != SP_OK)
            return rc;
        if (size == 0) {
            body->part++;
            body->text_at = 0;
        }
        got += size;
    }
    *ret_got = got;
    return SP_OK;
}
