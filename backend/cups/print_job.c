/* print_job.c - from arguments, options and device URI to what is asked. */
#include "backend/cups/print_job.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cups/device.h"
#include "backend/cups/options.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum { KEY_MAX = 200, TITLE_MAX = 200 };

/* The options that are ours, and what CUPS tells beside them. */
struct asked {
    const char *to, *cc, *subject, *body;
    const char *uuid, *completed;
};

static const struct {
    const char *name;     /* -o mail-to=... */
    const char *choice;   /* the same from a dialog: a choice of the PPD, MailTo=Custom.... */
    const char *variable; /* and from ippeveprinter */
    size_t place;
} known[] = {
    { "mail-to", "MailTo", "IPP_MAIL_TO", offsetof(struct asked, to) },
    { "mail-cc", "MailCc", "IPP_MAIL_CC", offsetof(struct asked, cc) },
    { "mail-subject", "MailSubject", "IPP_MAIL_SUBJECT", offsetof(struct asked, subject) },
    { "mail-body", "MailBody", "IPP_MAIL_BODY", offsetof(struct asked, body) },
    { "job-uuid", NULL, "IPP_JOB_UUID", offsetof(struct asked, uuid) },
    { "time-at-completed", NULL, NULL, offsetof(struct asked, completed) },
};

static enum sp_rc
out_of_memory(struct sp_err *err)
{
    return sp_fail(err, SP_E_NOMEM, "out of memory");
}

/* Bytes from outside as one line of UTF-8. NULL when memory is out. */
static const char *
one_line(struct sp_arena *arena, const char *bytes, size_t max)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    sp_utf8_repair(&clean, bytes, strlen(bytes), true);
    const char *text = sp_str_text(&clean);
    return clean.failed ? NULL : sp_arena_text_n(arena, text, sp_utf8_prefix(text, clean.len, max));
}

static const char *
variable(const struct sp_print_call *call, const char *name)
{
    const char *value = call->env(name);
    return value == NULL ? "" : value;
}

/* ---- options ---- */

static enum sp_rc
keep_option(struct sp_print_job *job, const struct sp_job_option *option, struct asked *asked, struct sp_err *err)
{
    static const char custom[] = "Custom.";
    if (strchr(option->name, '@') != NULL)
        return sp_fail(err, SP_E_INVALID,
                       "'%s' stands alone among the options; addresses belong together, without blanks: "
                       "-o mail-to=a@contoso.com,b@contoso.com",
                       option->name);
    if (strcmp(option->name, "document-name-supplied") == 0 && job->n_names < SP_PRINT_NAMES_MAX)
        job->names[job->n_names++] = option->value;
    for (size_t i = 0; i < SP_LEN(known); i++) {
        const char **place = (const char **)((char *)asked + known[i].place);
        if (strcmp(option->name, known[i].name) == 0 && *option->value != '\0')
            *place = option->value;
        else if (known[i].choice != NULL && strcmp(option->name, known[i].choice) == 0 &&
                 sp_text_starts(option->value, custom) && **place == '\0')
            *place = option->value + strlen(custom);
    }
    return SP_OK;
}

static enum sp_rc
read_options(struct sp_print_job *job, const char *text, struct asked *asked, struct sp_err *err)
{
    char *options = sp_arena_text(job->arena, text);
    job->names = sp_arena_array(job->arena, SP_PRINT_NAMES_MAX, sizeof(*job->names));
    if (options == NULL || job->names == NULL)
        return out_of_memory(err);
    struct sp_job_option option;
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && sp_job_option_next(&options, &option))
        rc = keep_option(job, &option, asked, err);
    return rc;
}

/* ---- arguments ---- */

/* CUPS's spool files are called d00012-002: job 12, file 2. */
static int
number_of_file(const char *file, int id)
{
    const char *name = file == NULL ? "" : strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
    const char *dash = strrchr(name, '-');
    int64_t number = 0, of_job = 0;
    if (*name != 'd' || dash == NULL || dash - name > 12)
        return 0;
    char digits[16];
    sp_text_copy(digits, (size_t)(dash - name), name + 1);
    if (!sp_parse_int(digits, 1, INT32_MAX, &of_job) || of_job != id || !sp_parse_int(dash + 1, 1, 1000000, &number))
        return 0;
    return (int)number;
}

/* Windows prints through Samba as "smbprn.00000007 Microsoft Word - Letter.docx"; "(stdin)" is no title. */
static const char *
tidy_title(const char *title)
{
    static const char samba[] = "smbprn.";
    if (sp_text_starts(title, samba)) {
        title += strlen(samba);
        title += strspn(title, "0123456789");
        title += strspn(title, " ");
    }
    return *title == '\0' || strcmp(title, "(stdin)") == 0 ? "document" : title;
}

static enum sp_rc
read_words(struct sp_print_job *job, const char *user, const char *title, struct sp_err *err)
{
    job->user = one_line(job->arena, user, TITLE_MAX);
    const char *line = one_line(job->arena, title, TITLE_MAX);
    if (job->user == NULL || line == NULL)
        return out_of_memory(err);
    job->title = tidy_title(line);
    return SP_OK;
}

/* job user title copies options [file]; how many copies is nothing to a mail. */
static enum sp_rc
read_cups(struct sp_print_job *job, const struct sp_print_call *call, struct asked *asked, struct sp_err *err)
{
    int64_t id = 0;
    if (!sp_parse_int(call->argv[1], 0, INT32_MAX, &id))
        return sp_fail(err, SP_E_INVALID, "'%s' is not a job's number", call->argv[1]);
    job->by_cups = true;
    job->id = (int)id;
    job->file = call->argc == 7 ? call->argv[6] : NULL;
    job->number = number_of_file(job->file, job->id);
    job->printer = variable(call, "PRINTER");
    enum sp_rc rc = read_words(job, call->argv[2], call->argv[3], err);
    return rc == SP_OK ? read_options(job, call->argv[5], asked, err) : rc;
}

