/* check.c - telling what a walk found; see check.h. */
#include "backend/delivery/check.h"

#include <stdarg.h>
#include <stdlib.h>

#include "backend/delivery/check_hints.h"
#include "backend/diagnosis/diagnosis.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum {
    /* Tokens and signatures by certificate are refused from five minutes on (AADSTS700024, AADSTS500133). */
    CLOCK_FAILS_MS = 5 * 60 * 1000,
    CLOCK_NOTE_MS = 60 * 1000,
};

const char *
sp_finding_outcome_name(enum sp_finding_outcome outcome)
{
    static const char *const names[] = {
        [SP_FINDING_OK] = "ok",
        [SP_FINDING_FAILED] = "failed",
        [SP_FINDING_UNPROVEN] = "unproven",
        [SP_FINDING_INFO] = "info",
    };
    return names[outcome];
}

void
sp_walk_tell(const struct sp_walk *walk, enum sp_stage stage, enum sp_finding_outcome outcome, const char *title,
             const char *format, ...)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&text, format, args);
    va_end(args);
    const struct sp_finding finding = { stage, outcome, title, sp_str_text(&text), "", "" };
    walk->tell(walk->context, &finding);
}

/* What the step was about, for its title. */
static const char *
title_of(enum sp_stage stage)
{
    switch (stage) {
    case SP_STAGE_DNS:
        return "Endpoint";
    case SP_STAGE_CONNECT:
        return "Connection";
    case SP_STAGE_BANNER:
    case SP_STAGE_EHLO:
        return "Greeting";
    case SP_STAGE_STARTTLS:
    case SP_STAGE_TLS:
        return "Encryption";
    case SP_STAGE_AUTH:
        return "Sign-in";
    case SP_STAGE_MAIL:
        return "Sender";
    case SP_STAGE_RCPT:
        return "Recipient";
    case SP_STAGE_DATA:
    case SP_STAGE_MESSAGE:
        return "Message";
    case SP_STAGE_TOKEN:
        return "Token";
    case SP_STAGE_API:
        return "Graph";
    case SP_STAGE_NONE:
        break;
    }
    return "Method";
}

void
sp_walk_tell_refusal(const struct sp_walk *walk, enum sp_stage stage, const struct sp_diagnosis *diagnosis,
                     const char *reply)
{
    const struct sp_finding finding = {
        .stage = stage,
        .outcome = SP_FINDING_FAILED,
        .title = title_of(stage),
        .text = diagnosis->summary,
        .fix = diagnosis->fix,
        .reply = reply,
    };
    walk->tell(walk->context, &finding);
}

void
sp_walk_tell_tls(const struct sp_walk *walk, const char *version, const char *issuer)
{
    const char *product = "";
    switch (sp_issuer_judge(issuer, &product)) {
    case SP_ISSUER_USUAL:
        sp_walk_tell(walk, SP_STAGE_TLS, SP_FINDING_OK, "Encryption",
                     "%s; the certificate is good, and of an authority that Microsoft uses (%s).", version, issuer);
        return;
    case SP_ISSUER_FIREWALL:
        sp_walk_tell(walk, SP_STAGE_TLS, SP_FINDING_UNPROVEN, "Encryption",
                     "%s; the certificate is trusted here, but it was made by '%s': %s on the way opens the "
                     "encryption and reads along. Exempt Microsoft 365 from it.",
                     version, issuer, product);
        return;
    case SP_ISSUER_UNUSUAL:
        sp_walk_tell(walk, SP_STAGE_TLS, SP_FINDING_INFO, "Encryption",
                     "%s; the certificate is good, but '%s' is no authority that Microsoft usually uses (DigiCert, "
                     "Microsoft): a firewall that opens TLS may be on the way.",
                     version, issuer);
        return;
    }
}

void
sp_walk_tell_clock(const struct sp_walk *walk, enum sp_stage stage, int64_t ours, int64_t theirs)
{
    int64_t off = ours - theirs, size = off < 0 ? -off : off;
    const char *side = off < 0 ? "behind" : "ahead of";
    if (size < CLOCK_NOTE_MS)
        sp_walk_tell(walk, stage, SP_FINDING_OK, "Clock", "This machine's clock agrees with the server's.");
    else
        sp_walk_tell(walk, stage, size < CLOCK_FAILS_MS ? SP_FINDING_INFO : SP_FINDING_UNPROVEN, "Clock",
                     "This machine's clock is %lld s %s the server's.%s", (long long)size / 1000, side,
                     size < CLOCK_FAILS_MS ? ""
                                           : " Certificates and tokens are refused by a wrong clock: set it by NTP "
                                             "(timedatectl set-ntp true).");
}
