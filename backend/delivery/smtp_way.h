/* smtp_way.h - what direct, relay and submission have in common: connections that are kept while there is work, one
 * transaction on one of them, the outcome put into a report. The methods add where to connect and how to sign in. */
#ifndef SP_DELIVERY_SMTP_WAY_H
#define SP_DELIVERY_SMTP_WAY_H

#include "backend/delivery/method.h"
#include "backend/smtp/session.h"

struct sp_smtp_way;

enum { SP_WAY_HOSTS_MAX = 4, SP_WAY_IDLE_MS = 10000 };

/* Where to connect: hosts in order of preference. */
struct sp_way_hosts {
    char name[SP_WAY_HOSTS_MAX][256];
    size_t count;
};

struct sp_smtp_way_kind {
    const char *type; /* for the diagnosis: "direct" */
    bool v4_only;
    /* Fills hosts, or the outcome (stage dns). true: found. */
    bool (*find)(struct sp_smtp_way *way, struct sp_way_hosts *ret, struct sp_smtp_outcome *outcome);
    /* After EHLO; NULL where nobody signs in. true: signed in. */
    bool (*sign_in)(struct sp_smtp_way *way, struct sp_smtp *smtp, struct sp_smtp_outcome *outcome);
};

enum sp_rc sp_smtp_way_open(const struct sp_smtp_way_kind *kind, const struct sp_method_settings *settings,
                            const struct sp_way_env *env, void **ret, struct sp_err *err);
void sp_smtp_way_close(void *context);
void sp_smtp_way_deliver(void *context, const struct sp_message *message, struct sp_report *report);
int64_t sp_smtp_way_tidy(void *context);

/* For the methods. */
const struct sp_method_settings *sp_smtp_way_settings(const struct sp_smtp_way *way);
const struct sp_tenant_settings *sp_smtp_way_tenant(const struct sp_smtp_way *way);
const struct sp_way_env *sp_smtp_way_env(const struct sp_smtp_way *way);
const struct sp_secret *sp_smtp_way_secret(const struct sp_smtp_way *way); /* NULL: could not be read */
/* A sentence and a trouble into an outcome, for find and sign_in. Returns false. */
bool sp_way_fail(struct sp_smtp_outcome *outcome, enum sp_stage stage, enum sp_trouble trouble, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
