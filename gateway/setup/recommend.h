/* recommend.h - which methods suit this office, and why, from what was found out. Pure. */
#ifndef SP_SETUP_RECOMMEND_H
#define SP_SETUP_RECOMMEND_H

#include <stdbool.h>

#include "gateway/setup/answers.h"

enum sp_advice { SP_ADVICE_YES, SP_ADVICE_POSSIBLE, SP_ADVICE_NO };

struct sp_recommendation {
    enum sp_method_type method;
    enum sp_advice advice;
    char why[480];
};

/* Best first; ret has a row for each type. external: scans go to people outside the tenant, too. */
void sp_recommend(const struct sp_facts *facts, bool external, struct sp_recommendation ret[SP_METHOD_TYPES]);
/* "v=spf1 ip4:192.0.2.1 include:spf.protection.outlook.com ~all": the record with the address in it. false: it names
 * the address already. */
bool sp_spf_with(const char *record, const char *ip, char *buffer, size_t size);

#endif
