/* check_smtp.h - the walk of direct, relay and submission, for their const structs. */
#ifndef SP_DELIVERY_CHECK_SMTP_H
#define SP_DELIVERY_CHECK_SMTP_H

#include "backend/delivery/smtp_way.h"

struct sp_walk;

/* struct sp_method's check. */
void sp_smtp_way_check(void *context, const struct sp_walk *walk, struct sp_report *report);

#endif
