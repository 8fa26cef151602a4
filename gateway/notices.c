/* notices.c - see notices.h. */
#include "gateway/notices.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/envelope.h"
#include "db/job.h"
#include "db/method_state.h"
#include "db/notice.h"
#include "db/spool.h"
#include "gateway/messenger.h"
#include "gateway/news.h"

enum { METHODS_MAX = 32, KEY_SIZE = 160 };
static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;

struct sp_notices {
    struct sp_notices_options with;
    struct sp_ulid_gen ids;
    struct sp_messenger *messenger; /* NULL: neither webhook nor command */
};

/* What one look found, and what has to be remembered once it was told. */
struct mark {
    char key[KEY_SIZE], value[SP_NOTICE_VALUE_SIZE]; /* key "" : the job of that id was told */
    char job[SP_ULID_SIZE];
};
struct look {
    struct sp_notices *n;
    int64_t now;
    struct sp_news news;
    struct mark marks[SP_NEWS_MAX];
    struct sp_job *people[SP_NEWS_MAX]; /* jobs whose person is told too */
    size_t n_people;
};

enum sp_rc
sp_notices_new(const struct sp_notices_options *options, struct sp_notices **ret, struct sp_err *err)
{
    const struct sp_notify_settings *notify = &options->settings->notify;
    struct sp_notices *n = calloc(1, sizeof *n);
    if (n == NULL)
        return sp_fail(err, SP_E_NOMEM, "notices: out of memory");
    n->with = *options;
    n->ids = (struct sp_ulid_gen)SP_ULID_GEN_INIT;
    enum sp_rc rc = SP_OK;
    if (notify->webhook[0] != '\0' || notify->command[0] != '\0')
        rc = sp_messenger_new(notify->webhook, notify->command, options->settings->gateway.proxy, options->log,
                              &n->messenger, err);
    if (rc == SP_OK)
        *ret = n;
    else
        free(n);
    return rc;
}

void
sp_notices_free(struct sp_notices **notices)
{
    if (*notices == NULL)
        return;
    sp_messenger_free(&(*notices)->messenger);
    free(*notices);
    *notices = NULL;
}

/* --- what is new --- */

static struct mark *
last_mark(struct look *l)
{
    return &l->marks[l->news.count - 1];
}

static void
look_at_job(struct look *l, const char *id)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    struct sp_err err = { 0 };
    if (sp_job_load(l->n->with.db, id, &job, &err) != SP_OK || !sp_news_job(&l->news, job))
        return;
    (void)sp_text_copy(last_mark(l)->job, SP_ULID_SIZE, id);
    const struct sp_tenant_settings *tenant = sp_settings_tenant(l->n->with.settings, job->tenant);
    bool person_known =
        sp_address_valid(job->reply_to) && tenant != NULL && sp_tenant_is_internal(tenant, job->reply_to);
    if (person_known && job->state != SP_JOB_HELD)
        l->people[l->n_people++] = SP_STEAL(job);
}

static void
look_at_jobs(struct look *l)
{
    char ids[SP_NEWS_MAX][27];
    size_t count = 0;
    struct sp_err err = { 0 };
    if (sp_notice_jobs(l->n->with.db, SP_NEWS_MAX, ids, &count, &err) != SP_OK)
        sp_warn(l->n->with.log, "notices: %s", err.text);
    for (size_t i = 0; i < count; i++)
        look_at_job(l, ids[i]);
}

/* Whether a value differs from what was told under the key; then the next item added will be marked with it. */
static bool
is_news(struct look *l, const char *key, const char *value, char before[SP_NOTICE_VALUE_SIZE])
{
    int64_t told = 0;
    return sp_notice_told(l->n->with.db, key, before, &told, NULL) == SP_OK && strcmp(before, value) != 0;
}

static void
set_mark(struct look *l, const char *key, const char *value)
{
    struct mark *mark = last_mark(l);
    (void)sp_text_copy(mark->key, sizeof mark->key, key);
    (void)sp_text_copy(mark->value, sizeof mark->value, value);
}

/* A way that was never told to be down is not told to be up. */
static void
look_at_method(struct look *l, const struct sp_method_state *state)
{
    char key[KEY_SIZE], value[SP_NOTICE_VALUE_SIZE], before[SP_NOTICE_VALUE_SIZE];
    bool down = state->state == SP_HEALTH_DOWN || state->state == SP_HEALTH_HALF_OPEN;
    (void)sp_text_format(key, sizeof key, "method/%s", state->name);
    (void)sp_text_format(value, sizeof value, "%s %s", down ? "down" : "up", down ? state->class_name : "");
    if (is_news(l, key, value, before) && (down || before[0] != '\0') && sp_news_method(&l->news, state))
        set_mark(l, key, value);
}

