/* show.c - see show.h. */
#include "gateway/cli/show.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/print.h"

enum { LABEL_WIDTH = 12, STORY_INDENT = 5, STORY_WIDTH = 7 };

static const struct {
    const char *name, *words;
    bool rests;
} states[] = {
    { "queued", "waits for its turn", false },
    { "sending", "is being sent", false },
    { "deferred", "waits for its next attempt", false },
    { "held", "waits for you: mend what is wrong, then 'scanpost retry'", true },
    { "sent", "accepted by Microsoft for every recipient", true },
    { "partial", "accepted by Microsoft for some recipients, refused for others", true },
    { "failed", "failed for good", true },
    { "cancelled", "cancelled", true },
};

bool
sp_state_rests(const char *state)
{
    for (size_t i = 0; i < SP_LEN(states); i++)
        if (strcmp(states[i].name, state) == 0)
            return states[i].rests;
    return false;
}

void
sp_show_state(struct sp_str *out, const json_t *job)
{
    const char *state = sp_member_text(job, "state");
    sp_put_clean(out, state);
    for (size_t i = 0; i < SP_LEN(states); i++)
        if (strcmp(states[i].name, state) == 0)
            sp_str_addf(out, ": %s", states[i].words);
    if (strcmp(state, "deferred") == 0 && sp_member_text(job, "next_attempt")[0] != '\0') {
        sp_str_add(out, ", ");
        sp_put_time(out, sp_member_text(job, "next_attempt"));
    }
}

/* "  subject     Scan from ...", left out when there is nothing. */
static void
put_line(struct sp_str *out, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    sp_str_addf(out, "  %-*s", LABEL_WIDTH, label);
    sp_put_lines(out, text, LABEL_WIDTH + 2);
    sp_str_add_char(out, '\n');
}

static void
put_time_line(struct sp_str *out, const char *label, const char *iso)
{
    if (iso[0] == '\0')
        return;
    sp_str_addf(out, "  %-*s", LABEL_WIDTH, label);
    sp_put_time(out, iso);
    sp_str_add_char(out, '\n');
}

static void
put_source(struct sp_str *out, const json_t *job)
{
    const char *name = sp_member_text(job, "source_name"), *user = sp_member_text(job, "user");
    sp_str_addf(out, "  %-*s", LABEL_WIDTH, "came by");
    sp_put_clean(out, sp_member_text(job, "source"));
    if (name[0] != '\0') {
        sp_str_add_char(out, ' ');
        sp_put_clean(out, name);
    }
    if (user[0] != '\0') {
        sp_str_add(out, ", from ");
        sp_put_clean(out, user);
    }
    sp_str_add_char(out, '\n');
}

static void
put_head(struct sp_str *out, const json_t *job)
{
    sp_str_add(out, "Job ");
    sp_put_clean(out, sp_member_text(job, "id"));
    sp_str_add_char(out, '\n');
    sp_str_addf(out, "  %-*s", LABEL_WIDTH, "state");
    sp_show_state(out, job);
    sp_str_add_char(out, '\n');
    put_line(out, "why", sp_member_text(job, "trouble"));
    put_source(out, job);
    put_time_line(out, "created", sp_member_text(job, "created"));
    put_time_line(out, "finished", sp_member_text(job, "finished"));
    put_line(out, "subject", sp_member_text(job, "subject"));
    put_line(out, "from", sp_member_text(job, "from"));
    put_line(out, "route", sp_member_text(job, "route"));
    put_line(out, "tenant", sp_member_text(job, "tenant"));
    put_line(out, "method", sp_member_text(job, "method"));
    put_line(out, "message id", sp_member_text(job, "message_id"));
}

