/* cups_job.c - one IPP question a call, to the CUPS that started us. */
#include "backend/cups/cups_job.h"

#include <cups/cups.h>

#include "backend/cups/print_job.h"
#include "backend/cups/report.h"

enum { CONNECT_MS = 5000, ANSWER_SECONDS = 5 };

static int
give_up(http_t *http, void *context)
{
    (void)http, (void)context;
    return 0;
}

static ipp_t *
question(const struct sp_print_job *job, const char *attribute)
{
    char uri[HTTP_MAX_URI];
    ipp_t *request = ippNewRequest(IPP_OP_GET_JOB_ATTRIBUTES);
    httpAssembleURIf(HTTP_URI_CODING_ALL, uri, sizeof(uri), "ipp", NULL, "localhost", 0, "/printers/%s", job->printer);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job->id);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, cupsUser());
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", NULL, attribute);
    return request;
}

/* 0: CUPS does not tell. */
static int
ask(const struct sp_print_job *job, const char *attribute, ipp_tag_t tag)
{
    http_t *http =
        httpConnect2(cupsServer(), ippPort(), NULL, AF_UNSPEC, HTTP_ENCRYPTION_IF_REQUESTED, 1, CONNECT_MS, NULL);
    ipp_t *answer = NULL;
    if (http != NULL) {
        httpSetTimeout(http, ANSWER_SECONDS, give_up, NULL);
        answer = cupsDoRequest(http, question(job, attribute), "/");
    }
    ipp_attribute_t *found = ippFindAttribute(answer, attribute, tag);
    int value = found == NULL ? 0 : ippGetInteger(found, 0);
    if (value <= 0)
        sp_report("DEBUG", "CUPS does not tell %s of the job: %s", attribute, cupsLastErrorString());
    ippDelete(answer);
    httpClose(http);
    return value > 0 ? value : 0;
}

int
sp_cups_job_files(const struct sp_print_job *job)
{
    int files = ask(job, "number-of-documents", IPP_TAG_INTEGER);
    if (files > 0)
        return files;
    return job->n_names > 1 ? (int)job->n_names : 1;
}

bool
sp_cups_job_cancelled(const struct sp_print_job *job)
{
    int state = ask(job, "job-state", IPP_TAG_ENUM);
    return state == (int)IPP_JSTATE_CANCELED || state == (int)IPP_JSTATE_ABORTED;
}
