/* sender_world.c - see sender_world.h. */
#include "unit/sender/sender_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/mail/compose.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "db/envelope.h"

/* The fake methods have no context of their own besides their settings: a test runs one world. */
static struct world *the_world;

/* --- the clock --- */

static int64_t
wall(void *context)
{
    const struct world *w = context;
    return NOON + __atomic_load_n(&w->now, __ATOMIC_SEQ_CST);
}

static int64_t
mono(void *context)
{
    const struct world *w = context;
    return 5000 + __atomic_load_n(&w->now, __ATOMIC_SEQ_CST); /* a machine that has just booted */
}

/* --- methods by script --- */

static const char *
fake_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return NULL;
}

static enum sp_rc
fake_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    (void)env;
    (void)err;
    *ret = (void *)(uintptr_t)settings;
    return SP_OK;
}

static void
fake_close(void *way)
{
    (void)way;
}

static int64_t
fake_tidy(void *way)
{
    (void)way;
    return 0;
}

static struct script *
script_of(struct world *w, const char *method)
{
    for (size_t i = 0; i < w->n_scripts; i++)
        if (strcmp(w->scripts[i].method, method) == 0)
            return &w->scripts[i];
    return NULL;
}

static enum act
next_act(struct world *w, const char *method)
{
    struct script *script = script_of(w, method);
    if (script == NULL)
        return ACT_ACCEPT;
    return script->acts[script->at + 1 < script->n_acts ? script->at++ : script->at];
}

static void
note_call(struct world *w, const char *method, const struct sp_message *message)
{
    struct call *call = &w->calls[w->n_calls < CALLS_MOST ? w->n_calls++ : CALLS_MOST - 1];
    size_t len = 0;
    call->method = method;
    sp_text_copy(call->id, sizeof call->id, message->id);
    sp_text_copy(call->body, sizeof call->body, message->mail->body);
    call->recipients[0] = '\0';
    for (size_t i = 0; i < message->n_recipients && len < sizeof call->recipients; i++)
        len += (size_t)snprintf(call->recipients + len, sizeof call->recipients - len, "%s%s", i > 0 ? " " : "",
                                message->recipients[i]);
}

static void
refuse(struct sp_report *report, enum sp_stage stage, enum sp_class class_, enum sp_scope scope)
{
    report->stage = stage;
    report->diagnosis = (struct sp_diagnosis){ .class_ = class_, .scope = scope, .cause = "" };
    sp_text_copy(report->diagnosis.summary, sizeof report->diagnosis.summary, "refused by the script");
}

static void
accept(struct sp_report *report)
{
    report->accepted = true;
    report->stage = SP_STAGE_MESSAGE;
    report->diagnosis = (struct sp_diagnosis){ .class_ = SP_CLASS_OK, .scope = SP_SCOPE_NONE, .cause = "" };
    for (size_t i = 0; i < report->n_recipients; i++)
        report->recipients[i].accepted = true;
}

static void
play(enum act act, struct world *w, struct sp_report *report)
{
    switch (act) {
    case ACT_ACCEPT:
    case ACT_GATE:
        accept(report);
        break;
    case ACT_SHUT:
        refuse(report, SP_STAGE_RCPT, SP_CLASS_IP_REPUTATION, SP_SCOPE_METHOD);
        break;
    case ACT_UNREACHABLE:
        refuse(report, SP_STAGE_CONNECT, SP_CLASS_NETWORK, SP_SCOPE_METHOD);
        break;
    case ACT_TOO_MANY:
        refuse(report, SP_STAGE_MAIL, SP_CLASS_RATE_LIMITED, SP_SCOPE_LATER);
        report->retry_after_ms = w->retry_after_ms;
        break;
    case ACT_UNKNOWN:
        refuse(report, SP_STAGE_MESSAGE, SP_CLASS_NETWORK, SP_SCOPE_LATER);
        report->maybe_sent = true;
        break;
    case ACT_SECOND_ELSEWHERE:
        accept(report);
        if (report->n_recipients < 2)
            break;
        report->recipients[1] = (struct sp_report_recipient){ .refused = true };
        report->recipients[1].diagnosis = (struct sp_diagnosis){
            .class_ = SP_CLASS_RECIPIENT_REFUSED, .scope = SP_SCOPE_RECIPIENT, .elsewhere = true, .cause = ""
        };
        break;
    case ACT_UNREADABLE:
        refuse(report, SP_STAGE_DATA, SP_CLASS_OTHER, SP_SCOPE_JOB);
        break;
    }
}

