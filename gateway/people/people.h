/* people.h - whom a name means: sub-folders, owners of files, names of files, sidecars and print users say "asmith",
 * and the mail goes to alice.smith@contoso.com.
 *
 * The file (settings: people { file }) is CSV, UTF-8: name,address[,alias...] a line; empty lines and lines that begin
 * with '#' are skipped, a first line "name,address,..." too. A name that would mean two people means nobody: better a
 * scan that goes to `otherwise` than one that goes to the wrong person.
 *
 * Made once, never changed; shared by threads without locks. */
#ifndef SP_GATEWAY_PEOPLE_PEOPLE_H
#define SP_GATEWAY_PEOPLE_PEOPLE_H

#include <stddef.h>

#include "base/err.h"

enum {
    SP_PEOPLE_MAX = 100000,
    SP_PEOPLE_FILE_MAX = 32 << 20,
    SP_ALIASES_MAX = 32,
    SP_PERSON_NAME_MAX = 200,     /* bytes; of aliases, too */
    SP_PEOPLE_PROBLEMS_MAX = 100, /* that are kept; all are counted */
};

struct sp_person {
    const char *name, *address;
    const char *const *aliases;
    size_t n_aliases;
    unsigned line;
};

struct sp_people;

/* A line that makes no sense is left out and told as a problem; the others count. SP_E_NOMEM, SP_E_TOO_LARGE. */
enum sp_rc sp_people_parse(const char *text, size_t size, struct sp_people **ret, struct sp_err *err);
/* The same from a file; "": nobody. SP_E_NOTFOUND, SP_E_DENIED, SP_E_IO as well. */
enum sp_rc sp_people_load(const char *file, struct sp_people **ret, struct sp_err *err);
void sp_people_free(struct sp_people **people); /* accepts NULL; leaves NULL */

size_t sp_people_count(const struct sp_people *people); /* NULL: 0 */
const struct sp_person *sp_people_at(const struct sp_people *people, size_t index);
/* How many things are wrong; the first of them as "line 7: ..." in *ret. */
size_t sp_people_problems(const struct sp_people *people, const char *const **ret, size_t *ret_kept);

/* By name, alias or whole address, whatever the case. NULL: nobody, or more than one. people may be NULL. */
const struct sp_person *sp_people_find(const struct sp_people *people, const char *who);
/* The same for a login name, which may be DOMAIN\user or user@domain besides. */
const struct sp_person *sp_people_find_login(const struct sp_people *people, const char *login);

/* --- making one by hand: new, add..., finish --- */

struct sp_people *sp_people_new(void); /* NULL when memory is out */
/* Copies. What makes no sense becomes a problem of that line. SP_E_NOMEM, SP_E_TOO_LARGE (too many). */
enum sp_rc sp_people_add(struct sp_people *people, const struct sp_person *person, struct sp_err *err);
enum sp_rc sp_people_problem(struct sp_people *people, unsigned line, const char *words, struct sp_err *err);
/* From here on people can be looked up. */
enum sp_rc sp_people_finish(struct sp_people *people, struct sp_err *err);

#endif
