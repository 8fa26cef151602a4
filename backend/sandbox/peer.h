/* peer.h - one connection of a client: lines and bytes in, bytes out, TLS from some moment on. Every wait ends with the
 * deadline for idle clients or when the sandbox stops. Not for two threads at once. */
#ifndef SP_SANDBOX_PEER_H
#define SP_SANDBOX_PEER_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

struct sp_box_peer;

enum { SP_BOX_LINE_MAX = 12288 }; /* AUTH XOAUTH2 with a token of 8 kB fits */

/* Takes fd over, also when it fails. stop_fd becomes readable when the sandbox stops. NULL when memory is out. */
struct sp_box_peer *sp_box_peer_new(int fd, int stop_fd);
/* Hangs up; with TLS's farewell when `politely`. Accepts NULL; leaves NULL. */
void sp_box_peer_free(struct sp_box_peer **peer, bool politely);

/* Bytes that are here, at least one; what was said before is flushed first. They stay until taken. false: the client is
 * gone, silent for too long, or the sandbox stops. */
bool sp_box_peer_view(struct sp_box_peer *peer, const char **ret, size_t *ret_size);
void sp_box_peer_take(struct sp_box_peer *peer, size_t size);

enum sp_box_line { SP_BOX_LINE, SP_BOX_LINE_TOO_LONG, SP_BOX_GONE };
/* The next line without its ending, terminated; a too long one is read to its end and forgotten. */
enum sp_box_line sp_box_peer_line(struct sp_box_peer *peer, char line[SP_BOX_LINE_MAX]);

/* Buffers; what is buffered leaves before the next wait for input. */
bool sp_box_peer_say(struct sp_box_peer *peer, const void *bytes, size_t size);
bool sp_box_peer_flush(struct sp_box_peer *peer);

/* The server's side of a handshake. What was read before it and not used is forgotten (RFC 3207 section 4.2: nobody may
 * slip commands in front of TLS). */
bool sp_box_peer_starttls(struct sp_box_peer *peer, SSL_CTX *context);
const char *sp_box_peer_tls_version(const struct sp_box_peer *peer); /* "" in clear */
const char *sp_box_peer_cipher(const struct sp_box_peer *peer);
/* Whether the client showed a certificate of that name, signed by the authority that the context trusts. */
bool sp_box_peer_is(const struct sp_box_peer *peer, const char *name);

/* Says nothing any more, until the client hangs up or the sandbox stops. */
void sp_box_peer_hang(struct sp_box_peer *peer);
/* false when the sandbox stopped meanwhile. */
bool sp_box_peer_sleep(struct sp_box_peer *peer, int ms);

#endif
