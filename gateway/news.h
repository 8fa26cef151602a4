/* news.h - troubles in words for the person who can mend them: a mail, and JSON for programs. Pure. */
#ifndef SP_GATEWAY_NEWS_H
#define SP_GATEWAY_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_arena;
struct sp_job;
struct sp_method_state;
struct sp_str;

struct sp_news_item {
    const char *kind;     /* stable: job_failed job_held method_down method_up expires late silent */
    const char *about;    /* a job's id, a method's or source's name */
    const char *headline; /* one line */
    const char *text;     /* more of it; may be "" */
    const char *fix;      /* what to do; may be "" */
};

enum { SP_NEWS_MAX = 50 };
struct sp_news {
    struct sp_arena *arena; /* owns the texts */
    struct sp_news_item items[SP_NEWS_MAX];
    size_t count;
    size_t left_out; /* did not fit; told with the next ones */
};

/* NULL texts anywhere mean that memory was out; then nothing is added. */
bool sp_news_job(struct sp_news *news, const struct sp_job *job);
bool sp_news_method(struct sp_news *news, const struct sp_method_state *state);
/* days: until the end; negative: it is over. what: "client secret", "certificate for signing in", "connector's
 * certificate"; any other is the page's. has_next: a successor is in place. */
bool sp_news_expires(struct sp_news *news, const char *method, const char *what, int64_t days, bool has_next);
bool sp_news_late(struct sp_news *news, int64_t waiting_ms, size_t methods_up);
bool sp_news_silent(struct sp_news *news, const char *folder, int64_t silent_ms);

/* The mail to the admin. */
void sp_news_mail(const struct sp_news *news, const char *hostname, struct sp_str *subject, struct sp_str *body);
/* The mail to the person who scanned. */
void sp_news_person_mail(const struct sp_job *job, struct sp_str *subject, struct sp_str *body);
/* {"host":...,"notices":[{"kind","about","headline","text","fix"}]}; to be freed; NULL when memory is out. */
char *sp_news_json(const struct sp_news *news, const char *hostname);

#endif
