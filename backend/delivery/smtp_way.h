/* smtp_way.h - what direct, relay and submission have in common: connections that are kept while there is work, one
 * transaction on one of them, the outcome put into a report. The methods add where to connect and how to sign in. */
#ifndef SP_DELIVERY_SMTP_WAY_H
#define SP_DELIVERY_SMTP_WAY_H

#include "backend/delivery/endpoint.h"
#include "backend/delivery/method.h"
#include "backend/smtp/session.h"

struct sp_smtp_way;
struct sp_tls;
struct sp_transcript;

enum { SP_WAY_IDLE_MS = 10000 }; /* the last one is kept for as long as messages are under way, too */

/* A password or a client certificate may have a successor ("next-..."): the one, or the other. */
enum sp_way_proof { SP_PROOF_NOW, SP_PROOF_NEXT, SP_PROOFS };

struct sp_smtp_way_kind {
    const char *type; /* for the diagnosis: "direct" */
    bool v4_only;
    /* Makes what the method has of its own, and undoes it. SP_E_NOMEM; other failures are told by every attempt. */
    enum sp_rc (*make)(struct sp_smtp_way *way, void **ret_own, struct sp_err *err);
    void (*unmake)(void *own);
    /* Fills hosts, or the outcome (stage dns). true: found. */
    bool (*find)(struct sp_smtp_way *way, struct sp_transcript *transcript, struct sp_way_hosts *ret,
                 struct sp_smtp_outcome *outcome);
    /* None of the hosts could be connected to. NULL: not of interest. */
    void (*unreachable)(struct sp_smtp_way *way);
    /* After EHLO; NULL where nobody signs in. password: NULL with other ways to sign in. true: signed in. */
    bool (*sign_in)(struct sp_smtp_way *way, struct sp_smtp *smtp, const struct sp_secret *password,
                    struct sp_smtp_outcome *outcome);
    /* Whether this refusal is about who we are, so that another proof, if there is one, may pass. NULL: never. */
    bool (*not_believed)(struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome, enum sp_class class_);
    /* Whether the method has a fresh proof of its own (a token), apart from the two above. NULL: no. */
    bool (*renewable)(const struct sp_smtp_way *way);
};

enum sp_rc sp_smtp_way_open(const struct sp_smtp_way_kind *kind, const struct sp_method_settings *settings,
                            const struct sp_way_env *env, void **ret, struct sp_err *err);
void sp_smtp_way_close(void *context);
void sp_smtp_way_deliver(void *context, const struct sp_message *message, struct sp_report *report);
int64_t sp_smtp_way_tidy(void *context);
void sp_smtp_way_shed(void *context);
size_t sp_smtp_way_kept(void *context);
bool sp_smtp_way_spare(void *context);

/* For the methods. */
const struct sp_method_settings *sp_smtp_way_settings(const struct sp_smtp_way *way);
const struct sp_tenant_settings *sp_smtp_way_tenant(const struct sp_smtp_way *way);
const struct sp_way_env *sp_smtp_way_env(const struct sp_smtp_way *way);
const struct sp_smtp_way_kind *sp_smtp_way_kind(const struct sp_smtp_way *way);
void *sp_smtp_way_own(const struct sp_smtp_way *way); /* what make made */
/* A sentence and a trouble into an outcome, for find and sign_in. Returns false. */
bool sp_way_fail(struct sp_smtp_outcome *outcome, enum sp_stage stage, enum sp_trouble trouble, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- for a check, which does by itself what an attempt does --- */

struct sp_way_credentials {
    enum sp_way_proof which;
    struct sp_tls *tls;
    const struct sp_secret *password; /* NULL: signs in otherwise, or not at all */
};
/* What the next connection would use. false: nothing can be used, and outcome says why. */
bool sp_smtp_way_credentials(struct sp_smtp_way *way, struct sp_way_credentials *ret, struct sp_smtp_outcome *outcome);
/* These were refused, and there are others: take them. */
bool sp_smtp_way_may_try_again(struct sp_smtp_way *way, const struct sp_way_credentials *refused,
                               const struct sp_smtp_outcome *outcome);

/* --- smtp_way_report.c --- */

/* What an outcome means. */
enum sp_class sp_smtp_way_class(const struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome);
/* Fills a report for report->n_recipients recipients. peer: NULL when there was no session. */
void sp_smtp_way_report(const struct sp_smtp_way *way, const struct sp_smtp_recipient *recipients,
                        const struct sp_smtp_outcome *outcome, const char *host, const struct sp_smtp_facts *peer,
                        struct sp_report *report);

/* smtp_way_mx.c: make, unmake, find and unreachable of the methods that go to the tenant's mail exchangers. */
enum sp_rc sp_way_make_endpoint(struct sp_smtp_way *way, void **ret_own, struct sp_err *err);
void sp_way_unmake_endpoint(void *own);
bool sp_way_find_endpoint(struct sp_smtp_way *way, struct sp_transcript *transcript, struct sp_way_hosts *ret,
                          struct sp_smtp_outcome *outcome);
void sp_way_endpoint_unreachable(struct sp_smtp_way *way);

#endif
