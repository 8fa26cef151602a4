/* peer.h - where a connection comes from, asked of the kernel. */
#ifndef SP_WEB_HTTP_PEER_H
#define SP_WEB_HTTP_PEER_H

#include <sys/socket.h>

#include "web/http/request.h"

struct sp_arena;

/* The credentials are those of the process that connected, at that moment (unix(7), SO_PEERCRED). */
enum sp_rc sp_peer_local(int fd, struct sp_arena *arena, struct sp_peer *ret, struct sp_err *err);
void sp_peer_remote(const struct sockaddr *address, bool tls, struct sp_peer *ret);

#endif
