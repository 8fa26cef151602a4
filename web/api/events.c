/* events.c - the thread that tells listeners, and the route.
 *
 *   asleep        nobody listens: waits for a condition, and the pipe runs full
 *   listening     poll(pipe, poke), until the next sign of life
 *   gathering     something changed less than FOLD_MS after the last telling: the pipe is left alone until then
 *
 * What a listener hears are hints to look again, so one that missed some (full pipe, full buffer, a folded burst) is
 * told that much changed, or dropped: it comes back and looks at everything. */
#include "web/api/events.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "db/changes.h"
#include "db/db.h"
#include "web/api/input.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"
#include "web/auth/sessions.h"
#include "web/http/stream.h"

enum { PENDING_MAX = 256, READ_MAX = 256, BUSY_MS = 2000 };

struct listener {
    struct sp_stream *stream; /* a reference */
    uint64_t session;         /* 0: came through the Unix socket */
    uint64_t number;          /* grows: who is older */
    char who[SP_NAME_SIZE];
};

struct sp_events {
    struct sp_events_options with;
    pthread_t thread;
    bool halted;          /* its owner's */
    int poke_fd;          /* eventfd: listeners or sessions changed, or it is time to end */
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool closing;
    uint64_t numbers;
    size_t count;
    struct listener listeners[SP_LISTENERS_MAX_ALL];
};

/* What the thread works with; nobody else sees it. */
struct round {
    struct sp_events *events;
    struct sp_db *db;
    struct sp_change pending[PENDING_MAX];
    size_t n_pending;
    bool many; /* too much to name */
    int64_t told_at, alive_at;
};

/* ---- listeners ---- */

/* Under the lock. */
static void
let_go(struct sp_events *events, size_t index)
{
    sp_stream_end(events->listeners[index].stream);
    sp_stream_drop(&events->listeners[index].stream);
    events->listeners[index] = events->listeners[--events->count];
}

static size_t
count_of(const struct sp_events *events, const char *who)
{
    size_t count = 0;
    for (size_t i = 0; i < events->count; i++)
        count += strcmp(events->listeners[i].who, who) == 0;
    return count;
}

/* All places are taken: the oldest of whoever has the most goes, so that nobody can keep the others from listening by
 * signing in again and again. Each who has the most has one: then nobody goes. */
static void
make_room_among_people(struct sp_events *events)
{
    size_t most = 1, chosen = SIZE_MAX;
    for (size_t i = 0; i < events->count; i++) {
        size_t count = count_of(events, events->listeners[i].who);
        if (count < most || count == 1)
            continue;
        if (count > most || events->listeners[i].number < events->listeners[chosen].number)
            chosen = i;
        most = count;
    }
    if (chosen != SIZE_MAX)
        let_go(events, chosen);
}

static void
make_room(struct sp_events *events, uint64_t session)
{
    size_t oldest = SIZE_MAX, same = 0;
    for (size_t i = events->count; i-- > 0;)
        if (sp_stream_ended(events->listeners[i].stream))
            let_go(events, i);
    for (size_t i = 0; i < events->count; i++) {
        if (events->listeners[i].session != session)
            continue;
        same++;
        if (oldest == SIZE_MAX || events->listeners[i].number < events->listeners[oldest].number)
            oldest = i;
    }
    if (same >= SP_LISTENERS_MAX_EACH)
        let_go(events, oldest);
    if (events->count == SP_LISTENERS_MAX_ALL)
        make_room_among_people(events);
}

static void
add(struct sp_events *events, struct sp_stream *stream, const struct sp_caller *caller)
{
    struct listener *listener = &events->listeners[events->count++];
    *listener = (struct listener){ sp_stream_share(stream), caller->session, ++events->numbers, "" };
    (void)sp_text_copy(listener->who, sizeof(listener->who), caller->name);
}

