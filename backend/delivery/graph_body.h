/* graph_body.h - the body of a request to Graph, made while it is sent: a text, a source as it is or in base64, a text.
 *
 *   sendMail     base64(message)
 *   attachment   {"name":"x.pdf","contentBytes":" base64(document) "}
 *   a range      bytes of the document
 *   all others   a text
 *
 * The size is known before the first byte, and memory does not grow with the source. */
#ifndef SP_DELIVERY_GRAPH_BODY_H
#define SP_DELIVERY_GRAPH_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_composer;
struct sp_mail;

/* Where the bytes come from; can be begun as often as wanted. */
struct sp_graph_source {
    void *context;
    enum sp_rc (*begin)(void *context, struct sp_err *err);
    /* *ret_got 0: the end. */
    enum sp_rc (*read)(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err);
    uint64_t size;
};

/* A message as it would go over SMTP. */
struct sp_graph_source sp_graph_source_message(struct sp_composer *composer);

/* A part of a document. */
struct sp_graph_slice {
    int fd;
    uint64_t from, size, at;
};
struct sp_graph_source sp_graph_source_slice(struct sp_graph_slice *slice);
/* Opens document n for slices of it. SP_E_CORRUPT: its size is not what it was. The caller closes *ret_fd. */
enum sp_rc sp_graph_document_open(const struct sp_mail *mail, size_t n, int *ret_fd, struct sp_err *err);

enum { SP_GRAPH_RAW_SIZE = 3 * 4096 }; /* encoded in one go: no padding in the middle */

/* Fill the first fields, zero the others; texts are borrowed. */
struct sp_graph_body {
    const char *head, *tail;       /* NULL: none */
    struct sp_graph_source source; /* read NULL: none */
    bool base64;

    /* Where the reading is: */
    enum { SP_GRAPH_HEAD, SP_GRAPH_SOURCE, SP_GRAPH_TAIL, SP_GRAPH_END } part;
    size_t text_at;
    uint64_t left; /* of the source */
    size_t line_at, line_len;
    unsigned char raw[SP_GRAPH_RAW_SIZE];
    char line[SP_GRAPH_RAW_SIZE / 3 * 4];
};

uint64_t sp_graph_body_size(const struct sp_graph_body *body);
/* These two as struct sp_https_request wants them; the context is the body. */
enum sp_rc sp_graph_body_begin(void *context, struct sp_err *err);
enum sp_rc sp_graph_body_read(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err);

#endif
