/* health.h - when a method is up, and when it is tried again. Pure: state, what happened, the time -> state.
 *
 *   unproven --accepted--> up --typed refusal, or two failures to connect--> down
 *   down --its time is over--> half-open (one job or check tries) --accepted--> up, --refused--> down, for longer */
#ifndef SP_DELIVERY_HEALTH_H
#define SP_DELIVERY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/diagnosis/diagnosis.h"

struct sp_health {
    enum { SP_WAY_UNPROVEN, SP_WAY_UP, SP_WAY_DOWN, SP_WAY_HALF_OPEN } state;
    enum sp_class class_;               /* why it is down */
    int failures;                       /* in a row, of the kind that counts against the method */
    int64_t since, retry_at, proven_at; /* wall ms; 0: never */
};

/* A message was accepted. */
void sp_health_accepted(struct sp_health *health, int64_t now);
/* An attempt failed with this diagnosis at this stage. true: the method went down, or stays down for longer. Troubles
 * of recipients, messages and traffic leave it up: whoever got as far as RCPT TO has a way that works. */
bool sp_health_failed(struct sp_health *health, const struct sp_diagnosis *diagnosis, enum sp_stage stage, int64_t now);
/* A check got as far as one gets without sending: what was down is open again, though not proven by that. A trouble
 * that shows only when a message is handed over may still be there: the next message tries, at once. true: it may be
 * used now and could not before. */
bool sp_health_walked(struct sp_health *health, int64_t now);
/* Whether a job may use it now; half-open ones only when `probing` is false. */
bool sp_health_usable(const struct sp_health *health, bool probing, int64_t now);
/* A down method whose time is over becomes half-open. true: it did just now. */
bool sp_health_wake(struct sp_health *health, int64_t now);
/* A time that no rest is as long as comes from a clock that was wrong: it is shortened. */
void sp_health_clamp(struct sp_health *health, int64_t now);
/* New configuration or secrets: what was down for signing in may be tried at once. true: it was. */
bool sp_health_renew(struct sp_health *health, int64_t now);

#endif
