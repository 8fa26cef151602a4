/* scenario.h - what goes wrong today. Scenarios stand in a file, one a line, and count from the moment it is saved:
 *
 *   [mx/ | submission/] NAME [ ":" ARGUMENT ]         "# ..." and empty lines are skipped
 *
 * Without a prefix a scenario is played where it happens in real life (the table in scenario.c says where). The file is
 * looked at again at every step of every conversation, so nobody ever sees an old state. Threads may share a struct
 * sp_box_scenarios. */
#ifndef SP_SANDBOX_SCENARIO_H
#define SP_SANDBOX_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_log;

enum sp_box_where { SP_BOX_MX = 1, SP_BOX_SUBMISSION = 2, SP_BOX_DNS = 4 }; /* bits */

enum sp_box_stage {
    SP_BOX_NO_STAGE,
    SP_BOX_BANNER,
    SP_BOX_EHLO,
    SP_BOX_STARTTLS,
    SP_BOX_TLS, /* after the answer to STARTTLS, instead of the handshake */
    SP_BOX_AUTH,
    SP_BOX_MAIL,
    SP_BOX_RCPT,
    SP_BOX_DATA,
    SP_BOX_BODY,    /* when the first bytes of the message are here */
    SP_BOX_MESSAGE, /* when all of it is */
};

enum sp_box_trick {
    SP_BOX_IP_BLOCKED,
    SP_BOX_SPAMHAUS,
    SP_BOX_DIRECT_REJECTED,
    SP_BOX_RECIPIENT_UNKNOWN,
    SP_BOX_RECIPIENT_AUTH_REQUIRED,
    SP_BOX_QUOTA,
    SP_BOX_AUTH_DISABLED,
    SP_BOX_AUTH_FAILED,
    SP_BOX_BASIC_AUTH_RETIRED,
    SP_BOX_SENDER_DENIED,
    SP_BOX_THROTTLED,
    SP_BOX_BUSY,
    SP_BOX_SPAM,
    SP_BOX_TOO_LARGE,
    SP_BOX_REPLY,
    SP_BOX_SLOW,
    SP_BOX_HANG,
    SP_BOX_DROP,
    SP_BOX_GARBAGE,
    SP_BOX_LOST_ANSWER,
    SP_BOX_NO_STARTTLS,
    SP_BOX_CERTIFICATE,
    SP_BOX_DNS_SILENT,
    SP_BOX_DNS_FAILS,
    SP_BOX_MX_FOREIGN,
};

enum { SP_BOX_SCENARIO_TEXT = 1024 };

struct sp_box_scenario {
    enum sp_box_trick trick;
    unsigned where;                  /* bits of enum sp_box_where */
    enum sp_box_stage stage;         /* NO_STAGE: the trick's own */
    uint64_t number;                 /* bytes, milliseconds, times; 0 when not said */
    char text[SP_BOX_SCENARIO_TEXT]; /* an address, a reply, which kind of certificate; "" when not said */
};

/* SP_E_INVALID with what is wrong in words. */
enum sp_rc sp_box_scenario_parse(const char *line, struct sp_box_scenario *ret, struct sp_err *err);

struct sp_box_scenarios;
/* The file dirfd/name need not exist. What cannot be understood in it is logged, once, and skipped. log and dirfd are
 * borrowed. NULL when memory is out. */
struct sp_box_scenarios *sp_box_scenarios_new(int dirfd, const char *name, const struct sp_log *log);
void sp_box_scenarios_free(struct sp_box_scenarios **scenarios);

/* Whether the trick is played there now; *ret, which may be NULL, gets the first such scenario. */
bool sp_box_plays(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
                  struct sp_box_scenario *ret);
/* Only one that names this stage, or none. */
bool sp_box_plays_at(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
                     enum sp_box_stage stage, struct sp_box_scenario *ret);
/* Only one that names this address. */
bool sp_box_plays_for(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
                      const char *address);
/* Whether LOST_ANSWER is played and not yet used up; counts this time. */
bool sp_box_loses_answer(struct sp_box_scenarios *scenarios, enum sp_box_where where);

#endif
