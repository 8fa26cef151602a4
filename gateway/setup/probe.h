/* probe.h - what can be found out from here: the domain's mail exchanger, its SPF record, the tenant's id, and which of
 * the three doors to Microsoft 365 are open. Nothing is sent. Blocks, within bounds. */
#ifndef SP_SETUP_PROBE_H
#define SP_SETUP_PROBE_H

#include "base/err.h"
#include "gateway/setup/answers.h"

/* Where it is not as Microsoft has it: for scanpost-sandbox, and for tests. 0 and "": as usual. */
struct sp_probe_places {
    int mx_port, submission_port;
    const char *submission_host, *ca_file;
    const char *token_url; /* the sandbox's; its host is where the OpenID configuration is asked for */
};

/* Uses domain, onmicrosoft, hostname, resolver and proxy of answers. What is not there is told in ret; fails only for
 * a resolver or a CA file that is of no use. `tell` is called before each part that may take a while. */
enum sp_rc sp_probe(const struct sp_answers *answers, const struct sp_probe_places *places,
                    void (*tell)(const char *what), struct sp_facts *ret, struct sp_err *err);

#endif
