/* explain.h - what a reply means, without a daemon. Pure. */
#ifndef SP_GATEWAY_CLI_EXPLAIN_H
#define SP_GATEWAY_CLI_EXPLAIN_H

#include <jansson.h>

#include "backend/diagnosis/vocabulary.h"

struct sp_str;

/* text: a reply as people paste it; "\n" written out stands for a line break. method may be NULL. The caller releases
 * the object, which is that of the contract; NULL when memory is out. */
json_t *sp_explain(const char *text, enum sp_stage stage, const char *method);
void sp_explain_put(struct sp_str *out, const json_t *explanation);

#endif