/* Returns how many are up. */
static size_t
look_at_methods(struct look *l)
{
    struct sp_method_state states[METHODS_MAX];
    size_t count = 0, up = 0;
    struct sp_err err = { 0 };
    if (sp_method_states_load(l->n->with.db, states, METHODS_MAX, &count, &err) != SP_OK)
        sp_warn(l->n->with.log, "notices: %s", err.text);
    for (size_t i = 0; i < count; i++) {
        if (sp_settings_method(l->n->with.settings, states[i].name) == NULL)
            continue;
        up += states[i].state == SP_HEALTH_UP || states[i].state == SP_HEALTH_UNPROVEN;
        look_at_method(l, &states[i]);
    }
    return up;
}

/* Told once for each of these many days ahead, and once when it is over. */
static int64_t
threshold(int64_t days)
{
    static const int64_t thresholds[] = { 1, 7, 14, 30 };
    if (days < 0)
        return 0;
    for (size_t i = 0; i < SP_LEN(thresholds); i++)
        if (days <= thresholds[i])
            return thresholds[i];
    return -1;
}

/* end as it is written, or as a number: the same end is told once for each threshold. */
static void
look_at_end(struct look *l, const char *about, const char *what, int64_t end, bool has_next)
{
    char key[KEY_SIZE], value[SP_NOTICE_VALUE_SIZE], before[SP_NOTICE_VALUE_SIZE];
    int64_t days = end < l->now ? -1 : (end - l->now) / DAY_MS, step = threshold(days);
    (void)sp_text_format(key, sizeof key, "expires/%s/%s", about, what);
    (void)sp_text_format(value, sizeof value, "%lld %lld", (long long)end, (long long)step);
    if (step >= 0 && is_news(l, key, value, before) && sp_news_expires(&l->news, about, what, days, has_next))
        set_mark(l, key, value);
}

/* A certificate that this process may not read is the sender's alone, and not watched here. */
static void
look_at_certificate(struct look *l, const char *about, const char *what, const char *path, const char *next)
{
    int64_t end = 0;
    struct sp_err err = { 0 };
    if (path[0] == '\0')
        return;
    if (sp_certificate_expiry(path, &end, &err) == SP_OK)
        look_at_end(l, about, what, end, next[0] != '\0');
    else
        sp_debug(l->n->with.log, "notices: %s", err.text);
}

static void
look_at_ends(struct look *l, const struct sp_method_settings *method)
{
    int64_t end = 0;
    if (!method->enabled)
        return;
    if (sp_time_parse(method->oauth_client_secret_expires, &end))
        look_at_end(l, method->name, "client secret", end, method->next_oauth_client_secret_file[0] != '\0');
    look_at_certificate(l, method->name, "certificate for signing in", method->oauth_certificate,
                        method->next_oauth_certificate);
    look_at_certificate(l, method->name, "next certificate for signing in", method->next_oauth_certificate, "");
    look_at_certificate(l, method->name, "connector's certificate", method->client_certificate,
                        method->next_client_certificate);
    look_at_certificate(l, method->name, "connector's next certificate", method->next_client_certificate, "");
}

static void
look_at_waiting(struct look *l, size_t methods_up)
{
    int64_t oldest = 0, late_after = l->n->with.settings->notify.late_after_ms;
    char before[SP_NOTICE_VALUE_SIZE];
    struct sp_err err = { 0 };
    if (late_after == 0 || sp_notice_oldest_waiting(l->n->with.db, &oldest, &err) != SP_OK)
        return;
    bool late = oldest > 0 && l->now - oldest >= late_after;
    if (late && is_news(l, "late", "late", before) && sp_news_late(&l->news, l->now - oldest, methods_up))
        set_mark(l, "late", "late");
}

