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

enum argument { NOTHING, ADDRESS, STAGE, MAYBE_STAGE, NUMBER, MAYBE_NUMBER, KIND, STAGE_AND_TEXT };

static const struct {
    const char *name;
    enum sp_box_trick trick;
    unsigned where;
    enum argument argument;
    enum sp_box_stage stage; /* when none is said */
} table[] = {
    { "ip-blocked", SP_BOX_IP_BLOCKED, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE },
    { "spamhaus", SP_BOX_SPAMHAUS, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE },
    { "direct-rejected", SP_BOX_DIRECT_REJECTED, SP_BOX_MX, NOTHING, SP_BOX_NO_STAGE },
    { "recipient-unknown", SP_BOX_RECIPIENT_UNKNOWN, SP_BOX_MX | SP_BOX_SUBMISSION, ADDRESS, SP_BOX_NO_STAGE },
    { "recipient-auth-required", SP_BOX_RECIPIENT_AUTH_REQUIRED, SP_BOX_MX, ADDRESS, SP_BOX_NO_STAGE },
    { "quota", SP_BOX_QUOTA, SP_BOX_MX | SP_BOX_SUBMISSION, ADDRESS, SP_BOX_NO_STAGE },
    { "auth-disabled", SP_BOX_AUTH_DISABLED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "auth-failed", SP_BOX_AUTH_FAILED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "basic-auth-retired", SP_BOX_BASIC_AUTH_RETIRED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "sender-denied", SP_BOX_SENDER_DENIED, SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "throttled", SP_BOX_THROTTLED, SP_BOX_MX | SP_BOX_SUBMISSION, MAYBE_STAGE, SP_BOX_RCPT },
    { "busy", SP_BOX_BUSY, SP_BOX_MX | SP_BOX_SUBMISSION, MAYBE_STAGE, SP_BOX_RCPT },
    { "spam", SP_BOX_SPAM, SP_BOX_MX | SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "too-large", SP_BOX_TOO_LARGE, SP_BOX_MX | SP_BOX_SUBMISSION, NUMBER, SP_BOX_NO_STAGE },
    { "reply", SP_BOX_REPLY, SP_BOX_MX | SP_BOX_SUBMISSION, STAGE_AND_TEXT, SP_BOX_NO_STAGE },
    { "slow", SP_BOX_SLOW, SP_BOX_MX | SP_BOX_SUBMISSION, NUMBER, SP_BOX_NO_STAGE },
    { "hang", SP_BOX_HANG, SP_BOX_MX | SP_BOX_SUBMISSION, STAGE, SP_BOX_NO_STAGE },
    { "drop", SP_BOX_DROP, SP_BOX_MX | SP_BOX_SUBMISSION, STAGE, SP_BOX_NO_STAGE },
    { "garbage", SP_BOX_GARBAGE, SP_BOX_MX | SP_BOX_SUBMISSION, MAYBE_STAGE, SP_BOX_BANNER },
    { "lost-answer", SP_BOX_LOST_ANSWER, SP_BOX_MX | SP_BOX_SUBMISSION, MAYBE_NUMBER, SP_BOX_NO_STAGE },
    { "no-starttls", SP_BOX_NO_STARTTLS, SP_BOX_MX | SP_BOX_SUBMISSION, NOTHING, SP_BOX_NO_STAGE },
    { "certificate", SP_BOX_CERTIFICATE, SP_BOX_MX | SP_BOX_SUBMISSION, KIND, SP_BOX_NO_STAGE },
    { "dns-silent", SP_BOX_DNS_SILENT, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE },
    { "dns-fails", SP_BOX_DNS_FAILS, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE },
    { "mx-foreign", SP_BOX_MX_FOREIGN, SP_BOX_DNS, NOTHING, SP_BOX_NO_STAGE },
};

static const struct {
    const char *name;
    enum sp_box_stage stage;
} stages[] = {
    { "banner", SP_BOX_BANNER },   { "ehlo", SP_BOX_EHLO }, { "starttls", SP_BOX_STARTTLS },
    { "tls", SP_BOX_TLS },         { "auth", SP_BOX_AUTH }, { "mail", SP_BOX_MAIL },
    { "rcpt", SP_BOX_RCPT },       { "data", SP_BOX_DATA }, { "body", SP_BOX_BODY },
    { "message", SP_BOX_MESSAGE },
};

