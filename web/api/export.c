/* export.c - what a search finds, as CSV (RFC 4180) for spreadsheets. One at a time: each keeps a worker for seconds,
 * and scans need one to come in.
 *
 * The file is written page by page into a file without a name, and sent from there, so memory does not grow with it.
 * What a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"): file names and
 * subjects come from anybody. That is the beginning of a cell, and what follows a ';' or a tab in it: where Excel's
 * list separator is the semicolon, as in German, a quote in the middle of a line quotes nothing, and a new cell begins
 * there. It begins with a byte order mark, without which Excel reads umlauts wrongly. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "db/query.h"
#include "gateway/intake.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_query.h"
#include "web/api/tables.h"

enum { PAGE = 500, MOST = 200000, WORK_MS = 500 };

static const char head[] = "\xEF\xBB\xBF"
                           "id,state,created,finished,source,source_name,user,route,tenant,from,to,subject,documents,"
                           "size,method,class,cause,trouble,reason\r\n";

struct export
{
    int fd;
    struct sp_str text; /* of one page */
    int64_t rows;
    char next[24];
    bool more;
};

/* --- cells ---------------------------------------------------------------------------------------------------------
 */

/* Blanks and quotes before it do not help. "=", "+", "-" and "@" have wide forms, too. */
static bool
looks_like_formula(const char *text)
{
    static const char *const wide[] = { "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0" };
    text += strspn(text, " \"'");
    for (size_t i = 0; i < SP_LEN(wide); i++)
        if (sp_text_starts(text, wide[i]))
            return true;
    return *text != '\0' && strchr("=+-@\t\r\n", *text) != NULL;
}

static void
add_cell(struct sp_str *out, const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    sp_utf8_repair(&clean, text, strlen(text), true);
    const char *shown = sp_str_text(&clean);
    sp_str_add_char(out, '"');
    for (const char *c = shown; *c != '\0'; c++) {
        bool begins = c == shown || strchr(";\t\r\n", c[-1]) != NULL;
        if (begins && looks_like_formula(c))
            sp_str_add_char(out, '\'');
        sp_str_add(out, *c == '"' ? "\"\"" : (char[]){ *c, '\0' });
    }
    sp_str_add_char(out, '"');
    out->failed = out->failed || clean.failed;
}

static void
add_time(struct sp_str *out, int64_t wall_ms)
{
    char text[SP_ISO_TIME_SIZE];
    if (wall_ms == 0)
        return;
    sp_time_iso(wall_ms, text);
    sp_str_add(out, text);
}

static void
add_recipients(struct sp_str *out, const struct sp_job *job)
{
    SP_AUTO(sp_str_free) struct sp_str all = { 0 };
    for (size_t i = 0; i < job->n_recipients; i++)
        sp_str_addf(&all, "%s%s", i > 0 ? "; " : "", job->recipients[i].address);
    add_cell(out, sp_str_text(&all));
}

static void
add_documents(struct sp_str *out, const struct sp_job *job)
{
    SP_AUTO(sp_str_free) struct sp_str all = { 0 };
    for (size_t i = 0; i < job->n_documents; i++)
        sp_str_addf(&all, "%s%s", i > 0 ? "; " : "", job->documents[i].name);
    add_cell(out, sp_str_text(&all));
}

static void
add_row(struct sp_str *out, const struct sp_job *job)
{
    const char *const first[] = { job->source, job->source_name, job->user, job->route, job->tenant, job->from };
    const char *const last[] = { job->method, job->class_name, job->cause, job->trouble, job->summary };
    sp_str_addf(out, "%s,%s,", job->id, sp_job_state_name(job->state));
    add_time(out, job->created);
    sp_str_add_char(out, ',');
    add_time(out, job->finished);
    for (size_t i = 0; i < SP_LEN(first); i++) {
        sp_str_add_char(out, ',');
        add_cell(out, first[i]);
    }
    sp_str_add_char(out, ',');
    add_recipients(out, job);
    sp_str_add_char(out, ',');
    add_cell(out, job->subject);
    sp_str_add_char(out, ',');
    add_documents(out, job);
    sp_str_addf(out, ",%llu", (unsigned long long)job->size);
    for (size_t i = 0; i < SP_LEN(last); i++) {
        sp_str_add_char(out, ',');
        add_cell(out, last[i]);
    }
    sp_str_add(out, "\r\n");
}