enum sp_rc
sp_events_listen(struct sp_events *events, const struct sp_request *req, struct sp_stream **ret, struct sp_err *err)
{
    static const char hello[] = "retry: 3000\n: scanpost\n\n";
    struct sp_stream *stream = sp_stream_new();
    enum sp_rc rc = SP_OK;
    if (stream == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    (void)sp_stream_add(stream, hello, sizeof(hello) - 1);
    pthread_mutex_lock(&events->lock);
    make_room(events, req->caller.session);
    if (events->closing || events->count == SP_LISTENERS_MAX_ALL)
        rc = sp_fail(err, SP_E_BUSY, "too many listen already; try again in a moment");
    else
        add(events, stream, &req->caller);
    pthread_cond_signal(&events->changed);
    pthread_mutex_unlock(&events->lock);
    if (rc == SP_OK)
        *ret = stream;
    else
        sp_stream_drop(&stream);
    return rc;
}

size_t
sp_events_listeners(struct sp_events *events)
{
    pthread_mutex_lock(&events->lock);
    size_t count = events->count;
    pthread_mutex_unlock(&events->lock);
    return count;
}

void
sp_events_sessions_ended(struct sp_events *events)
{
    if (events != NULL)
        sp_wake(events->poke_fd);
}

static void
end_dead_sessions(struct sp_events *events)
{
    pthread_mutex_lock(&events->lock);
    for (size_t i = events->count; i-- > 0;) {
        uint64_t session = events->listeners[i].session;
        bool lives = session == 0 || events->with.auth == NULL || sp_auth_session_lives(events->with.auth, session);
        if (!lives || sp_stream_ended(events->listeners[i].stream))
            let_go(events, i);
    }
    pthread_mutex_unlock(&events->lock);
}

static void
tell_all(struct sp_events *events, const char *text, size_t size)
{
    pthread_mutex_lock(&events->lock);
    for (size_t i = events->count; i-- > 0;)
        if (!sp_stream_add(events->listeners[i].stream, text, size))
            let_go(events, i);
    pthread_mutex_unlock(&events->lock);
}

/* ---- what changed ---- */

/* A step of a check says the same as its run: that one looks again. */
static void
note(struct round *round, const struct sp_change *change)
{
    if (change->what < SP_CHANGED_JOB || change->what > SP_CHANGED_SOURCE || round->n_pending == PENDING_MAX) {
        round->many = true;
        return;
    }
    for (size_t i = 0; i < round->n_pending; i++)
        if (round->pending[i].what == change->what && round->pending[i].row == change->row)
            return;
    round->pending[round->n_pending++] = *change;
}

/* A pipe that was full may have lost some. */
static void
read_changes(struct round *round)
{
    struct sp_change changes[READ_MAX];
    size_t total = 0, count = 0;
    while ((count = sp_changes_read(round->events->with.changes_fd, changes, READ_MAX)) > 0) {
        for (size_t i = 0; i < count; i++)
            note(round, &changes[i]);
        total += count;
        if (total >= SP_CHANGES_ROOM) {
            round->many = true;
            return;
        }
    }
}

static void
add_event(struct sp_str *out, const char *name, json_t *data)
{
    SP_AUTO_FREE char *text = json_dumps(data, JSON_COMPACT);
    json_decref(data);
    if (text != NULL)
        sp_str_addf(out, "event: %s\ndata: %s\n\n", name, text);
}

static void
add_change(struct round *round, const struct sp_change *change, struct sp_arena *arena, struct sp_str *out)
{
    struct sp_changed_row row;
    if (round->db == NULL || sp_changed_find(round->db, change, arena, &row, NULL) != SP_OK)
        return;
    switch ((enum sp_changed)change->what) {
    case SP_CHANGED_JOB:
        add_event(out, "job", json_pack("{s:s, s:s}", "id", row.id, "state", row.state));
        break;
    case SP_CHANGED_METHOD:
        add_event(out, "method", json_pack("{s:s, s:s}", "name", row.name, "state", row.state));
        break;
    case SP_CHANGED_CHECK:
    case SP_CHANGED_CHECK_STEP:
        add_event(out, "check", json_pack("{s:s, s:s, s:s}", "id", row.id, "method", row.name, "state", row.state));
        break;
    case SP_CHANGED_MANY:
    case SP_CHANGED_SOURCE:
        break;
    }
}

static size_t
count_pending(const struct round *round, enum sp_changed what)
{
    size_t count = 0;
    for (size_t i = 0; i < round->n_pending; i++)
        count += round->pending[i].what == what;
    return count;
}

static void
compose(struct round *round, struct sp_str *out)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    bool name_jobs = !round->many && round->db != NULL && count_pending(round, SP_CHANGED_JOB) <= SP_EVENTS_NAMED_MAX;
    if (arena == NULL)
        return;
    for (size_t i = 0; i < round->n_pending; i++)
        if (name_jobs || round->pending[i].what != SP_CHANGED_JOB)
            add_change(round, &round->pending[i], arena, out);
    if (!name_jobs)
        add_event(out, "job", json_object());
    if (round->many) { /* what else there was is not known */
        add_event(out, "method", json_object());
        add_event(out, "check", json_object());
    }
    if (round->many || count_pending(round, SP_CHANGED_SOURCE) > 0)
        add_event(out, "source", json_object());
}

static void
tell_changes(struct round *round)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    compose(round, &out);
    if (out.len > 0 && !out.failed)
        tell_all(round->events, out.text, out.len);
    round->n_pending = 0;
    round->many = false;
    round->told_at = sp_mono_ms(round->events->with.clock);
}

/* ---- the thread ---- */

static void
open_db(struct round *round)
{
    const struct sp_events_options *with = &round->events->with;
    struct sp_err err = { 0 };
    if (round->db == NULL && sp_db_open(with->state_dir, BUSY_MS, &round->db, &err) != SP_OK)
        sp_warn(with->log, "events: %s", err.text);
}

