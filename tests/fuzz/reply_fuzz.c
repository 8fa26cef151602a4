/* reply_fuzz.c - a server's lines, as the reader of lines hands them on: one reply after another out of each input. */
#include "fuzz.h"

#include "backend/smtp/reply.h"
#include "base/auto.h"
#include "base/text.h"

static void
look_at(const struct sp_reply *reply)
{
    PROMISE(reply->code >= 200 && reply->code <= 599);
    PROMISE(reply->lines >= 1 && reply->lines <= SP_REPLY_LINES_MAX);
    PROMISE(memchr(reply->enhanced, '\0', sizeof reply->enhanced) != NULL);
    const char *end = memchr(reply->text, '\0', sizeof reply->text);
    PROMISE(end != NULL && sp_utf8_valid(reply->text, (size_t)(end - reply->text)));
    for (const char *c = reply->text; c < end; c++)
        PROMISE(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
}

/* Into every small size, and into one that always fits. */
static void
format(const struct sp_reply *reply)
{
    const size_t ample = 2 * sizeof reply->text;
    for (size_t size = 1; size <= ample; size = size < 40 ? size + 1 : size * 5) {
        SP_AUTO_FREE char *buffer = malloc(size);
        PROMISE(buffer != NULL);
        sp_reply_format(reply, buffer, size);
        size_t len = strlen(buffer);
        PROMISE(len < size && sp_utf8_valid(buffer, len) && !sp_text_has_control(buffer));
    }
}

static void
feed(struct sp_reply *reply, const char *line, size_t len)
{
    SP_AUTO_FREE char *alone = fuzz_text((const uint8_t *)line, len);
    switch (sp_reply_line(reply, alone, len)) {
    case SP_REPLY_MORE:
        look_at(reply);
        return;
    case SP_REPLY_DONE:
        look_at(reply);
        format(reply);
        sp_reply_begin(reply);
        return;
    case SP_REPLY_GARBAGE:
        sp_reply_begin(reply);
        return;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_reply reply;
    sp_reply_begin(&reply);
    for (const char *line = text, *end = text + size; line <= end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL)
            stop = end;
        feed(&reply, line, (size_t)(stop - line));
        line = stop + 1;
    }
    return 0;
}
