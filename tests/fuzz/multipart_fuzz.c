/* multipart_fuzz.c - an upload as it streams by: the first line is its Content-Type, the rest the body. In whatever
 * pieces it comes, the same parts are found, and nobody hears of data outside of a part. */
#include "fuzz.h"

#include <stdbool.h>

#include "base/auto.h"
#include "base/str.h"
#include "web/http/multipart.h"

struct heard {
    struct sp_str story; /* names, file names and data, in order */
    bool inside;
};

static enum sp_rc
on_begin(void *context, const struct sp_part *part, struct sp_err *err)
{
    struct heard *heard = context;
    (void)err;
    PROMISE(!heard->inside && part->name != NULL);
    PROMISE(strlen(part->name) + (part->file_name == NULL ? 0 : strlen(part->file_name)) < SP_PART_HEADERS_MAX);
    heard->inside = true;
    sp_str_addf(&heard->story, "<%s|%s>", part->name, part->file_name == NULL ? "-" : part->file_name);
    return SP_OK;
}

static enum sp_rc
on_data(void *context, const void *bytes, size_t size, struct sp_err *err)
{
    struct heard *heard = context;
    (void)err;
    PROMISE(heard->inside);
    sp_str_add_n(&heard->story, bytes, size);
    return SP_OK;
}

static enum sp_rc
on_end(void *context, struct sp_err *err)
{
    struct heard *heard = context;
    (void)err;
    PROMISE(heard->inside);
    heard->inside = false;
    sp_str_add(&heard->story, "<end>");
    return SP_OK;
}

static const struct sp_multipart_ops ops = { on_begin, on_data, on_end };

/* Each piece is a block of its own size, so that reading beyond it is seen. */
static enum sp_rc
add_piece(struct sp_multipart *form, const uint8_t *bytes, size_t size, struct sp_err *err)
{
    SP_AUTO_FREE char *piece = malloc(size);
    if (piece == NULL)
        abort();
    memcpy(piece, bytes, size);
    return sp_multipart_add(form, piece, size, err);
}

static enum sp_rc
read_in_pieces(const char *type, const uint8_t *body, size_t size, size_t piece, struct heard *heard)
{
    struct sp_err err = { 0 };
    struct sp_multipart *form = NULL;
    enum sp_rc rc = sp_multipart_new(type, &ops, heard, &form, &err);
    for (size_t at = 0; rc == SP_OK && at < size; at += piece)
        rc = add_piece(form, body + at, size - at < piece ? size - at : piece, &err);
    if (rc == SP_OK)
        rc = sp_multipart_end(form, &err);
    PROMISE(rc == SP_OK || err.text[0] != '\0');
    PROMISE(rc != SP_OK || !heard->inside);
    sp_multipart_free(&form);
    return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t head = line == NULL ? size : (size_t)(line - data);
    SP_AUTO_FREE char *type = fuzz_text(data, head);
    const uint8_t *body = line == NULL ? data + size : line + 1;
    size_t rest = line == NULL ? 0 : size - head - 1;
    struct heard whole = { 0 }, pieces = { 0 };
    enum sp_rc rc = read_in_pieces(type, body, rest, rest + 1, &whole);
    PROMISE(read_in_pieces(type, body, rest, 1 + head % 7, &pieces) == rc);
    if (rc == SP_OK)
        PROMISE(whole.story.len == pieces.story.len &&
                memcmp(sp_str_text(&whole.story), sp_str_text(&pieces.story), whole.story.len) == 0);
    sp_str_free(&whole.story);
    sp_str_free(&pieces.story);
    return 0;
}