/* A connection in hand: one that is kept, or a new one. */
static void
take_connection(struct world *w)
{
    if (w->kept > 0) {
        w->kept--;
        return;
    }
    w->open_now++;
    if (w->open_now > w->open_most)
        w->open_most = w->open_now;
}

static size_t
fake_kept(void *way)
{
    struct world *w = the_world;
    (void)way;
    pthread_mutex_lock(&w->lock);
    size_t n = w->kept;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static bool
fake_spare(void *way)
{
    struct world *w = the_world;
    (void)way;
    pthread_mutex_lock(&w->lock);
    bool there = w->kept > 0;
    if (!there)
        take_connection(w);
    pthread_mutex_unlock(&w->lock);
    if (w->pause_ms > 0)
        usleep((useconds_t)w->pause_ms * 1000);
    pthread_mutex_lock(&w->lock);
    if (!there && w->no_spare)
        w->open_now--;
    else if (!there)
        w->kept++;
    w->spares++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return there || !w->no_spare;
}

static void
fake_deliver(void *way, const struct sp_message *message, struct sp_report *report)
{
    const struct sp_method_settings *settings = way;
    struct world *w = the_world;
    pthread_mutex_lock(&w->lock);
    enum act act = next_act(w, settings->name);
    note_call(w, settings->name, message);
    take_connection(w);
    if (message->connected != NULL)
        message->connected(message->context);
    w->inside++;
    if (w->inside > w->inside_most)
        w->inside_most = w->inside;
    pthread_cond_broadcast(&w->changed);
    while (act == ACT_GATE && !w->gate_open)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (w->pause_ms > 0)
        usleep((useconds_t)w->pause_ms * 1000);
    play(act, w, report);
    pthread_mutex_lock(&w->lock);
    w->inside--;
    w->kept++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

const struct sp_method *
fake_method_of(enum sp_method_type type)
{
    static const struct sp_method fake = {
        .name = "fake",
        .unable = fake_unable,
        .open = fake_open,
        .close = fake_close,
        .deliver = fake_deliver,
        .tidy = fake_tidy,
        .kept = fake_kept,
        .spare = fake_spare,
    };
    (void)type;
    return &fake;
}

void
script(struct world *w, const char *method, size_t n, const enum act *acts)
{
    struct script *script = script_of(w, method);
    if (script == NULL)
        script = &w->scripts[w->n_scripts++];
    *script = (struct script){ .method = method, .n_acts = n };
    memcpy(script->acts, acts, n * sizeof *acts);
}

void
open_gate(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    w->gate_open = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* Until one of the numbers under the lock is that high. */
static void
wait_for(struct world *w, const unsigned *number, unsigned count)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    pthread_mutex_lock(&w->lock);
    while (*number < count && rc == 0)
        rc = pthread_cond_timedwait(&w->changed, &w->lock, &until);
    unsigned reached = *number;
    pthread_mutex_unlock(&w->lock);
    assert_true(reached >= count);
}

void
wait_inside(struct world *w, unsigned count)
{
    wait_for(w, &w->inside, count);
}

void
wait_spares(struct world *w, unsigned count)
{
    wait_for(w, &w->spares, count);
}

/* --- the world --- */

static struct sp_method_settings
make_method(const char *name, enum sp_method_type type, const char *username)
{
    return (struct sp_method_settings){
        .name = name,
        .type = type,
        .tenant = "contoso",
        .enabled = true,
        .host = "",
        .connections = 3,
        .max_size = UINT64_C(200) << 20,
        .username = username,
    };
}

static void
make_settings(struct world *w)
{
    static const char *domains[] = { "contoso.com" };
    w->tenant.name = "contoso";
    w->tenant.domain = "contoso.com";
    w->tenant.sender = "scanner@contoso.com";
    w->tenant.accepted_domains = (struct sp_texts){ domains, 1 };
    w->methods[0] = make_method("direct", SP_TYPE_DIRECT, "");
    w->methods[1] = make_method("submission", SP_TYPE_SUBMISSION, "scanner@contoso.com");
    w->settings.gateway.state_dir = w->dir;
    w->settings.gateway.hostname = "scan.contoso.com";
    w->settings.gateway.resolver = "127.0.0.1:9";
    w->settings.tenants = &w->tenant;
    w->settings.n_tenants = 1;
    w->settings.methods = w->methods;
    w->settings.n_methods = 2;
    w->settings.retry = (struct sp_retry_settings){ 60000, 3600000, INT64_C(5) * 24 * 3600000 };
}

int
setup_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    bool fresh = false;
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/scanpost-sender-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    make_settings(w);
    w->clock = (struct sp_clock){ wall, mono, w };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_ok(w, sp_db_open(w->dir, 5000, &w->db, &w->err));
    assert_ok(w, sp_batch_open(w->dir, &w->batch, &w->err));
    assert_ok(w, sp_spool_open(w->dir, &w->spool, &w->err));
    the_world = w;
    *state = w;
    return 0;
}

int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_ways_close(&w->ways);
    sp_spool_close(&w->spool);
    sp_batch_close(&w->batch);
    sp_db_close(&w->db);
    assert_ok(w, sp_io_remove_tree(AT_FDCWD, w->dir, &w->err));
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return 0;
}

