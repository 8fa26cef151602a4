/* args.c - see args.h. */
#include "gateway/cli/args.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct sp_args *args;
    const struct sp_option *options;
    char *const *argv;
    int argc, at;
    struct sp_err *err;
};

/* The row whose name is the first len characters. */
static const struct sp_option *
find(const struct sp_option *options, const char *name, size_t len)
{
    for (; options->name != NULL; options++)
        if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static enum sp_rc
take_option(struct walk *w)
{
    const char *text = w->argv[w->at++];
    size_t len = strcspn(text, "=");
    const struct sp_option *option = find(w->options, text, len);
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    if (option == NULL)
        return sp_fail(w->err, SP_E_INVALID, "there is no option '%.*s' here", (int)len, text);
    if (option->value == NULL && value != NULL)
        return sp_fail(w->err, SP_E_INVALID, "'%s' takes no value", option->name);
    if (option->value != NULL && value == NULL && w->at < w->argc)
        value = w->argv[w->at++];
    if (option->value != NULL && value == NULL)
        return sp_fail(w->err, SP_E_INVALID, "'%s' needs a value: %s %s", option->name, option->name, option->value);
    if (!option->many && sp_args_has(w->args, option->name))
        return sp_fail(w->err, SP_E_INVALID, "'%s' is given twice", option->name);
    w->args->given[w->args->n_given++] = (struct sp_given){ option->name, value == NULL ? "" : value };
    return SP_OK;
}

enum sp_rc
sp_args_parse(struct sp_args *args, const struct sp_option *options, int argc, char *const *argv, bool up_to_word,
              int *ret_used, struct sp_err *err)
{
    struct walk w = { .args = args, .options = options, .argv = argv, .argc = argc, .err = err };
    bool words_only = false;
    *args = (struct sp_args){ 0 };
    if (argc > SP_ARGS_MAX)
        return sp_fail(err, SP_E_INVALID, "more than %d arguments", SP_ARGS_MAX);
    args->words = calloc((size_t)argc + 1, sizeof *args->words);
    args->given = calloc((size_t)argc + 1, sizeof *args->given);
    if (args->words == NULL || args->given == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && w.at < argc) {
        const char *text = argv[w.at];
        bool option = !words_only && text[0] == '-' && text[1] != '\0';
        if (option && strcmp(text, "--") == 0) {
            words_only = true;
            w.at++;
        } else if (option) {
            rc = take_option(&w);
        } else if (up_to_word) {
            break;
        } else {
            args->words[args->n_words++] = text;
            w.at++;
        }
    }
    *ret_used = w.at;
    return rc;
}

void
sp_args_free(struct sp_args *args)
{
    free(args->words);
    free(args->given);
    *args = (struct sp_args){ 0 };
}

const char *
sp_args_value_at(const struct sp_args *args, const char *name, size_t index)
{
    for (size_t i = 0; i < args->n_given; i++)
        /* Everything below n_given was filled by take_option.
         * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        if (strcmp(args->given[i].name, name) == 0 && index-- == 0)
            return args->given[i].value;
    return NULL;
}

const char *
sp_args_value(const struct sp_args *args, const char *name)
{
    return sp_args_value_at(args, name, 0);
}

bool
sp_args_has(const struct sp_args *args, const char *name)
{
    return sp_args_value(args, name) != NULL;
}
