/* ask.h - questions to whoever sits in front, each with the flag that answers it as well; and text that fits the
 * terminal. Without one, text is plain and lines are read from standard input all the same. */
#ifndef SP_GATEWAY_CLI_ASK_H
#define SP_GATEWAY_CLI_ASK_H

#include <stdbool.h>

#include "base/err.h"

struct sp_args;
struct sp_arena;
struct sp_secret;

struct sp_asker {
    const struct sp_args *args;
    struct sp_arena *arena; /* where answers live */
    bool unattended;        /* what no flag says is the default, or an error that names the flag */
    int width;              /* of the terminal; 0: standard output is none */
};

/* Finds the width of the terminal. */
void sp_asker_init(struct sp_asker *asker);

/* Whether an answer will do; its words, if not. */
typedef enum sp_rc sp_ask_check_fn(const char *answer, struct sp_err *err);

struct sp_question {
    const char *flag;       /* "--domain" */
    const char *words;      /* "The domain of your mail addresses" */
    const char *by_default; /* NULL: there is none */
    sp_ask_check_fn *check; /* NULL: anything goes */
    bool may_be_empty;
};
/* SP_E_INVALID: a flag with a bad value, or none where one is needed; SP_E_CLOSED: no more input. */
enum sp_rc sp_ask(const struct sp_asker *asker, const struct sp_question *question, const char **ret,
                  struct sp_err *err);
enum sp_rc sp_ask_yes(const struct sp_asker *asker, const char *flag, const char *words, bool by_default, bool *ret,
                      struct sp_err *err);
/* From the file that the flag names, else typed without echo (`prompt`). Unattended without the flag: SP_E_INVALID. */
enum sp_rc sp_ask_secret(const struct sp_asker *asker, const char *flag, const char *words, const char *prompt,
                         struct sp_secret **ret, struct sp_err *err);

void sp_say_heading(const struct sp_asker *asker, const char *words);
/* A paragraph, wrapped, with that indent. */
void sp_say(const struct sp_asker *asker, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
