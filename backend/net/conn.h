/* conn.h - one TCP connection to a mail server: connect, lines in, bytes out, STARTTLS in between. Every call has a
 * deadline on the monotonic clock; nothing blocks beyond it. Not for two threads at once.
 *
 * Failures come as enum sp_trouble with words in err, because that is what diagnosis wants to know. */
#ifndef SP_NET_CONN_H
#define SP_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"
#include "base/err.h"

struct sp_clock;
struct sp_conn;
struct sp_tls;
struct sp_net_address;

enum { SP_CONN_LINE_MAX = 8192 }; /* Exchange goes far beyond RFC 5321's 512 */

/* Connects to the first address that answers, trying the next when one is refused or silent for a fair part of the
 * time. TCP_NODELAY, close-on-exec. clock is borrowed. Troubles: REFUSED UNREACHABLE TIMEOUT LOCAL. */
enum sp_trouble sp_conn_open(const struct sp_net_address *addresses, size_t n, const struct sp_clock *clock,
                             int64_t deadline, struct sp_conn **ret, struct sp_err *err);
/* Takes over a connected socket, for tests. NULL when memory is out (fd is closed). */
struct sp_conn *sp_conn_adopt(int fd, const struct sp_clock *clock);
void sp_conn_close(struct sp_conn **conn); /* at once, no TLS farewell is waited for; accepts NULL */

/* Reads one line without its ending (CRLF; a bare LF is taken too). *ret stays valid until the next read. Longer than
 * SP_CONN_LINE_MAX or a zero byte inside: GARBAGE. Others: TIMEOUT CLOSED LOCAL. */
enum sp_trouble sp_conn_line(struct sp_conn *conn, int64_t deadline, const char **ret, size_t *ret_len,
                             struct sp_err *err);
/* Buffers; sends when the buffer is full. Bytes that arrive meanwhile are kept. */
enum sp_trouble sp_conn_write(struct sp_conn *conn, const void *bytes, size_t size, int64_t deadline,
                              struct sp_err *err);
enum sp_trouble sp_conn_flush(struct sp_conn *conn, int64_t deadline, struct sp_err *err);
/* True when bytes wait to be read, or the peer hung up: for a kept connection before it is used again. */
bool sp_conn_readable(struct sp_conn *conn);
/* Bytes read but not used: after the reply to STARTTLS there must be none (RFC 3207, command injection). */
bool sp_conn_pending(const struct sp_conn *conn);

/* Speaks TLS from here on. name: the host whose certificate it must be. Troubles: HANDSHAKE CERTIFICATE TIMEOUT CLOSED
 * LOCAL. The words of CERTIFICATE name subject and issuer, because a firewall's name there is the answer. */
enum sp_trouble sp_conn_starttls(struct sp_conn *conn, struct sp_tls *tls, const char *name, int64_t deadline,
                                 struct sp_err *err);

const char *sp_conn_peer_ip(const struct sp_conn *conn); /* "192.0.2.1" */
int sp_conn_peer_port(const struct sp_conn *conn);
const char *sp_conn_tls_version(const struct sp_conn *conn); /* "TLSv1.3"; "" in clear */
bool sp_conn_tls_resumed(const struct sp_conn *conn);
const char *sp_conn_tls_issuer(const struct sp_conn *conn); /* of the peer's certificate; "" in clear */

#endif
