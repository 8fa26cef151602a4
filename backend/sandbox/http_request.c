/* RFC 9112, what is needed of it:
 *
 *   request = METHOD SP target SP "HTTP/1." DIGIT CRLF *( name ":" OWS value OWS CRLF ) CRLF [ body ]
 *   chunked = *( 1*HEXDIG [ ";" ext ] CRLF bytes CRLF ) "0" CRLF *( trailer CRLF ) CRLF
 */
#include "backend/sandbox/http_request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backend/sandbox/peer.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { DRAIN_MAX = 256 * 1024 * 1024, TRAILERS_MAX = 32, CHUNK_DIGITS = 8 };

/* The head. */

static enum sp_box_read
from_line(enum sp_box_line line)
{
    switch (line) {
    case SP_BOX_LINE:
        return SP_BOX_READ;
    case SP_BOX_LINE_TOO_LONG:
        return SP_BOX_READ_TOO_LONG;
    case SP_BOX_GONE:
        break;
    }
    return SP_BOX_READ_GONE;
}

static enum sp_box_read
request_line(char *line, struct sp_box_request *ret)
{
    char *target = strchr(line, ' '), *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (version == NULL || !sp_text_starts(version, " HTTP/1.") || strlen(version) != strlen(" HTTP/1.1"))
        return SP_BOX_READ_MALFORMED;
    *target++ = *version = '\0';
    ret->keep = version[strlen(" HTTP/1.")] != '0';
    char *query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    if (*target != '/' || !sp_text_copy(ret->method, sizeof(ret->method), line))
        return SP_BOX_READ_MALFORMED;
    bool fits = sp_text_copy(ret->path, sizeof(ret->path), target) &&
                sp_text_copy(ret->query, sizeof(ret->query), query != NULL ? query : "");
    return fits ? SP_BOX_READ : SP_BOX_READ_TOO_LONG;
}

static enum sp_box_read
header_line(char *line, struct sp_box_request *ret)
{
    size_t len = strcspn(line, ":"), n = ret->n_headers;
    ret->head_size += strlen(line);
    if (n == SP_BOX_HEADERS_MAX || ret->head_size > SP_BOX_HEAD_MAX)
        return SP_BOX_READ_TOO_LONG;
    if (len == 0 || line[len] != ':' || strcspn(line, " \t") < len)
        return SP_BOX_READ_MALFORMED;
    line[len] = '\0';
    ret->headers[n].name = strdup(line);
    ret->headers[n].value = strdup(sp_text_trim(line + len + 1));
    ret->n_headers++;
    return ret->headers[n].name != NULL && ret->headers[n].value != NULL ? SP_BOX_READ : SP_BOX_READ_NO_ROOM;
}

const char *
sp_box_request_header(const struct sp_box_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return "";
}

/* How long the body is. Both ways at once are refused: two readers could disagree where the next request begins. */
static enum sp_box_read
frame(struct sp_box_request *ret)
{
    const char *length = sp_box_request_header(ret, "Content-Length");
    const char *coding = sp_box_request_header(ret, "Transfer-Encoding");
    int64_t number = 0;
    ret->chunked = strcasecmp(coding, "chunked") == 0;
    if ((*coding != '\0' && !ret->chunked) || (*coding != '\0' && *length != '\0'))
        return SP_BOX_READ_MALFORMED;
    if (*length != '\0' && !sp_parse_int(length, 0, INT64_MAX, &number))
        return SP_BOX_READ_MALFORMED;
    ret->length = (uint64_t)number;
    if (strcasecmp(sp_box_request_header(ret, "Connection"), "close") == 0)
        ret->keep = false;
    return SP_BOX_READ;
}

enum sp_box_read
sp_box_request_read(struct sp_box_peer *peer, struct sp_box_request *ret)
{
    char line[SP_BOX_LINE_MAX];
    *ret = (struct sp_box_request){ .body = -1 };
    enum sp_box_read got = from_line(sp_box_peer_line(peer, line));
    if (got == SP_BOX_READ && *line == '\0') /* RFC 9112 section 2.2: one empty line in front is fine */
        got = from_line(sp_box_peer_line(peer, line));
    if (got == SP_BOX_READ)
        got = request_line(line, ret);
    while (got == SP_BOX_READ) {
        got = from_line(sp_box_peer_line(peer, line));
        if (got == SP_BOX_READ && *line == '\0')
            return frame(ret);
        if (got == SP_BOX_READ)
            got = header_line(line, ret);
    }
    return got;
}

