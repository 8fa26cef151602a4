/* check.c - asks for checks, one method after the other, and tells what the daemon finds while it finds it. */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/check_show.h"
#include "gateway/cli/print.h"

enum {
    POLL_MS = 150,
    NEWS_PATIENCE_MS = 5 * 60 * 1000, /* no step of a walk takes longer */
    TROUBLE_PATIENCE_MS = 30 * 1000,  /* enough for a daemon that is restarted */
};

static void
pause_ms(int ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

static enum sp_rc
ask_for(struct sp_cli *cli, const char *method, const char *send_to, json_t **ret)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    sp_str_add(&path, "/api/v1/methods/");
    sp_put_escaped(&path, method);
    sp_str_add(&path, "/check");
    return sp_cli_call(cli, "POST", sp_str_text(&path), send_to == NULL ? NULL : json_pack("{s:s}", "send", send_to),
                       ret);
}

/* Prints what is new since *seen steps. */
static void
tell_news(const json_t *check, size_t *seen)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    const json_t *steps = json_object_get(check, "steps");
    for (; *seen < json_array_size(steps); (*seen)++)
        sp_show_check_step(&out, json_array_get(steps, *seen));
    if (out.len > 0)
        (void)sp_cli_print(&out);
}

static bool
is_done(const json_t *check)
{
    return strcmp(sp_member_text(check, "state"), "done") == 0;
}

/* One look; what fails in passing is looked at again. */
static enum sp_rc
refresh(struct sp_cli *cli, json_t **check, int *troubled_ms, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    json_t *newer = NULL;
    sp_str_add(&path, "/api/v1/checks/");
    sp_put_escaped(&path, sp_member_text(*check, "id"));
    enum sp_rc rc = sp_cli_try(cli, "GET", sp_str_text(&path), &newer, err);
    bool passing = rc == SP_E_CLOSED || rc == SP_E_BUSY || rc == SP_E_IO;
    if (rc != SP_OK && passing && *troubled_ms < TROUBLE_PATIENCE_MS) {
        *troubled_ms += POLL_MS;
        return SP_OK;
    }
    if (rc != SP_OK)
        return rc;
    *troubled_ms = 0;
    json_decref(*check);
    *check = newer;
    return SP_OK;
}

/* Until it is done; *check becomes its newest form. */
static enum sp_rc
follow(struct sp_cli *cli, json_t **check, struct sp_err *err)
{
    size_t seen = 0, before = 0;
    int quiet_ms = 0, troubled_ms = 0;
    for (;;) {
        size_t n = json_array_size(json_object_get(*check, "steps"));
        quiet_ms = n > before ? 0 : quiet_ms + POLL_MS;
        before = n;
        if (!cli->json)
            tell_news(*check, &seen);
        if (is_done(*check))
            return SP_OK;
        if (quiet_ms > NEWS_PATIENCE_MS)
            return sp_fail(err, SP_E_TIMEOUT, "the check does not go on: see the log of scanpostd");
        pause_ms(POLL_MS);
        enum sp_rc rc = refresh(cli, check, &troubled_ms, err);
        if (rc != SP_OK)
            return rc;
    }
}

/* Checks one method and appends what was found. */
static int
check_one(struct sp_cli *cli, const json_t *method, const char *send_to, json_t *checks)
{
    SP_AUTO(sp_str_free) struct sp_str head = { 0 };
    SP_AUTO(sp_str_free) struct sp_str end = { 0 };
    struct sp_err err = { 0 };
    json_t *check = NULL;
    const char *name = sp_member_text(method, "name");
    sp_put_clean(&head, name);
    sp_str_addf(&head, " (%s)\n", sp_member_text(method, "type"));
    if (!cli->json)
        (void)sp_cli_print(&head);
    if (ask_for(cli, name, send_to, &check) != SP_OK)
        return SP_EXIT_FAILED;
    enum sp_rc rc = follow(cli, &check, &err);
    if (rc == SP_OK && !cli->json) {
        sp_show_check_result(&end, check);
        sp_str_add_char(&end, '\n');
        (void)sp_cli_print(&end);
    }
    bool well = sp_check_is_well(check);
    json_array_append_new(checks, check);
    if (rc != SP_OK)
        return sp_cli_fail(&err);
    return well ? SP_EXIT_OK : SP_EXIT_FAILED;
}

