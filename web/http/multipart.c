/* multipart.c - a form with files, read in one pass.
 *
 *   body      = [ preamble CRLF ] dash-boundary CRLF part *( delimiter CRLF part ) delimiter "--" [ epilogue ]
 *   delimiter = CRLF dash-boundary          dash-boundary = "--" boundary [ blanks ]          RFC 2046 section 5.1.1
 *   part      = *( header CRLF ) CRLF data
 *   header    = "Content-Disposition: form-data; name=" quoted [ "; filename=" quoted ]       RFC 7578 section 4.2
 *
 * CR occurs in a delimiter only as its first byte. So what was taken for the start of one and was none is that start
 * itself, followed by a byte that is looked at afresh: nothing has to be kept to search it.
 *
 * File names: browsers write '"' as %22 (WHATWG, multipart/form-data encoding algorithm), curl before 7.81 as \"; other
 * backslashes are Windows paths. RFC 7578 forbids filename*, and Python's requests sends it for names beyond ASCII all
 * the same, so UTF-8 ones are read and preferred. */
#include "web/http/multipart.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum stage {
    BEFORE,          /* the preamble: like data, and dropped */
    AFTER_DELIMITER, /* "--" or the line's end */
    LAST_DASH,
    LINE_END,
    HEADERS,
    DATA,
    AFTER_LAST, /* the epilogue */
};

struct sp_multipart {
    const struct sp_multipart_ops *ops;
    void *context;
    enum stage stage;
    char delimiter[SP_BOUNDARY_MAX + 5]; /* CR LF - - boundary */
    size_t delimiter_len;
    size_t matched; /* how much of it was seen just now */
    struct sp_str headers;
};

/* Reads a parameter's value at *at: a token or a quoted string. false: neither. */
static bool
read_value(const char **at, struct sp_str *out)
{
    const char *c = *at;
    if (*c != '"') {
        size_t len = strcspn(c, "; \t\r\n\"");
        sp_str_add_n(out, c, len);
        *at = c + len;
        return len > 0;
    }
    for (c++; *c != '"'; c++) {
        if (*c == '\0')
            return false;
        if (c[0] == '\\' && c[1] == '"')
            c++;
        sp_str_add_char(out, *c);
    }
    *at = c + 1;
    return true;
}

/* The parameter `name` of a header value such as `form-data; name="to"`. false: absent, or the header is broken. */
static bool
find_parameter(const char *header, const char *name, struct sp_str *out)
{
    const char *at = header + strcspn(header, ";");
    while (*at == ';') {
        at += 1 + strspn(at + 1, " \t");
        size_t len = strcspn(at, "=; \t");
        bool wanted = len == strlen(name) && strncasecmp(at, name, len) == 0;
        at += len;
        at += strspn(at, " \t");
        if (*at != '=')
            return false;
        at += 1 + strspn(at + 1, " \t");
        sp_str_cut(out, 0);
        if (!read_value(&at, out))
            return false;
        if (wanted)
            return !out->failed;
        at += strspn(at, " \t");
    }
    return false;
}

/* RFC 2046: 1 to 70 of these, and no blank at the end. */
static bool
boundary_fine(const char *boundary)
{
    size_t len = strlen(boundary);
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? ";
    return len > 0 && len <= SP_BOUNDARY_MAX && strspn(boundary, letters) == len && boundary[len - 1] != ' ';
}

