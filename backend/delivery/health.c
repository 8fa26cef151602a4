/* health.c - the state of a method; see health.h. How long a method stays down is in `rests`: as long as the trouble
 * usually lasts, doubled with every failure in a row, because a way that stays shut should not cost every scan a try.
 */
#include "backend/delivery/health.h"

#include <stddef.h>

enum { FAILURES_TO_CONNECT = 2 };

static const int64_t MINUTE = 60000, HOUR = 3600000; /* ms */
static const int64_t LONGEST_REST = 21600000;        /* six hours */

struct rest {
    int64_t first, longest;
};

/* Nobody mends a tenant's switch within a minute; a blocked address takes hours to days to clear (m365: delisting takes
 * up to 24 h); permission changes take up to an hour; a network comes back any moment. */
static struct rest
rest_for(enum sp_class class_)
{
    switch (class_) {
    case SP_CLASS_NETWORK:
        return (struct rest){ MINUTE, 15 * MINUTE };
    case SP_CLASS_AUTH_FAILED:
    case SP_CLASS_AUTH_REQUIRED:
    case SP_CLASS_TLS:
        return (struct rest){ 5 * MINUTE, HOUR };
    case SP_CLASS_AUTH_DISABLED:
    case SP_CLASS_SENDER_DENIED:
    case SP_CLASS_NOT_ATTRIBUTED:
        return (struct rest){ 15 * MINUTE, 2 * HOUR };
    case SP_CLASS_IP_REPUTATION:
    case SP_CLASS_DIRECT_SEND_REJECTED:
    case SP_CLASS_BASIC_AUTH_RETIRED:
    case SP_CLASS_SENDER_AUTHENTICATION:
        return (struct rest){ HOUR, 6 * HOUR };
    case SP_CLASS_OK:
    case SP_CLASS_RECIPIENT_UNKNOWN:
    case SP_CLASS_RECIPIENT_REFUSED:
    case SP_CLASS_QUOTA:
    case SP_CLASS_TOO_LARGE:
    case SP_CLASS_SPAM_CONTENT:
    case SP_CLASS_RATE_LIMITED:
    case SP_CLASS_BUSY:
    case SP_CLASS_PROTOCOL:
    case SP_CLASS_OTHER:
        break;
    }
    return (struct rest){ 5 * MINUTE, HOUR };
}

static int64_t
rest_ms(enum sp_class class_, int failures)
{
    struct rest rest = rest_for(class_);
    int64_t ms = rest.first;
    for (int i = 1; i < failures && ms < rest.longest; i++)
        ms *= 2;
    return ms < rest.longest ? ms : rest.longest;
}

void
sp_health_accepted(struct sp_health *health, int64_t now)
{
    if (health->state != SP_WAY_UP)
        health->since = now;
    health->state = SP_WAY_UP;
    health->class_ = SP_CLASS_OK;
    health->failures = 0;
    health->retry_at = 0;
    health->proven_at = now;
}

static void
go_down(struct sp_health *health, enum sp_class class_, int64_t now)
{
    if (health->state != SP_WAY_DOWN && health->state != SP_WAY_HALF_OPEN)
        health->since = now;
    health->state = SP_WAY_DOWN;
    health->class_ = class_;
    health->retry_at = now + rest_ms(class_, health->failures);
}

/* The way itself works: the trouble was with the message or the hour. Graph that answers has let us in. */
static void
stays_open(struct sp_health *health, enum sp_stage stage, int64_t now)
{
    bool got_through = (stage >= SP_STAGE_RCPT && stage <= SP_STAGE_MESSAGE) || stage == SP_STAGE_API;
    if (!got_through)
        return;
    health->failures = 0;
    if (health->state == SP_WAY_HALF_OPEN) {
        health->state = health->proven_at > 0 ? SP_WAY_UP : SP_WAY_UNPROVEN;
        health->class_ = SP_CLASS_OK;
        health->since = now;
        health->retry_at = 0;
    }
}

bool
sp_health_failed(struct sp_health *health, const struct sp_diagnosis *diagnosis, enum sp_stage stage, int64_t now)
{
    bool probing = health->state == SP_WAY_HALF_OPEN;
    if (diagnosis->scope != SP_SCOPE_METHOD) {
        stays_open(health, stage, now);
        if (probing && health->state == SP_WAY_HALF_OPEN)
            go_down(health, health->class_, now); /* it did not get far enough to tell */
        return health->state == SP_WAY_DOWN;
    }
    health->failures++;
    bool once_may_be_chance = diagnosis->class_ == SP_CLASS_NETWORK && !probing && health->state != SP_WAY_DOWN;
    if (once_may_be_chance && health->failures < FAILURES_TO_CONNECT)
        return false;
    go_down(health, diagnosis->class_, now);
    return true;
}

bool
sp_health_walked(struct sp_health *health, int64_t now)
{
    bool was_shut = health->state == SP_WAY_DOWN || health->state == SP_WAY_HALF_OPEN;
    bool shows_late = health->class_ == SP_CLASS_SENDER_DENIED || health->class_ == SP_CLASS_SENDER_AUTHENTICATION;
    if (!was_shut) {
        health->failures = 0;
        return false;
    }
    if (shows_late) {
        health->state = SP_WAY_DOWN;
        health->retry_at = now;
        return true;
    }
    health->state = health->proven_at > 0 ? SP_WAY_UP : SP_WAY_UNPROVEN;
    health->class_ = SP_CLASS_OK;
    health->failures = 0;
    health->since = now;
    health->retry_at = 0;
    return true;
}

bool
sp_health_usable(const struct sp_health *health, bool probing, int64_t now)
{
    switch (health->state) {
    case SP_WAY_UNPROVEN:
    case SP_WAY_UP:
        return true;
    case SP_WAY_HALF_OPEN:
        return !probing;
    case SP_WAY_DOWN:
        return health->retry_at <= now && !probing;
    }
    return false;
}

bool
sp_health_wake(struct sp_health *health, int64_t now)
{
    if (health->state != SP_WAY_DOWN || health->retry_at > now)
        return false;
    health->state = SP_WAY_HALF_OPEN;
    return true;
}

void
sp_health_clamp(struct sp_health *health, int64_t now)
{
    if (health->retry_at > now + LONGEST_REST)
        health->retry_at = now + LONGEST_REST;
}

bool
sp_health_renew(struct sp_health *health, int64_t now)
{
    bool about_signing_in = health->class_ == SP_CLASS_AUTH_FAILED || health->class_ == SP_CLASS_AUTH_DISABLED ||
                            health->class_ == SP_CLASS_AUTH_REQUIRED || health->class_ == SP_CLASS_BASIC_AUTH_RETIRED ||
                            health->class_ == SP_CLASS_TLS;
    if (health->state != SP_WAY_DOWN || !about_signing_in)
        return false;
    health->retry_at = now;
    return sp_health_wake(health, now);
}
