/* jobs.c - history and queue: jobs, show, retry, cancel, forward. */
#include "gateway/cli/cli.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/print.h"
#include "gateway/cli/show.h"

enum { JOBS_BY_DEFAULT = 50, JOBS_MAX = 1000000, PAGE = 200 };

static void
add_query(struct sp_str *path, const char *name, const char *value)
{
    if (value == NULL)
        return;
    sp_str_addf(path, "&%s=", name);
    sp_put_escaped(path, value);
}

/* Everything of the list's address but limit and cursor. */
static int
filter_path(const struct sp_args *args, struct sp_str *path)
{
    const char *since = sp_args_value(args, "--since");
    char iso[SP_ISO_TIME_SIZE];
    int64_t from = 0;
    if (since != NULL && !sp_since_parse(since, sp_wall_ms(&sp_clock_system), &from))
        return sp_cli_usage(
            "jobs: --since takes a time such as 2026-11-23T12:00:00Z, or how long ago: 2h, 3d; not '%s'", since);
    if (since != NULL)
        sp_time_iso(from, iso);
    add_query(path, "state", sp_args_value(args, "--state"));
    add_query(path, "since", since == NULL ? NULL : iso);
    add_query(path, "q", sp_args_value(args, "--search"));
    return SP_EXIT_OK;
}

/* One page, added to jobs; *ret_next is the next cursor, NULL at the end, and belongs to the caller. */
static enum sp_rc
fetch_page(struct sp_cli *cli, const char *filter, int64_t limit, json_t *jobs, json_t **next)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    json_t *page = NULL;
    sp_str_addf(&path, "/api/v1/jobs?limit=%lld%s", (long long)(limit < PAGE ? limit : PAGE), filter);
    add_query(&path, "cursor", json_string_value(*next));
    enum sp_rc rc = sp_cli_call(cli, "GET", sp_str_text(&path), NULL, &page);
    if (rc != SP_OK)
        return rc;
    json_array_extend(jobs, json_object_get(page, "jobs"));
    json_decref(*next);
    *next = json_incref(json_object_get(page, "next"));
    json_decref(page);
    return SP_OK;
}

static enum sp_rc
fetch_jobs(struct sp_cli *cli, const char *filter, int64_t limit, json_t *jobs, json_t **next)
{
    do { /* a page may hold fewer, even none, where much had to be looked through */
        enum sp_rc rc = fetch_page(cli, filter, limit - (int64_t)json_array_size(jobs), jobs, next);
        if (rc != SP_OK)
            return rc;
    } while (json_is_string(*next) && (int64_t)json_array_size(jobs) < limit);
    return SP_OK;
}

static int
print_jobs(const struct sp_cli *cli, json_t *jobs, json_t *next)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    if (cli->json) {
        json_t *list = json_pack("{s:O, s:O?}", "jobs", jobs, "next", next);
        int code = sp_cli_print_json(list);
        json_decref(list);
        return code;
    }
    if (json_array_size(jobs) == 0)
        sp_str_add(&out, "No jobs.\n");
    else
        sp_show_jobs(&out, jobs);
    if (json_is_string(next))
        sp_str_addf(&out, "There are more; see them with --limit.\n");
    return sp_cli_print(&out);
}

static int
run_jobs(struct sp_cli *cli, const struct sp_args *args)
{
    const char *limit_text = sp_args_value(args, "--limit");
    SP_AUTO(sp_str_free) struct sp_str filter = { 0 };
    int64_t limit = JOBS_BY_DEFAULT;
    if (args->n_words > 0)
        return sp_cli_usage("jobs: '%s'? To search, use --search", args->words[0]);
    if (limit_text != NULL && !sp_parse_int(limit_text, 1, JOBS_MAX, &limit))
        return sp_cli_usage("jobs: --limit takes a whole number from 1 to %d", JOBS_MAX);
    int code = filter_path(args, &filter);
    if (code != SP_EXIT_OK)
        return code;
    json_t *jobs = json_array(), *next = NULL;
    code = SP_EXIT_FAILED;
    if (fetch_jobs(cli, sp_str_text(&filter), limit, jobs, &next) == SP_OK)
        code = print_jobs(cli, jobs, next);
    json_decref(jobs);
    json_decref(next);
    return code;
}

/* "/api/v1/jobs/ID" and what follows */
static void
job_path(struct sp_str *path, const char *id, const char *action)
{
    sp_str_add(path, "/api/v1/jobs/");
    sp_put_escaped(path, id);
    sp_str_add(path, action);
}

static int
run_show(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, out = { 0 };
    json_t *job = NULL;
    if (args->n_words != 1)
        return sp_cli_usage("show: name one job: scanpost show ID [--transcript]");
    job_path(&path, args->words[0], "");
    if (sp_cli_call(cli, "GET", sp_str_text(&path), NULL, &job) != SP_OK)
        return SP_EXIT_FAILED;
    if (!cli->json)
        sp_show_job(&out, job, sp_args_has(args, "--transcript"));
    int code = cli->json ? sp_cli_print_json(job) : sp_cli_print(&out);
    json_decref(job);
    return code;
}

