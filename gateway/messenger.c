/* messenger.c - see messenger.h. The webhook is an HTTPS POST with the JSON as its body; the command runs by /bin/sh
 * with the JSON on its standard input, in a process group of its own that is killed when its time is over. */
#include "gateway/messenger.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

enum { DEADLINE_MS = 30000, PATIENCE_MS = 1000, LOOK_MS = 50 };

struct sp_messenger {
    const char *url, *command, *proxy;
    const struct sp_log *log;
    pthread_t thread;
    bool started; /* there is a thread to be joined */
    pthread_mutex_t lock;
    bool busy; /* under the lock */
    char *json;
};

enum sp_rc
sp_messenger_new(const char *url, const char *command, const char *proxy, const struct sp_log *log,
                 struct sp_messenger **ret, struct sp_err *err)
{
    struct sp_messenger *m = calloc(1, sizeof *m);
    if (m == NULL)
        return sp_fail(err, SP_E_NOMEM, "notices: out of memory");
    m->url = url;
    m->command = command;
    m->proxy = proxy;
    m->log = log;
    pthread_mutex_init(&m->lock, NULL);
    *ret = m;
    return SP_OK;
}

/* --- webhook --- */

static size_t
throw_away(const char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes;
    (void)context;
    return size * n;
}

static void
set_up(CURL *curl, const struct sp_messenger *m, const struct curl_slist *headers)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, m->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, m->json);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)DEADLINE_MS);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (m->proxy[0] != '\0')
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, m->proxy);
}

static void
post(const struct sp_messenger *m)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;
    if (curl == NULL || headers == NULL) {
        sp_warn(m->log, "notices: the webhook was not told: out of memory");
    } else {
        set_up(curl, m, headers);
        CURLcode rc = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (rc != CURLE_OK) /* the address itself may hold a key: it is not logged */
            sp_warn(m->log, "notices: the webhook was not told: %s", curl_easy_strerror(rc));
        else if (status >= 300)
            sp_warn(m->log, "notices: the webhook answered %ld", status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

/* --- command --- */

static int
spawn(const char *command, int input, pid_t *ret_pid)
{
    static char shell[] = "/bin/sh", option[] = "-c", path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char *copy = strdup(command); /* spawn wants it writable and does not write */
    char *const argv[] = { shell, option, copy, NULL }, *const environment[] = { path, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    if (copy == NULL)
        return ENOMEM;
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    int trouble = posix_spawn(ret_pid, shell, &files, &attributes, argv, environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    free(copy);
    return trouble;
}

/* -1: it had to be killed. */
static int
wait_for(pid_t pid)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + DEADLINE_MS;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (sp_ms_left(&sp_clock_system, deadline) == 0) {
            (void)kill(-pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return -1;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
run(const struct sp_messenger *m)
{
    SP_AUTO_CLOSE int input = memfd_create("notice", MFD_CLOEXEC); /* a pipe could fill up and block us */
    struct sp_err err = { 0 };
    pid_t pid = 0;
    if (input < 0 || sp_io_write_all(input, m->json, strlen(m->json), &err) != SP_OK ||
        lseek(input, 0, SEEK_SET) != 0) {
        sp_warn(m->log, "notices: the command was not run: no memory for its input");
        return;
    }
    int trouble = spawn(m->command, input, &pid);
    int status = trouble == 0 ? wait_for(pid) : 0;
    if (trouble != 0)
        sp_warn(m->log, "notices: the command was not run: %s", strerror(trouble));
    else if (status < 0)
        sp_warn(m->log, "notices: the command did not end within %d s and was killed", DEADLINE_MS / 1000);
    else if (status != 0)
        sp_warn(m->log, "notices: the command ended with status %d", status);
}

/* --- the thread --- */

static void *
carry(void *context)
{
    struct sp_messenger *m = context;
    if (m->url[0] != '\0')
        post(m);
    if (m->command[0] != '\0')
        run(m);
    free(m->json);
    pthread_mutex_lock(&m->lock);
    m->busy = false;
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static bool
is_busy(struct sp_messenger *m)
{
    pthread_mutex_lock(&m->lock);
    bool busy = m->busy;
    pthread_mutex_unlock(&m->lock);
    return busy;
}

bool
sp_messenger_send(struct sp_messenger *m, char *json)
{
    if (is_busy(m))
        return false;
    if (m->started)
        pthread_join(m->thread, NULL);
    m->json = json;
    m->busy = true;
    m->started = pthread_create(&m->thread, NULL, carry, m) == 0;
    if (!m->started)
        m->busy = false;
    return m->started;
}

void
sp_messenger_free(struct sp_messenger **messenger)
{
    struct sp_messenger *m = *messenger;
    *messenger = NULL;
    if (m == NULL)
        return;
    for (int waited = 0; is_busy(m) && waited < PATIENCE_MS; waited += LOOK_MS)
        (void)poll(NULL, 0, LOOK_MS);
    if (is_busy(m)) { /* the process is about to end, and takes it along */
        (void)pthread_detach(m->thread);
        return;
    }
    if (m->started)
        pthread_join(m->thread, NULL);
    pthread_mutex_destroy(&m->lock);
    free(m);
}