static enum sp_rc
read_ippeve(struct sp_print_job *job, const struct sp_print_call *call, struct asked *asked, struct sp_err *err)
{
    int64_t id = 0;
    job->id = sp_parse_int(variable(call, "IPP_JOB_ID"), 0, INT32_MAX, &id) ? (int)id : 0;
    job->file = call->argv[1];
    job->printer = "";
    for (size_t i = 0; i < SP_LEN(known); i++)
        if (known[i].variable != NULL)
            *(const char **)((char *)asked + known[i].place) = variable(call, known[i].variable);
    return read_words(job, variable(call, "IPP_JOB_ORIGINATING_USER_NAME"), variable(call, "IPP_JOB_NAME"), err);
}

/* ---- all together ---- */

static enum sp_rc
split_addresses(struct sp_print_job *job, const char *text, const char ***ret, size_t *ret_count, struct sp_err *err)
{
    char *rest = sp_arena_text(job->arena, text), *next = NULL;
    const char **list = sp_arena_array(job->arena, SP_PRINT_ADDRESSES_MAX, sizeof(*list));
    if (rest == NULL || list == NULL)
        return out_of_memory(err);
    *ret = list;
    *ret_count = 0;
    for (char *one = strtok_r(rest, ",; \t\r\n", &next); one != NULL; one = strtok_r(NULL, ",; \t\r\n", &next)) {
        if (*ret_count == SP_PRINT_ADDRESSES_MAX)
            return sp_fail(err, SP_E_INVALID, "more than %d addresses", SP_PRINT_ADDRESSES_MAX);
        list[(*ret_count)++] = one;
    }
    return SP_OK;
}

static const char *
first_of(const char *a, const char *b)
{
    return *a != '\0' ? a : *b != '\0' ? b : NULL;
}

/* Job numbers begin again when CUPS loses its spool, its UUIDs do not; and a job that a person prints once more has
 * been completed before, while one that CUPS runs again has not. */
static enum sp_rc
make_key(struct sp_print_job *job, const struct asked *asked, struct sp_err *err)
{
    const char *again = *asked->completed == '\0' ? "" : " again ";
    if (*asked->uuid == '\0' || strlen(asked->uuid) + strlen(asked->completed) > KEY_MAX / 2 ||
        sp_text_has_control(asked->uuid) || sp_text_has_control(asked->completed))
        return SP_OK; /* none: better two mails than one lost */
    job->key = sp_arena_format(job->arena, "%s%d %s%s%s", job->by_cups ? "cups " : "ipp ", job->id, asked->uuid, again,
                               asked->completed);
    return job->key == NULL ? out_of_memory(err) : SP_OK;
}

static enum sp_rc
combine(struct sp_print_job *job, const struct asked *asked, const struct sp_device *device, struct sp_err *err)
{
    const char *to = first_of(asked->to, device->to), *cc = first_of(asked->cc, device->cc);
    const char *subject = first_of(asked->subject, device->subject);
    job->queue = first_of(device->queue, job->printer);
    if (job->queue == NULL)
        job->queue = job->by_cups ? "cups" : "ipp";
    job->route = first_of(device->route, "");
    job->run_dir = device->run_dir;
    job->body = first_of(asked->body, device->body);
    job->subject = subject == NULL ? NULL : one_line(job->arena, subject, strlen(subject));
    if (subject != NULL && job->subject == NULL)
        return out_of_memory(err);
    enum sp_rc rc = split_addresses(job, to == NULL ? "" : to, &job->to, &job->n_to, err);
    if (rc == SP_OK)
        rc = split_addresses(job, cc == NULL ? "" : cc, &job->cc, &job->n_cc, err);
    return rc == SP_OK ? make_key(job, asked, err) : rc;
}

enum sp_rc
sp_print_job_read(const struct sp_print_call *call, struct sp_print_job **ret, struct sp_err *err)
{
    SP_AUTO(sp_print_job_free) struct sp_print_job *job = calloc(1, sizeof(*job));
    struct sp_device device;
    struct asked asked = { "", "", "", "", "", "" };
    if (job == NULL || (job->arena = sp_arena_new()) == NULL)
        return out_of_memory(err);
    enum sp_rc rc = sp_device_read(call->env("DEVICE_URI"), job->arena, &device, err);
    if (rc != SP_OK) {
        if (rc == SP_E_INVALID && err != NULL)
            err->rc = SP_E_DENIED;
        return rc == SP_E_INVALID ? SP_E_DENIED : rc;
    }
    rc = call->argc == 2 ? read_ippeve(job, call, &asked, err) : read_cups(job, call, &asked, err);
    if (rc == SP_OK)
        rc = combine(job, &asked, &device, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(job);
    return rc;
}

void
sp_print_job_free(struct sp_print_job **job)
{
    if (*job == NULL)
        return;
    sp_arena_free(&(*job)->arena);
    free(*job);
    *job = NULL;
}

const char *
sp_print_job_name(const struct sp_print_job *job, int n, int of)
{
    bool named = of > 1 && n >= 1 && job->n_names == (size_t)of;
    return named && *job->names[n - 1] != '\0' ? job->names[n - 1] : job->title;
}
