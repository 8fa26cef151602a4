/* documents.c - a scan itself, for admins: as a download; with inline=1 for the page's own preview. Either way in a
 * sandbox without scripts, forms and origin, whatever its content says it is. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/job.h"
#include "db/spool.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/tables.h"

/* RFC 6266 section 4.3: a name for those who know ASCII only, and the true one (RFC 8187). */
static void
add_disposition(struct sp_response *res, const char *kind, const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~";
    SP_AUTO(sp_str_free) struct sp_str header = { 0 };
    sp_str_addf(&header, "%s; filename=\"", kind);
    for (const char *c = name; *c != '\0'; c++) {
        bool simple = *c >= ' ' && *c < 0x7f && strchr("\"\\%", *c) == NULL;
        sp_str_add_n(&header, simple ? c : "_", 1);
    }
    sp_str_add(&header, "\"; filename*=UTF-8''");
    for (const char *c = name; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL)
            sp_str_add_char(&header, *c);
        else
            sp_str_addf(&header, "%%%02X", (unsigned)(unsigned char)*c);
    }
    sp_respond_header(res, "Content-Disposition", header.failed ? kind : sp_str_text(&header));
}

static enum sp_rc
open_document(const struct sp_api *api, const struct sp_job *job, int64_t n, int *ret_fd, uint64_t *ret_size,
              struct sp_err *err)
{
    if (n < 1 || (uint64_t)n > job->n_documents)
        return sp_fail(err, SP_E_NOTFOUND, "there is no such document");
    if (job->documents_deleted)
        return sp_fail(err, SP_E_GONE, "the documents of this job were deleted when their retention was over");
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_spool_read(api->spool, job->id, (size_t)n, &fd, err);
    struct stat file;
    if (rc == SP_OK && fstat(fd, &file) < 0)
        rc = sp_fail_errno(err, "http: cannot look at the document");
    if (rc != SP_OK)
        return rc;
    *ret_size = (uint64_t)file.st_size;
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

static void
document_get(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_job *job = NULL;
    int64_t n = 0;
    int fd = -1;
    uint64_t size = 0;
    const char *id = sp_request_arg(req, 0), *inline_wanted = sp_request_query(req, "inline");
    enum sp_rc rc = SP_OK;
    if (!sp_ulid_valid(id) || !sp_parse_int(sp_request_arg(req, 1), 1, 1000, &n))
        rc = sp_fail(&err, SP_E_NOTFOUND, "there is no such document");
    if (rc == SP_OK)
        rc = sp_job_load(req->db, id, &job, &err);
    if (rc == SP_OK)
        rc = open_document(api, job, n, &fd, &size, &err);
    if (rc == SP_OK) /* not opened unless it is noted who did */
        rc = sp_api_audit(api, req, SP_AUDIT_DOCUMENT_OPEN, id, job->documents[n - 1].name, &err);
    if (rc == SP_OK) {
        const struct sp_job_document *document = &job->documents[n - 1];
        sp_notice(api->log, "job %s: document %d opened by %s", id, (int)n, req->caller.name);
        sp_respond_file_steal(res, fd, size, document->type);
        sp_respond_header(res, "Content-Security-Policy", "sandbox; default-src 'none'");
        add_disposition(res, inline_wanted != NULL && strcmp(inline_wanted, "1") == 0 ? "inline" : "attachment",
                        document->name);
    } else {
        if (fd >= 0)
            close(fd);
        sp_api_fail(api, req, res, &err);
    }
    sp_job_free(&job);
}

const struct sp_route sp_routes_documents[] = {
    { "GET", "/api/v1/jobs/:id/document/:n", SP_MAY_ADMIN, document_get, NULL },
    { 0 },
};