/* What was written while nobody listened is no news. */
static void
begin_listening(struct round *round)
{
    read_changes(round);
    round->n_pending = 0;
    round->many = false;
    round->told_at = 0;
    round->alive_at = sp_mono_ms(round->events->with.clock) + SP_EVENTS_ALIVE_MS;
    open_db(round);
}

static void
show_life(struct round *round)
{
    static const char comment[] = ":\n\n";
    end_dead_sessions(round->events);
    tell_all(round->events, comment, sizeof(comment) - 1);
    open_db(round);
    round->alive_at = sp_mono_ms(round->events->with.clock) + SP_EVENTS_ALIVE_MS;
}

static void
listen_once(struct round *round)
{
    struct sp_events *events = round->events;
    const struct sp_clock *clock = events->with.clock;
    bool gathering = round->n_pending > 0 || round->many;
    int64_t next = gathering ? round->told_at + SP_EVENTS_FOLD_MS : round->alive_at;
    struct pollfd fds[] = {
        { .fd = events->poke_fd, .events = POLLIN },
        { .fd = gathering ? -1 : events->with.changes_fd, .events = POLLIN },
    };
    int n = poll(fds, SP_LEN(fds), sp_ms_left(clock, next));
    if (n > 0 && fds[0].revents != 0) {
        sp_wake_drain(events->poke_fd);
        end_dead_sessions(events);
    }
    read_changes(round);
    int64_t now = sp_mono_ms(clock);
    if ((round->n_pending > 0 || round->many) && now >= round->told_at + SP_EVENTS_FOLD_MS)
        tell_changes(round);
    if (now >= round->alive_at)
        show_life(round);
}

/* false: it is time to end. */
static bool
wait_for_listeners(struct sp_events *events, bool *ret_slept)
{
    pthread_mutex_lock(&events->lock);
    *ret_slept = events->count == 0;
    while (events->count == 0 && !events->closing)
        pthread_cond_wait(&events->changed, &events->lock);
    bool goes_on = !events->closing;
    pthread_mutex_unlock(&events->lock);
    return goes_on;
}

static void *
run(void *context)
{
    struct round round = { .events = context };
    bool slept = true, first = true;
    while (wait_for_listeners(round.events, &slept)) {
        if (slept || first)
            begin_listening(&round);
        first = false;
        listen_once(&round);
    }
    sp_db_close(&round.db);
    return NULL;
}

/* ---- beginning and end ---- */

enum sp_rc
sp_events_open(const struct sp_events_options *options, struct sp_events **ret, struct sp_err *err)
{
    struct sp_events *events = calloc(1, sizeof(*events));
    if (events == NULL)
        return sp_fail(err, SP_E_NOMEM, "events: out of memory");
    events->with = *options;
    events->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum sp_rc rc = events->poke_fd < 0 ? sp_fail_errno(err, "events: cannot make an eventfd") : SP_OK;
    pthread_mutex_init(&events->lock, NULL);
    pthread_cond_init(&events->changed, NULL);
    if (rc == SP_OK && pthread_create(&events->thread, NULL, run, events) != 0)
        rc = sp_fail(err, SP_E_NOMEM, "events: cannot start a thread");
    if (rc != SP_OK) {
        if (events->poke_fd >= 0)
            close(events->poke_fd);
        free(events);
        return rc;
    }
    *ret = events;
    return SP_OK;
}

void
sp_events_halt(struct sp_events *events)
{
    if (events == NULL || events->halted)
        return;
    pthread_mutex_lock(&events->lock);
    events->closing = true;
    pthread_cond_signal(&events->changed);
    pthread_mutex_unlock(&events->lock);
    sp_wake(events->poke_fd);
    pthread_join(events->thread, NULL);
    pthread_mutex_lock(&events->lock);
    while (events->count > 0)
        let_go(events, events->count - 1);
    pthread_mutex_unlock(&events->lock);
    events->halted = true;
}

void
sp_events_close(struct sp_events **events)
{
    struct sp_events *e = *events;
    if (e == NULL)
        return;
    sp_events_halt(e);
    close(e->poke_fd);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
    *events = NULL;
}

/* ---- the route ---- */

static void
events_listen(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_stream *stream = NULL;
    enum sp_rc rc = api->events == NULL ? sp_fail(&err, SP_E_BUSY, "nothing is told live here")
                                        : sp_events_listen(api->events, req, &stream, &err);
    if (rc == SP_OK)
        sp_respond_stream_steal(res, "text/event-stream", stream);
    else
        sp_api_fail(api, req, res, &err);
}

const struct sp_route sp_routes_events[] = {
    { "GET", "/api/v1/events", SP_MAY_READ, events_listen, NULL },
    { 0 },
};
