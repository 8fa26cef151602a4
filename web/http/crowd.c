/* crowd.c - a list, walked when somebody comes in: a thousand comparisons are a few microseconds.
 *
 * An IPv6 guest is known by its /64, which is what one household or one attacker has. Loopback is exempt from the limit
 * for an address, because a reverse proxy speaks for everybody. */
#include "web/http/crowd.h"

#include <netinet/in.h>
#include <string.h>

/* false: not an address that is counted. */
static bool
key_of(const struct sockaddr *address, uint8_t key[16])
{
    memset(key, 0, 16);
    if (address == NULL)
        return false;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        key[10] = key[11] = 0xff;
        memcpy(key + 12, &v4->sin_addr, 4);
        return key[12] != 127;
    }
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        memcpy(key, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
        return !IN6_IS_ADDR_LOOPBACK(v6) && !(IN6_IS_ADDR_V4MAPPED(v6) && key[12] == 127);
    }
    return false;
}

static void
unlink_guest(struct sp_crowd *crowd, struct sp_guest *guest)
{
    *(guest->previous == NULL ? &crowd->first : &guest->previous->next) = guest->next;
    *(guest->next == NULL ? &crowd->last : &guest->next->previous) = guest->previous;
}

static void
link_last(struct sp_crowd *crowd, struct sp_guest *guest)
{
    guest->previous = crowd->last;
    guest->next = NULL;
    *(crowd->last == NULL ? &crowd->first : &crowd->last->next) = guest;
    crowd->last = guest;
}

/* key NULL: any. */
static bool
show_out(struct sp_crowd *crowd, const uint8_t *key)
{
    for (struct sp_guest *guest = crowd->first; guest != NULL; guest = guest->next) {
        if (guest->busy || guest->leaving || (key != NULL && memcmp(guest->address, key, 16) != 0))
            continue;
        guest->leaving = true;
        crowd->count--;
        shutdown(guest->fd, SHUT_RDWR);
        return true;
    }
    return false;
}

static unsigned
count_from(const struct sp_crowd *crowd, const uint8_t key[16])
{
    unsigned count = 0;
    for (const struct sp_guest *guest = crowd->first; guest != NULL; guest = guest->next)
        count += !guest->leaving && memcmp(guest->address, key, 16) == 0;
    return count;
}

bool
sp_crowd_admit(struct sp_crowd *crowd, const struct sockaddr *address)
{
    uint8_t key[16];
    if (key_of(address, key) && count_from(crowd, key) >= crowd->per_address && !show_out(crowd, key))
        return false;
    return crowd->count < crowd->max || show_out(crowd, NULL);
}

void
sp_crowd_enter(struct sp_crowd *crowd, struct sp_guest *guest, const struct sockaddr *address, int fd)
{
    *guest = (struct sp_guest){ .fd = fd };
    (void)key_of(address, guest->address);
    link_last(crowd, guest);
    crowd->count++;
}

void
sp_crowd_leave(struct sp_crowd *crowd, struct sp_guest *guest)
{
    unlink_guest(crowd, guest);
    if (!guest->leaving)
        crowd->count--;
}

void
sp_crowd_busy(struct sp_crowd *crowd, struct sp_guest *guest, bool busy)
{
    guest->busy = busy;
    unlink_guest(crowd, guest);
    link_last(crowd, guest);
}
