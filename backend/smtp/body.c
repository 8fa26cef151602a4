/* body.c - reading a message block by block and writing it, listening in between. */
#include "backend/smtp/body.h"

#include <inttypes.h>
#include <string.h>

#include "backend/net/conn.h"

struct source {
    const struct sp_smtp_body *body;
    uint64_t left; /* octets not read yet */
};

static enum sp_rc
begin(struct source *source, const struct sp_smtp_body *body, bool binary, struct sp_err *err)
{
    *source = (struct source){ .body = body, .left = binary ? body->binary_size : body->size };
    return body->begin(body->context, binary, err);
}

/* The message was announced with its size. Whether it really ends there is asked before its last octet leaves. */
static enum sp_rc
must_end(const struct source *source, struct sp_err *err)
{
    char extra;
    size_t got = 0;
    enum sp_rc rc = source->body->read(source->body->context, &extra, 1, &got, err);
    if (rc == SP_OK && got > 0)
        rc = sp_fail(err, SP_E_CORRUPT, "the message is longer than it said");
    return rc;
}

/* Fills a block, as far as the message goes. */
static enum sp_rc
next_block(struct source *source, char block[SP_SMTP_BLOCK_SIZE], size_t *ret_size, struct sp_err *err)
{
    size_t want = source->left < SP_SMTP_BLOCK_SIZE ? (size_t)source->left : SP_SMTP_BLOCK_SIZE;
    size_t have = 0;
    while (have < want) {
        size_t got = 0;
        enum sp_rc rc = source->body->read(source->body->context, block + have, want - have, &got, err);
        if (rc != SP_OK)
            return rc;
        if (got == 0)
            return sp_fail(err, SP_E_CORRUPT, "the message is shorter than it said");
        have += got;
    }
    *ret_size = have;
    source->left -= have;
    return source->left == 0 ? must_end(source, err) : SP_OK;
}

static enum sp_body_end
whole(struct sp_smtp *smtp)
{
    sp_smtp_flush(smtp);
    return smtp->broken == SP_TROUBLE_NONE ? SP_BODY_SENT : SP_BODY_CUT;
}

/* The server has nothing to say before the end. When it does, it is why it will not take the message. */
static bool
interrupted(struct sp_smtp *smtp)
{
    return smtp->broken != SP_TROUBLE_NONE || sp_conn_readable(smtp->conn);
}

enum sp_rc
sp_body_load(struct sp_smtp *smtp, const struct sp_smtp_body *body, bool binary, struct sp_err *err)
{
    struct source source;
    size_t size = 0;
    enum sp_rc rc = begin(&source, body, binary, err);
    return rc == SP_OK ? next_block(&source, smtp->block, &size, err) : rc;
}

static bool
may_end(const struct sp_smtp_body *body, struct sp_err *err)
{
    if (body->may_end == NULL || body->may_end(body->context))
        return true;
    sp_fail(err, SP_E_BUSY, "scanpost is stopping: the message was not handed over");
    return false;
}

enum sp_body_end
sp_body_send_loaded(struct sp_smtp *smtp, const struct sp_smtp_body *body, uint64_t size, struct sp_err *err)
{
    if (!may_end(body, err))
        return SP_BODY_OURS;
    sp_smtp_say(smtp, "BDAT %" PRIu64 " LAST", size);
    sp_smtp_put(smtp, smtp->block, (size_t)size);
    return whole(smtp);
}

enum sp_body_end
sp_body_send_chunk(struct sp_smtp *smtp, const struct sp_smtp_body *body, bool binary, bool in_flight,
                   struct sp_err *err)
{
    struct source source;
    if (begin(&source, body, binary, err) != SP_OK)
        return SP_BODY_OURS;
    sp_smtp_say(smtp, "BDAT %" PRIu64 " LAST", source.left);
    while (source.left > 0) {
        size_t size = 0;
        if (in_flight ? smtp->broken != SP_TROUBLE_NONE : interrupted(smtp))
            return SP_BODY_CUT;
        if (next_block(&source, smtp->block, &size, err) != SP_OK || (source.left == 0 && !may_end(body, err)))
            return SP_BODY_OURS;
        sp_smtp_put(smtp, smtp->block, size);
    }
    return whole(smtp);
}

/* RFC 5321 section 4.5.2: a dot at the start of a line becomes two. */
static void
put_stuffed(struct sp_smtp *smtp, const char *bytes, size_t size, bool *line_start)
{
    if (size == 0)
        return;
    const char *end = bytes + size, *dot;
    if (*line_start && *bytes == '.')
        sp_smtp_put(smtp, ".", 1);
    *line_start = end[-1] == '\n';
    while ((dot = memmem(bytes, (size_t)(end - bytes), "\n.", 2)) != NULL) {
        sp_smtp_put(smtp, bytes, (size_t)(dot + 1 - bytes));
        sp_smtp_put(smtp, ".", 1);
        bytes = dot + 1;
    }
    sp_smtp_put(smtp, bytes, (size_t)(end - bytes));
}

enum sp_body_end
sp_body_send_dotted(struct sp_smtp *smtp, const struct sp_smtp_body *body, struct sp_err *err)
{
    struct source source;
    bool line_start = true;
    if (begin(&source, body, false, err) != SP_OK)
        return SP_BODY_OURS;
    while (source.left > 0) {
        size_t size = 0;
        if (interrupted(smtp))
            return SP_BODY_CUT;
        if (next_block(&source, smtp->block, &size, err) != SP_OK)
            return SP_BODY_OURS;
        put_stuffed(smtp, smtp->block, size, &line_start);
    }
    if (interrupted(smtp))
        return SP_BODY_CUT;
    if (!may_end(body, err))
        return SP_BODY_OURS;
    if (line_start)
        sp_smtp_put(smtp, ".\r\n", 3);
    else
        sp_smtp_put(smtp, "\r\n.\r\n", 5);
    return whole(smtp);
}
