/* send.c - a job from files, and following it to its end. */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"
#include "gateway/cli/print.h"
#include "gateway/cli/show.h"
#include "gateway/client/client.h"

enum {
    POLL_FIRST_MS = 200,
    POLL_MAX_MS = 2000,
    TROUBLES_MAX = 15, /* in a row: half a minute, enough for a daemon that is restarted */
    KEY_BYTES = 18,
};

/* Said before anything is sent, and by name; libcurl would only say that reading failed. */
static int
check_files(const struct sp_args *args)
{
    for (size_t i = 0; i < args->n_words; i++) {
        SP_AUTO_CLOSE int fd = open(args->words[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat at;
        struct sp_err err = { 0 };
        if (fd < 0 || fstat(fd, &at) < 0)
            (void)sp_fail(&err, SP_E_IO, "cannot read '%s': %s", args->words[i], strerror(errno));
        else if (!S_ISREG(at.st_mode))
            (void)sp_fail(&err, SP_E_INVALID, "'%s' is not a regular file", args->words[i]);
        if (err.rc != SP_OK)
            return sp_cli_fail(&err);
    }
    return SP_EXIT_OK;
}

static void
pause_ms(int ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

/* A daemon that goes in the middle has taken the scan, or it has not. So it is asked again under the same key, until
 * somebody answers; one that is away from the start is said at once. */
static enum sp_rc
send_until_answered(struct sp_client *client, const struct sp_form *form, json_t **ret, struct sp_err *err)
{
    for (int troubles = 0;; troubles++) {
        enum sp_rc rc = sp_client_send(client, form, ret, err);
        bool lost = rc == SP_E_CLOSED && (troubles > 0 || sp_client_reached(client));
        if ((!lost && rc != SP_E_BUSY) || troubles == TROUBLES_MAX)
            return rc;
        pause_ms(POLL_MAX_MS);
    }
}

static enum sp_rc
post(struct sp_cli *cli, const struct sp_args *args, json_t **ret, struct sp_err *err)
{
    struct sp_client *client = NULL;
    SP_AUTO(sp_str_free) struct sp_str key = { 0 };
    unsigned char random[KEY_BYTES];
    SP_AUTO_FREE const char **to = calloc(args->n_given + 1, sizeof *to);
    struct sp_form form = { .files = args->words,
                            .n_files = args->n_words,
                            .to = to,
                            .route = sp_args_value(args, "--route"),
                            .subject = sp_args_value(args, "--subject"),
                            .body = sp_args_value(args, "--body") };
    sp_random_bytes(random, sizeof random);
    sp_base64_add(&key, random, sizeof random);
    form.key = sp_str_text(&key);
    if (to == NULL || key.failed)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    while ((to[form.n_to] = sp_args_value_at(args, "--to", form.n_to)) != NULL)
        form.n_to++;
    enum sp_rc rc = sp_cli_client(cli, &client, err);
    return rc != SP_OK ? rc : send_until_answered(client, &form, ret, err);
}

/* --- following --- */

/* Prints what is new since *seen attempts and the state in `before`. */
static void
tell_news(const json_t *job, size_t *seen, struct sp_str *before)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    const json_t *attempts = json_object_get(job, "attempts");
    for (; *seen < json_array_size(attempts); (*seen)++)
        sp_show_attempt(&out, json_array_get(attempts, *seen));
    size_t begin = out.len;
    sp_show_state(&out, job);
    if (sp_member_text(job, "trouble")[0] != '\0') {
        sp_str_add(&out, "\n  ");
        sp_put_lines(&out, sp_member_text(job, "trouble"), 2);
    }
    if (strcmp(sp_str_text(&out) + begin, sp_str_text(before)) == 0) {
        sp_str_cut(&out, begin);
    } else {
        sp_str_cut(before, 0);
        sp_str_add(before, sp_str_text(&out) + begin);
        sp_str_add_char(&out, '\n');
    }
    if (out.len > 0)
        (void)sp_cli_print(&out);
}

/* Polls until the job rests; *job becomes its newest form. */
static enum sp_rc
follow(struct sp_cli *cli, json_t **job, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, state = { 0 };
    size_t seen = 0;
    int wait = POLL_FIRST_MS, troubles = 0;
    sp_str_add(&path, "/api/v1/jobs/");
    sp_put_escaped(&path, sp_member_text(*job, "id"));
    for (;;) {
        if (!cli->json)
            tell_news(*job, &seen, &state);
        if (sp_state_rests(sp_member_text(*job, "state")))
            return SP_OK;
        pause_ms(wait);
        wait = wait * 3 / 2 < POLL_MAX_MS ? wait * 3 / 2 : POLL_MAX_MS;
        json_t *newer = NULL;
        enum sp_rc rc = sp_cli_try(cli, "GET", sp_str_text(&path), &newer, err);
        bool passing = rc == SP_E_CLOSED || rc == SP_E_BUSY || rc == SP_E_IO;
        if (rc != SP_OK && (!passing || ++troubles == TROUBLES_MAX))
            return rc;
        if (rc != SP_OK)
            continue;
        troubles = 0;
        json_decref(*job);
        *job = newer;
    }
}

static int
tell_result(struct sp_cli *cli, const struct sp_args *args, json_t **job)
{
    SP_AUTO(sp_str_free) struct sp_str id = { 0 };
    struct sp_err err = { 0 };
    sp_put_clean(&id, sp_member_text(*job, "id"));
    sp_str_add_char(&id, '\n');
    bool wait = sp_args_has(args, "--wait");
    int code = cli->json ? SP_EXIT_OK : sp_cli_print(&id);
    if (wait && code == SP_EXIT_OK && follow(cli, job, &err) != SP_OK)
        return sp_cli_fail(&err);
    if (cli->json)
        code = sp_cli_print_json(*job);
    bool sent = strcmp(sp_member_text(*job, "state"), "sent") == 0;
    return wait && !sent ? SP_EXIT_FAILED : code;
}

static int
run_send(struct sp_cli *cli, const struct sp_args *args)
{
    struct sp_err err = { 0 };
    json_t *job = NULL;
    if (args->n_words == 0)
        return sp_cli_usage("send: name at least one file");
    if (!sp_args_has(args, "--to") && !sp_args_has(args, "--route"))
        return sp_cli_usage("send: say to whom: --to ADDRESS, or --route ROUTE");
    int code = check_files(args);
    if (code != SP_EXIT_OK)
        return code;
    if (post(cli, args, &job, &err) != SP_OK)
        return sp_cli_fail(&err);
    code = tell_result(cli, args, &job);
    json_decref(job);
    return code;
}

static const struct sp_option send_options[] = {
    { "--to", "ADDRESS", true }, { "--route", "ROUTE", false }, { "--subject", "SUBJECT", false },
    { "--body", "TEXT", false }, { "--wait", NULL, false },     { 0 },
};

const struct sp_command sp_send_commands[] = {
    { "send", "FILE... [--to ADDRESS]... [--route ROUTE] [--subject SUBJECT] [--body TEXT] [--wait]",
      "Makes a job from files and prints its id; --wait follows it to the end.", send_options, run_send },
    { 0 },
};
