/* explain.c - see explain.h; and the command. */
#include "gateway/cli/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/diagnosis/diagnosis.h"
#include "base/auto.h"
#include "base/str.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"

enum { LABEL_WIDTH = 9 };

/* "\n" and "\r\n", written out, become line breaks. */
static void
unfold(struct sp_str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "\\r\\n", 4) == 0) {
            sp_str_add_char(out, '\n');
            text += 3;
        } else if (strncmp(text, "\\n", 2) == 0) {
            sp_str_add_char(out, '\n');
            text++;
        } else {
            sp_str_add_char(out, *text);
        }
    }
}

static json_t *
as_json(const struct sp_pasted *pasted, const struct sp_diagnosis *d)
{
    json_t *code = pasted->code == 0 ? json_null() : json_integer(pasted->code);
    json_t *enhanced = pasted->enhanced[0] == '\0' ? json_null() : json_string(pasted->enhanced);
    json_t *json = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s}", "code", code, "enhanced", enhanced, "class",
                             sp_class_name(d->class_), "cause", d->cause, "scope", sp_scope_name(d->scope), "summary",
                             d->summary, "fix", d->fix);
    if (json != NULL && d->elsewhere)
        json_object_set_new(json, "elsewhere", json_true());
    return json;
}

json_t *
sp_explain(const char *text, enum sp_stage stage, const char *method)
{
    SP_AUTO(sp_str_free) struct sp_str whole = { 0 };
    struct sp_pasted pasted = { 0 };
    struct sp_diagnosis diagnosis = { 0 };
    unfold(&whole, text);
    if (whole.failed)
        return NULL;
    sp_paste_parse(sp_str_text(&whole), &pasted);
    const struct sp_event event = { .stage = stage,
                                    .trouble = SP_TROUBLE_REPLY,
                                    .method = method,
                                    .code = pasted.code,
                                    .enhanced = pasted.enhanced,
                                    .words = pasted.words };
    sp_diagnose(&event, &(struct sp_facts){ 0 }, &diagnosis);
    return as_json(&pasted, &diagnosis);
}

static void
put_line(struct sp_str *out, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    sp_str_addf(out, "%-*s", LABEL_WIDTH, label);
    sp_put_lines(out, text, LABEL_WIDTH);
    sp_str_add_char(out, '\n');
}

void
sp_explain_put(struct sp_str *out, const json_t *e)
{
    static const struct {
        const char *scope, *words;
    } concerns[] = { { "none", "" },
                     { "method", "this way is shut for now; others are tried" },
                     { "recipient", "this recipient" },
                     { "message", "this message, this way" },
                     { "later", "it passes; tried again later" },
                     { "job", "this job" } };
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    sp_str_add(&name, sp_member_text(e, "class"));
    if (sp_member_text(e, "cause")[0] != '\0')
        sp_str_addf(&name, " (%s)", sp_member_text(e, "cause"));
    put_line(out, "class", sp_str_text(&name));
    for (size_t i = 0; i < SP_LEN(concerns); i++)
        if (strcmp(concerns[i].scope, sp_member_text(e, "scope")) == 0)
            put_line(out, "concerns", concerns[i].words);
    put_line(out, "means", sp_member_text(e, "summary"));
    put_line(out, "mend", sp_member_text(e, "fix"));
}

/* --- the command --- */

struct wish {
    bool json;
    enum sp_stage stage;
    const char *method;
};

static int
explain_one(const struct wish *wish, const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    json_t *explanation = sp_explain(text, wish->stage, wish->method);
    char *line = wish->json && explanation != NULL ? json_dumps(explanation, JSON_COMPACT) : NULL;
    if (line != NULL)
        sp_str_addf(&out, "%s\n", line);
    else if (explanation != NULL && !wish->json)
        sp_explain_put(&out, explanation);
    else
        out.failed = true;
    free(line);
    json_decref(explanation);
    return sp_cli_print(&out);
}

/* One a line. In JSON every line gets an object, so that the two can be laid side by side. */
static int
explain_input(const struct wish *wish)
{
    SP_AUTO_FREE char *line = NULL;
    size_t room = 0;
    int code = SP_EXIT_OK;
    bool first = true;
    while (code == SP_EXIT_OK && getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' && !wish->json)
            continue;
        if (!first && !wish->json)
            putchar('\n');
        first = false;
        code = explain_one(wish, line);
    }
    return code;
}

static bool
is_method_type(const char *word)
{
    static const char *const types[] = { "direct", "relay", "submission", "graph" };
    for (size_t i = 0; i < SP_LEN(types); i++)
        if (strcmp(types[i], word) == 0)
            return true;
    return false;
}

static int
run_explain(struct sp_cli *cli, const struct sp_args *args)
{
    const char *stage = sp_args_value(args, "--stage");
    struct wish wish = { .json = cli->json, .stage = SP_STAGE_NONE, .method = sp_args_value(args, "--method") };
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    if (stage != NULL && !sp_stage_parse(stage, &wish.stage))
        return sp_cli_usage(
            "explain: '%s' is no stage; they are dns connect banner ehlo starttls tls auth mail rcpt data "
            "message token api",
            stage);
    if (wish.method != NULL && !is_method_type(wish.method))
        return sp_cli_usage("explain: --method takes direct, relay, submission or graph, not '%s'", wish.method);
    if (args->n_words == 0)
        return explain_input(&wish);
    for (size_t i = 0; i < args->n_words; i++)
        sp_str_addf(&text, "%s%s", i == 0 ? "" : " ", args->words[i]);
    return text.failed ? sp_cli_print(&text) : explain_one(&wish, sp_str_text(&text));
}

static const struct sp_option explain_options[] = { { "--stage", "STAGE", false },
                                                    { "--method", "METHOD", false },
                                                    { 0 } };

const struct sp_command sp_explain_commands[] = {
    { "explain", "[--stage STAGE] [--method METHOD] [TEXT]",
      "Says what a reply of Microsoft 365 means and how to mend it; reads one a line without TEXT.", explain_options,
      run_explain },
    { 0 },
};