/* retry or cancel of one job. */
static int
act(struct sp_cli *cli, const char *id, const char *action, const char *done)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, out = { 0 };
    json_t *answer = NULL;
    job_path(&path, id, action);
    if (sp_cli_call(cli, "POST", sp_str_text(&path), NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    sp_str_add(&out, "Job ");
    sp_put_clean(&out, id);
    sp_str_addf(&out, " %s.\n", done);
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return code;
}

/* The daemon takes a thousand at a time, and says where to go on. */
static enum sp_rc
retry_rounds(struct sp_cli *cli, const char *query, json_t *ids)
{
    json_t *next = json_null();
    enum sp_rc rc = SP_OK;
    do {
        json_t *answer = NULL;
        json_t *body = json_pack("{s:s, s:s, s:o}", "action", "retry", "q", query, "cursor", next);
        next = json_null();
        rc = sp_cli_call(cli, "POST", "/api/v1/jobs/actions", body, &answer);
        if (rc != SP_OK)
            break;
        json_array_extend(ids, json_object_get(answer, "ids"));
        next = json_incref(json_object_get(answer, "next"));
        json_decref(answer);
    } while (json_is_string(next));
    json_decref(next);
    return rc;
}

static int
retry_many(struct sp_cli *cli, const char *class_name)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 }, query = { 0 };
    json_t *ids = json_array();
    if (class_name != NULL)
        sp_str_addf(&query, "class:\"%s\"", class_name);
    else
        sp_str_add(&query, "status:failed");
    enum sp_rc rc = retry_rounds(cli, sp_str_text(&query), ids);
    size_t count = json_array_size(ids);
    json_t *answer = json_pack("{s:I, s:o}", "retried", (json_int_t)count, "ids", ids);
    sp_str_addf(&out, "%zu %s queued again.\n", count, count == 1 ? "job is" : "jobs are");
    int code = cli->json ? sp_cli_print_json(answer) : sp_cli_print(&out);
    json_decref(answer);
    return rc == SP_OK ? code : SP_EXIT_FAILED;
}

static int
run_retry(struct sp_cli *cli, const struct sp_args *args)
{
    const char *class_name = sp_args_value(args, "--class");
    size_t ways = args->n_words + sp_args_has(args, "--failed") + (class_name != NULL);
    if (ways != 1)
        return sp_cli_usage("retry: name one job, or --failed, or --class CLASS");
    if (args->n_words == 1)
        return act(cli, args->words[0], "/retry", "is queued again");
    return retry_many(cli, class_name);
}

static int
run_cancel(struct sp_cli *cli, const struct sp_args *args)
{
    if (args->n_words != 1)
        return sp_cli_usage("cancel: name one job: scanpost cancel ID");
    return act(cli, args->words[0], "/cancel", "is cancelled");
}

static json_t *
recipients(const struct sp_args *args)
{
    json_t *list = json_array();
    const char *to = NULL;
    for (size_t i = 0; (to = sp_args_value_at(args, "--to", i)) != NULL; i++)
        json_array_append_new(list, json_string(to));
    return list;
}

/* To somebody else, as a new job, whose id is told as `send` tells it. */
static int
run_forward(struct sp_cli *cli, const struct sp_args *args)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 }, out = { 0 };
    json_t *job = NULL;
    if (args->n_words != 1 || !sp_args_has(args, "--to"))
        return sp_cli_usage("forward: name one job, and to whom: scanpost forward ID --to ADDRESS");
    json_t *body = json_pack("{s:o}", "to", recipients(args));
    if (body == NULL)
        return sp_cli_usage("forward: an address has to be UTF-8 text");
    job_path(&path, args->words[0], "/forward");
    if (sp_cli_call(cli, "POST", sp_str_text(&path), body, &job) != SP_OK)
        return SP_EXIT_FAILED;
    sp_put_clean(&out, sp_member_text(job, "id"));
    sp_str_add_char(&out, '\n');
    int code = cli->json ? sp_cli_print_json(job) : sp_cli_print(&out);
    json_decref(job);
    return code;
}

static const struct sp_option jobs_options[] = {
    { "--state", "STATE", false },
    { "--since", "TIME", false },
    { "--search", "QUERY", false },
    { "--limit", "N", false },
    { 0 },
};
static const struct sp_option show_options[] = { { "--transcript", NULL, false }, { 0 } };
static const struct sp_option retry_options[] = { { "--failed", NULL, false }, { "--class", "CLASS", false }, { 0 } };
static const struct sp_option forward_options[] = { { "--to", "ADDRESS", true }, { 0 } };

const struct sp_command sp_job_commands[] = {
    { "jobs", "[--state STATE] [--since TIME] [--search QUERY] [--limit N]",
      "Lists jobs, newest first. TIME: 2026-11-23T12:00:00Z, or how long ago: 2h, 3d. QUERY: words, and to: from: "
      "subject: user: name: id: status: method: class: cause: source: before: after: larger: smaller:, \"quoted "
      "text\", - for what is left out.",
      jobs_options, run_jobs },
    { "show", "ID [--transcript]",
      "Tells the whole story of a job: what was tried, what was said, how to mend it. --transcript: word for word.",
      show_options, run_show },
    { "retry", "ID | --failed | --class CLASS", "Sends jobs again that failed or are held.", retry_options, run_retry },
    { "cancel", "ID", "Gives up a job that was not sent yet.", NULL, run_cancel },
    { "forward", "ID --to ADDRESS...", "Sends a scan to somebody else: a new job with the same documents.",
      forward_options, run_forward },
    { 0 },
};
