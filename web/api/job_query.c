/* job_query.c - see job_query.h. */
#include "web/api/job_query.h"

#include "base/auto.h"
#include "base/clock.h"
#include "web/api/input.h"

enum { ZONE_MIN = 14 * 60 };

static enum sp_rc
add_words(const struct sp_request *req, int64_t now, struct sp_query *query, struct sp_err *err)
{
    static const struct {
        const char *name;
        enum sp_query_key key;
    } words[] = {
        { "state", SP_QUERY_STATUS },
        { "source", SP_QUERY_SOURCE },
        { "method", SP_QUERY_METHOD },
        { "class", SP_QUERY_CLASS },
    };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(words); i++) {
        const char *word = sp_request_query(req, words[i].name);
        if (word != NULL && *word != '\0')
            rc = sp_query_add(query, words[i].key, word, now, err);
    }
    return rc;
}

static enum sp_rc
add_times(const struct sp_request *req, int64_t now, struct sp_query *query, struct sp_err *err)
{
    int64_t since = 0, until = 0;
    enum sp_rc rc = sp_query_time(req, "since", now, &since, err);
    if (rc == SP_OK)
        rc = sp_query_time(req, "until", now, &until, err);
    if (rc == SP_OK && since != 0)
        rc = sp_query_add_number(query, SP_QUERY_AFTER, since, err);
    if (rc == SP_OK && until != 0)
        rc = sp_query_add_number(query, SP_QUERY_BEFORE, until, err);
    return rc;
}

enum sp_rc
sp_job_query_read(const struct sp_api *api, const struct sp_request *req, struct sp_query *ret, struct sp_err *err)
{
    int64_t now = sp_wall_ms(api->clock), zone = 0;
    enum sp_rc rc = sp_query_int(req, "zone_offset_min", -ZONE_MIN, ZONE_MIN, 0, &zone, err);
    if (rc == SP_OK)
        rc = sp_query_parse(sp_request_query(req, "q"), now, (int)zone, ret, err);
    if (rc == SP_OK)
        rc = add_words(req, now, ret, err);
    return rc == SP_OK ? add_times(req, now, ret, err) : rc;
}
