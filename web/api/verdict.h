/* verdict.h - one sentence that says whether it works. Pure. */
#ifndef SP_WEB_API_VERDICT_H
#define SP_WEB_API_VERDICT_H

#include <stddef.h>
#include <stdint.h>

struct sp_str;

enum sp_works { SP_WORKS_YES, SP_WORKS_PARTLY, SP_WORKS_NO, SP_WORKS_IDLE };
const char *sp_works_name(enum sp_works works); /* "yes" "partly" "no" "idle" */

struct sp_verdict_facts { /* times are ms, 0: never */
    int64_t now;
    const char *zone;                /* for the time of day */
    int64_t sent, failed;            /* in the last 24 hours */
    int64_t waiting, oldest_waiting; /* how many, and when that one was taken */
    int64_t held;
    int64_t last_accepted, last_taken;
    size_t methods, down;                /* that are enabled, and of those, down */
    const char *down_name, *down_reason; /* of the one that went down last */
    int64_t down_since;
};
enum sp_works sp_verdict(const struct sp_verdict_facts *f, struct sp_str *out);

#endif
