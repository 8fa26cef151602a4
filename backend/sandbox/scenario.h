/* scenario.h - what goes wrong today. Scenarios stand in a file, one a line, and count from the moment it is saved:
 *
 *   [direct/ | relay/ | mx/ | submission/ | token/ | graph/ | dns/] NAME [ ":" ARGUMENT ]
 *                                                     "# ..." and empty lines are skipped
 *
 * Without a prefix a scenario is played where it happens in real life (the table in scenario_table.c says where). The
 * file is looked at again at every step of every conversation, so nobody ever sees an old state. Threads may share a
 * struct sp_box_scenarios. */
#ifndef SP_SANDBOX_SCENARIO_H
#define SP_SANDBOX_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_log;
struct sp_str;

/* Bits. The MX is two places: RELAY for who matches a connector, MX for everybody else. */
enum sp_box_where {
    SP_BOX_MX = 1,
    SP_BOX_RELAY = 2,
    SP_BOX_SUBMISSION = 4,
    SP_BOX_TOKEN = 8,
    SP_BOX_GRAPH = 16,
    SP_BOX_DNS = 32,
};

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
    SP_BOX_REQUEST, /* HTTPS: when all of it is here, and nothing is done yet */
};

enum sp_box_trick {
    SP_BOX_IP_BLOCKED,
    SP_BOX_SPAMHAUS,
    SP_BOX_IP_RATE,
    SP_BOX_DIRECT_REJECTED,
    SP_BOX_NOT_ATTRIBUTED,
    SP_BOX_WRONG_REGION,
    SP_BOX_CONNECTOR_IP,
    SP_BOX_NO_CONNECTOR,
    SP_BOX_RECIPIENT_UNKNOWN,
    SP_BOX_RECIPIENT_AUTH_REQUIRED,
    SP_BOX_QUOTA,
    SP_BOX_AUTH_DISABLED,
    SP_BOX_AUTH_FAILED,
    SP_BOX_BASIC_AUTH_RETIRED,
    SP_BOX_BASIC_AUTH_REMOVED,
    SP_BOX_AUTH_REQUIRED,
    SP_BOX_LOGON_FAILED,
    SP_BOX_SENDER_DENIED,
    SP_BOX_SENDER_AUTHENTICATION,
    SP_BOX_SUBMISSION_QUOTA,
    SP_BOX_OLD_TLS,
    SP_BOX_MALFORMED,
    SP_BOX_OTHER,
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
    SP_BOX_SPF,
    SP_BOX_DNSBL_LISTED,
    SP_BOX_CLOCK,
    SP_BOX_UNAVAILABLE,
    SP_BOX_RETRY_AFTER,
    SP_BOX_SECRET_WRONG,
    SP_BOX_SECRET_EXPIRED,
    SP_BOX_CERTIFICATE_UNKNOWN,
    SP_BOX_CERTIFICATE_EXPIRED,
    SP_BOX_APP_MISSING,
    SP_BOX_TENANT_UNKNOWN,
    SP_BOX_SCOPE_REFUSED,
    SP_BOX_CONDITIONAL_ACCESS,
    SP_BOX_TOKEN_LIFETIME,
    SP_BOX_NO_ROLES,
    SP_BOX_INVALID_TOKEN,
    SP_BOX_ACCESS_DENIED,
    SP_BOX_INVALID_USER,
    SP_BOX_MAILBOX_MISSING,
    SP_BOX_NO_DIRECTORY,
    SP_BOX_UPLOAD_LOST,
};

enum { SP_BOX_SCENARIO_TEXT = 1024 };

struct sp_box_scenario {
    enum sp_box_trick trick;
    unsigned where;                  /* bits of enum sp_box_where */
    enum sp_box_stage stage;         /* NO_STAGE: the trick's own */
    uint64_t number;                 /* bytes, milliseconds, seconds, times; 0 when not said */
    bool negative;                   /* the number is one below zero */
    char text[SP_BOX_SCENARIO_TEXT]; /* an address, a reply, which kind of certificate; "" when not said */
};

/* SP_E_INVALID with what is wrong in words. */
enum sp_rc sp_box_scenario_parse(const char *line, struct sp_box_scenario *ret, struct sp_err *err);
/* Appends a line for each there is: how it is written, where it is played, the class it belongs to in scanpost's words
 * ("-": none), what happens; separated by tabs. */
void sp_box_scenario_list(struct sp_str *out);

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

/* The wall clock of that server, in ms: the system's, and what the scenario CLOCK adds. */
int64_t sp_box_now_ms(struct sp_box_scenarios *scenarios, enum sp_box_where where);

#endif
