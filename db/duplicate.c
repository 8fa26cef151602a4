/* duplicate.c - the fingerprint is a hash over texts with their lengths in front, recipients in alphabetical order: no
 * two different jobs look alike, and the order in which somebody named recipients does not matter. */
#include "db/duplicate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "db/job.h"
#include "db/stmt.h"

static void
add_text(struct sp_sha256 *sum, const char *text)
{
    char length[24];
    snprintf(length, sizeof(length), "%zu:", strlen(text));
    sp_sha256_add(sum, length, strlen(length));
    sp_sha256_add(sum, text, strlen(text));
}

static int
by_address(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
free_addresses(char ***addresses)
{
    for (char **one = *addresses; one != NULL && *one != NULL; one++)
        free(*one);
    free(*addresses);
}

static enum sp_rc
add_recipients(struct sp_sha256 *sum, const struct sp_job *job, struct sp_err *err)
{
    SP_AUTO(free_addresses) char **addresses = calloc(job->n_recipients + 1, sizeof(*addresses));
    if (addresses == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    for (size_t i = 0; i < job->n_recipients; i++) {
        addresses[i] = strdup(job->recipients[i].address);
        if (addresses[i] == NULL)
            return sp_fail(err, SP_E_NOMEM, "db: out of memory");
        sp_text_lower(addresses[i]);
    }
    qsort(addresses, job->n_recipients, sizeof(*addresses), by_address);
    for (size_t i = 0; i < job->n_recipients; i++)
        add_text(sum, addresses[i]);
    return SP_OK;
}

enum sp_rc
sp_job_fingerprint(const struct sp_job *job, char ret[SP_SHA256_HEX_SIZE], struct sp_err *err)
{
    SP_AUTO(sp_sha256_free) struct sp_sha256 *sum = sp_sha256_new();
    if (sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    add_text(sum, job->source);
    add_text(sum, job->source_name);
    enum sp_rc rc = add_recipients(sum, job, err);
    for (size_t i = 0; i < job->n_documents; i++)
        add_text(sum, job->documents[i].sha256);
    sp_sha256_end_hex(sum, ret);
    return rc;
}

enum sp_rc
sp_job_duplicate_find(struct sp_db *db, const struct sp_job *job, int64_t since, char ret_id[27], struct sp_err *err)
{
    /* The index leaves out what has no fingerprint, so it serves only who says that he wants none of those. */
    static const char sql[] = "SELECT id FROM job INDEXED BY job_alike"
                              " WHERE fingerprint <> '' AND fingerprint = $1 AND created >= $2 AND id <> $3"
                              " AND state NOT IN ('failed', 'cancelled') ORDER BY created DESC LIMIT 1";
    char fingerprint[SP_SHA256_HEX_SIZE];
    enum sp_rc rc = sp_job_fingerprint(job, fingerprint, err);
    if (rc != SP_OK)
        return rc;
    const struct sp_bind in[] = { sp_text(fingerprint), sp_number(since), sp_text(job->id) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found)
        sp_text_copy(ret_id, 27, sp_row_text(&rows, 0));
    rc = sp_rows_end(&rows, err);
    return rc == SP_OK && !found ? sp_fail(err, SP_E_NOTFOUND, "db: no job like it") : rc;
}