struct sp_method_settings *
method_named(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->settings.n_methods; i++)
        if (strcmp(w->methods[i].name, name) == 0)
            return &w->methods[i];
    return NULL;
}

void
open_ways(struct world *w)
{
    struct sp_method_state saved[4];
    size_t n = 0;
    const struct sp_way_env env = { .settings = &w->settings, .clock = &w->clock, .method_of = fake_method_of };
    sp_ways_close(&w->ways);
    assert_ok(w, sp_method_states_load(w->db, saved, SP_LEN(saved), &n, &w->err));
    assert_ok(w, sp_ways_open(&env, saved, n, false, &w->ways, &w->err));
}

/* --- jobs --- */

static void
publish(struct world *w, const struct sp_job *job)
{
    SP_AUTO_FREE char *json = sp_envelope_write(job, NULL);
    struct sp_spool_entry *entry = NULL;
    uint64_t size = 0;
    char sum[SP_SHA256_HEX_SIZE];
    assert_non_null(json);
    assert_ok(w, sp_spool_begin(w->spool, job->id, &entry, &w->err));
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_ok(w, sp_spool_add(entry, "hello", DOCUMENT_SIZE, &w->err));
    assert_ok(w, sp_spool_document_end(entry, &size, sum, &w->err));
    assert_ok(w, sp_spool_publish(entry, json, &w->err));
    sp_spool_entry_free(&entry);
}

void
add_job_from(struct world *w, const char *folder, size_t recipients, uint64_t size, char id[SP_ULID_SIZE])
{
    static struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    static const char *const addresses[] = { "alice@contoso.com", "bob@contoso.com" }, outside[] = "carol@fabrikam.com";
    struct sp_job *job = sp_job_new();
    assert_non_null(job);
    sp_ulid_new(&gen, sp_wall_ms(&w->clock), id);
    job->id = sp_arena_text(job->arena, id);
    job->created = sp_wall_ms(&w->clock);
    job->source = "folder";
    job->source_name = sp_arena_text(job->arena, folder);
    job->tenant = "contoso";
    job->from = "scanner@contoso.com";
    job->subject = "Scan";
    job->body = "A scan.\n";
    job->message_id = sp_arena_format(job->arena, "<%s@scan.contoso.com>", id);
    job->boundary = "=_b";
    job->documents = sp_arena_array(job->arena, 1, sizeof *job->documents);
    job->n_documents = 1;
    job->documents[0] = (struct sp_job_document){
        .name = "scan.pdf",
        .type = "application/pdf",
        .size = size,
        .sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    };
    job->recipients = sp_arena_array(job->arena, recipients, sizeof *job->recipients);
    job->n_recipients = recipients;
    for (size_t i = 0; i < recipients; i++)
        job->recipients[i] =
            (struct sp_job_recipient){ .address = i == 2 ? outside : addresses[i % 2], .method = "", .reply = "" };
    publish(w, job);
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
}

void
add_job(struct world *w, char id[SP_ULID_SIZE])
{
    add_job_from(w, "scans", 1, DOCUMENT_SIZE, id);
}

bool
run(struct world *w, const char *id)
{
    struct sp_db *db = NULL; /* a worker's own */
    assert_ok(w, sp_db_open(w->dir, 5000, &db, &w->err));
    const struct sp_errand_env env = {
        .settings = &w->settings,
        .clock = &w->clock,
        .ways = w->ways,
        .spool = w->spool,
        .batch = w->batch,
        .db = db,
        .gateway_wake_fd = -1,
        .large_fd = -1,
    };
    bool ok = sp_errand_run(&env, id);
    sp_db_close(&db);
    return ok;
}

struct sp_job *
load(struct world *w, const char *id)
{
    struct sp_job *job = NULL;
    assert_ok(w, sp_job_load(w->db, id, &job, &w->err));
    return job;
}

enum sp_job_state
state_of(struct world *w, const char *id)
{
    struct sp_job *job = load(w, id);
    enum sp_job_state state = job->state;
    sp_job_free(&job);
    return state;
}
