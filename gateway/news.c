/* news.c - see news.h. */
#include "gateway/news.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/job.h"
#include "db/method_state.h"

static bool
add(struct sp_news *news, struct sp_news_item item)
{
    if (item.about == NULL || item.headline == NULL || item.text == NULL || item.fix == NULL)
        return false;
    if (news->count == SP_NEWS_MAX) {
        news->left_out++;
        return false;
    }
    news->items[news->count++] = item;
    return true;
}

static const struct sp_job_attempt *
last_refusal(const struct sp_job *job)
{
    for (size_t i = job->n_attempts; i > 0; i--)
        if (job->attempts[i - 1].outcome != SP_OUTCOME_ACCEPTED)
            return &job->attempts[i - 1];
    return NULL;
}

static const char *
first_document(const struct sp_job *job)
{
    return job->n_documents > 0 ? job->documents[0].name : job->subject;
}

static void
list_recipients(struct sp_str *out, const struct sp_job *job)
{
    const char *before = "";
    for (size_t i = 0; i < job->n_recipients; i++) {
        if (job->recipients[i].state == SP_RECIPIENT_SENT)
            continue;
        sp_str_addf(out, "%s%s", before, job->recipients[i].address);
        before = ", ";
    }
}

bool
sp_news_job(struct sp_news *news, const struct sp_job *job)
{
    const struct sp_job_attempt *refusal = last_refusal(job);
    SP_AUTO(sp_str_free) struct sp_str to = { 0 };
    list_recipients(&to, job);
    bool held = job->state == SP_JOB_HELD;
    struct sp_arena *arena = news->arena;
    return add(news, (struct sp_news_item){
                         .kind = held ? "job_held" : "job_failed",
                         .about = sp_arena_text(arena, job->id),
                         .headline = sp_arena_format(arena, "'%s' for %s %s", first_document(job), sp_str_text(&to),
                                                     held ? "is held and waits for you" : "could not be delivered"),
                         .text = sp_arena_text(arena, job->trouble[0] != '\0' ? job->trouble
                                                      : refusal != NULL       ? refusal->summary
                                                                              : ""),
                         .fix = sp_arena_text(arena, refusal != NULL ? refusal->fix : ""),
                     });
}

bool
sp_news_method(struct sp_news *news, const struct sp_method_state *state)
{
    struct sp_arena *arena = news->arena;
    bool down = state->state == SP_HEALTH_DOWN || state->state == SP_HEALTH_HALF_OPEN;
    return add(news, (struct sp_news_item){
                         .kind = down ? "method_down" : "method_up",
                         .about = sp_arena_text(arena, state->name),
                         .headline = sp_arena_format(
                             arena, down ? "the method %s is down" : "the method %s works again", state->name),
                         .text = sp_arena_text(arena, down ? state->reason : ""),
                         .fix = sp_arena_text(arena, down ? state->fix : ""),
                     });
}

/* What follows when something ends, and what to do before. The first whose word is in its name. */
static const struct end {
    const char *what, *text, *fix;
} ends[] = {
    { "connector",
      "After that Microsoft does not recognise mail from here by it, and refuses what goes outside the tenant.",
      "Get a new one for the same name from its authority, put it beside the old one as next-client-certificate and "
      "next-client-key, and send scanpostd a SIGHUP: it takes over by itself." },
    { "sign", "After that Microsoft refuses to sign scanpost in, and scans go another way or wait.",
      "Make a new one, add it to the app in the Entra portal, put it beside the old one as next-oauth-certificate and "
      "next-oauth-key, and send scanpostd a SIGHUP: it takes over by itself." },
    { "secret", "After that Microsoft refuses to sign scanpost in, and scans go another way or wait.",
      "Make a new one in the Entra portal, put it beside the old one with the key that begins with next-, and send "
      "scanpostd a SIGHUP: it takes over by itself." },
    { "", "After that browsers and copiers refuse to talk to the page and to WebDAV.",
      "Put a new one in the place of tls-certificate and tls-key, and send scanpostd a SIGHUP." },
};

static const struct end *
end_of(const char *what)
{
    size_t i = 0;
    while (strstr(what, ends[i].what) == NULL)
        i++;
    return &ends[i];
}

