#include "backend/sandbox/scenario.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

enum { FILE_MAX = 65536, SCENARIOS_MAX = 64, SETTLED_MS = 100 };

struct sp_box_scenarios {
    pthread_mutex_t lock;
    int dirfd;
    char *name;
    const struct sp_log *log;
    struct sp_str content; /* as it was read last */
    struct stat stamp;
    bool settled; /* the stamp was old enough to be trusted */
    size_t n;
    struct sp_box_scenario list[SCENARIOS_MAX];
    uint64_t lost[SCENARIOS_MAX]; /* answers lost so far */
};

/* The file. */

static void
parse_all(struct sp_box_scenarios *s)
{
    SP_AUTO_FREE char *copy = strdup(sp_str_text(&s->content));
    char *rest = copy;
    s->n = 0;
    memset(s->lost, 0, sizeof(s->lost));
    for (char *line = strsep(&rest, "\n"); line != NULL && s->n < SCENARIOS_MAX; line = strsep(&rest, "\n")) {
        struct sp_err err = { 0 };
        line[strcspn(line, "\r")] = '\0';
        line = sp_text_trim(line);
        if (*line == '\0' || *line == '#')
            continue;
        if (sp_box_scenario_parse(line, &s->list[s->n], &err) == SP_OK)
            s->n++;
        else
            sp_warn(s->log, "%s: skipped", err.text);
    }
}

static bool
stamp_equal(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads the file when it is another than before, or may be: the kernel's time stamps are ticks of some milliseconds, so
 * one that was fresh when we read may hide a second change. A file that cannot be read holds nothing. */
static void
refresh(struct sp_box_scenarios *s)
{
    struct sp_str now = { 0 };
    struct stat stamp = { 0 };
    bool exists = fstatat(s->dirfd, s->name, &stamp, AT_SYMLINK_NOFOLLOW) == 0;
    bool same_stamp = stamp_equal(&stamp, &s->stamp);
    if (same_stamp && s->settled)
        return;
    if (exists)
        (void)sp_io_read_file(s->dirfd, s->name, FILE_MAX, &now, NULL);
    int64_t changed_ms = (int64_t)stamp.st_mtim.tv_sec * 1000 + stamp.st_mtim.tv_nsec / 1000000;
    s->settled = sp_wall_ms(&sp_clock_system) - changed_ms > SETTLED_MS;
    s->stamp = stamp;
    if (same_stamp && strcmp(sp_str_text(&now), sp_str_text(&s->content)) == 0) {
        sp_str_free(&now);
        return;
    }
    sp_str_free(&s->content);
    s->content = now;
    parse_all(s);
}

struct sp_box_scenarios *
sp_box_scenarios_new(int dirfd, const char *name, const struct sp_log *log)
{
    struct sp_box_scenarios *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->name = strdup(name);
    s->dirfd = dirfd;
    s->log = log;
    if (s->name == NULL || pthread_mutex_init(&s->lock, NULL) != 0) {
        free(s->name);
        free(s);
        return NULL;
    }
    return s;
}

void
sp_box_scenarios_free(struct sp_box_scenarios **scenarios)
{
    struct sp_box_scenarios *s = *scenarios;
    *scenarios = NULL;
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    sp_str_free(&s->content);
    free(s->name);
    free(s);
}

/* The index of the first match, or s->n. Only while locked. */
static size_t
find(const struct sp_box_scenarios *s, enum sp_box_where where, enum sp_box_trick trick, enum sp_box_stage stage,
     const char *address)
{
    size_t i = 0;
    for (; i < s->n; i++) {
        const struct sp_box_scenario *each = &s->list[i];
        bool fits = each->trick == trick && (each->where & where) != 0;
        fits = fits && (stage == SP_BOX_NO_STAGE || each->stage == SP_BOX_NO_STAGE || each->stage == stage);
        if (fits && (address == NULL || sp_address_equal(each->text, address)))
            break;
    }
    return i;
}

static bool
search(struct sp_box_scenarios *s, enum sp_box_where where, enum sp_box_trick trick, enum sp_box_stage stage,
       const char *address, struct sp_box_scenario *ret)
{
    pthread_mutex_lock(&s->lock);
    refresh(s);
    size_t i = find(s, where, trick, stage, address);
    bool found = i < s->n;
    if (found && ret != NULL)
        *ret = s->list[i];
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool
sp_box_plays(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
             struct sp_box_scenario *ret)
{
    return search(scenarios, where, trick, SP_BOX_NO_STAGE, NULL, ret);
}

bool
sp_box_plays_at(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
                enum sp_box_stage stage, struct sp_box_scenario *ret)
{
    return search(scenarios, where, trick, stage, NULL, ret);
}

bool
sp_box_plays_for(struct sp_box_scenarios *scenarios, enum sp_box_where where, enum sp_box_trick trick,
                 const char *address)
{
    return search(scenarios, where, trick, SP_BOX_NO_STAGE, address, NULL);
}

bool
sp_box_loses_answer(struct sp_box_scenarios *scenarios, enum sp_box_where where)
{
    struct sp_box_scenarios *s = scenarios;
    pthread_mutex_lock(&s->lock);
    refresh(s);
    size_t i = find(s, where, SP_BOX_LOST_ANSWER, SP_BOX_NO_STAGE, NULL);
    bool loses = i < s->n && (s->list[i].number == 0 || s->lost[i] < s->list[i].number);
    if (loses)
        s->lost[i]++;
    pthread_mutex_unlock(&s->lock);
    return loses;
}

int64_t
sp_box_now_ms(struct sp_box_scenarios *scenarios, enum sp_box_where where)
{
    struct sp_box_scenario clock;
    int64_t now = sp_wall_ms(&sp_clock_system);
    if (!sp_box_plays(scenarios, where, SP_BOX_CLOCK, &clock))
        return now;
    return clock.negative ? now - (int64_t)clock.number * 1000 : now + (int64_t)clock.number * 1000;
}
