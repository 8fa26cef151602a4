/* errand_inside.h - what the files of an errand share. */
#ifndef SP_SENDER_ERRAND_INSIDE_H
#define SP_SENDER_ERRAND_INSIDE_H

#include "backend/delivery/settle.h"
#include "backend/sender/errand.h"
#include "backend/sender/ways.h"
#include "db/queue.h"

struct errand {
    const struct sp_errand_env *env;
    struct sp_job *job;
    const struct sp_tenant_settings *tenant;
    char tried[SP_PLAN_MAX][SP_PLAN_REASON_SIZE]; /* by way: how it refused this job; "" : it did not */
    const char **waiting;                         /* addresses that still wait */
    size_t *waiting_at;                           /* their places in the job */
    size_t n_waiting;
    struct sp_report_recipient *results; /* one for each that waits */
    enum sp_fate *fates;
    struct sp_ways_view view;
    struct sp_job_choice decision[SP_PLAN_MAX];
    struct sp_seat seat; /* while an attempt is made */
    int64_t use_row;     /* of the budget's book; 0: this way is not limited */
    char line[SP_LINE_NAME_SIZE];
    const char *note; /* of being late, for the mail; "" : none */
    bool note_is_new; /* to be kept with the claim */
    bool damaged;     /* a document is not what it was: no way can help */
};

/* errand.c */
int64_t sp_errand_now(const struct errand *e);            /* wall */
struct sp_point *sp_errand_point(const struct errand *e); /* NULL: none */
/* From the job as it is in memory; also fills view and decision. */
const struct sp_plan *sp_errand_plan(struct errand *e);
size_t sp_errand_index(const struct errand *e, const struct sp_method_settings *method);
bool sp_errand_large(const struct errand *e);
void sp_errand_find_waiting(struct errand *e); /* who still waits */

/* errand_late.c: finds or writes the note, before a claim. */
void sp_errand_note(struct errand *e);

/* errand_wait.c: nothing can be sent now. false: it could not be written down. */
bool sp_errand_postpone(struct errand *e, const struct sp_plan *plan);        /* no way is up */
bool sp_errand_wait_for_budget(struct errand *e, const struct sp_plan *plan); /* the best way is busy */
bool sp_errand_wait_for_seat(struct errand *e, size_t way);                   /* all connections are in use */
int64_t sp_errand_when_to_look(int64_t now, int64_t look_again);
int64_t sp_errand_when_day_has_room(int64_t now, int64_t not_before);

/* errand_record.c: before and after an attempt. */
enum sp_rc sp_errand_claim(struct errand *e, const struct sp_method_settings *method);
/* Gives the seat back, and records the attempt and what follows from it as one. *ret_again: plan again at once. */
bool sp_errand_settle(struct errand *e, const struct sp_method_settings *method, struct sp_report *report,
                      int64_t started, bool *ret_again);

#endif
