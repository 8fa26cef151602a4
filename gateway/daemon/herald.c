/* herald.c - see herald.h. */
#include "gateway/daemon/herald.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const names[SP_HERALDED] = { [SP_HERALD_GATEWAY] = "gateway", [SP_HERALD_SENDER] = "sender" };

/* --- words --- */

/* What each of the two cannot do is what an admin wants to know; the log has the reason. */
static const char *
state(const struct sp_herald *h)
{
    bool gateway = h->of[SP_HERALD_GATEWAY].ready, sender = h->of[SP_HERALD_SENDER].ready;
    if (gateway && sender)
        return "takes scans in and sends them";
    if (gateway)
        return h->of[SP_HERALD_SENDER].failed ? "takes scans in; the sender ended and is started again"
                                              : "takes scans in; the sender is starting";
    if (sender)
        return h->of[SP_HERALD_GATEWAY].failed ? "sends; the gateway ended and is started again: no scan is taken in"
                                               : "sends; the gateway is starting";
    return "starting";
}

static void
tell_status(struct sp_herald *h, const char *more)
{
    char text[sizeof h->told];
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", state(h), more[0] != '\0' ? "; " : "", more,
                   h->trouble[0] != '\0' ? "; the configuration on disk is not used: " : "", h->trouble);
    if (strcmp(text, h->told) == 0)
        return;
    memcpy(h->told, text, sizeof text);
    sp_notify_send(&h->notify, "STATUS=%s", text);
}

/* Ready is who listens; and somebody who tried and failed keeps nobody waiting, for the status says it. */
static bool
settled(const struct sp_herald *h)
{
    for (size_t i = 0; i < SP_HERALDED; i++)
        if (!h->of[i].ready && !h->of[i].failed)
            return false;
    return true;
}

static void
tell(struct sp_herald *h)
{
    tell_status(h, "");
    if (h->told_ready || !settled(h))
        return;
    h->told_ready = true;
    sp_notify_send(&h->notify, "READY=1");
}

/* Whoever was waited for has answered, or is no longer there to answer. */
static void
no_longer_asked(struct sp_herald *h, enum sp_heralded who)
{
    bool one = h->of[who].asked, any = false;
    h->of[who].asked = false;
    for (size_t i = 0; i < SP_HERALDED; i++)
        any |= h->of[i].asked;
    if (one && !any)
        sp_notify_send(&h->notify, "WATCHDOG=1");
}

/* --- what happened --- */

void
sp_herald_start(struct sp_herald *h, int64_t now)
{
    sp_notify_open(&h->notify);
    h->ask_at = now + h->notify.watchdog_ms / 2;
    tell_status(h, "");
}

void
sp_herald_reloading(struct sp_herald *h, int64_t now)
{
    h->trouble[0] = '\0';
    sp_notify_send(&h->notify, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reads the configuration again",
                   (long long)now * 1000);
    h->told[0] = '\0';
}

void
sp_herald_refused(struct sp_herald *h, const char *why)
{
    (void)sp_log_clean(h->trouble, sizeof h->trouble, why);
    h->told_ready = false;
    tell(h);
}

void
sp_herald_replaced(struct sp_herald *h)
{
    for (size_t i = 0; i < SP_HERALDED; i++) {
        no_longer_asked(h, (enum sp_heralded)i);
        h->of[i].ready = h->of[i].failed = false;
    }
    h->told_ready = false;
    tell(h);
}

void
sp_herald_alive(struct sp_herald *h, enum sp_heralded who)
{
    h->of[who].ready = true;
    tell(h);
    no_longer_asked(h, who);
}

void
sp_herald_died(struct sp_herald *h, enum sp_heralded who, bool failed)
{
    h->of[who].ready = false;
    h->of[who].failed |= failed;
    tell(h);
    no_longer_asked(h, who);
}

void
sp_herald_ending(struct sp_herald *h)
{
    sp_notify_send(&h->notify, "STOPPING=1\nSTATUS=ending; uploads under way have a few seconds");
}

/* --- the watchdog --- */

int
sp_herald_wait(const struct sp_herald *h, int64_t now)
{
    if (h->notify.watchdog_ms == 0)
        return -1;
    return h->ask_at > now ? (int)(h->ask_at - now) : 0;
}

bool
sp_herald_asks(struct sp_herald *h, enum sp_heralded who, int64_t now)
{
    if (h->notify.watchdog_ms == 0 || now < h->ask_at)
        return false;
    if (h->of[who].asked) {
        char more[64];
        (void)snprintf(more, sizeof more, "the %s does not answer", names[who]);
        tell_status(h, more);
        return false;
    }
    h->of[who].asked = h->of[who].ready;
    return h->of[who].asked;
}

/* Nobody there to be asked, both being started again: the supervisor itself is alive. */
void
sp_herald_asked(struct sp_herald *h, int64_t now)
{
    if (h->notify.watchdog_ms == 0 || now < h->ask_at)
        return;
    h->ask_at = now + h->notify.watchdog_ms / 2;
    for (size_t i = 0; i < SP_HERALDED; i++)
        if (h->of[i].asked)
            return;
    sp_notify_send(&h->notify, "WATCHDOG=1");
}