static void
put_documents(struct sp_str *out, const json_t *documents)
{
    static const char *const titles[] = { "NAME", "SIZE", "TYPE" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *document = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (documents, i, document) {
        SP_AUTO(sp_str_free) struct sp_str size = { 0 };
        sp_put_size(&size, sp_member_number(document, "size"));
        sp_table_cell(&table, sp_member_text(document, "name"));
        sp_table_cell(&table, sp_str_text(&size));
        sp_table_cell(&table, sp_member_text(document, "type"));
    }
    sp_str_add(out, "\nDocuments\n");
    sp_table_put(out, &table, 2);
}

static void
put_recipients(struct sp_str *out, const json_t *recipients)
{
    static const char *const titles[] = { "ADDRESS", "STATE", "METHOD", "REPLY" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *recipient = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (recipients, i, recipient) {
        sp_table_cell(&table, sp_member_text(recipient, "address"));
        sp_table_cell(&table, sp_member_text(recipient, "state"));
        sp_table_cell(&table, sp_member_text(recipient, "method"));
        sp_table_cell(&table, sp_member_text(recipient, "reply"));
    }
    sp_str_add(out, "\nRecipients\n");
    sp_table_put(out, &table, 2);
}

static void
put_story(struct sp_str *out, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    sp_str_addf(out, "%*s%-*s", STORY_INDENT, "", STORY_WIDTH, label);
    sp_put_lines(out, text, STORY_INDENT + STORY_WIDTH);
    sp_str_add_char(out, '\n');
}

static void
put_outcome(struct sp_str *out, const json_t *attempt)
{
    const char *outcome = sp_member_text(attempt, "outcome"), *cause = sp_member_text(attempt, "cause");
    if (strcmp(outcome, "accepted") == 0) {
        sp_str_add(out, "accepted");
        return;
    }
    if (strcmp(outcome, "unknown") == 0)
        sp_str_add(out, "unknown: handed over, but the answer was not recorded; it may arrive twice");
    else
        sp_put_clean(out, outcome);
    if (sp_member_text(attempt, "stage")[0] != '\0') {
        sp_str_add(out, " at ");
        sp_put_clean(out, sp_member_text(attempt, "stage"));
    }
    if (sp_member_text(attempt, "class")[0] != '\0') {
        sp_str_add(out, " (");
        sp_put_clean(out, sp_member_text(attempt, "class"));
        sp_str_add(out, cause[0] == '\0' ? "" : ", ");
        sp_put_clean(out, cause);
        sp_str_add_char(out, ')');
    }
}

static void
put_peer(struct sp_str *out, const json_t *attempt)
{
    SP_AUTO(sp_str_free) struct sp_str peer = { 0 };
    const char *host = sp_member_text(attempt, "host"), *ip = sp_member_text(attempt, "ip"),
               *tls = sp_member_text(attempt, "tls");
    int64_t port = sp_member_number(attempt, "port");
    if (host[0] == '\0')
        return;
    sp_str_add(&peer, host);
    if (port > 0)
        sp_str_addf(&peer, ":%lld", (long long)port);
    if (ip[0] != '\0')
        sp_str_addf(&peer, " (%s)", ip);
    sp_str_addf(&peer, tls[0] == '\0' ? ", no TLS yet" : ", %s", tls);
    put_story(out, "with", sp_str_text(&peer));
}

void
sp_show_attempt(struct sp_str *out, const json_t *attempt)
{
    sp_str_addf(out, "%3lld  ", (long long)sp_member_number(attempt, "n"));
    sp_put_time(out, sp_member_text(attempt, "started"));
    sp_str_add(out, "  ");
    sp_put_clean(out, sp_member_text(attempt, "method"));
    sp_str_add(out, ": ");
    put_outcome(out, attempt);
    sp_str_addf(out, ", %lld ms\n", (long long)sp_member_number(attempt, "duration_ms"));
    put_peer(out, attempt);
    put_story(out, "said", sp_member_text(attempt, "reply"));
    if (strcmp(sp_member_text(attempt, "class"), "ok") == 0)
        return;
    put_story(out, "means", sp_member_text(attempt, "summary"));
    put_story(out, "mend", sp_member_text(attempt, "fix"));
}

static void
put_decision(struct sp_str *out, const json_t *decision)
{
    static const char *const titles[] = { "METHOD", "CHOSEN", "WHY" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *choice = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (decision, i, choice) {
        sp_table_cell(&table, sp_member_text(choice, "method"));
        sp_table_cell(&table, json_is_true(json_object_get(choice, "chosen")) ? "yes" : "no");
        sp_table_cell(&table, sp_member_text(choice, "reason"));
    }
    sp_str_add(out, "\nDecision\n");
    sp_table_put(out, &table, 2);
}

/* Line by line: it was cleaned when it was written, and is cleaned again for the terminal. */
static void
put_transcript(struct sp_str *out, const json_t *attempt)
{
    const char *text = sp_member_text(attempt, "transcript");
    if (text[0] == '\0') {
        put_story(out, "", "(no dialogue was kept)");
        return;
    }
    while (*text != '\0') {
        SP_AUTO(sp_str_free) struct sp_str line = { 0 };
        size_t n = strcspn(text, "\n");
        sp_str_add_n(&line, text, n);
        sp_str_addf(out, "%*s", STORY_INDENT, "");
        sp_put_clean(out, sp_str_text(&line));
        sp_str_add_char(out, '\n');
        text += n + (text[n] == '\n');
    }
}

void
sp_show_job(struct sp_str *out, const json_t *job, bool transcripts)
{
    const json_t *attempts = json_object_get(job, "attempts"), *attempt = NULL;
    const json_t *decision = json_object_get(job, "decision");
    size_t i = 0;
    put_head(out, job);
    put_documents(out, json_object_get(job, "documents"));
    put_recipients(out, json_object_get(job, "recipients"));
    if (json_array_size(attempts) > 0)
        sp_str_add(out, "\nAttempts\n");
    json_array_foreach (attempts, i, attempt) {
        sp_show_attempt(out, attempt);
        if (transcripts)
            put_transcript(out, attempt);
    }
    if (json_array_size(decision) > 0)
        put_decision(out, decision);
}

/* "a@contoso.com and 2 more" */
static void
put_first_recipient(struct sp_str *out, const json_t *job)
{
    const json_t *recipients = json_object_get(job, "recipients");
    size_t count = json_array_size(recipients);
    sp_str_add(out, sp_member_text(json_array_get(recipients, 0), "address"));
    if (count > 1)
        sp_str_addf(out, " and %zu more", count - 1);
}

void
sp_show_jobs(struct sp_str *out, const json_t *jobs)
{
    static const char *const titles[] = { "ID", "CREATED", "STATE", "METHOD", "FROM", "TO", "SUBJECT" };
    SP_AUTO(sp_table_free) struct sp_table table = { 0 };
    size_t i = 0;
    const json_t *job = NULL;
    sp_table_head(&table, titles, SP_LEN(titles));
    json_array_foreach (jobs, i, job) {
        SP_AUTO(sp_str_free) struct sp_str created = { 0 }, to = { 0 };
        const char *name = sp_member_text(job, "source_name");
        sp_put_time(&created, sp_member_text(job, "created"));
        put_first_recipient(&to, job);
        sp_table_cell(&table, sp_member_text(job, "id"));
        sp_table_cell(&table, sp_str_text(&created));
        sp_table_cell(&table, sp_member_text(job, "state"));
        sp_table_cell(&table, sp_member_text(job, "method"));
        sp_table_cell(&table, name[0] != '\0' ? name : sp_member_text(job, "source"));
        sp_table_cell(&table, sp_str_text(&to));
        sp_table_cell(&table, sp_member_text(job, "subject"));
    }
    sp_table_put(out, &table, 0);
}