static bool
is_wanted(const json_t *method, const char *only)
{
    if (only != NULL)
        return strcmp(sp_member_text(method, "name"), only) == 0;
    return json_is_true(json_object_get(method, "enabled"));
}

/* Fills checks. Every method is checked, whatever the others say. */
static int
check_each(struct sp_cli *cli, const json_t *methods, const char *only, const char *send_to, json_t *checks)
{
    int code = SP_EXIT_OK;
    size_t i = 0;
    const json_t *method = NULL;
    json_array_foreach (methods, i, method)
        if (is_wanted(method, only) && check_one(cli, method, send_to, checks) != SP_EXIT_OK)
            code = SP_EXIT_FAILED;
    return code;
}

static json_t *
orders_json(const json_t *methods, const json_t *checks)
{
    json_t *orders = json_object();
    size_t i = 0;
    const json_t *method = NULL;
    json_array_foreach (methods, i, method) {
        const char *tenant = sp_member_text(method, "tenant");
        if (json_object_get(orders, tenant) == NULL)
            json_object_set_new(orders, tenant, sp_recommend_order(methods, checks, tenant));
    }
    return orders;
}

/* Without all methods there is no order to speak of. */
static void
tell_json(const json_t *methods, bool all, json_t *checks)
{
    json_t *answer = json_pack("{s:O}", "checks", checks);
    if (all)
        json_object_set_new(answer, "order", orders_json(methods, checks));
    (void)sp_cli_print_json(answer);
    json_decref(answer);
}

/* The end: what works, and in which order. The methods are asked for again, because a test mail has proven some. */
static int
conclude(struct sp_cli *cli, bool all, json_t *checks)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *answer = NULL;
    if (sp_cli_call(cli, "GET", "/api/v1/methods", NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    const json_t *methods = json_object_get(answer, "methods");
    if (cli->json) {
        tell_json(methods, all, checks);
    } else if (all) {
        sp_show_recommendation(&out, methods, checks);
        (void)sp_cli_print(&out);
    }
    json_decref(answer);
    return SP_EXIT_OK;
}

static int
check_methods(struct sp_cli *cli, const json_t *methods, const char *only, const char *send_to)
{
    struct sp_err err = { 0 };
    json_t *checks = json_array();
    int code = check_each(cli, methods, only, send_to, checks);
    if (json_array_size(checks) == 0 && code == SP_EXIT_OK) {
        (void)sp_fail(&err, SP_E_NOTFOUND,
                      only == NULL ? "no method is configured and enabled" : "there is no method '%s'", only);
        code = sp_cli_fail(&err);
    } else if (conclude(cli, only == NULL, checks) != SP_EXIT_OK) {
        code = SP_EXIT_FAILED;
    }
    json_decref(checks);
    return code;
}

static int
run_check(struct sp_cli *cli, const struct sp_args *args)
{
    const char *only = args->n_words > 0 ? args->words[0] : NULL;
    const char *send_to = sp_args_value(args, "--send");
    json_t *answer = NULL;
    if (args->n_words > 1)
        return sp_cli_usage("check: one method, or none for all of them");
    if (send_to != NULL && !sp_address_valid(send_to))
        return sp_cli_usage("check: '%s' is no e-mail address", send_to);
    if (sp_cli_call(cli, "GET", "/api/v1/methods", NULL, &answer) != SP_OK)
        return SP_EXIT_FAILED;
    int code = check_methods(cli, json_object_get(answer, "methods"), only, send_to);
    json_decref(answer);
    return code;
}

static const struct sp_option check_options[] = { { "--send", "ADDRESS", false }, { 0 } };

const struct sp_command sp_check_commands[] = {
    { "check", "[METHOD] [--send ADDRESS]",
      "Walks each method up to where it would send, and says what works; --send proves it with a test mail.",
      check_options, run_check },
    { 0 },
};
