/* folders.c - start and stop, the workers, and what passes between them and the watcher.
 *
 *   watcher --todo--> worker --done--> watcher          (each under the lock; an eventfd wakes the watcher)
 *
 * At most SP_HANDED_MAX files are on the way at once, so their fsyncs overlap and their jobs share commits. */
#include "gateway/folders.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/settings.h"
#include "gateway/folder.h"

const struct sp_folder_times sp_folder_times_usual = {
    .rescan_ms = 60000,
    .look_again_ms = 30000,
    .poll_min_ms = 1000,
    .patience_ms = 60000,
    .backoff_max_ms = 60000,
    .probe_ms = 2000,
    .sweep_ms = 86400000, /* a day */
};

/* ---- between the threads ---- */

static void
wake_watcher(const struct sp_folders *house)
{
    const uint64_t one = 1;
    (void)!write(house->wake, &one, sizeof(one)); /* fails only when it is full, so the watcher is awake */
}

void
sp_folders_hand(struct sp_folders *house, struct sp_take *take)
{
    pthread_mutex_lock(&house->lock);
    take->next = NULL;
    *house->todo_end = take;
    house->todo_end = &take->next;
    pthread_cond_signal(&house->work);
    pthread_mutex_unlock(&house->lock);
}

/* What the workers are done with. When stopping, also what no worker began, as GONE: its file stays where it is. */
struct sp_take *
sp_folders_collect(struct sp_folders *house, bool *ret_stopping)
{
    pthread_mutex_lock(&house->lock);
    while (house->stopping && house->todo != NULL) {
        struct sp_take *take = house->todo;
        house->todo = take->next;
        take->verdict = SP_TAKE_GONE;
        take->next = house->done;
        house->done = take;
    }
    if (house->todo == NULL)
        house->todo_end = &house->todo;
    struct sp_take *done = SP_STEAL(house->done);
    *ret_stopping = house->stopping;
    pthread_mutex_unlock(&house->lock);
    return done;
}

/* Waits for the next file; NULL when there will be none. */
static struct sp_take *
next_work(struct sp_folders *house)
{
    pthread_mutex_lock(&house->lock);
    while (house->todo == NULL && !house->stopping)
        pthread_cond_wait(&house->work, &house->lock);
    struct sp_take *take = house->stopping ? NULL : house->todo;
    if (take != NULL) {
        house->todo = take->next;
        if (house->todo == NULL)
            house->todo_end = &house->todo;
    }
    pthread_mutex_unlock(&house->lock);
    return take;
}

static void *
work(void *folders)
{
    struct sp_folders *house = folders;
    struct sp_take *take;
    while ((take = next_work(house)) != NULL) {
        sp_folder_take(&house->taker, take);
        pthread_mutex_lock(&house->lock);
        take->next = house->done;
        house->done = take;
        pthread_mutex_unlock(&house->lock);
        wake_watcher(house);
    }
    return NULL;
}

/* ---- start ---- */

static enum sp_rc
make_folders(struct sp_folders *house, struct sp_err *err)
{
    size_t n = house->settings->n_folders;
    house->folders = calloc(n > 0 ? n : 1, sizeof(*house->folders));
    if (house->folders == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    house->n_folders = n;
    for (size_t i = 0; i < n; i++) {
        struct sp_folder *folder = &house->folders[i];
        folder->set = &house->settings->folders[i];
        folder->wd = -1;
        folder->shown =
            (struct sp_folder_status){ .name = folder->set->name, .path = folder->set->path, .watch = "poll" };
        folder->pending = sp_pending_new(SP_PENDING_MAX);
        if (folder->pending == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    return SP_OK;
}

static enum sp_rc
make_ears(struct sp_folders *house, struct sp_err *err)
{
    house->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (house->wake < 0)
        return sp_fail_errno(err, "folders: eventfd");
    house->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (house->inotify < 0)
        sp_warn(house->taker.log, "folders: inotify is not to be had, looking at intervals instead");
    return SP_OK;
}

static void
free_house(struct sp_folders *house)
{
    for (size_t i = 0; i < house->n_folders; i++) {
        sp_folder_drop_subs(house, &house->folders[i]);
        sp_pending_free(&house->folders[i].pending);
        sp_folder_dirs_drop(&house->folders[i].dirs);
    }
    if (house->inotify >= 0)
        close(house->inotify);
    if (house->wake >= 0)
        close(house->wake);
    pthread_cond_destroy(&house->work);
    pthread_mutex_destroy(&house->lock);
    free(house->folders);
    free(house);
}

static void
end_threads(struct sp_folders *house, int workers, bool watcher)
{
    pthread_mutex_lock(&house->lock);
    house->stopping = true;
    pthread_cond_broadcast(&house->work);
    pthread_mutex_unlock(&house->lock);
    wake_watcher(house);
    for (int i = 0; i < workers; i++)
        pthread_join(house->workers[i], NULL);
    wake_watcher(house);
    if (watcher)
        pthread_join(house->watcher, NULL);
}

/* Signals are for the main thread; these threads take none. */
static enum sp_rc
start_threads(struct sp_folders *house, struct sp_err *err)
{
    sigset_t all, before;
    int workers = 0, failed = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers < SP_WORKERS && failed == 0) {
        failed = pthread_create(&house->workers[workers], NULL, work, house);
        workers += failed == 0;
    }
    if (failed == 0)
        failed = pthread_create(&house->watcher, NULL, sp_folder_watch, house);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return SP_OK;
    end_threads(house, workers, false);
    errno = failed;
    return sp_fail_errno(err, "folders: cannot start a thread");
}

enum sp_rc
sp_folders_start_timed(const struct sp_settings *settings, struct sp_intake *intake, const struct sp_clock *clock,
                       const struct sp_log *log, const struct sp_folder_times *times,
                       const struct sp_folder_opener *opener, struct sp_folders **ret, struct sp_err *err)
{
    struct sp_folders *house = calloc(1, sizeof(*house));
    if (house == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    house->settings = settings;
    house->taker =
        (struct sp_taker){ .intake = intake, .settings = settings, .times = times, .log = log, .opener = opener };
    house->clock = clock;
    house->inotify = house->wake = -1;
    house->todo_end = &house->todo;
    pthread_mutex_init(&house->lock, NULL);
    pthread_cond_init(&house->work, NULL);
    enum sp_rc rc = make_folders(house, err);
    if (rc == SP_OK)
        rc = make_ears(house, err);
    if (rc == SP_OK)
        rc = start_threads(house, err);
    if (rc != SP_OK) {
        free_house(house);
        return rc;
    }
    *ret = house;
    return SP_OK;
}

enum sp_rc
sp_folders_start(const struct sp_settings *settings, struct sp_intake *intake, const struct sp_clock *clock,
                 const struct sp_log *log, const struct sp_folder_opener *opener, struct sp_folders **ret,
                 struct sp_err *err)
{
    return sp_folders_start_timed(settings, intake, clock, log, &sp_folder_times_usual, opener, ret, err);
}

void
sp_folders_halt(struct sp_folders *folders)
{
    if (folders == NULL || folders->halted)
        return;
    end_threads(folders, SP_WORKERS, true);
    folders->halted = true;
}

void
sp_folders_stop(struct sp_folders **folders)
{
    if (*folders == NULL)
        return;
    sp_folders_halt(*folders);
    free_house(*folders);
    *folders = NULL;
}
