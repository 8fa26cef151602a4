/* query.h - what people type into the search box, and what it means. Pure.
 *
 *   query   = term { space term }                        all of them have to fit
 *   term    = [ "-" ] [ key ":" ] ( word | '"' text '"' )    "-": what fits is left out
 *   key     = to from subject user name id              the text is part of it; of an id, its beginning
 *           | status method class cause source          one of these, or several: status:failed,held; class:* is any
 *           | before after                              2026-11-23, 2026-11-23T12:00:00Z, today, yesterday, 24h (ago)
 *           | larger smaller                            5M, 300k
 *
 * A word without a key is looked for in document names, subjects, recipients, user and id. Case does not matter. status
 * takes a job's states, and "waiting" (queued, sending, deferred, held) and "trouble" (what a person should look at). A
 * word with a colon whose front is not made of letters (12:30) is an ordinary word; one that is no key is a mistake,
 * because "stauts:failed" would find nothing and look as if nothing had failed. */
#ifndef SP_DB_QUERY_H
#define SP_DB_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum sp_query_key {
    SP_QUERY_TEXT, /* anywhere */
    SP_QUERY_TO,
    SP_QUERY_FROM, /* sender's address and name, and where answers go */
    SP_QUERY_SUBJECT,
    SP_QUERY_USER,
    SP_QUERY_NAME, /* of a document */
    SP_QUERY_DOOR, /* the name of a source: which folder, token, queue */
    SP_QUERY_ID,   /* upper case */
    SP_QUERY_STATUS,
    SP_QUERY_METHOD,
    SP_QUERY_CLASS,
    SP_QUERY_CAUSE,
    SP_QUERY_SOURCE, /* a kind of source: "folder" */
    SP_QUERY_BEFORE,
    SP_QUERY_AFTER,
    SP_QUERY_LARGER,
    SP_QUERY_SMALLER,
};

struct sp_query_term {
    enum sp_query_key key;
    bool negated;
    const char *word; /* folded text, or a list "a,b"; lives in the query */
    unsigned states;  /* STATUS: bit 1 << enum sp_job_state */
    int64_t number;   /* BEFORE, AFTER: ms; LARGER, SMALLER: bytes */
};

enum { SP_QUERY_MAX = 500 /* bytes */, SP_QUERY_TERMS = 24 };

struct sp_query { /* do not copy: the terms point into it */
    struct sp_query_term terms[SP_QUERY_TERMS];
    size_t count;
    size_t used;
    char room[SP_QUERY_MAX + 512];
};

/* zone_offset_min: east of UTC; midnight of a date without a time is there. text may be NULL. SP_E_INVALID says which
 * part is wrong, and what would be right. */
enum sp_rc sp_query_parse(const char *text, int64_t now, int zone_offset_min, struct sp_query *ret, struct sp_err *err);
/* One more term, as if typed; for the fixed parameters of the API. The word is taken as it is. */
enum sp_rc sp_query_add(struct sp_query *query, enum sp_query_key key, const char *word, int64_t now,
                        struct sp_err *err);
enum sp_rc sp_query_add_number(struct sp_query *query, enum sp_query_key key, int64_t number, struct sp_err *err);
enum sp_rc sp_query_add_states(struct sp_query *query, unsigned states, struct sp_err *err);
/* Whether a list "a,b" has this word; ASCII case does not matter. */
bool sp_query_lists(const char *list, const char *word);

#endif