static void
look_at_source(struct look *l, const struct sp_folder_settings *folder)
{
    int64_t last = 0, silent_after = l->n->with.settings->notify.silent_after_ms;
    char key[KEY_SIZE], value[SP_NOTICE_VALUE_SIZE], before[SP_NOTICE_VALUE_SIZE];
    if (sp_notice_last_from(l->n->with.db, "folder", folder->name, &last, NULL) != SP_OK || last == 0 ||
        l->now - last < silent_after)
        return;
    (void)sp_text_format(key, sizeof key, "silent/%s", folder->name);
    (void)sp_text_format(value, sizeof value, "%lld", (long long)last);
    if (is_news(l, key, value, before) && sp_news_silent(&l->news, folder->name, l->now - last))
        set_mark(l, key, value);
}

static void
look_around(struct look *l)
{
    const struct sp_settings *settings = l->n->with.settings;
    look_at_jobs(l);
    size_t up = look_at_methods(l);
    for (size_t i = 0; i < settings->n_methods; i++)
        look_at_ends(l, &settings->methods[i]);
    look_at_certificate(l, "the page", "certificate", settings->http.tls_certificate, "");
    look_at_waiting(l, up);
    for (size_t i = 0; settings->notify.silent_after_ms > 0 && i < settings->n_folders; i++)
        look_at_source(l, &settings->folders[i]);
}

/* --- telling --- */

/* A notice as a job: no document, and what the spool keeps of it is the envelope. */
static struct sp_job *
make_job(struct look *l, const struct sp_tenant_settings *tenant, const char *const *to, size_t n_to,
         const struct sp_str *subject, const struct sp_str *body)
{
    char id[SP_ULID_SIZE];
    struct sp_job *job = sp_job_new();
    if (job == NULL)
        return NULL;
    struct sp_arena *arena = job->arena;
    sp_ulid_new(&l->n->ids, l->now, id);
    job->id = sp_arena_text(arena, id);
    job->state = SP_JOB_QUEUED;
    job->created = l->now;
    job->source = "notice";
    job->tenant = tenant->name;
    job->from = tenant->sender;
    job->from_name = "scanpost";
    job->subject = sp_arena_text(arena, sp_str_text(subject));
    job->body = sp_arena_text(arena, sp_str_text(body));
    job->message_id = sp_arena_format(arena, "<%s@%s>", id, l->n->with.settings->gateway.hostname);
    job->boundary = sp_arena_format(arena, "=_%s", id);
    job->recipients = sp_arena_array(arena, n_to, sizeof *job->recipients);
    if (job->recipients == NULL || job->boundary == NULL || job->body == NULL) {
        sp_job_free(&job);
        return NULL;
    }
    for (size_t i = 0; i < n_to; i++)
        job->recipients[i] = (struct sp_job_recipient){ .address = to[i], .method = "", .reply = "" };
    job->n_recipients = n_to;
    return job;
}

static enum sp_rc
publish(struct look *l, const struct sp_job *job, struct sp_err *err)
{
    struct sp_spool_entry *entry = NULL;
    SP_AUTO_FREE char *envelope = sp_envelope_write(job, NULL);
    if (envelope == NULL)
        return sp_fail(err, SP_E_NOMEM, "notices: out of memory");
    enum sp_rc rc = sp_spool_begin(l->n->with.spool, job->id, &entry, err);
    if (rc == SP_OK)
        rc = sp_spool_publish(entry, envelope, err);
    sp_spool_entry_free(&entry);
    return rc;
}

struct telling {
    struct look *look;
    const struct sp_job *jobs[1 + SP_NEWS_MAX];
    size_t n_jobs;
};

/* The mails are queued and the news is old, as one. */
static enum sp_rc
tell_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct telling *t = context;
    const struct look *l = t->look;
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < t->n_jobs; i++)
        rc = sp_job_insert(db, t->jobs[i], err);
    for (size_t i = 0; rc == SP_OK && i < l->news.count; i++)
        rc = l->marks[i].key[0] == '\0' ? sp_notice_job_told(db, l->marks[i].job, err)
                                        : sp_notice_tell(db, l->marks[i].key, l->marks[i].value, l->now, err);
    return rc == SP_OK ? sp_notice_tell(db, "last", "", l->now, err) : rc;
}

static struct sp_job *
admin_mail(struct look *l)
{
    const struct sp_settings *settings = l->n->with.settings;
    SP_AUTO(sp_str_free) struct sp_str subject = { 0 }, body = { 0 };
    if (settings->notify.to.count == 0)
        return NULL;
    sp_news_mail(&l->news, settings->gateway.hostname, &subject, &body);
    return make_job(l, &settings->tenants[0], settings->notify.to.items, settings->notify.to.count, &subject, &body);
}

