/* job_files.c - one IPP question to the CUPS that started us ($CUPS_SERVER). */
#include "backend/cups/job_files.h"

#include <stdio.h>

#include <cups/cups.h>

#include "backend/cups/print_job.h"
#include "backend/cups/report.h"

enum { CONNECT_MS = 5000, ANSWER_SECONDS = 10 };

static int
give_up(http_t *http, void *context)
{
    (void)http, (void)context;
    return 0;
}

static ipp_t *
question(const struct sp_print_job *job)
{
    static const char *const wanted[] = { "number-of-documents" };
    char uri[HTTP_MAX_URI];
    ipp_t *request = ippNewRequest(IPP_OP_GET_JOB_ATTRIBUTES);
    httpAssembleURIf(HTTP_URI_CODING_ALL, uri, sizeof(uri), "ipp", NULL, "localhost", 0, "/printers/%s", job->printer);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job->id);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, cupsUser());
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", 1, NULL, wanted);
    return request;
}

static int
ask(http_t *http, const struct sp_print_job *job)
{
    ipp_t *answer = cupsDoRequest(http, question(job), "/");
    ipp_attribute_t *count = ippFindAttribute(answer, "number-of-documents", IPP_TAG_INTEGER);
    int files = count == NULL ? 0 : ippGetInteger(count, 0);
    if (files <= 0)
        sp_report("DEBUG", "CUPS does not say how many files the job has: %s", cupsLastErrorString());
    ippDelete(answer);
    return files;
}

int
sp_job_files(const struct sp_print_job *job)
{
    int files = 0;
    http_t *http =
        httpConnect2(cupsServer(), ippPort(), NULL, AF_UNSPEC, HTTP_ENCRYPTION_IF_REQUESTED, 1, CONNECT_MS, NULL);
    if (http != NULL) {
        httpSetTimeout(http, ANSWER_SECONDS, give_up, NULL);
        files = ask(http, job);
        httpClose(http);
    } else {
        sp_report("DEBUG", "CUPS does not answer: %s", cupsLastErrorString());
    }
    if (files > 0)
        return files;
    return job->n_names > 1 ? (int)job->n_names : 1;
}
