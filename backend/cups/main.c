/* main.c - lib/cups/backend/scanpost: prints into mails.
 *
 *   scanpost                                        says that we are there (backend(7))
 *   scanpost JOB USER TITLE COPIES OPTIONS [FILE]   one file of a job of CUPS
 *   scanpost FILE                                   a job of ippeveprinter(1)
 *
 * What CUPS does with our exit status (its scheduler, 2.4) decided what we do:
 *
 *   1 stops the queue, with the usual error policy     so it is never ours
 *   RETRY ends in "aborted" after five tries           so it is RETRY_CURRENT, which has no end
 *   anything but 0, on a file that is not the          so there we wait in place as long as it takes
 *     job's last one, aborts the job
 *   a death by SIGTERM is no failure                   so we die of it where a status would abort the job
 *   a job that is cancelled in front of other          so then a failure it is
 *     files blocks the queue unless we fail */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <cups/backend.h>

#include "backend/cups/cups_job.h"
#include "backend/cups/document.h"
#include "backend/cups/hand_over.h"
#include "backend/cups/print_job.h"
#include "backend/cups/report.h"
#include "backend/cups/side.h"
#include "base/auto.h"

enum {
    LAST_FILE_MS = 60 * 1000,   /* then CUPS starts us anew, which also takes in a changed queue */
    IPPEVE_MS = 15 * 60 * 1000, /* then the phone is told that it did not work: there is no "later" */
};

static volatile sig_atomic_t stop;

static void
on_stop(int number)
{
    (void)number;
    stop = 1;
}

static void
catch_signals(void)
{
    struct sigaction cancelled = { .sa_handler = on_stop }, ignored = { .sa_handler = SIG_IGN };
    sigemptyset(&cancelled.sa_mask);
    sigemptyset(&ignored.sa_mask);
    (void)sigaction(SIGTERM, &cancelled, NULL);
    (void)sigaction(SIGPIPE, &ignored, NULL);
}

static const char *
from_environment(const char *name)
{
    return getenv(name);
}

/* SIGTERM came: the job was cancelled, or the queue or CUPS is being stopped. In front of other files, CUPS frees the
 * queue of a cancelled job only when we fail, and keeps the job of a stopped queue only when we do not. */
static int
end_stopped(const struct sp_print_job *job, bool last)
{
    if (last)
        return CUPS_BACKEND_RETRY_CURRENT;
    if (sp_cups_job_cancelled(job)) {
        sp_hand_back(job);
        return CUPS_BACKEND_CANCEL;
    }
    (void)signal(SIGTERM, SIG_DFL);
    (void)raise(SIGTERM);
    return CUPS_BACKEND_RETRY_CURRENT;
}

static int
status_of(const struct sp_print_job *job, enum sp_handed handed, bool last)
{
    switch (handed) {
    case SP_HANDED_OVER:
        return CUPS_BACKEND_OK;
    case SP_HANDED_REFUSED:
        return CUPS_BACKEND_CANCEL;
    case SP_HANDED_AWAY:
        return CUPS_BACKEND_RETRY_CURRENT;
    case SP_HANDED_STOPPED:
        break;
    }
    return end_stopped(job, last);
}

/* A file that cannot be had now is no reason to give the job up. (In front of other files CUPS does so all the same;
 * what came on standard input is gone, so there is nothing to wait for in place.) */
static int
status_without_document(const struct sp_print_job *job, const struct sp_err *err, bool last)
{
    if (err->rc == SP_E_CLOSED)
        return end_stopped(job, last);
    sp_report("ERROR", "%s", err->text);
    if (err->rc == SP_E_TYPE)
        return CUPS_BACKEND_CANCEL;
    sleep(5);
    return CUPS_BACKEND_RETRY_CURRENT;
}

static int
print(const struct sp_print_job *job)
{
    struct sp_side side = sp_side_open();
    struct sp_document document = { .fd = -1 };
    struct sp_err err = { 0 };
    int files = job->by_cups ? sp_cups_job_files(job) : 1;
    bool last = files < 2 || job->number == files;
    if (sp_document_open(job->file, &side, &stop, &document, &err) != SP_OK)
        return status_without_document(job, &err, last);
    const struct sp_hand_over what = {
        .job = job,
        .document = &document,
        .files = files,
        .patience_ms = !job->by_cups ? IPPEVE_MS
                       : last        ? LAST_FILE_MS
                                     : -1,
        .side = &side,
        .stop = &stop,
    };
    enum sp_handed handed = sp_hand_over(&what);
    if (handed == SP_HANDED_OVER)
        sp_report(job->by_cups ? "PAGE" : "ATTR", "%s",
                  job->by_cups ? "1 1" : "job-impressions=1 job-impressions-completed=1");
    sp_document_close(&document);
    return status_of(job, handed, last);
}

int
main(int argc, char *argv[])
{
    if (argc == 1) {
        cupsBackendReport("network", "scanpost", "Unknown", "scanpost (scan to e-mail)", NULL, NULL);
        return CUPS_BACKEND_OK;
    }
    if (argc != 2 && argc != 6 && argc != 7) {
        sp_report("ERROR", "Usage: scanpost JOB USER TITLE COPIES OPTIONS [FILE]");
        return CUPS_BACKEND_CANCEL;
    }
    SP_AUTO(sp_print_job_free) struct sp_print_job *job = NULL;
    const struct sp_print_call call = { argc, (const char *const *)argv, from_environment };
    struct sp_err err = { 0 };
    catch_signals();
    enum sp_rc rc = sp_print_job_read(&call, &job, &err);
    if (rc == SP_OK)
        return print(job);
    sp_report("ERROR", "Not sent: %s", err.text);
    return rc == SP_E_DENIED ? CUPS_BACKEND_HOLD : rc == SP_E_NOMEM ? CUPS_BACKEND_RETRY_CURRENT : CUPS_BACKEND_CANCEL;
}