enum sp_rc
sp_multipart_new(const char *content_type, const struct sp_multipart_ops *ops, void *context, struct sp_multipart **ret,
                 struct sp_err *err)
{
    static const char wanted[] = "multipart/form-data";
    size_t len = content_type == NULL ? 0 : strcspn(content_type, "; \t");
    if (len != strlen(wanted) || strncasecmp(content_type, wanted, len) != 0)
        return sp_fail(err, SP_E_TYPE, "the body has to be multipart/form-data");
    SP_AUTO(sp_str_free) struct sp_str boundary = { 0 };
    if (!find_parameter(content_type, "boundary", &boundary) || !boundary_fine(sp_str_text(&boundary)))
        return sp_fail(err, SP_E_INVALID, "the Content-Type has no usable boundary");
    struct sp_multipart *form = calloc(1, sizeof(*form));
    if (form == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    form->ops = ops;
    form->context = context;
    form->delimiter_len = (size_t)snprintf(form->delimiter, sizeof(form->delimiter), "\r\n--%s", boundary.text);
    form->matched = 2; /* the body's start counts as the start of a line */
    *ret = form;
    return SP_OK;
}

void
sp_multipart_free(struct sp_multipart **form)
{
    if (*form == NULL)
        return;
    sp_str_free(&(*form)->headers);
    free(*form);
    *form = NULL;
}

static enum sp_rc
malformed(struct sp_err *err, const char *what)
{
    return sp_fail(err, SP_E_INVALID, "the form is not well formed: %s", what);
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits) % 16;
}