bool
sp_news_expires(struct sp_news *news, const char *method, const char *what, int64_t days, bool has_next)
{
    struct sp_arena *arena = news->arena;
    const struct end *end = end_of(what);
    const char *headline = days < 0 ? sp_arena_format(arena, "the %s of %s has ended", what, method)
                                    : sp_arena_format(arena, "the %s of %s ends in %lld day%s", what, method,
                                                      (long long)days, days == 1 ? "" : "s");
    return add(news,
               (struct sp_news_item){
                   .kind = "expires",
                   .about = sp_arena_text(arena, method),
                   .headline = headline,
                   .text = end->text,
                   .fix = has_next ? "Nothing at once: its successor is in place (next-...) and takes over by itself."
                                   : end->fix,
               });
}

bool
sp_news_late(struct sp_news *news, int64_t waiting_ms, size_t methods_up)
{
    struct sp_arena *arena = news->arena;
    return add(news, (struct sp_news_item){
                         .kind = "late",
                         .about = "",
                         .headline = sp_arena_format(arena, "the oldest scan has been waiting for %lld minutes",
                                                     (long long)(waiting_ms / 60000)),
                         .text = methods_up == 0 ? "No method to send by is up. Nothing is lost: scans wait until one "
                                                   "comes back."
                                                 : "",
                         .fix = "See 'scanpost methods' and 'scanpost jobs --state deferred'.",
                     });
}

bool
sp_news_silent(struct sp_news *news, const char *folder, int64_t silent_ms)
{
    struct sp_arena *arena = news->arena;
    return add(news, (struct sp_news_item){
                         .kind = "silent",
                         .about = sp_arena_text(arena, folder),
                         .headline = sp_arena_format(arena, "no scan came from the folder %s for %lld hours", folder,
                                                     (long long)(silent_ms / 3600000)),
                         .text = "",
                         .fix = "See 'scanpost folders', and whether the copier still reaches its share.",
                     });
}

/* --- the mails --- */

static void
add_item(struct sp_str *body, const struct sp_news_item *item)
{
    sp_str_addf(body, "* %s\n", item->headline);
    if (item->text[0] != '\0')
        sp_str_addf(body, "  Why: %s\n", item->text);
    if (item->fix[0] != '\0')
        sp_str_addf(body, "  What to do: %s\n", item->fix);
    if (strncmp(item->kind, "job_", 4) == 0)
        sp_str_addf(body, "  The whole story: scanpost show %s\n", item->about);
    sp_str_add_char(body, '\n');
}

void
sp_news_mail(const struct sp_news *news, const char *hostname, struct sp_str *subject, struct sp_str *body)
{
    sp_str_addf(subject, "scanpost on %s: %s", hostname, news->count > 0 ? news->items[0].headline : "");
    if (news->count > 1)
        sp_str_addf(subject, ", and %zu more", news->count - 1 + news->left_out);
    for (size_t i = 0; i < news->count; i++)
        add_item(body, &news->items[i]);
    if (news->left_out > 0)
        sp_str_addf(body, "%zu more will be told next time.\n\n", news->left_out);
    sp_str_addf(body, "-- \nscanpost on %s\n", hostname);
}

void
sp_news_person_mail(const struct sp_job *job, struct sp_str *subject, struct sp_str *body)
{
    const struct sp_job_attempt *refusal = last_refusal(job);
    SP_AUTO(sp_str_free) struct sp_str to = { 0 };
    list_recipients(&to, job);
    sp_str_addf(subject, "Your scan '%s' could not be delivered", first_document(job));
    sp_str_addf(body, "Your scan '%s' was taken, but could not be delivered to %s.\n\n", first_document(job),
                sp_str_text(&to));
    sp_str_addf(body, "Why: %s\n\n", job->trouble[0] != '\0' ? job->trouble : refusal != NULL ? refusal->summary : "");
    sp_str_addf(body,
                "The scan is kept for a while: whoever looks after scanpost can send it again (job %s). The paper need "
                "not be scanned again.\n",
                job->id);
}

char *
sp_news_json(const struct sp_news *news, const char *hostname)
{
    json_t *list = json_array();
    for (size_t i = 0; i < news->count; i++) {
        const struct sp_news_item *item = &news->items[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", item->kind, "about", item->about,
                                              "headline", item->headline, "text", item->text, "fix", item->fix));
    }
    json_t *whole = json_pack("{s:s, s:o}", "host", hostname, "notices", list);
    char *text = whole != NULL ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    return text;
}
