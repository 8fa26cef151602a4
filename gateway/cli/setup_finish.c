/* setup_finish.c - the proof: the daemon runs with the new configuration, the first admin may sign in, the share is
 * there, a check goes well, and a scan that is dropped into the folder arrives. */
#include "gateway/cli/setup_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/text.h"
#include "gateway/cli/print.h"
#include "gateway/cli/setup_proof.h"
#include "gateway/cli/show.h"
#include "gateway/client/client.h"
#include "gateway/doctor/sight.h"

enum { POLL_MS = 200, START_MS = 40 * 1000, SCAN_MS = 4 * 60 * 1000, PATH_SIZE = 4096, LOG_MAX = 1024 * 1024 };

static void
pause_ms(int ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

/* --- other programs --- */

/* Runs argv to its end, with `input` on its standard input; its exit status, or -1. */
static int
run(const char *const *argv, const struct sp_secret *input)
{
    int in[2] = { -1, -1 }, status = 0;
    (void)fflush(stdout);
    if (input != NULL && pipe2(in, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (input != NULL)
            (void)dup2(in[0], STDIN_FILENO);
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (input != NULL) {
        close(in[0]);
        /* A password is far shorter than what a pipe holds. */
        if (pid > 0)
            (void)sp_io_write_all(in[1], sp_secret_bytes(input), sp_secret_size(input), NULL);
        close(in[1]);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "PREFIX/sbin/scanpostd" for "PREFIX/bin/scanpost" */
static const char *
beside_us(const struct sp_setup *s, const char *name)
{
    char self[PATH_SIZE];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len < 0 ? 0 : len] = '\0';
    for (int i = 0; i < 2 && strrchr(self, '/') != NULL; i++)
        *strrchr(self, '/') = '\0';
    return sp_arena_format(s->arena, "%s/%s", self, name);
}

static const char *
ourselves(const struct sp_setup *s)
{
    return beside_us(s, "bin/scanpost");
}

/* --- the daemon --- */

/* The supervisor's pid: the kernel tells who made the socket listen. 0: nobody does. */
static pid_t
find_supervisor(const char *run_dir)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct ucred who = { 0 };
    socklen_t size = sizeof who;
    char comm[32] = "";
    SP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !sp_text_format(name.sun_path, sizeof name.sun_path, "%s/scanpost.sock", run_dir) ||
        connect(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return 0;
    SP_AUTO(sp_str_free) struct sp_str read = { 0 };
    (void)sp_text_format(comm, sizeof comm, "/proc/%d/comm", (int)who.pid);
    if (sp_io_read_file(AT_FDCWD, comm, 64, &read, NULL) != SP_OK || !sp_text_starts(sp_str_text(&read), "scanpostd"))
        return 0;
    return who.pid;
}

/* The sender is replaced whenever the configuration is read again, and never waits for uploads: a new one means that
 * ours is in force. 0: there is none. */
static pid_t
find_sender(pid_t supervisor)
{
    char path[64];
    SP_AUTO(sp_str_free) struct sp_str children = { 0 };
    char *rest = NULL;
    (void)sp_text_format(path, sizeof path, "/proc/%d/task/%d/children", (int)supervisor, (int)supervisor);
    if (supervisor == 0 || sp_io_read_file(AT_FDCWD, path, PATH_SIZE, &children, NULL) != SP_OK || children.len == 0)
        return 0;
    for (char *pid = strtok_r(children.text, " ", &rest); pid != NULL; pid = strtok_r(NULL, " ", &rest)) {
        SP_AUTO(sp_str_free) struct sp_str comm = { 0 };
        int64_t number = 0;
        (void)sp_text_format(path, sizeof path, "/proc/%.20s/comm", pid);
        if (sp_io_read_file(AT_FDCWD, path, 64, &comm, NULL) == SP_OK && strcmp(sp_str_text(&comm), "sender\n") == 0 &&
            sp_parse_int(pid, 1, INT32_MAX, &number))
            return (pid_t)number;
    }
    return 0;
}

/* Before the service starts, so that it does with the folder in sight. */
static int
show_folder(const struct sp_setup *s)
{
    const char *const argv[] = {
        ourselves(s), "-c", s->file, "share", s->answers.folder, "--service", "--install", NULL
    };
    return run(argv, NULL) == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

/* It stays our child as long as we run, so that we see when it ends at once. */
static enum sp_rc
start_in_background(struct sp_setup *s, struct sp_err *err)
{
    const char *daemon = beside_us(s, "sbin/scanpostd");
    s->log = strcmp(s->file, SP_DEFAULT_FILE) == 0 ? "/var/log/scanpostd.log"
                                                   : sp_arena_format(s->arena, "%s/scanpostd.log", s->dir);
    SP_AUTO_CLOSE int out = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    SP_AUTO_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (out < 0 || nothing < 0)
        return sp_fail_errno(err, "cannot open '%s'", s->log);
    pid_t pid = fork();
    if (pid == 0) {
        (void)setsid();
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)dup2(out, STDERR_FILENO);
        (void)execl(daemon, daemon, "-c", s->file, (char *)NULL);
        _exit(127);
    }
    if (pid < 0)
        return sp_fail_errno(err, "cannot start %s", daemon);
    s->daemon = pid;
    sp_say(&s->asker, 2, "scanpostd is started in the background (pid %d), until the next reboot; it logs to %s.",
           (int)pid, s->log);
    return SP_OK;
}

static enum sp_rc
start_by_systemd(const struct sp_setup *s, struct sp_err *err)
{
    static const char unit[] = "scanpost.service";
    const char *const enable[] = { "systemctl", "enable", "--quiet", unit, NULL };
    const char *const start[] = { "systemctl", "reload-or-restart", unit, NULL };
    if (run(enable, NULL) != 0 || run(start, NULL) != 0)
        return sp_fail(err, SP_E_IO, "%s does not start; look at: journalctl -u %s", unit, unit);
    sp_say(&s->asker, 2, "%s runs, and will after a reboot.", unit);
    return SP_OK;
}

static enum sp_rc
start_daemon(struct sp_setup *s, const struct sp_settings *settings, struct sp_err *err)
{
    bool usual = strcmp(s->file, SP_DEFAULT_FILE) == 0;
    bool unit = s->root && usual && access("/run/systemd/system", F_OK) == 0 && sp_sight_has_unit();
    pid_t supervisor = find_supervisor(settings->gateway.run_dir);
    if (unit)
        return start_by_systemd(s, err);
    if (supervisor == 0)
        return start_in_background(s, err);
    if (kill(supervisor, SIGHUP) != 0)
        return sp_fail_errno(err, "cannot tell scanpostd (pid %d) to read its configuration again", (int)supervisor);
    sp_say(&s->asker, 2, "scanpostd has been told to read its configuration again.");
    return SP_OK;
}

static bool
knows_folder(struct sp_setup *s, struct sp_err *err)
{
    json_t *answer = NULL;
    const json_t *folder = NULL;
    size_t i = 0;
    bool there = false;
    if (sp_cli_try(s->cli, "GET", "/api/v1/folders", &answer, err) == SP_OK)
        json_array_foreach (json_object_get(answer, "folders"), i, folder)
            there = there || strcmp(sp_member_text(folder, "name"), s->answers.folder) == 0;
    json_decref(answer);
    return there;
}

/* The last thing that it logged says why. */
static enum sp_rc
fail_ended(const struct sp_setup *s, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str log = { 0 };
    if (sp_io_read_file(AT_FDCWD, s->log, LOG_MAX, &log, NULL) != SP_OK || log.len == 0)
        return sp_fail(err, SP_E_IO, "scanpostd ended at once; %s may say why", s->log);
    if (log.text[log.len - 1] == '\n')
        sp_str_cut(&log, log.len - 1);
    const char *line = strrchr(sp_str_text(&log), '\n');
    line = line != NULL ? line + 1 : sp_str_text(&log);
    return sp_fail(err, SP_E_IO, "scanpostd ended at once: %s", line[0] == '<' && line[1] != '\0' ? line + 3 : line);
}

/* It answers, and has read what we wrote. */
static enum sp_rc
wait_for_daemon(struct sp_setup *s, const char *run_dir, pid_t old_sender, struct sp_err *err)
{
    struct sp_err why = { 0 };
    sp_client_free(&s->cli->client); /* the socket may be another one now */
    for (int waited = 0; waited < START_MS; waited += POLL_MS) {
        pid_t sender = find_sender(find_supervisor(run_dir));
        if (sender != 0 && sender != old_sender && knows_folder(s, &why))
            return SP_OK;
        if (s->daemon > 0 && waitpid(s->daemon, NULL, WNOHANG) == s->daemon) {
            s->daemon = 0;
            return fail_ended(s, err);
        }
        pause_ms(POLL_MS);
    }
    return sp_fail(err, SP_E_TIMEOUT, "scanpostd does not work with the new configuration; its log says why%s%s",
                   why.text[0] != '\0' ? ": " : "", why.text);
}

/* --- people and copiers --- */

static int
add_admin(struct sp_setup *s)
{
    json_t *answer = NULL;
    struct sp_client *client = NULL;
    struct sp_err err = { 0 };
    if (s->admin[0] == '\0')
        return SP_EXIT_OK;
    json_t *body = json_pack("{s:s, s:s, s:s%}", "name", s->admin, "role", "admin", "password",
                             sp_secret_bytes(s->admin_password), sp_secret_size(s->admin_password));
    if (body == NULL) {
        sp_say(&s->asker, 2, "The administrator was not made: name and password must be UTF-8 text.");
        return SP_EXIT_FAILED;
    }
    enum sp_rc rc = sp_cli_client(s->cli, &client, &err);
    if (rc == SP_OK)
        rc = sp_client_call(client, "POST", "/api/v1/users", body, &answer, &err);
    json_decref(body);
    json_decref(answer);
    if (rc == SP_OK)
        sp_say(&s->asker, 2, "%s may sign in to the page as administrator.", s->admin);
    else if (rc == SP_E_CONFLICT)
        sp_say(&s->asker, 2, "There is a user %s already; the password stays: scanpost user passwd %s", s->admin,
               s->admin);
    else
        (void)sp_cli_fail(&err);
    return rc == SP_OK || rc == SP_E_CONFLICT ? SP_EXIT_OK : SP_EXIT_FAILED;
}

static int
make_share(const struct sp_setup *s)
{
    const char *password = s->share_password != NULL ? "--password-stdin" : NULL;
    const char *const argv[] = { ourselves(s), "-c",     s->file,       "share",  s->answers.folder,
                                 "--install",  "--user", s->share_user, password, NULL };
    if (s->share_user[0] == '\0')
        return SP_EXIT_OK;
    return run(argv, s->share_password) == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

static int
check_methods(const struct sp_setup *s)
{
    const char *const argv[] = { ourselves(s), "-c", s->file, "check", "--send", s->test_to, NULL };
    sp_say_heading(&s->asker, "8. A check of each method, with a test mail");
    return run(argv, NULL) == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

/* --- the test scan --- */

static enum sp_rc
drop_scan(const struct sp_setup *s, const char *name, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str pdf = { 0 };
    char now[SP_ISO_TIME_SIZE];
    const char *path = sp_arena_format(s->arena, "%s/%s", s->answers.path, name);
    sp_time_iso(sp_wall_ms(&sp_clock_system), now);
    sp_setup_test_page(&pdf, s->answers.hostname, now);
    if (pdf.failed || path == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_io_put_file(AT_FDCWD, path, sp_str_text(&pdf), pdf.len, 0660, err);
}

/* The id of the job that was made of the file; "" while there is none. */
static const char *
find_job(const struct sp_setup *s, const char *name)
{
    json_t *answer = NULL;
    size_t i = 0;
    const json_t *job = NULL;
    const char *id = "";
    if (sp_cli_try(s->cli, "GET", "/api/v1/jobs?source=folder&limit=20", &answer, NULL) == SP_OK)
        json_array_foreach (json_object_get(answer, "jobs"), i, job)
            if (strcmp(sp_member_text(json_array_get(json_object_get(job, "documents"), 0), "name"), name) == 0)
                id = sp_arena_text(s->arena, sp_member_text(job, "id"));
    json_decref(answer);
    return id;
}

static bool
job_rests(const struct sp_setup *s, const char *id, json_t **ret)
{
    json_t *newer = NULL;
    const char *path = sp_arena_format(s->arena, "/api/v1/jobs/%s", id);
    if (id[0] == '\0' || sp_cli_try(s->cli, "GET", path, &newer, NULL) != SP_OK)
        return false;
    json_decref(*ret);
    *ret = newer;
    return sp_state_rests(sp_member_text(newer, "state"));
}

static int
tell_scan(const struct sp_setup *s, const json_t *job)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    size_t i = 0;
    const json_t *attempt = NULL;
    if (job == NULL) {
        sp_say(&s->asker, 2, "The file was not taken: see `scanpost folders`, and `scanpost doctor`.");
        return SP_EXIT_FAILED;
    }
    json_array_foreach (json_object_get(job, "attempts"), i, attempt)
        sp_show_attempt(&out, attempt);
    sp_show_state(&out, job);
    sp_str_add_char(&out, '\n');
    (void)sp_cli_print(&out);
    return strcmp(sp_member_text(job, "state"), "sent") == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

static int
send_scan(const struct sp_setup *s)
{
    uint32_t number = 0;
    struct sp_err err = { 0 };
    json_t *job = NULL;
    const char *id = "";
    sp_random_bytes(&number, sizeof number);
    const char *name = sp_arena_format(s->arena, "scanpost-test-%08x.pdf", number);
    sp_say_heading(&s->asker, "9. A test scan");
    if (drop_scan(s, name, &err) != SP_OK)
        return sp_cli_fail(&err);
    sp_say(&s->asker, 2,
           "%s is in %s, as if a copier had put it there; it is taken once it has been quiet for a while.", name,
           s->answers.path);
    for (int waited = 0; waited < SCAN_MS && !job_rests(s, id, &job); waited += POLL_MS) {
        if (id[0] == '\0')
            id = find_job(s, name);
        pause_ms(POLL_MS);
    }
    int code = tell_scan(s, job);
    json_decref(job);
    return code;
}

/* --- the end --- */

/* Nobody can sign in yet: the link that makes the first user. Somebody can: nothing needs to be said. */
static void
tell_sign_in(struct sp_setup *s, const char *us)
{
    json_t *answer = NULL;
    enum sp_rc rc = SP_E_CLOSED;
    if (s->admin[0] != '\0')
        return;
    if (s->start)
        rc = sp_cli_try(s->cli, "POST", "/api/v1/first-user/link", &answer, NULL);
    if (rc == SP_OK)
        sp_say(&s->asker, 2, "Sign-in:  %s\n(makes the first user: once, within a day; a new one: %s user link)",
               sp_member_text(answer, "link"), us);
    else if (rc != SP_E_CONFLICT)
        sp_say(&s->asker, 2, "Sign-in:  %s user link (a link that makes the first user)", us);
    json_decref(answer);
}

static void
tell_end(struct sp_setup *s, const struct sp_settings *settings, int code)
{
    const char *listen = settings->http.listen.count > 0 ? settings->http.listen.items[0] : "";
    const char *port = strrchr(listen, ':');
    const char *us =
        strcmp(s->file, SP_DEFAULT_FILE) == 0 ? "scanpost" : sp_arena_format(s->arena, "scanpost -c %s", s->file);
    bool tls = settings->http.tls_certificate[0] != '\0', lan = sp_text_starts(listen, "0.0.0.0") || listen[0] == ':';
    sp_say_heading(&s->asker, code == SP_EXIT_OK ? "Done" : "Not all of it works yet; what is above says why");
    if (port != NULL)
        sp_say(&s->asker, 2, "Page:     %s://%s%s/", tls ? "https" : "http",
               lan ? settings->gateway.hostname : "localhost", port);
    sp_say(&s->asker, 2, "Scans:    %s, to %s", s->answers.path, s->answers.to);
    if (s->answers.signin_waits)
        sp_say(&s->asker, 2,
               "Waiting:  the methods that sign in. Run %s/microsoft365.ps1, then: %s setup --client-id ID", s->scripts,
               us);
    tell_sign_in(s, us);
    sp_say(&s->asker, 2, "Look:     %s jobs; also methods, check, doctor", us);
    if (s->daemon > 0)
        sp_say(&s->asker, 2, "Stop:     kill %d", (int)s->daemon);
}

static int
prove(struct sp_setup *s, const struct sp_settings *settings)
{
    struct sp_err err = { 0 };
    int code = SP_EXIT_OK;
    const char *run_dir = settings->gateway.run_dir;
    pid_t old_sender = find_sender(find_supervisor(run_dir));
    if (start_daemon(s, settings, &err) != SP_OK || wait_for_daemon(s, run_dir, old_sender, &err) != SP_OK)
        return sp_cli_fail(&err);
    if (add_admin(s) != SP_EXIT_OK)
        code = SP_EXIT_FAILED;
    if (make_share(s) != SP_EXIT_OK)
        code = SP_EXIT_FAILED;
    if (s->test && check_methods(s) != SP_EXIT_OK)
        code = SP_EXIT_FAILED;
    if (s->test && send_scan(s) != SP_EXIT_OK)
        code = SP_EXIT_FAILED;
    return code;
}

int
sp_setup_finish(struct sp_setup *s)
{
    SP_AUTO(sp_settings_free) struct sp_settings *settings = NULL;
    struct sp_err err = { 0 };
    if (sp_settings_load(s->file, &settings, &err) != SP_OK)
        return sp_cli_fail(&err);
    int shown = sp_setup_hides_folder(s) ? show_folder(s) : SP_EXIT_OK;
    int code = s->start ? prove(s, settings) : SP_EXIT_OK;
    if (code == SP_EXIT_OK)
        code = shown;
    tell_end(s, settings, code);
    return code;
}
