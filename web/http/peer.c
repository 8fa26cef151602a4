/* peer.c - addresses in words, credentials in numbers. */
#include "web/http/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "base/arena.h"

static enum sp_rc
read_groups(int fd, struct sp_arena *arena, struct sp_peer *peer, struct sp_err *err)
{
    socklen_t size = 16 * sizeof(gid_t);
    for (int tries = 0; tries < 2; tries++) { /* the second time with the size that the kernel asked for */
        gid_t *groups = sp_arena_zalloc(arena, size == 0 ? 1 : size);
        if (groups == NULL)
            return sp_fail(err, SP_E_NOMEM, "http: out of memory");
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
            peer->groups = groups;
            peer->n_groups = size / sizeof(gid_t);
            return SP_OK;
        }
        if (errno != ERANGE)
            break;
    }
    return sp_fail_errno(err, "http: cannot see the groups of who is there");
}

enum sp_rc
sp_peer_local(int fd, struct sp_arena *arena, struct sp_peer *ret, struct sp_err *err)
{
    struct ucred who = { 0 };
    socklen_t size = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return sp_fail_errno(err, "http: cannot see who is there");
    *ret = (struct sp_peer){ .local = true, .uid = who.uid, .gid = who.gid };
    return read_groups(fd, arena, ret, err);
}

void
sp_peer_remote(const struct sockaddr *address, bool tls, struct sp_peer *ret)
{
    *ret = (struct sp_peer){ .tls = tls };
    const void *bytes = NULL;
    if (address != NULL && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address != NULL && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes != NULL)
        inet_ntop(address->sa_family, bytes, ret->address, sizeof(ret->address));
}
