#include "backend/mail/compose.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/mail/base64_line.h"
#include "backend/mail/body.h"
#include "backend/mail/filename.h"
#include "backend/mail/header.h"
#include "base/io.h"
#include "base/str.h"

enum {
    RAW_SIZE = 1024 * SP_BASE64_LINE_IN, /* one read(2): whole lines, about 57 KiB */
    BOUNDARY_MAX = 70,                   /* RFC 2046 section 5.1.1 */
};

/* One of the two ways to write a message: its texts, between which the documents stand.
 *     texts[0] document 0 texts[1] document 1 ... texts[n_documents] */
struct form {
    struct sp_str *texts;
    uint64_t size;
};

struct sp_composer {
    const struct sp_mail *mail;
    struct form forms[2]; /* [binary] */
    struct sp_base64_table table;

    /* Where the reading is: */
    bool binary;
    size_t step; /* text step / 2 when even, document step / 2 when odd */
    size_t text_at;
    int fd;        /* the document's; -1 when none is open */
    uint64_t left; /* document bytes not yet read */
    size_t raw_at, raw_len;
    size_t line_at, line_len;
    char line[SP_BASE64_LINE_SIZE];  /* encoded, for a caller with less room than a line */
    unsigned char raw[RAW_SIZE + 8]; /* read, not yet encoded; the encoder looks at a few bytes more */
};

/* The texts. */

static bool
boundary_valid(const char *boundary)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=?";
    size_t len = strspn(boundary, allowed);
    return len > 0 && len <= BOUNDARY_MAX && boundary[len] == '\0';
}

static void
add_headers(struct sp_str *out, const struct sp_mail *mail)
{
    sp_header_mailbox(out, "From", mail->from_name, mail->from);
    sp_header_addresses(out, "To", mail->to, mail->n_to);
    sp_header_addresses(out, "Cc", mail->cc, mail->n_cc);
    if (mail->reply_to != NULL && *mail->reply_to != '\0')
        sp_header_mailbox(out, "Reply-To", "", mail->reply_to);
    sp_header_text(out, "Subject", mail->subject);
    sp_header_date(out, mail->date_ms, mail->utc_offset_minutes);
    sp_header_plain(out, "Message-ID", mail->message_id);
    /* RFC 3834 for everybody, Microsoft's own (MS-OXCMAIL 2.2.3.2.14) for Exchange: no out-of-office to a scanner. */
    sp_str_add(out, "Auto-Submitted: auto-generated\r\n"
                    "X-Auto-Response-Suppress: OOF, AutoReply\r\n"
                    "MIME-Version: 1.0\r\n");
}

static void
add_document_head(struct sp_str *out, const struct sp_mail *mail, size_t n, bool binary)
{
    sp_str_addf(out, "\r\n--%s\r\n", mail->boundary);
    sp_filename_headers(out, mail->documents[n].type, mail->documents[n].name);
    sp_str_addf(out, "Content-Transfer-Encoding: %s\r\n\r\n", binary ? "binary" : "base64");
}