/* RFC 8187: UTF-8'language'percent-encoded. */
static bool
read_extended(const char *text, struct sp_str *out)
{
    if (!sp_text_starts_nocase(text, "utf-8'"))
        return false;
    text = strchr(text + 6, '\'');
    if (text == NULL)
        return false;
    for (text++; *text != '\0'; text++) {
        if (*text != '%') {
            sp_str_add_char(out, *text);
            continue;
        }
        int high = hex_digit(text[1]);
        int low = high < 0 ? -1 : hex_digit(text[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        sp_str_add_char(out, (char)(high * 16 + low));
        text += 2;
    }
    return !out->failed && sp_utf8_valid(sp_str_text(out), out->len);
}

static void
read_quotes(struct sp_str *out, const char *text)
{
    for (const char *quote = strstr(text, "%22"); quote != NULL; quote = strstr(text, "%22")) {
        sp_str_add_n(out, text, (size_t)(quote - text));
        sp_str_add_char(out, '"');
        text = quote + 3;
    }
    sp_str_add(out, text);
}

/* The file's name, or false for a plain field. */
static bool
find_file_name(const char *disposition, struct sp_str *out)
{
    SP_AUTO(sp_str_free) struct sp_str raw = { 0 };
    if (find_parameter(disposition, "filename*", &raw) && read_extended(sp_str_text(&raw), out))
        return true;
    sp_str_cut(out, 0);
    if (!find_parameter(disposition, "filename", &raw))
        return false;
    read_quotes(out, sp_str_text(&raw));
    return true;
}

/* The value of Content-Disposition among the collected lines; cuts it off in place. NULL: absent, or not form-data. */
static char *
find_disposition(char *headers)
{
    static const char name[] = "content-disposition:";
    for (char *line = headers; *line != '\0';) {
        char *end = strstr(line, "\r\n");
        if (end == NULL)
            return NULL;
        *end = '\0';
        if (sp_text_starts_nocase(line, name)) {
            char *value = sp_text_trim(line + strlen(name));
            return sp_text_starts_nocase(value, "form-data") ? value : NULL;
        }
        line = end + 2;
    }
    return NULL;
}

static enum sp_rc
begin_part(struct sp_multipart *form, struct sp_err *err)
{
    if (form->headers.failed)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    if (memchr(form->headers.text, '\0', form->headers.len) != NULL)
        return malformed(err, "a header holds a NUL");
    char *disposition = find_disposition(form->headers.text);
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    SP_AUTO(sp_str_free) struct sp_str file_name = { 0 };
    if (disposition == NULL || !find_parameter(disposition, "name", &name))
        return malformed(err, "a part has no name");
    bool is_file = find_file_name(disposition, &file_name);
    if (name.failed || file_name.failed)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    struct sp_part part = { sp_str_text(&name), is_file ? sp_str_text(&file_name) : NULL };
    enum sp_rc rc = form->ops->begin(form->context, &part, err);
    sp_str_cut(&form->headers, 0);
    return rc;
}

/* One more byte of a part's headers. */
static enum sp_rc
add_header_byte(struct sp_multipart *form, char c, struct sp_err *err)
{
    struct sp_str *headers = &form->headers;
    if (headers->len == SP_PART_HEADERS_MAX)
        return malformed(err, "a part's headers are too long");
    sp_str_add_char(headers, c);
    if (headers->len == 2 && memcmp(headers->text, "\r\n", 2) == 0)
        return malformed(err, "a part has no name");
    if (headers->len < 4 || memcmp(headers->text + headers->len - 4, "\r\n\r\n", 4) != 0)
        return SP_OK;
    form->stage = DATA;
    /* An empty part's data ends with the line that its headers ended with only in theory: RFC 2046 wants a CRLF of the
     * delimiter's own, and every client sends it. */
    form->matched = 0;
    return begin_part(form, err);
}

static enum sp_rc
give(struct sp_multipart *form, const char *bytes, size_t size, struct sp_err *err)
{
    if (form->stage == BEFORE || size == 0)
        return SP_OK;
    return form->ops->data(form->context, bytes, size, err);
}

/* Data up to the next delimiter, or all there is; *at moves on. */
static enum sp_rc
add_data(struct sp_multipart *form, const char **at, const char *end, struct sp_err *err)
{
    if (form->matched == 0) {
        const char *cr = memchr(*at, '\r', (size_t)(end - *at));
        const char *stop = cr == NULL ? end : cr;
        enum sp_rc rc = give(form, *at, (size_t)(stop - *at), err);
        *at = stop;
        if (rc != SP_OK || cr == NULL)
            return rc;
    }
    while (*at < end && form->matched < form->delimiter_len && **at == form->delimiter[form->matched]) {
        form->matched++;
        (*at)++;
    }
    if (form->matched == form->delimiter_len) {
        enum sp_rc rc = form->stage == BEFORE ? SP_OK : form->ops->end(form->context, err);
        form->stage = AFTER_DELIMITER;
        return rc;
    }
    if (*at == end)
        return SP_OK;
    size_t held = form->matched;
    form->matched = 0;
    return give(form, form->delimiter, held, err);
}

/* What follows a delimiter on its line. */
static enum sp_rc
add_line_byte(struct sp_multipart *form, char c, struct sp_err *err)
{
    bool first = form->stage == AFTER_DELIMITER;
    if (first && c == '-')
        form->stage = LAST_DASH;
    else if (form->stage == LAST_DASH && c == '-')
        form->stage = AFTER_LAST;
    else if (first && c == '\r')
        form->stage = LINE_END;
    else if (form->stage == LINE_END && c == '\n')
        form->stage = HEADERS;
    else if (!first || (c != ' ' && c != '\t'))
        return malformed(err, "something follows the boundary");
    return SP_OK;
}

enum sp_rc
sp_multipart_add(struct sp_multipart *form, const void *bytes, size_t size, struct sp_err *err)
{
    const char *at = bytes;
    const char *end = at + size;
    enum sp_rc rc = SP_OK;
    while (at < end && rc == SP_OK) {
        switch (form->stage) {
        case BEFORE:
        case DATA:
            rc = add_data(form, &at, end, err);
            break;
        case AFTER_DELIMITER:
        case LAST_DASH:
        case LINE_END:
            rc = add_line_byte(form, *at++, err);
            break;
        case HEADERS:
            rc = add_header_byte(form, *at++, err);
            break;
        case AFTER_LAST:
            at = end;
            break;
        }
    }
    return rc;
}

enum sp_rc
sp_multipart_end(const struct sp_multipart *form, struct sp_err *err)
{
    return form->stage == AFTER_LAST ? SP_OK : malformed(err, "it ends in the middle");
}