/* --- the file ------------------------------------------------------------------------------------------------------
 */

/* On the disk where the state is; where that cannot make a file without a name, in memory. */
static enum sp_rc
open_nameless(const struct sp_api *api, int *ret_fd, struct sp_err *err)
{
    *ret_fd = open(api->settings->gateway.state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*ret_fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EACCES))
        *ret_fd = memfd_create("export", MFD_CLOEXEC);
    return *ret_fd >= 0 ? SP_OK : sp_fail_errno(err, "http: cannot make a file for an export");
}

static enum sp_rc
write_out(struct export *e, struct sp_err *err)
{
    if (e->text.failed)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    for (size_t done = 0; done < e->text.len;) {
        ssize_t n = write(e->fd, e->text.text + done, e->text.len - done);
        if (n < 0 && errno != EINTR)
            return sp_fail_errno(err, "http: cannot write an export");
        done += n > 0 ? (size_t)n : 0;
    }
    sp_str_cut(&e->text, 0);
    return SP_OK;
}

static enum sp_rc
write_page(const struct sp_api *api, struct sp_db *db, const struct sp_query *query, struct export *e,
           struct sp_err *err)
{
    const struct sp_job_filter filter = {
        .query = query, .before = e->next[0] != '\0' ? e->next : NULL, .limit = PAGE, .work_ms = WORK_MS
    };
    struct sp_job_list list = { 0 };
    enum sp_rc rc = sp_job_list(db, &filter, &list, err);
    for (size_t i = 0; i < list.count; i++)
        add_row(&e->text, list.jobs[i]);
    e->rows += (int64_t)list.count;
    e->more = list.more;
    memcpy(e->next, list.next, sizeof(e->next));
    sp_job_list_free(&list);
    if (rc == SP_OK && e->rows > MOST)
        rc =
            sp_fail(err, SP_E_INVALID, "these are more than %d jobs: narrow the search, with after: and before:", MOST);
    if (rc == SP_OK) /* what is kept in reserve is for what was taken */
        rc = sp_intake_room(api->intake, e->text.len, err);
    return rc == SP_OK ? write_out(e, err) : rc;
}

static enum sp_rc
write_all(const struct sp_api *api, struct sp_db *db, const struct sp_query *query, struct export *e,
          struct sp_err *err)
{
    enum sp_rc rc = open_nameless(api, &e->fd, err);
    sp_str_add(&e->text, head);
    for (e->more = true; rc == SP_OK && e->more;)
        rc = write_page(api, db, query, e, err);
    return rc;
}

static void
respond(struct sp_response *res, struct export *e)
{
    struct stat file;
    uint64_t size = fstat(e->fd, &file) == 0 ? (uint64_t)file.st_size : 0;
    sp_respond_file_steal(res, sp_steal_fd(&e->fd), size, "text/csv; charset=utf-8");
    sp_respond_header(res, "Content-Disposition", "attachment; filename=\"scanpost-jobs.csv\"");
}

static void export(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_query query;
    struct export e = { .fd = -1 };
    char words[64];
    const char *text = sp_request_query(req, "q");
    enum sp_rc rc = sp_job_query_read(api, req, &query, &err);
    if (rc == SP_OK)
        rc = write_all(api, req->db, &query, &e, &err);
    if (rc == SP_OK) {
        (void)sp_text_format(words, sizeof(words), "%lld jobs", (long long)e.rows);
        rc = sp_api_audit(api, req, SP_AUDIT_JOBS_EXPORT, text != NULL ? text : "", words, &err);
    }
    if (rc == SP_OK)
        respond(res, &e);
    else
        sp_api_fail(api, req, res, &err);
    if (e.fd >= 0)
        close(e.fd);
    sp_str_free(&e.text);
}

static void
job_export(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    if (atomic_exchange(&api->exporting, true)) {
        sp_respond_problem(res, 503, "busy", "somebody else exports just now; try again in a moment");
        sp_respond_header(res, "Retry-After", "10");
        return;
    }
    export(api, req, res);
    atomic_store(&api->exporting, false);
}

const struct sp_route sp_routes_export[] = {
    { "GET", "/api/v1/jobs/export", SP_MAY_READ, job_export, NULL },
    { 0 },
};
