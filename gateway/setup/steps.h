/* steps.h - the Microsoft side in words, step by step, for whoever does it by hand in the portals. Pure. */
#ifndef SP_SETUP_STEPS_H
#define SP_SETUP_STEPS_H

struct sp_answers;
struct sp_facts;
struct sp_str;

/* A step is one line of `out`: "1. ...". Continuation lines begin with three spaces. */
void sp_steps(struct sp_str *out, const struct sp_answers *answers, const struct sp_facts *facts);

#endif
