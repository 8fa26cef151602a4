/* gateway_process.c - the process that takes scans in and shows what became of them: HTTP, the Unix socket, the drop
 * folders, housekeeping. It never sees a credential of Microsoft 365.
 *
 * Threads: this one waits for signals, wake-ups and the hour; HTTP has one a listener and a few workers; the folders
 * have a watcher and a few workers; one thread writes to the database for all (db/batch.h). */
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/settings.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/rebuild.h"
#include "db/spool.h"
#include "gateway/daemon/child.h"
#include "gateway/daemon/opener.h"
#include "gateway/folders.h"
#include "gateway/housekeeping.h"
#include "gateway/intake.h"
#include "gateway/people/people.h"
#include "gateway/notices.h"
#include "gateway/parts.h"
#include "gateway/refusals.h"
#include "web/api/api.h"
#include "web/api/events.h"
#include "web/api/first_user.h"
#include "web/api/sources.h"
#include "web/auth/auth.h"
#include "web/dav/dav.h"
#include "web/http/server.h"
#include "web/page/page.h"

enum {
    DB_BUSY_MS = 10000,
    UPLOADS_AT_END_MS = 6000,          /* scanpostd ends within 10 s of SIGTERM */
    UPLOADS_AT_CHANGE_MS = 30 * 60000, /* a successor is there: large uploads over slow lines may finish */
    MULTIPART_ROOM = 1 << 20,
    PROBLEMS_TOLD = 10,
    ROUTE_TABLES = 32,
    NEWS_PAUSE_MS = 1000,
    INDEX_QUIET_MS = 1000,   /* jobs are indexed when none has come or gone for so long, */
    INDEX_LATEST_MS = 60000, /* or after this time, */
    INDEX_PAUSE_MS = 50,     /* with pauses that leave the disk to scans */
};

struct gateway {
    struct sp_house *house;
    int stop_fd, lock_fd;
    struct sp_db *db; /* this thread's */
    struct sp_batch *batch;
    struct sp_spool *spool;
    struct sp_people *people; /* NULL: the file could not be read */
    struct sp_refusals *refusals;
    struct sp_intake *intake;
    struct sp_parts *parts;
    struct sp_folders *folders;
    struct sp_auth *auth;
    struct sp_events *events;
    struct sp_secret *tls_key;
    struct sp_http_server *server;
    struct sp_api api;
    const struct sp_route *tables[ROUTE_TABLES]; /* of all doors; the rest is NULL */
    struct sp_folder_opener opener;
    struct sp_opener_client opener_client;
};

