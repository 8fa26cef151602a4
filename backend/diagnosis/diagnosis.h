/* diagnosis.h - from what the peer said, or what happened to the connection, to what it means, whom it concerns and how
 * to mend it. Tables (rules_*.c) with a source for every row; matching is by stage, code, enhanced code and fixed
 * phrases, never by the whole line, because Microsoft appends host names, times and session ids. Pure. */
#ifndef SP_DIAGNOSIS_DIAGNOSIS_H
#define SP_DIAGNOSIS_DIAGNOSIS_H

#include "backend/diagnosis/vocabulary.h"

/* What happened. Texts may be NULL where unknown. */
struct sp_event {
    enum sp_stage stage;
    enum sp_trouble trouble;
    const char *method;   /* "direct" "relay" "submission" "graph": the type of the method; NULL: any */
    int code;             /* 0: none */
    const char *enhanced; /* "5.7.606"; NULL or "": none */
    const char *words;    /* the reply without codes, lines joined by '\n'; or our sentence for other troubles */
};

/* The tenant's own values, for the sentences and the PowerShell in them. Each may be NULL: a placeholder such as
 * <mailbox> stands there instead. */
struct sp_facts {
    const char *tenant_domain, *mailbox, *client_id, *public_ip, *recipient, *host, *hostname;
};

struct sp_diagnosis {
    enum sp_class class_;
    enum sp_scope scope;
    bool elsewhere;    /* refused this way, but an authenticated method would pass */
    const char *cause; /* stable finer word, "" when there is none; static storage */
    char summary[400]; /* one or two sentences for the admin */
    char fix[1200];    /* who must do what; may hold PowerShell lines, '\n' between lines */
};

void sp_diagnose(const struct sp_event *event, const struct sp_facts *facts, struct sp_diagnosis *ret);

/* Takes apart a reply as people paste it: "550 5.7.606 Access denied...", "550-5.7.1 a\n550 5.7.1 b", "5.7.512 text",
 * "550;5.7.711 text", AADSTS and Graph errors (JSON or text). Fills code (0), enhanced ("") and words, which points
 * into text. */
struct sp_pasted {
    int code;
    char enhanced[16];
    const char *words;
};
void sp_paste_parse(const char *text, struct sp_pasted *ret);

#endif
