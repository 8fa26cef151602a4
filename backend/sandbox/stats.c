#include "backend/sandbox/stats.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"

static const char temporary[] = ".stats.new", name[] = "stats.json";

static const struct {
    const char *section, *key;
} table[] = {
    [SP_BOX_MX_OPEN] = { "mx", "connections" },
    [SP_BOX_MX_OPEN_MAX] = { "mx", "connections_max" },
    [SP_BOX_MX_MESSAGES] = { "mx", "messages" },
    [SP_BOX_RELAY_MESSAGES] = { "mx", "relayed" },
    [SP_BOX_SUBMISSION_OPEN] = { "submission", "connections" },
    [SP_BOX_SUBMISSION_OPEN_MAX] = { "submission", "connections_max" },
    [SP_BOX_SIGNED_IN] = { "submission", "signed_in" },
    [SP_BOX_SIGNED_IN_MAX] = { "submission", "signed_in_max" },
    [SP_BOX_SUBMISSION_MESSAGES] = { "submission", "messages" },
    [SP_BOX_SUBMISSION_RECIPIENTS] = { "submission", "recipients" },
    [SP_BOX_SUBMISSION_WINDOW_MAX] = { "submission", "window_max" },
    [SP_BOX_SUBMISSION_OVER_SEATS] = { "submission", "over_connections" },
    [SP_BOX_SUBMISSION_OVER_RATE] = { "submission", "over_rate" },
    [SP_BOX_SUBMISSION_OVER_DAY] = { "submission", "over_day" },
    [SP_BOX_TOKEN_OPEN] = { "token", "connections" },
    [SP_BOX_TOKEN_OPEN_MAX] = { "token", "connections_max" },
    [SP_BOX_TOKENS_BY_SECRET] = { "token", "by_secret" },
    [SP_BOX_TOKENS_BY_CERTIFICATE] = { "token", "by_certificate" },
    [SP_BOX_TOKENS_REFUSED] = { "token", "refused" },
    [SP_BOX_GRAPH_OPEN] = { "graph", "connections" },
    [SP_BOX_GRAPH_OPEN_MAX] = { "graph", "connections_max" },
    [SP_BOX_GRAPH_REQUESTS] = { "graph", "requests" },
    [SP_BOX_GRAPH_REQUESTS_MAX] = { "graph", "requests_max" },
    [SP_BOX_GRAPH_MESSAGES] = { "graph", "messages" },
    [SP_BOX_GRAPH_RECIPIENTS] = { "graph", "recipients" },
    [SP_BOX_GRAPH_WINDOW_MAX] = { "graph", "window_max" },
    [SP_BOX_GRAPH_OVER_REQUESTS] = { "graph", "over_requests" },
    [SP_BOX_GRAPH_OVER_RATE] = { "graph", "over_rate" },
    [SP_BOX_GRAPH_OVER_DAY] = { "graph", "over_day" },
    [SP_BOX_GRAPH_THROTTLED] = { "graph", "throttled" },
};
_Static_assert(SP_LEN(table) == SP_BOX_COUNTS, "each count has its place in the file");

struct sp_box_stats {
    int dirfd;
    pthread_mutex_t lock; /* over the counts and the file */
    uint64_t counts[SP_BOX_COUNTS];
};

/* Rows of a section stand together in the table. */
static void
describe(const struct sp_box_stats *stats, struct sp_str *out)
{
    const char *section = "";
    for (size_t i = 0; i < SP_BOX_COUNTS; i++) {
        bool other = strcmp(table[i].section, section) != 0;
        if (other)
            sp_str_addf(out, "%s \"%s\": {", *section != '\0' ? "},\n" : "{\n", table[i].section);
        section = table[i].section;
        sp_str_addf(out, "%s\"%s\": %llu", other ? "" : ", ", table[i].key, (unsigned long long)stats->counts[i]);
    }
    sp_str_add(out, "}\n}\n");
}

static enum sp_rc
put(const struct sp_box_stats *stats, struct sp_err *err)
{
    struct sp_str text = { 0 };
    SP_AUTO_CLOSE int fd = openat(stats->dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return sp_fail_errno(err, "sandbox: %s", temporary);
    describe(stats, &text);
    enum sp_rc rc = sp_io_write_all(fd, sp_str_text(&text), text.len, err);
    sp_str_free(&text);
    if (rc == SP_OK && renameat(stats->dirfd, temporary, stats->dirfd, name) != 0)
        rc = sp_fail_errno(err, "sandbox: %s", name);
    return rc;
}

enum sp_rc
sp_box_stats_open(int dirfd, struct sp_box_stats **ret, struct sp_err *err)
{
    struct sp_box_stats *stats = calloc(1, sizeof(*stats));
    if (stats == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    stats->dirfd = dirfd;
    pthread_mutex_init(&stats->lock, NULL);
    enum sp_rc rc = put(stats, err);
    if (rc != SP_OK)
        sp_box_stats_close(&stats);
    else
        *ret = stats;
    return rc;
}

void
sp_box_stats_close(struct sp_box_stats **stats)
{
    if (*stats != NULL)
        pthread_mutex_destroy(&(*stats)->lock);
    free(*stats);
    *stats = NULL;
}

void
sp_box_stats_add(struct sp_box_stats *stats, enum sp_box_count count, uint64_t n)
{
    pthread_mutex_lock(&stats->lock);
    stats->counts[count] += n;
    (void)put(stats, NULL); /* the next change writes it again */
    pthread_mutex_unlock(&stats->lock);
}

void
sp_box_stats_gauge(struct sp_box_stats *stats, enum sp_box_count gauge, bool up)
{
    pthread_mutex_lock(&stats->lock);
    uint64_t *now = &stats->counts[gauge], *most = &stats->counts[gauge + 1];
    *now = up ? *now + 1 : *now - 1;
    if (*now > *most)
        *most = *now;
    (void)put(stats, NULL);
    pthread_mutex_unlock(&stats->lock);
}

void
sp_box_stats_high(struct sp_box_stats *stats, enum sp_box_count count, uint64_t value)
{
    pthread_mutex_lock(&stats->lock);
    bool more = value > stats->counts[count];
    if (more) {
        stats->counts[count] = value;
        (void)put(stats, NULL);
    }
    pthread_mutex_unlock(&stats->lock);
}