/* What was known before is worth a warning when it cannot be read, and no more. */
static enum sp_rc
open_refusals(struct gateway *g, struct sp_err *err)
{
    struct sp_err unread = { 0 };
    g->refusals = sp_refusals_new();
    if (g->refusals == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    sp_refusals_tell(g->refusals, g->house->changes_fd[1]);
    if (sp_refusals_load(g->refusals, g->db, &unread) != SP_OK)
        sp_warn(&g->house->log, "who was refused before is not known: %s", unread.text);
    return SP_OK;
}

static void
save_refusals(const struct gateway *g)
{
    struct sp_err err = { 0 };
    if (g->refusals != NULL && g->batch != NULL && sp_refusals_save(g->refusals, g->batch, &err) != SP_OK)
        sp_warn(&g->house->log, "who was refused is not kept: %s", err.text);
}

static enum sp_rc
open_stores(struct gateway *g, struct sp_err *err)
{
    const char *dir = g->house->settings->gateway.state_dir;
    enum sp_rc rc = sp_db_open(dir, DB_BUSY_MS, &g->db, err);
    if (rc == SP_OK)
        rc = sp_batch_open(dir, &g->batch, err);
    if (rc == SP_OK)
        sp_batch_tell_changes(g->batch, g->house->changes_fd[1]);
    if (rc == SP_OK)
        rc = sp_spool_open(dir, &g->spool, err);
    return rc == SP_OK ? open_refusals(g, err) : rc;
}

/* What a crash left. Not while a predecessor still finishes its uploads: they look just like that. */
static enum sp_rc
recover(struct gateway *g, struct sp_err *err)
{
    struct sp_rebuild_counts found = { 0 };
    if (!g->house->alone)
        return SP_OK;
    enum sp_rc rc = sp_spool_sweep(g->spool, err);
    if (rc == SP_OK)
        rc = sp_rebuild(g->db, g->spool, g->house->database_fresh, &g->house->log, &found, err);
    if (rc == SP_OK && found.queued + found.held > 0)
        sp_notice(&g->house->log, "found in the spool: %zu job(s) queued, %zu held because the database was lost",
                  found.queued, found.held);
    return rc;
}

static enum sp_rc
open_parts(struct gateway *g, struct sp_err *err)
{
    const struct sp_parts_options options = {
        .settings = g->house->settings,
        .batch = g->batch,
        .intake = g->intake,
        .clock = &sp_clock_system,
        .log = &g->house->log,
    };
    enum sp_rc rc = sp_parts_open(&options, &g->parts, err);
    return rc == SP_OK && g->house->alone ? sp_parts_recover(g->parts, g->db, err) : rc;
}

/* What is wrong in the file is told, and the rest of it counts: scans for everybody else must not wait for one line. */
static void
read_people(struct gateway *g)
{
    const struct sp_log *log = &g->house->log;
    const char *file = g->house->settings->people_file, *const *problems = NULL;
    struct sp_err err = { 0 };
    size_t kept = 0;
    if (sp_people_load(file, &g->people, &err) != SP_OK) {
        sp_error(log, "%s", err.text);
        return;
    }
    size_t all = sp_people_problems(g->people, &problems, &kept);
    for (size_t i = 0; i < kept && i < PROBLEMS_TOLD; i++)
        sp_warn(log, "people: %s: %s", file, problems[i]);
    if (all > PROBLEMS_TOLD)
        sp_warn(log, "people: %s: %zu more like these; scanpost people check lists them", file, all - PROBLEMS_TOLD);
}

static enum sp_rc
open_events(struct gateway *g, struct sp_err *err)
{
    const struct sp_events_options options = {
        .state_dir = g->house->settings->gateway.state_dir,
        .changes_fd = g->house->changes_fd[0],
        .auth = g->auth,
        .clock = &sp_clock_system,
        .log = &g->house->log,
    };
    return sp_events_open(&options, &g->events, err);
}

static enum sp_rc
open_doors(struct gateway *g, struct sp_err *err)
{
    const struct sp_house *house = g->house;
    read_people(g);
    const struct sp_intake_options intake = {
        .settings = house->settings,
        .batch = g->batch,
        .spool = g->spool,
        .people = g->people,
        .clock = &sp_clock_system,
        .log = &house->log,
        .refusals = g->refusals,
        .wake_fd = house->wake_sender_fd,
    };
    const struct sp_auth_options auth = { .batch = g->batch, .clock = &sp_clock_system, .log = &house->log };
    enum sp_rc rc = sp_intake_new(&intake, &g->intake, err);
    if (rc == SP_OK)
        rc = open_parts(g, err);
    if (rc == SP_OK)
        rc = sp_auth_new(&auth, &g->auth, err);
    if (rc == SP_OK)
        rc = open_events(g, err);
    sp_opener_client_init(&g->opener_client, house->opener_fd[0]);
    g->opener = (struct sp_folder_opener){ sp_opener_ask, &g->opener_client };
    if (rc == SP_OK)
        rc = sp_folders_start(house->settings, g->intake, &sp_clock_system, &house->log,
                              house->identity.root ? &g->opener : NULL, &g->folders, err);
    return rc;
}

static void
list_routes(struct gateway *g)
{
    size_t count = 0;
    for (const struct sp_route *const *table = sp_api_routes(); *table != NULL; table++) {
        assert(count < ROUTE_TABLES - 3);
        g->tables[count++] = *table;
    }
    g->tables[count++] = sp_routes_dav;
    g->tables[count] = sp_routes_page;
}

static enum sp_rc
start_server(struct gateway *g, struct sp_err *err)
{
    const struct sp_house *house = g->house;
    const struct sp_http_settings *http = &house->settings->http;
    struct sp_http_listener listeners[SP_LISTENERS_MAX];
    g->api = (struct sp_api){
        .settings = house->settings,
        .batch = g->batch,
        .spool = g->spool,
        .intake = g->intake,
        .parts = g->parts,
        .folders = g->folders,
        .people = g->people,
        .auth = g->auth,
        .events = g->events,
        .clock = &sp_clock_system,
        .log = &house->log,
        .wake_sender_fd = house->wake_sender_fd,
    };
    list_routes(g);
    for (size_t i = 0; i < house->listeners.count; i++)
        listeners[i] = (struct sp_http_listener){ house->listeners.fd[i], i == 0 };
    const struct sp_http_options options = {
        .listeners = listeners,
        .n_listeners = house->listeners.count,
        .tls_certificate = http->tls_certificate,
        .tls_key = g->tls_key,
        .router = { .tables = g->tables,
                    .api = &g->api,
                    .identify = sp_auth_identify,
                    .auth = g->auth,
                    .refused = sp_api_refused },
        .state_dir = house->settings->gateway.state_dir,
        .max_upload = house->settings->gateway.max_document + MULTIPART_ROOM,
        .clock = &sp_clock_system,
        .log = &house->log,
    };
    return sp_http_start(&options, &g->server, err);
}

static enum sp_rc
gateway_open(struct gateway *g, struct sp_err *err)
{
    const struct sp_house *house = g->house;
    enum sp_rc rc = sp_privileges_drop(&house->identity, house->identity.gateway_uid, house->identity.gateway_gid,
                                       SP_KEEP_LEASE, house->supervisor, err);
    if (rc == SP_OK && house->settings->http.tls_key[0] != '\0')
        rc = sp_secret_from_file(house->settings->http.tls_key, &g->tls_key, err);
    if (rc == SP_OK)
        rc = sp_child_lock(house, "gateway.lock", g->stop_fd, &g->lock_fd, err);
    if (rc == SP_OK)
        rc = open_stores(g, err);
    if (rc == SP_OK)
        rc = recover(g, err);
    if (rc == SP_OK)
        rc = open_doors(g, err);
    return rc == SP_OK ? start_server(g, err) : rc;
}

/* What is done when woken, and when its time has come (monotonic ms). */
struct chores {
    struct sp_housekeeping keeper;
    struct sp_parts *parts;
    const struct sp_api *dav;
    const struct gateway *gateway;
    struct sp_notices *notices;
    int64_t sweep_at, news_at;
    int64_t looked; /* for news: many wake-ups in a row are worth one look */
    int64_t index_at, index_latest;
};

/* The index of words is kept when nothing else is to do. */
static void
do_index(struct chores *chores, int64_t now, bool woken)
{
    if (woken) {
        if (chores->index_latest == INT64_MAX)
            chores->index_latest = now + INDEX_LATEST_MS;
        chores->index_at = now + INDEX_QUIET_MS < chores->index_latest ? now + INDEX_QUIET_MS : chores->index_latest;
    }
    if (now < chores->index_at)
        return;
    bool more = sp_housekeeping_index(&chores->keeper);
    chores->index_at = more ? now + INDEX_PAUSE_MS : INT64_MAX;
    if (!more)
        chores->index_latest = INT64_MAX;
}

static void
do_chores(struct chores *chores, bool woken)
{
    const bool at_once =
        chores->keeper.settings->retention.documents_ms == 0; /* they go as soon as they are accepted */
    int64_t now = sp_mono_ms(&sp_clock_system);
    sp_housekeeping_notes(&chores->keeper);
    do_index(chores, now, woken || now >= chores->sweep_at); /* the hour is for what came without a word */
    if (at_once || now >= chores->sweep_at) {
        chores->sweep_at = now + sp_housekeeping_sweep(&chores->keeper);
        sp_parts_sweep(chores->parts);
        sp_dav_sweep(chores->dav);
        if (!at_once)
            save_refusals(chores->gateway);
    }
    if (woken && chores->news_at > chores->looked + NEWS_PAUSE_MS)
        chores->news_at = chores->looked + NEWS_PAUSE_MS;
    if (now < chores->news_at)
        return;
    chores->looked = now;
    chores->news_at = now + sp_notices_look(chores->notices);
}

/* Returns the signal that ended it, SIGTERM when the supervisor is gone. */
static int
work(struct gateway *g, struct chores *chores)
{
    const struct sp_house *house = g->house;
    bool woken = false;
    for (;;) {
        do_chores(chores, woken);
        int64_t next = chores->sweep_at < chores->news_at ? chores->sweep_at : chores->news_at;
        next = next < chores->index_at ? next : chores->index_at;
        struct pollfd fds[] = {
            { .fd = house->wake_gateway_fd, .events = POLLIN },
            { .fd = g->stop_fd, .events = POLLIN },
            { .fd = house->life_fd[0], .events = POLLIN },
            { .fd = house->ask_gateway_fd, .events = POLLIN },
        };
        int n = poll(fds, SP_LEN(fds), sp_ms_left(&sp_clock_system, next));
        if ((n < 0 && errno != EINTR) || (n > 0 && fds[2].revents != 0))
            return SIGTERM;
        if (n > 0 && fds[1].revents != 0)
            return sp_child_signal_read(g->stop_fd);
        if (n > 0 && fds[3].revents != 0) {
            sp_wake_drain(house->ask_gateway_fd);
            sp_child_alive(house);
        }
        woken = n > 0 && fds[0].revents != 0;
        if (woken)
            sp_wake_drain(house->wake_gateway_fd);
    }
}

/* Until told to end. */
static int
keep_house(struct gateway *g)
{
    const struct sp_house *house = g->house;
    struct chores chores = { .parts = g->parts,
                             .dav = &g->api,
                             .gateway = g,
                             .index_at = INT64_MAX,
                             .index_latest = INT64_MAX,
                             .keeper = {
                                 .settings = house->settings,
                                 .batch = g->batch,
                                 .db = g->db,
                                 .spool = g->spool,
                                 .folders = g->folders,
                                 .clock = &sp_clock_system,
                                 .log = &house->log,
                             } };
    const struct sp_notices_options notices = {
        .settings = house->settings,
        .batch = g->batch,
        .db = g->db,
        .spool = g->spool,
        .clock = &sp_clock_system,
        .log = &house->log,
        .wake_fd = house->wake_sender_fd,
    };
    struct sp_err err = { 0 };
    if (sp_notices_new(&notices, &chores.notices, &err) != SP_OK) {
        sp_error(&house->log, "%s", err.text);
        return SIGTERM;
    }
    sp_first_user_invite(&g->api, g->db, house->renewed);
    int ended_by = work(g, &chores);
    sp_notices_free(&chores.notices);
    return ended_by;
}

/* The folders go first, and with them the lock: a successor may work while we finish uploads, and reads what we knew of
 * refusals. */
static void
gateway_close(struct gateway *g, int64_t uploads_ms)
{
    sp_folders_halt(g->folders);
    save_refusals(g);
    sp_events_halt(g->events);
    if (g->lock_fd >= 0)
        close(g->lock_fd);
    sp_http_stop(&g->server, uploads_ms);
    sp_events_close(&g->events);
    sp_folders_stop(&g->folders);
    sp_auth_free(&g->auth);
    sp_parts_close(&g->parts);
    sp_intake_free(&g->intake);
    sp_refusals_free(&g->refusals);
    sp_people_free(&g->people);
    sp_spool_close(&g->spool);
    sp_batch_close(&g->batch);
    sp_db_close(&g->db);
    sp_secret_free(&g->tls_key);
}

/* glibc gives every thread a heap of its own that keeps what its largest answer once took. A few workers that wait for
 * the disk most of the time do well with two for all. */
static void
share_heaps(void)
{
    (void)mallopt(M_ARENA_MAX, 2);
}

int
sp_child_gateway(struct sp_house *house)
{
    struct gateway g = { .house = house, .stop_fd = sp_child_signals(), .lock_fd = -1 };
    struct sp_err err = { 0 };
    int ended_by = SIGTERM;
    share_heaps();
    close(house->opener_fd[1]);
    enum sp_rc rc = gateway_open(&g, &err);
    if (rc == SP_OK) {
        sp_info(&house->log, "ready, %zu folder(s), %zu listener(s)", sp_folders_count(g.folders),
                house->listeners.count);
        sp_child_alive(house);
        ended_by = keep_house(&g);
    } else if (rc != SP_E_CLOSED) {
        sp_error(&house->log, "cannot start: %s", err.text);
    }
    gateway_close(&g, ended_by == SIGUSR1 ? UPLOADS_AT_CHANGE_MS : UPLOADS_AT_END_MS);
    close(g.stop_fd);
    return rc == SP_OK || rc == SP_E_CLOSED ? 0 : 1;
}