static void
add_first_text(struct sp_str *out, const struct sp_mail *mail, bool binary)
{
    add_headers(out, mail);
    if (mail->n_documents > 0) {
        sp_str_addf(out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n", mail->boundary);
        /* RFC 2045 section 6.4: the whole is as binary as its parts are. */
        sp_str_addf(out, "%s\r\n", binary ? "Content-Transfer-Encoding: binary\r\n" : "");
        sp_str_addf(out, "This is a message in MIME format.\r\n\r\n--%s\r\n", mail->boundary);
    }
    sp_body_part(out, mail->body);
}

static enum sp_rc
form_make(struct form *form, const struct sp_mail *mail, bool binary, struct sp_err *err)
{
    form->texts = calloc(mail->n_documents + 1, sizeof(*form->texts));
    if (form->texts == NULL)
        return sp_fail(err, SP_E_NOMEM, "mail: out of memory");
    for (size_t i = 0; i <= mail->n_documents; i++) {
        struct sp_str *text = &form->texts[i];
        if (i == 0)
            add_first_text(text, mail, binary);
        if (i < mail->n_documents) {
            uint64_t size = mail->documents[i].size;
            add_document_head(text, mail, i, binary);
            form->size += binary ? size : sp_base64_lines_size(size);
        } else if (i > 0) {
            sp_str_addf(text, "\r\n--%s--\r\n", mail->boundary);
        }
        if (text->failed)
            return sp_fail(err, SP_E_NOMEM, "mail: out of memory");
        form->size += text->len;
    }
    return SP_OK;
}

static void
form_free(struct form *form, size_t n_documents)
{
    for (size_t i = 0; form->texts != NULL && i <= n_documents; i++)
        sp_str_free(&form->texts[i]);
    free(form->texts);
}

enum sp_rc
sp_composer_new(const struct sp_mail *mail, struct sp_composer **ret, struct sp_err *err)
{
    if (mail->boundary == NULL || !boundary_valid(mail->boundary))
        return sp_fail(err, SP_E_INVALID, "mail: the boundary is not one that RFC 2046 allows");
    struct sp_composer *composer = calloc(1, sizeof(*composer));
    if (composer == NULL)
        return sp_fail(err, SP_E_NOMEM, "mail: out of memory");
    composer->mail = mail;
    composer->fd = -1;
    sp_base64_table_init(&composer->table);
    enum sp_rc rc = form_make(&composer->forms[false], mail, false, err);
    if (rc == SP_OK)
        rc = form_make(&composer->forms[true], mail, true, err);
    if (rc != SP_OK)
        sp_composer_free(&composer);
    else
        *ret = composer;
    return rc;
}

static void
document_close(struct sp_composer *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void
sp_composer_free(struct sp_composer **composer)
{
    struct sp_composer *c = *composer;
    *composer = NULL;
    if (c == NULL)
        return;
    document_close(c);
    form_free(&c->forms[false], c->mail->n_documents);
    form_free(&c->forms[true], c->mail->n_documents);
    free(c);
}

uint64_t
sp_composer_size(const struct sp_composer *composer, bool binary)
{
    return composer->forms[binary].size;
}

/* The stream. */

enum sp_rc
sp_composer_begin(struct sp_composer *composer, bool binary, struct sp_err *err)
{
    (void)err; /* cannot fail today; a begin that opens the first document could */
    document_close(composer);
    composer->binary = binary;
    composer->step = 0;
    composer->text_at = 0;
    return SP_OK;
}

/* Text: what fits. */
static size_t
read_text(struct sp_composer *c, char *out, size_t room)
{
    const struct sp_str *text = &c->forms[c->binary].texts[c->step / 2];
    size_t size = text->len - c->text_at;
    if (size > room)
        size = room;
    if (size > 0)
        memcpy(out, text->text + c->text_at, size);
    c->text_at += size;
    if (c->text_at == text->len) {
        c->step++;
        c->text_at = 0;
    }
    return size;
}

static enum sp_rc
document_open(struct sp_composer *c, size_t n, struct sp_err *err)
{
    enum sp_rc rc = c->mail->open(c->mail->context, n, &c->fd, err);
    if (rc != SP_OK)
        return rc;
    (void)posix_fadvise(c->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint: larger read-ahead */
    c->left = c->mail->documents[n].size;
    c->raw_at = c->raw_len = 0;
    c->line_at = c->line_len = 0;
    return SP_OK;
}

/* Reads the next `size` bytes of the document, all of them. At its end it must end there: an octet too many would make
 * every size that was announced wrong. */
static enum sp_rc
document_read(struct sp_composer *c, void *bytes, size_t size, struct sp_err *err)
{
    size_t got = 0;
    enum sp_rc rc = sp_io_read_full(c->fd, bytes, size, &got, err);
    if (rc != SP_OK)
        return rc;
    if (got != size)
        return sp_fail(err, SP_E_CORRUPT, "mail: document %zu is shorter than it was", c->step / 2 + 1);
    c->left -= size;
    char more;
    if (c->left > 0)
        return SP_OK;
    rc = sp_io_read_full(c->fd, &more, 1, &got, err);
    if (rc == SP_OK && got > 0)
        rc = sp_fail(err, SP_E_CORRUPT, "mail: document %zu is longer than it was", c->step / 2 + 1);
    return rc;
}

static enum sp_rc
read_binary(struct sp_composer *c, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    size_t size = c->left < room ? (size_t)c->left : room;
    *ret_got = size;
    return document_read(c, out, size, err);
}

/* One line from raw bytes to out, or to c->line for a caller without room for it. */
static size_t
encode_line(struct sp_composer *c, char *out)
{
    size_t size = c->raw_len - c->raw_at, made = SP_BASE64_LINE_SIZE;
    const unsigned char *in = c->raw + c->raw_at;
    if (size > SP_BASE64_LINE_IN || (size == SP_BASE64_LINE_IN && c->left > 0)) {
        sp_base64_line(&c->table, in, out);
        c->raw_at += SP_BASE64_LINE_IN;
    } else {
        made = sp_base64_last_line(&c->table, in, size, out);
        c->raw_at = c->raw_len;
    }
    return made;
}

/* The hot path: whole lines straight into the caller's buffer. */
static size_t
encode_lines(struct sp_composer *c, char *out, size_t room)
{
    size_t got = 0;
    while (room - got >= SP_BASE64_LINE_SIZE && c->raw_at < c->raw_len)
        got += encode_line(c, out + got);
    return got;
}

static size_t
take_line(struct sp_composer *c, char *out, size_t room)
{
    size_t size = c->line_len - c->line_at;
    if (size > room)
        size = room;
    memcpy(out, c->line + c->line_at, size);
    c->line_at += size;
    return size;
}

static enum sp_rc
read_base64(struct sp_composer *c, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    if (c->raw_at == c->raw_len && c->line_at == c->line_len) {
        size_t size = c->left < RAW_SIZE ? (size_t)c->left : RAW_SIZE;
        enum sp_rc rc = document_read(c, c->raw, size, err);
        if (rc != SP_OK)
            return rc;
        c->raw_at = 0;
        c->raw_len = size;
    }
    size_t got = 0;
    if (c->line_at == c->line_len)
        got = encode_lines(c, out, room);
    if (c->line_at == c->line_len && c->raw_at < c->raw_len) {
        c->line_len = encode_line(c, c->line);
        c->line_at = 0;
    }
    *ret_got = got + take_line(c, out + got, room - got);
    return SP_OK;
}

static bool
document_ended(const struct sp_composer *c)
{
    return c->left == 0 && (c->binary || (c->raw_at == c->raw_len && c->line_at == c->line_len));
}

static enum sp_rc
read_document(struct sp_composer *c, char *out, size_t room, size_t *ret_got, struct sp_err *err)
{
    enum sp_rc rc = c->fd >= 0 ? SP_OK : document_open(c, c->step / 2, err);
    if (rc == SP_OK)
        rc = c->binary ? read_binary(c, out, room, ret_got, err) : read_base64(c, out, room, ret_got, err);
    if (rc == SP_OK && document_ended(c)) {
        document_close(c);
        c->step++;
    }
    return rc;
}

enum sp_rc
sp_composer_read(struct sp_composer *composer, void *buffer, size_t room, size_t *ret_got, struct sp_err *err)
{
    char *out = buffer;
    size_t got = 0, steps = composer->mail->n_documents * 2 + 1;
    while (got < room && composer->step < steps) {
        size_t size = 0;
        if (composer->step % 2 == 0) {
            size = read_text(composer, out + got, room - got);
        } else {
            enum sp_rc rc = read_document(composer, out + got, room - got, &size, err);
            if (rc != SP_OK)
                return rc;
        }
        got += size;
    }
    *ret_got = got;
    return SP_OK;
}
