/* budget.h - how much a mailbox may send: messages in a sliding window, recipients a day (Exchange Online: 30 a minute,
 * 10,000). Threads may share it. */
#ifndef SP_SANDBOX_BUDGET_H
#define SP_SANDBOX_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_box_budget;

struct sp_box_allowance {
    unsigned messages; /* in a window; 0: as many as come */
    int64_t window_ms;
    uint64_t recipients; /* in 24 hours; 0: as many as come */
};

struct sp_box_budget *sp_box_budget_new(const struct sp_box_allowance *allowance); /* NULL when memory is out */
void sp_box_budget_free(struct sp_box_budget **budget);

/* Takes one message. *ret_in_window: how many there are then, in the window that ends now. false: none was left. */
bool sp_box_budget_take(struct sp_box_budget *budget, int64_t now_ms, size_t *ret_in_window);
/* The last one that was taken was not sent after all. */
void sp_box_budget_back(struct sp_box_budget *budget);
/* How long until there is one again; 0: there is. */
int64_t sp_box_budget_wait_ms(struct sp_box_budget *budget, int64_t now_ms);
/* Counts recipients; false, and none is counted, when so many are not left today. */
bool sp_box_budget_recipients(struct sp_box_budget *budget, size_t n, int64_t now_ms);

#endif
