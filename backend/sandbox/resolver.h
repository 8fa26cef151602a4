/* resolver.h - a name server for the sandbox's names, on UDP: MX and SPF of the tenant's domains, A of the servers, and
 * the block lists that are looked up most, with *.dnsbl.sandbox. AAAA of these is empty, anything else does not exist.
 * Answers are to be forgotten after seconds, because scenarios change. */
#ifndef SP_SANDBOX_RESOLVER_H
#define SP_SANDBOX_RESOLVER_H

#include "backend/sandbox/door.h"
#include "backend/sandbox/options.h"

struct sp_box_resolver;
struct sp_box_scenarios;

enum { SP_BOX_HOSTS_MAX = 24 };

struct sp_box_zone {
    const struct sp_box_list *domains;
    const char *mx_host;
    const char *hosts[SP_BOX_HOSTS_MAX]; /* every name that has an address, the MX too; up to the first NULL */
    const char *address;                 /* IPv4 */
};

/* Everything is borrowed. Errors as sp_box_door_open. */
enum sp_rc sp_box_resolver_open(const char *address, unsigned port, struct sp_box_hall *hall,
                                const struct sp_box_zone *zone, struct sp_box_scenarios *scenarios,
                                struct sp_box_resolver **ret, struct sp_err *err);
unsigned sp_box_resolver_port(const struct sp_box_resolver *resolver);
/* Once the hall's stop_fd is readable. Accepts NULL; leaves NULL. */
void sp_box_resolver_close(struct sp_box_resolver **resolver);

#endif