static const char *const kinds[] = { "expired", "name", "untrusted" };

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

/* Reading a line. */

static enum sp_rc
parse_stage(const char *word, size_t len, enum sp_box_stage *ret, struct sp_err *err)
{
    for (size_t i = 0; i < SP_LEN(stages); i++) {
        if (strlen(stages[i].name) == len && strncmp(word, stages[i].name, len) == 0) {
            *ret = stages[i].stage;
            return SP_OK;
        }
    }
    return sp_fail(err, SP_E_INVALID, "'%.*s' is no stage: banner ehlo starttls tls auth mail rcpt data body message",
                   (int)len, word);
}

static enum sp_rc
parse_number(const char *word, uint64_t *ret, struct sp_err *err)
{
    if (sp_parse_size(word, ret))
        return SP_OK;
    return sp_fail(err, SP_E_INVALID, "'%s' is no number", word);
}

static enum sp_rc
parse_kind(const char *word, struct sp_err *err)
{
    for (size_t i = 0; i < SP_LEN(kinds); i++)
        if (strcmp(word, kinds[i]) == 0)
            return SP_OK;
    return sp_fail(err, SP_E_INVALID, "'%s' is no kind of certificate: expired name untrusted", word);
}

/* "STAGE:550 5.7.1 text" */
static enum sp_rc
parse_stage_and_text(const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    size_t len = strcspn(word, ":");
    enum sp_rc rc = parse_stage(word, len, &ret->stage, err);
    if (rc != SP_OK)
        return rc;
    const char *text = word[len] == ':' ? word + len + 1 : "";
    if (strspn(text, "0123456789") != 3 || !sp_text_copy(ret->text, sizeof(ret->text), text))
        return sp_fail(err, SP_E_INVALID, "after the stage comes the reply: three digits and its words");
    return SP_OK;
}

static enum sp_rc
parse_argument(enum argument argument, const char *word, struct sp_box_scenario *ret, struct sp_err *err)
{
    bool given = *word != '\0';
    switch (argument) {
    case NOTHING:
        return given ? sp_fail(err, SP_E_INVALID, "takes no argument") : SP_OK;
    case ADDRESS:
        (void)sp_text_copy(ret->text, sizeof(ret->text), word);
        return sp_address_valid(word) ? SP_OK : sp_fail(err, SP_E_INVALID, "needs an address");
    case STAGE:
        return parse_stage(word, strlen(word), &ret->stage, err);
    case MAYBE_STAGE:
        return given ? parse_stage(word, strlen(word), &ret->stage, err) : SP_OK;
    case NUMBER:
        return parse_number(word, &ret->number, err);
    case MAYBE_NUMBER:
        return given ? parse_number(word, &ret->number, err) : SP_OK;
    case KIND:
        (void)sp_text_copy(ret->text, sizeof(ret->text), word);
        return parse_kind(word, err);
    case STAGE_AND_TEXT:
        return parse_stage_and_text(word, ret, err);
    }
    return SP_E_INVALID;
}

static const char *
parse_prefix(const char *line, unsigned *where)
{
    if (sp_text_starts(line, "mx/")) {
        *where = SP_BOX_MX;
        return line + strlen("mx/");
    }
    if (sp_text_starts(line, "submission/")) {
        *where = SP_BOX_SUBMISSION;
        return line + strlen("submission/");
    }
    *where = 0;
    return line;
}

enum sp_rc
sp_box_scenario_parse(const char *line, struct sp_box_scenario *ret, struct sp_err *err)
{
    unsigned where;
    const char *name = parse_prefix(line, &where);
    size_t len = strcspn(name, ":");
    const char *argument = name[len] == ':' ? name + len + 1 : "";
    for (size_t i = 0; i < SP_LEN(table); i++) {
        if (strlen(table[i].name) != len || strncmp(name, table[i].name, len) != 0)
            continue;
        *ret = (struct sp_box_scenario){ .trick = table[i].trick, .stage = table[i].stage };
        ret->where = where != 0 ? where : table[i].where;
        enum sp_rc rc = parse_argument(table[i].argument, argument, ret, err);
        return rc == SP_OK ? SP_OK : sp_err_prefix(err, "scenario %s", table[i].name);
    }
    return sp_fail(err, SP_E_INVALID, "scenario '%.*s' is not known", (int)len, name);
}

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
