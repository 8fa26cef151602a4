/* print_job.h - what a print job asks of us, from the arguments and the environment that CUPS (backend(7)) or
 * ippeveprinter(1) gives. Pure: the environment is handed in.
 *
 * Who gets it: `mail-to` of the job, else of the queue (device URI); besides that the route, and when nobody is named
 * at all, whom the daemon's people file has for the print user. */
#ifndef SP_BACKEND_CUPS_PRINT_JOB_H
#define SP_BACKEND_CUPS_PRINT_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_arena;

enum { SP_PRINT_NAMES_MAX = 1000, SP_PRINT_ADDRESSES_MAX = 200 };

struct sp_print_call {
    int argc;
    const char *const *argv;
    const char *(*env)(const char *name); /* NULL: not there */
};

struct sp_print_job {
    struct sp_arena *arena;
    bool by_cups;        /* else by ippeveprinter, which knows nothing of retries and of several files */
    const char *queue;   /* what history calls it */
    const char *printer; /* as CUPS calls it; "" */
    int id;              /* CUPS's number of the job */
    const char *user, *title;
    const char *file;   /* NULL: comes on standard input */
    int number;         /* which file of the job it is, from 1; 0: there is no telling */
    const char **names; /* of the job's documents, as far as the giver named them */
    size_t n_names;
    const char **to, **cc;
    size_t n_to, n_cc;
    const char *route, *subject, *body; /* NULL: nothing said */
    const char *key; /* the same whenever CUPS runs this job again, and another after a person's "print again" */
    const char *run_dir;
};

/* SP_E_INVALID: the job's options make no sense, in words for whoever printed. SP_E_DENIED: the queue's device URI does
 * not, in words for whoever set it up. */
enum sp_rc sp_print_job_read(const struct sp_print_call *call, struct sp_print_job **ret, struct sp_err *err);
void sp_print_job_free(struct sp_print_job **job); /* accepts NULL; leaves NULL */

/* What the mail calls document n (from 1; 0 when there is no telling). */
const char *sp_print_job_name(const struct sp_print_job *job, int n, int of);

#endif
