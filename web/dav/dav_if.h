/* dav_if.h - the If header: which locks the client says it holds, and what has to be true (RFC 4918 section 10.4).
 *
 *   If          = 1*No-tag-list | 1*( "<" URI ">" 1*List )
 *   List        = "(" 1*Condition ")"
 *   Condition   = [ "Not" ] ( "<" state token ">" | "[" entity tag "]" )
 *
 * True when all conditions of one list are. At most 32 conditions. Pure. */
#ifndef SP_WEB_DAV_IF_H
#define SP_WEB_DAV_IF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_arena;

enum { SP_DAV_CONDITIONS_MAX = 32 };

struct sp_dav_condition {
    const char *resource; /* the URI as it is written; NULL: that of the request */
    unsigned list;        /* conditions of one list have the same number */
    bool negated;
    bool is_etag;
    const char *text; /* the state token, or the entity tag with its quotes */
};

struct sp_dav_if {
    struct sp_dav_condition conditions[SP_DAV_CONDITIONS_MAX];
    size_t count; /* 0: no header */
};

/* Texts live in the arena. SP_E_INVALID; SP_E_NOMEM. */
enum sp_rc sp_dav_if_read(const char *header, struct sp_arena *arena, struct sp_dav_if *ret, struct sp_err *err);
/* Whether it holds, without negation, as the caller knows. */
typedef bool sp_dav_holds_fn(void *context, const struct sp_dav_condition *condition);
bool sp_dav_if_true(const struct sp_dav_if *what, sp_dav_holds_fn *holds, void *context);
/* Whether the client shows that token. */
bool sp_dav_if_shows(const struct sp_dav_if *what, const char *token);

#endif
