/* hand_over.h - the document to the daemon, once or as often as it takes. */
#ifndef SP_BACKEND_CUPS_HAND_OVER_H
#define SP_BACKEND_CUPS_HAND_OVER_H

#include <signal.h>

struct sp_document;
struct sp_print_job;
struct sp_side;

enum sp_handed {
    SP_HANDED_OVER,    /* safe on disk over there */
    SP_HANDED_REFUSED, /* the daemon does not want it, and would not want it later */
    SP_HANDED_AWAY,    /* the daemon is away, or has no room; patience is over */
    SP_HANDED_STOPPED, /* *stop was set */
};

struct sp_hand_over {
    const struct sp_print_job *job;
    const struct sp_document *document;
    int files;       /* of the job; 1: this is all of it */
    int patience_ms; /* how long to try; -1: until stopped */
    struct sp_side *side;
    const volatile sig_atomic_t *stop;
};
/* Says on standard error what happens. */
enum sp_handed sp_hand_over(const struct sp_hand_over *what);

/* The job was cancelled: what was handed over of it, in front of its last file, may go. */
void sp_hand_back(const struct sp_print_job *job);

#endif
