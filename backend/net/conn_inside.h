/* conn_inside.h - a connection from the inside, for the files that make one up: conn.c (lines and buffers),
 * conn_open.c (connecting), conn_tls.c (TLS). Nobody else includes this. */
#ifndef SP_NET_CONN_INSIDE_H
#define SP_NET_CONN_INSIDE_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>

#include "backend/net/conn.h"
#include "backend/net/tls_client.h"

enum {
    /* Two of the longest lines: replies that come while a large body goes out are kept here. */
    IN_SIZE = 2 * SP_CONN_LINE_MAX,
    /* A body of 64 KiB with the commands before it leaves as one write. */
    OUT_SIZE = 68 * 1024,
};

struct sp_conn {
    int fd; /* non-blocking */
    const struct sp_clock *clock;
    SSL *ssl;                /* NULL in clear */
    struct sp_tls_peer peer; /* whom TLS talks to */
    bool hung_up;            /* nothing more will come */
    bool broken;             /* nothing more can be said */
    bool resumed;
    int port;
    char ip[INET6_ADDRSTRLEN];
    char tls_version[16];
    char issuer[SP_TLS_NAME_SIZE];
    size_t in_start, in_end, out_len;
    char line[SP_CONN_LINE_MAX + 1];
    char in[IN_SIZE];
    char out[OUT_SIZE];
};

/* What one non-blocking read or write came to. */
enum sp_io { SP_IO_DONE, SP_IO_WANTS_READ, SP_IO_WANTS_WRITE, SP_IO_HUNG_UP, SP_IO_FAILED };

enum sp_io sp_conn_tls_read(struct sp_conn *conn, void *bytes, size_t room, size_t *ret_got);
enum sp_io sp_conn_tls_write(struct sp_conn *conn, const void *bytes, size_t size, size_t *ret_done);
void sp_conn_tls_end(struct sp_conn *conn);

#endif