static struct sp_job *
person_mail(struct look *l, const struct sp_job *about)
{
    SP_AUTO(sp_str_free) struct sp_str subject = { 0 }, body = { 0 };
    const char *to[] = { about->reply_to };
    sp_news_person_mail(about, &subject, &body);
    return make_job(l, sp_settings_tenant(l->n->with.settings, about->tenant), to, 1, &subject, &body);
}

static void
send_message(struct look *l)
{
    if (l->n->messenger == NULL)
        return;
    char *json = sp_news_json(&l->news, l->n->with.settings->gateway.hostname);
    if (json != NULL && !sp_messenger_send(l->n->messenger, json)) {
        sp_warn(l->n->with.log, "notices: webhook and command are still busy with the news before");
        free(json);
    }
}

static enum sp_rc
tell(struct look *l, struct sp_err *err)
{
    struct telling t = { .look = l };
    struct sp_job *mails[1 + SP_NEWS_MAX] = { admin_mail(l) };
    size_t n_mails = 1;
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < l->n_people; i++)
        mails[n_mails++] = person_mail(l, l->people[i]);
    for (size_t i = 0; rc == SP_OK && i < n_mails; i++) {
        if (mails[i] == NULL)
            continue;
        rc = publish(l, mails[i], err);
        t.jobs[t.n_jobs++] = mails[i];
    }
    if (rc == SP_OK)
        rc = sp_batch_run(l->n->with.batch, tell_in_batch, &t, err);
    for (size_t i = 0; rc != SP_OK && i < t.n_jobs; i++)
        (void)sp_spool_remove(l->n->with.spool, t.jobs[i]->id, NULL);
    for (size_t i = 0; i < n_mails; i++)
        sp_job_free(&mails[i]);
    if (rc == SP_OK) {
        send_message(l);
        sp_wake(l->n->with.wake_fd);
    }
    return rc;
}

static enum sp_rc
forget_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct look *l = context;
    return sp_notice_tell(db, "late", "", l->now, err);
}

/* When the waiting is over, the next time that scans wait is news again. */
static void
forget_lateness(struct look *l)
{
    int64_t oldest = 0;
    char before[SP_NOTICE_VALUE_SIZE];
    struct sp_err err = { 0 };
    if (!is_news(l, "late", "", before) || sp_notice_oldest_waiting(l->n->with.db, &oldest, &err) != SP_OK ||
        oldest != 0)
        return;
    if (sp_batch_run(l->n->with.batch, forget_in_batch, l, &err) != SP_OK)
        sp_warn(l->n->with.log, "notices: %s", err.text);
}

/* --- the look --- */

static bool
anybody_to_tell(const struct sp_notices *n)
{
    return n->with.settings->notify.to.count > 0 || n->messenger != NULL;
}

/* ms until news may be told again; 0: now. */
static int64_t
pause_left(struct look *l)
{
    char value[SP_NOTICE_VALUE_SIZE];
    int64_t last = 0, every = l->n->with.settings->notify.every_ms;
    if (sp_notice_told(l->n->with.db, "last", value, &last, NULL) != SP_OK || last > l->now)
        return 0;
    return last > 0 && l->now - last < every ? every - (l->now - last) : 0;
}

/* When lateness or silence could become news without anybody waking us. */
static int64_t
next_look(const struct sp_notices *n)
{
    int64_t late = n->with.settings->notify.late_after_ms;
    return late > 0 && late < HOUR_MS ? late : HOUR_MS;
}

int64_t
sp_notices_look(struct sp_notices *n)
{
    struct look *l = calloc(1, sizeof *l);
    struct sp_err err = { 0 };
    if (l == NULL || !anybody_to_tell(n)) {
        free(l);
        return HOUR_MS;
    }
    l->n = n;
    l->now = sp_wall_ms(n->with.clock);
    l->news.arena = sp_arena_new();
    int64_t wait = pause_left(l);
    if (l->news.arena != NULL && wait == 0) {
        forget_lateness(l);
        look_around(l);
        if (l->news.count > 0 && tell(l, &err) != SP_OK)
            sp_warn(n->with.log, "notices: cannot be told now: %s", err.text);
    }
    for (size_t i = 0; i < l->n_people; i++)
        sp_job_free(&l->people[i]);
    sp_arena_free(&l->news.arena);
    free(l);
    return wait > 0 ? wait : next_look(n);
}