void
sp_box_request_free(struct sp_box_request *request)
{
    for (size_t i = 0; i < request->n_headers; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    if (request->body >= 0)
        close(request->body);
    *request = (struct sp_box_request){ .body = -1 };
}

/* The body. */

struct sink {
    struct sp_box_request *request;
    uint64_t max, seen;
    bool broken; /* the disk did not take it */
};

static void
sink_add(struct sink *sink, const char *bytes, size_t size)
{
    sink->seen += size;
    sink->request->too_large = sink->request->too_large || sink->seen > sink->max;
    if (sink->request->too_large || sink->broken)
        return;
    if (sp_io_write_all(sink->request->body, bytes, size, NULL) != SP_OK)
        sink->broken = true;
    sink->request->size += size;
}

static enum sp_box_read
read_bytes(struct sp_box_peer *peer, uint64_t size, struct sink *sink)
{
    while (size > 0) {
        const char *bytes;
        size_t here;
        if (!sp_box_peer_view(peer, &bytes, &here))
            return SP_BOX_READ_GONE;
        if (here > size)
            here = (size_t)size;
        sink_add(sink, bytes, here);
        sp_box_peer_take(peer, here);
        size -= here;
        if (sink->seen > DRAIN_MAX)
            return SP_BOX_READ_MALFORMED;
    }
    return SP_BOX_READ;
}

static enum sp_box_read
chunk_size(struct sp_box_peer *peer, uint64_t *ret)
{
    char line[SP_BOX_LINE_MAX], *end = NULL;
    enum sp_box_read got = from_line(sp_box_peer_line(peer, line));
    size_t digits = got == SP_BOX_READ ? strspn(line, "0123456789abcdefABCDEF") : 0;
    if (got == SP_BOX_READ && (digits == 0 || digits > CHUNK_DIGITS))
        got = SP_BOX_READ_MALFORMED;
    if (got == SP_BOX_READ)
        *ret = strtoull(line, &end, 16);
    if (got == SP_BOX_READ && *end != '\0' && *end != ';' && *end != ' ')
        got = SP_BOX_READ_MALFORMED;
    return got;
}

/* The line behind a chunk must be empty; behind the last one, trailers may stand in front of it. */
static enum sp_box_read
read_lines(struct sp_box_peer *peer, unsigned may_be_full)
{
    char line[SP_BOX_LINE_MAX];
    for (unsigned n = 0; n <= may_be_full; n++) {
        enum sp_box_read got = from_line(sp_box_peer_line(peer, line));
        if (got != SP_BOX_READ || *line == '\0')
            return got;
    }
    return SP_BOX_READ_MALFORMED;
}

static enum sp_box_read
read_chunks(struct sp_box_peer *peer, struct sink *sink)
{
    for (;;) {
        uint64_t size = 0;
        enum sp_box_read got = chunk_size(peer, &size);
        if (got == SP_BOX_READ && size == 0)
            return read_lines(peer, TRAILERS_MAX);
        if (got == SP_BOX_READ)
            got = read_bytes(peer, size, sink);
        if (got == SP_BOX_READ)
            got = read_lines(peer, 0);
        if (got != SP_BOX_READ)
            return got;
    }
}

enum sp_box_read
sp_box_request_body(struct sp_box_peer *peer, int dirfd, uint64_t max, struct sp_box_request *request)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!request->chunked && request->length == 0)
        return SP_BOX_READ;
    struct sink sink = { .request = request, .max = max };
    request->too_large = request->length > max;
    if (strcasecmp(sp_box_request_header(request, "Expect"), "100-continue") == 0) {
        if (request->too_large) { /* the client waits for our word: it need not send it */
            request->keep = false;
            return SP_BOX_READ;
        }
        if (!sp_box_peer_say(peer, go_on, sizeof(go_on) - 1))
            return SP_BOX_READ_GONE;
    }
    request->body = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (request->body < 0)
        return SP_BOX_READ_NO_ROOM;
    enum sp_box_read got = request->chunked ? read_chunks(peer, &sink) : read_bytes(peer, request->length, &sink);
    return got == SP_BOX_READ && sink.broken ? SP_BOX_READ_NO_ROOM : got;
}

/* Looking at it. */

bool
sp_box_request_text(const struct sp_box_request *request, size_t max, struct sp_str *out)
{
    if (request->body < 0 || request->size > max)
        return request->body < 0;
    char *place = sp_str_more(out, (size_t)request->size);
    if (place == NULL)
        return request->size == 0 && !out->failed;
    ssize_t got = pread(request->body, place, (size_t)request->size, 0);
    return got == (ssize_t)request->size;
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) % 16 : -1;
}

bool
sp_box_percent_decode(struct sp_str *out, const char *text, size_t size, bool form)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '%') {
            if (form && text[i] == '+')
                sp_str_add_char(out, ' ');
            else
                sp_str_add_char(out, text[i]);
            continue;
        }
        int high = i + 2 < size ? hex_digit(text[i + 1]) : -1, low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0)
            return false;
        unsigned char byte = (unsigned char)(high * 16 + low);
        sp_str_add_n(out, &byte, 1);
        i += 2;
    }
    return !out->failed;
}
