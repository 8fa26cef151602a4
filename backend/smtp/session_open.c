/* session_open.c - from nothing to an encrypted session: connect, banner, EHLO, STARTTLS, TLS, EHLO again.
 *
 * Until TLS runs, the peer may be anybody: all that is believed of it is that it offers STARTTLS, and what it said is
 * forgotten afterwards (RFC 3207 section 4.2). A failure on the way closes without QUIT, which would be in clear. */
#include <stdlib.h>
#include <string.h>

#include "backend/net/conn.h"
#include "backend/net/transcript.h"
#include "backend/smtp/capabilities.h"
#include "backend/smtp/session.h"
#include "backend/smtp/session_inside.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"

static struct sp_smtp *
session_new(const struct sp_smtp_options *options)
{
    SP_AUTO(sp_smtp_close) struct sp_smtp *smtp = calloc(1, sizeof *smtp);
    if (smtp == NULL)
        return NULL;
    smtp->host = strdup(options->host);
    smtp->hostname = strdup(options->hostname);
    if (smtp->host == NULL || smtp->hostname == NULL)
        return NULL;
    smtp->tls = options->tls;
    smtp->clock = options->clock;
    smtp->log = options->log;
    smtp->transcript = options->transcript;
    smtp->timeout_ms = options->timeout_ms;
    smtp->pipelining = options->pipelining;
    smtp->binarymime = options->binarymime;
    return SP_STEAL(smtp);
}

static bool
connect_to(struct sp_smtp *smtp, const struct sp_smtp_options *options, struct sp_smtp_outcome *outcome)
{
    struct sp_err err = { 0 };
    sp_smtp_enter(smtp, SP_STAGE_CONNECT);
    enum sp_trouble trouble =
        sp_conn_open(options->addresses, options->n_addresses, smtp->clock, sp_smtp_deadline(smtp), &smtp->conn, &err);
    if (trouble != SP_TROUBLE_NONE)
        return sp_smtp_fail(smtp, outcome, trouble, "%s", err.text);
    smtp->alive = true;
    sp_transcript_note(smtp->transcript, "connected to %s, %s port %d", smtp->host, sp_conn_peer_ip(smtp->conn),
                       sp_conn_peer_port(smtp->conn));
    return true;
}

static bool
hear_banner(struct sp_smtp *smtp, struct sp_smtp_outcome *outcome)
{
    struct sp_reply reply;
    sp_smtp_enter(smtp, SP_STAGE_BANNER);
    if (!sp_smtp_hear(smtp, &reply, outcome))
        return false;
    if (sp_reply_negative(&reply))
        return sp_smtp_refused(smtp, outcome, &reply);
    if (reply.code != 220)
        return sp_smtp_senseless(smtp, outcome, &reply);
    sp_text_copy(smtp->banner, sizeof smtp->banner, reply.text);
    return true;
}

static bool
greet(struct sp_smtp *smtp, bool *starttls, struct sp_smtp_outcome *outcome)
{
    struct sp_reply reply;
    sp_smtp_enter(smtp, SP_STAGE_EHLO);
    sp_smtp_say(smtp, "EHLO %s", smtp->hostname);
    if (!sp_smtp_hear(smtp, &reply, outcome))
        return false;
    if (sp_reply_negative(&reply))
        return sp_smtp_refused(smtp, outcome, &reply);
    if (reply.code != 250)
        return sp_smtp_senseless(smtp, outcome, &reply);
    sp_capabilities_read(reply.text, &smtp->facts, starttls);
    sp_capabilities_public_ip(reply.text, smtp->public_ip, sizeof smtp->public_ip);
    return true;
}

static bool
ask_for_tls(struct sp_smtp *smtp, bool offered, struct sp_smtp_outcome *outcome)
{
    struct sp_reply reply;
    sp_smtp_enter(smtp, SP_STAGE_STARTTLS);
    if (!offered)
        return sp_smtp_fail(smtp, outcome, SP_TROUBLE_NO_STARTTLS,
                            "encryption is not offered; the server greets as '%s'", smtp->banner);
    sp_smtp_say(smtp, "STARTTLS");
    if (!sp_smtp_hear(smtp, &reply, outcome))
        return false;
    if (sp_reply_negative(&reply))
        return sp_smtp_refused(smtp, outcome, &reply);
    if (reply.code != 220)
        return sp_smtp_senseless(smtp, outcome, &reply);
    return true;
}

static bool
start_tls(struct sp_smtp *smtp, struct sp_smtp_outcome *outcome)
{
    struct sp_err err = { 0 };
    if (sp_conn_readable(smtp->conn) && sp_conn_pending(smtp->conn)) {
        smtp->alive = false;
        return sp_smtp_fail(smtp, outcome, SP_TROUBLE_GARBAGE,
                            "text in clear came where TLS should begin: somebody on the way injects commands");
    }
    sp_smtp_enter(smtp, SP_STAGE_TLS);
    enum sp_trouble trouble = sp_conn_starttls(smtp->conn, smtp->tls, smtp->host, sp_smtp_deadline(smtp), &err);
    if (trouble != SP_TROUBLE_NONE) {
        smtp->alive = false;
        return sp_smtp_fail(smtp, outcome, trouble, "%s", err.text);
    }
    smtp->secured = true;
    sp_debug(smtp->log, "smtp %s: %s%s, certificate by '%s'", smtp->host, sp_conn_tls_version(smtp->conn),
             sp_conn_tls_resumed(smtp->conn) ? " (resumed)" : "", sp_conn_tls_issuer(smtp->conn));
    sp_transcript_note(smtp->transcript, "%s%s, certificate by '%s'", sp_conn_tls_version(smtp->conn),
                       sp_conn_tls_resumed(smtp->conn) ? " (resumed)" : "", sp_conn_tls_issuer(smtp->conn));
    return true;
}

static void
learn(struct sp_smtp *smtp)
{
    smtp->facts.ip = sp_conn_peer_ip(smtp->conn);
    smtp->facts.port = sp_conn_peer_port(smtp->conn);
    smtp->facts.tls_version = sp_conn_tls_version(smtp->conn);
    smtp->facts.tls_resumed = sp_conn_tls_resumed(smtp->conn);
    smtp->facts.certificate_issuer = sp_conn_tls_issuer(smtp->conn);
    smtp->facts.banner = smtp->banner;
    smtp->facts.public_ip = smtp->public_ip;
}

bool
sp_smtp_open(const struct sp_smtp_options *options, struct sp_smtp **ret, struct sp_smtp_outcome *outcome)
{
    *ret = NULL;
    SP_AUTO(sp_smtp_close) struct sp_smtp *smtp = session_new(options);
    if (smtp == NULL) {
        *outcome = (struct sp_smtp_outcome){ SP_STAGE_CONNECT, SP_TROUBLE_LOCAL, .words = "out of memory" };
        return false;
    }
    bool starttls = false;
    if (!connect_to(smtp, options, outcome) || !hear_banner(smtp, outcome) || !greet(smtp, &starttls, outcome) ||
        !ask_for_tls(smtp, starttls, outcome) || !start_tls(smtp, outcome) || !greet(smtp, &starttls, outcome)) {
        outcome->alive = false;
        return false;
    }
    learn(smtp);
    *outcome = (struct sp_smtp_outcome){ .stage = smtp->stage, .alive = true };
    *ret = SP_STEAL(smtp);
    return true;
}
