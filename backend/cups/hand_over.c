/* hand_over.c - trying until the daemon has it.
 *
 * 201 (the scan is a job) and 202 (a part of it is safe) are the end, and so are the refusals, 4xx: the same document
 * will be refused again. 409 says that this very print job was taken before, when CUPS did not get to know it any more.
 * All else passes: no daemon, too busy, no room, our own trouble. */
#include "backend/cups/hand_over.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "backend/cups/document.h"
#include "backend/cups/print_job.h"
#include "backend/cups/report.h"
#include "backend/cups/side.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/client/client.h"

enum {
    FIRST_PAUSE_MS = 500,
    LONGEST_PAUSE_MS = 5000,
    WORD_SIZE = 64,
    HTTP_REQUEST_TIMEOUT = 408,
    HTTP_CONFLICT = 409,
    HTTP_TOO_MANY = 429,
};

struct handing {
    const struct sp_hand_over *what;
    struct sp_client *client;
    char *set;       /* the form field of that name; NULL: the document is all there is */
    char *name;      /* of the document, UTF-8 */
    bool reason_set; /* CUPS was told that we wait */
};

/* ---- one file of several ---- */

/* All backends that CUPS starts in one run through a job's files share a status pipe, and each run has its own. */
static bool
name_run(char run[WORD_SIZE])
{
    struct stat info;
    if (fstat(STDERR_FILENO, &info) != 0 || !S_ISFIFO(info.st_mode))
        return false;
    snprintf(run, WORD_SIZE, "%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    return true;
}

static void
name_giver(char giver[WORD_SIZE])
{
    unsigned char bytes[16];
    sp_random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(giver + 2 * i, 3, "%02x", bytes[i]);
}

static json_t *
list_names(const struct sp_print_job *job, int files)
{
    json_t *names = json_array();
    for (int n = 1; job->n_names == (size_t)files && n <= files; n++) {
        SP_AUTO(sp_str_free) struct sp_str name = { 0 };
        const char *raw = sp_print_job_name(job, n, files);
        sp_utf8_repair(&name, raw, strlen(raw), true);
        json_array_append_new(names, json_string(sp_str_text(&name)));
    }
    return names;
}

/* Where there is neither a number nor a run to count in, or no key that holds the parts together, each file is a scan
 * of its own: better several mails than a part that is taken for another one. */
static void
describe_part(struct handing *h)
{
    const struct sp_print_job *job = h->what->job;
    char run[WORD_SIZE] = "none", giver[WORD_SIZE];
    bool in_run = name_run(run);
    if (h->what->files < 2 || job->key == NULL || (job->number == 0 && !in_run))
        return;
    name_giver(giver);
    json_t *set = json_pack("{s:i, s:i, s:s, s:s, s:o}", "n", job->number, "of", h->what->files, "run", run, "giver",
                            giver, "names", list_names(job, h->what->files));
    h->set = json_dumps(set, JSON_COMPACT);
    json_decref(set);
}

/* ---- one try ---- */

static bool
go_on(void *context)
{
    const struct handing *h = context;
    sp_side_answer(h->what->side);
    return !*h->what->stop;
}

/* Parts of a scan share its key; alone, a file of several has one of its own. */
static char *
make_key(const struct handing *h)
{
    char *key = NULL;
    const struct sp_print_job *job = h->what->job;
    bool alone = h->set == NULL && h->what->files > 1;
    if (job->key == NULL || (alone && job->number == 0))
        return NULL;
    return asprintf(&key, alone ? "%s file %d" : "%s", job->key, job->number) < 0 ? NULL : key;
}

static enum sp_rc
send_once(struct handing *h, json_t **ret, struct sp_err *err)
{
    const struct sp_print_job *job = h->what->job;
    SP_AUTO_FREE char *key = make_key(h);
    const struct sp_form_field more[] = { { "queue", job->queue }, { "user", job->user }, { "set", h->set } };
    const struct sp_form form = {
        .document_name = h->name,
        .document_fd = h->what->document->fd,
        .document_size = h->what->document->size,
        .to = job->to,
        .n_to = job->n_to,
        .cc = job->cc,
        .n_cc = job->n_cc,
        .route = job->route,
        .subject = job->subject,
        .body = job->body,
        .more = more,
        .n_more = SP_LEN(more) - (h->set == NULL),
        .key = key,
    };
    return sp_client_send(h->client, &form, ret, err);
}

static void
tell_success(const struct handing *h, const json_t *answer)
{
    const char *id = json_string_value(json_object_get(answer, "id"));
    if (id != NULL)
        sp_report("INFO", "Handed over to scanpost as %s.", id);
    else
        sp_report("INFO", "File %d of %d is safe with scanpost.", (int)json_integer_value(json_object_get(answer, "n")),
                  h->what->files);
}

/* *ret says what came of it; false: it may be different next time, and err says why. */
static bool
try_once(struct handing *h, enum sp_handed *ret, struct sp_err *err)
{
    json_t *answer = NULL;
    enum sp_rc rc = send_once(h, &answer, err);
    int status = sp_client_status(h->client);
    if (rc == SP_OK)
        tell_success(h, answer);
    json_decref(answer);
    *ret = SP_HANDED_OVER;
    if (rc == SP_OK)
        return true;
    if (status == HTTP_CONFLICT) {
        sp_report("INFO", "scanpost has this job already.");
        return true;
    }
    *ret = SP_HANDED_REFUSED;
    bool refused = status >= 400 && status < 500 && status != HTTP_REQUEST_TIMEOUT && status != HTTP_TOO_MANY;
    if (refused)
        sp_report("ERROR", "Not sent: %s", err->text);
    return refused;
}

/* ---- trying ---- */

static void
tell_waiting(struct handing *h, const struct sp_err *err)
{
    if (!h->reason_set)
        sp_report_state('+', SP_REASON_WAITING);
    h->reason_set = true;
    sp_report("INFO", "Waiting for scanpost: %s", err->text);
}

/* Set by us, or by a try before this one. */
static void
tell_waited(const struct handing *h)
{
    const char *reasons = getenv("PRINTER_STATE_REASONS");
    if (h->reason_set || (reasons != NULL && strstr(reasons, SP_REASON_WAITING) != NULL))
        sp_report_state('-', SP_REASON_WAITING);
}

static void
pause_for(struct handing *h, int ms)
{
    int64_t until = sp_mono_ms(&sp_clock_system) + ms;
    int left = ms;
    while (left > 0 && !*h->what->stop) {
        (void)sp_side_wait(h->what->side, -1, left < 1000 ? left : 1000);
        left = sp_ms_left(&sp_clock_system, until);
    }
}

static enum sp_handed
keep_trying(struct handing *h)
{
    const struct sp_hand_over *what = h->what;
    int64_t until = sp_mono_ms(&sp_clock_system) + what->patience_ms;
    int wait = FIRST_PAUSE_MS;
    for (;;) {
        struct sp_err err = { 0 };
        enum sp_handed result;
        if (try_once(h, &result, &err))
            return result;
        if (*what->stop)
            return SP_HANDED_STOPPED;
        tell_waiting(h, &err);
        if (what->patience_ms >= 0 && sp_mono_ms(&sp_clock_system) + wait >= until)
            return SP_HANDED_AWAY;
        pause_for(h, wait);
        wait = wait * 2 < LONGEST_PAUSE_MS ? wait * 2 : LONGEST_PAUSE_MS;
    }
}

static enum sp_rc
prepare(struct handing *h, struct sp_err *err)
{
    const struct sp_print_job *job = h->what->job;
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    const char *raw = sp_print_job_name(job, job->number, h->what->files);
    sp_utf8_repair(&name, raw, strlen(raw), true);
    h->name = sp_str_steal(&name);
    if (h->name == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    describe_part(h);
    enum sp_rc rc = sp_client_new(job->run_dir, &h->client, err);
    if (rc == SP_OK)
        sp_client_watch(h->client, go_on, h);
    return rc;
}

enum sp_handed
sp_hand_over(const struct sp_hand_over *what)
{
    struct handing h = { .what = what };
    struct sp_err err = { 0 };
    enum sp_handed result = SP_HANDED_AWAY;
    if (prepare(&h, &err) == SP_OK)
        result = keep_trying(&h);
    else
        sp_report("ERROR", "%s", err.text);
    if (result == SP_HANDED_OVER || result == SP_HANDED_REFUSED)
        tell_waited(&h);
    sp_client_free(&h.client);
    free(h.set);
    free(h.name);
    return result;
}

/* ---- taking it back ---- */

static char *
escape(const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    for (; *text != '\0'; text++)
        sp_str_addf(&out, "%%%02x", (unsigned)(unsigned char)*text);
    return sp_str_steal(&out);
}

/* One try: a daemon that is away makes a held job of it, half a day later. */
void
sp_hand_back(const struct sp_print_job *job)
{
    struct sp_client *client = NULL;
    struct sp_err err = { 0 };
    json_t *answer = NULL;
    SP_AUTO_FREE char *path = NULL;
    SP_AUTO_FREE char *key = job->key == NULL ? NULL : escape(job->key);
    if (key == NULL || asprintf(&path, "/api/v1/scans?key=%s", key) < 0)
        return;
    enum sp_rc rc = sp_client_new(job->run_dir, &client, &err);
    if (rc == SP_OK)
        rc = sp_client_call(client, "DELETE", path, NULL, &answer, &err);
    if (rc != SP_OK)
        sp_report("DEBUG", "scanpost keeps the files it has: %s", err.text);
    json_decref(answer);
    sp_client_free(&client);
}
