/* options.h - the command line of scanpost-sandbox. */
#ifndef SP_SANDBOX_OPTIONS_H
#define SP_SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/sandbox/budget.h"
#include "base/address.h"
#include "base/err.h"

enum { SP_BOX_LIST_MAX = 64 };

/* IPv4, in the host's order; mask 0: none. */
struct sp_box_network {
    uint32_t address, mask;
};

struct sp_box_list {
    const char *items[SP_BOX_LIST_MAX];
    size_t n;
};

struct sp_box_options {
    const char *dir, *listen;
    unsigned mx_port, submission_port, login_port, graph_port, dns_port; /* 0: a free one */
    struct sp_box_list domains;             /* the tenant's accepted domains, its onmicrosoft.com name last */
    char onmicrosoft[SP_DOMAIN_MAX + 1];    /* the latter, when it was not said */
    const char *mx_host;                    /* NULL: as Microsoft would name it */
    const char *user;                       /* NULL: scanner@ the first domain */
    const char *password_file, *token_file; /* NULL: a password is made; only issued tokens are good */
    struct sp_box_list send_as;             /* senders that the user may also use; Graph: mailboxes */
    int64_t token_lifetime_s;
    const char *connector_certificate;       /* a name; NULL: scan. the first domain */
    struct sp_box_network connector_network; /* clients that a connector knows by address */
    struct sp_box_allowance allowance;       /* of submission, and of Graph */
    struct sp_box_list scenarios;
    bool parent_death, help, version, list_scenarios;
};

/* Fills *ret, which must stay where it is, with what was said and the defaults; texts are argv's own. SP_E_INVALID with
 * the reason in words. */
enum sp_rc sp_box_options_parse(int argc, char **argv, struct sp_box_options *ret, struct sp_err *err);
const char *sp_box_usage(void);
bool sp_box_network_has(const struct sp_box_network *network, const char *ip);
bool sp_box_list_has_domain(const struct sp_box_list *domains, const char *address);

#endif
