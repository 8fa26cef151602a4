/* ask.c - see ask.h. */
#include "gateway/cli/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/args.h"
#include "gateway/cli/password.h"
#include "gateway/setup/wrap.h"

enum { WIDTH_MAX = 100, WIDTH_MIN = 40 };

void
sp_asker_init(struct sp_asker *asker)
{
    struct winsize size = { 0 };
    if (!isatty(STDOUT_FILENO))
        return;
    asker->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN ? size.ws_col : WIDTH_MAX;
    if (asker->width > WIDTH_MAX)
        asker->width = WIDTH_MAX;
}

/* --- saying --- */

void
sp_say_heading(const struct sp_asker *asker, const char *words)
{
    (void)printf(asker->width > 0 ? "\n\033[1m%s\033[0m\n" : "\n%s\n", words);
    (void)fflush(stdout);
}

void
sp_say(const struct sp_asker *asker, int indent, const char *format, ...)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 }, out = { 0 };
    va_list args;
    va_start(args, format);
    sp_str_vaddf(&text, format, args);
    va_end(args);
    sp_wrap(&out, sp_str_text(&text), indent, asker->width);
    (void)fputs(sp_str_text(&out), stdout);
    (void)fflush(stdout);
}

/* --- asking --- */

static enum sp_rc
keep(const struct sp_asker *asker, const char *answer, const char **ret, struct sp_err *err)
{
    *ret = sp_arena_text(asker->arena, answer);
    return *ret != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "out of memory");
}

static enum sp_rc
judge(const struct sp_question *question, const char *answer, struct sp_err *err)
{
    if (answer[0] == '\0')
        return question->may_be_empty ? SP_OK : sp_fail(err, SP_E_INVALID, "an answer is needed");
    if (sp_text_has_control(answer) || !sp_utf8_valid(answer, strlen(answer)))
        return sp_fail(err, SP_E_INVALID, "that is no text");
    return question->check == NULL ? SP_OK : question->check(answer, err);
}

/* What no person is there to correct. */
static enum sp_rc
take(const struct sp_asker *asker, const struct sp_question *question, const char *given, const char **ret,
     struct sp_err *err)
{
    struct sp_err why = { 0 };
    if (given == NULL && question->by_default == NULL)
        return sp_fail(err, SP_E_INVALID, "%s is missing: %s", question->flag, question->words);
    const char *answer = given != NULL ? given : question->by_default;
    if (judge(question, answer, &why) != SP_OK)
        return sp_fail(err, SP_E_INVALID, "%s '%s': %s", question->flag, answer, why.text);
    return keep(asker, answer, ret, err);
}

static enum sp_rc
read_answer(struct sp_str *out, struct sp_err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, stdin);
    if (len >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        sp_str_add(out, sp_text_trim(line));
    }
    free(line);
    return len >= 0 ? SP_OK : sp_fail(err, SP_E_CLOSED, "no more answers; with --unattended none are asked for");
}

static void
prompt_for(const struct sp_question *question)
{
    const char *by_default = question->by_default == NULL ? "" : question->by_default;
    (void)printf(by_default[0] != '\0' ? "  %s [%s]: " : "  %s: ", question->words, by_default);
    (void)fflush(stdout);
}

enum sp_rc
sp_ask(const struct sp_asker *asker, const struct sp_question *question, const char **ret, struct sp_err *err)
{
    const char *given = sp_args_value(asker->args, question->flag);
    if (given != NULL || asker->unattended)
        return take(asker, question, given, ret, err);
    for (;;) {
        SP_AUTO(sp_str_free) struct sp_str line = { 0 };
        struct sp_err why = { 0 };
        prompt_for(question);
        enum sp_rc rc = read_answer(&line, err);
        if (rc != SP_OK)
            return rc;
        const char *answer = line.len == 0 && question->by_default != NULL ? question->by_default : sp_str_text(&line);
        if (judge(question, answer, &why) == SP_OK)
            return keep(asker, answer, ret, err);
        sp_say(asker, 4, "%s", why.text);
    }
}

static enum sp_rc
check_yes(const char *answer, struct sp_err *err)
{
    static const char *const words[] = { "yes", "y", "no", "n" };
    for (size_t i = 0; i < SP_LEN(words); i++)
        if (strcasecmp(answer, words[i]) == 0)
            return SP_OK;
    return sp_fail(err, SP_E_INVALID, "yes or no");
}

enum sp_rc
sp_ask_yes(const struct sp_asker *asker, const char *flag, const char *words, bool by_default, bool *ret,
           struct sp_err *err)
{
    const struct sp_question question = { flag, words, by_default ? "yes" : "no", check_yes, false };
    const char *answer = NULL;
    enum sp_rc rc = sp_ask(asker, &question, &answer, err);
    if (rc == SP_OK)
        *ret = answer[0] == 'y' || answer[0] == 'Y';
    return rc;
}

enum sp_rc
sp_ask_secret(const struct sp_asker *asker, const char *flag, const char *words, const char *prompt,
              struct sp_secret **ret, struct sp_err *err)
{
    const char *file = sp_args_value(asker->args, flag);
    if (file != NULL)
        return sp_secret_from_file(file, ret, err);
    if (asker->unattended)
        return sp_fail(err, SP_E_INVALID, "%s is missing: %s", flag, words);
    return sp_password_prompt(prompt, ret, err);
}
