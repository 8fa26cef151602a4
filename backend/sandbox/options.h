/* options.h - the command line of scanpost-sandbox. */
#ifndef SP_SANDBOX_OPTIONS_H
#define SP_SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { SP_BOX_LIST_MAX = 64 };

struct sp_box_list {
    const char *items[SP_BOX_LIST_MAX];
    size_t n;
};

struct sp_box_options {
    const char *dir, *listen;
    unsigned mx_port, submission_port, dns_port; /* 0: a free one */
    struct sp_box_list domains;                  /* the tenant's accepted domains */
    const char *mx_host;                         /* NULL: as Microsoft would name it */
    const char *user;                            /* NULL: scanner@ the first domain */
    const char *password_file, *token_file;      /* NULL: a password is made; no token is good */
    struct sp_box_list send_as;                  /* senders that the user may also use */
    struct sp_box_list scenarios;
    bool parent_death, help, version;
};

/* Fills *ret with what was said and the defaults; texts are argv's own. SP_E_INVALID with the reason in words. */
enum sp_rc sp_box_options_parse(int argc, char **argv, struct sp_box_options *ret, struct sp_err *err);
const char *sp_box_usage(void);
bool sp_box_list_has_domain(const struct sp_box_list *domains, const char *address);

#endif
