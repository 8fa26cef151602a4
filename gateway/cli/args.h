/* args.h - command line arguments by a table of options, without the globals of getopt. Pure. */
#ifndef SP_GATEWAY_CLI_ARGS_H
#define SP_GATEWAY_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_option {
    const char *name;  /* "--to", "-c" */
    const char *value; /* what follows, as the help calls it: "ADDRESS"; NULL: nothing follows */
    bool many;         /* may be given several times */
};

enum { SP_ARGS_MAX = 4096 };

struct sp_args {
    const char **words; /* what is no option */
    size_t n_words;
    struct sp_given {
        const char *name;  /* of the option */
        const char *value; /* "" for those without */
    } * given;
    size_t n_given;
};

/* options ends with a row whose name is NULL. "--name VALUE" and "--name=VALUE" are the same, after "--" everything is
 * a word. With up_to_word it stops at the first one. *ret_used tells how many of argv were taken. Values point into
 * argv. SP_E_INVALID in words for the user; args is to be freed in any case. */
enum sp_rc sp_args_parse(struct sp_args *args, const struct sp_option *options, int argc, char *const *argv,
                         bool up_to_word, int *ret_used, struct sp_err *err);
void sp_args_free(struct sp_args *args);

bool sp_args_has(const struct sp_args *args, const char *name);
/* The value of an option, NULL when it was not given. index: the how manieth of several. */
const char *sp_args_value(const struct sp_args *args, const char *name);
const char *sp_args_value_at(const struct sp_args *args, const char *name, size_t index);

#endif
