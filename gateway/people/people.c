/* people.c - an array of people, and a sorted array of all that they are called. */
#include "gateway/people/people.h"

#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wctype.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/people/csv.h"

/* What somebody is called, folded to one case. */
struct key {
    const char *text;
    size_t person;
    bool is_address, ambiguous;
};

struct sp_people {
    struct sp_arena *arena;
    locale_t locale; /* 0: letters beyond ASCII have no other case */
    struct sp_person *all;
    size_t n, room;
    struct key *keys; /* sorted, one for each text */
    size_t n_keys;
    const char *problems[SP_PEOPLE_PROBLEMS_MAX];
    size_t n_problems;
};

static enum sp_rc
out_of_memory(struct sp_err *err)
{
    return sp_fail(err, SP_E_NOMEM, "people: out of memory");
}

struct sp_people *
sp_people_new(void)
{
    struct sp_people *people = calloc(1, sizeof(*people));
    if (people == NULL)
        return NULL;
    people->arena = sp_arena_new();
    people->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (people->arena == NULL)
        sp_people_free(&people);
    return people;
}

void
sp_people_free(struct sp_people **people)
{
    struct sp_people *p = *people;
    *people = NULL;
    if (p == NULL)
        return;
    sp_arena_free(&p->arena);
    if (p->locale != (locale_t)0)
        freelocale(p->locale);
    free(p->all);
    free(p->keys);
    free(p);
}

/* ---- one case, one blank between words ---- */

static uint32_t
decode(const char *text, size_t len)
{
    static const unsigned char head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t code = (unsigned char)text[0] & head[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

static void
encode(struct sp_str *out, uint32_t code)
{
    if (code < 0x80) {
        sp_str_add_char(out, (char)code);
    } else if (code < 0x800) {
        sp_str_add_char(out, (char)(0xc0 | code >> 6));
        sp_str_add_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        if (code < 0x10000) {
            sp_str_add_char(out, (char)(0xe0 | code >> 12));
        } else {
            sp_str_add_char(out, (char)(0xf0 | code >> 18));
            sp_str_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        }
        sp_str_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        sp_str_add_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

static void
fold_char(const struct sp_people *people, struct sp_str *out, const char *text, size_t len)
{
    char c = text[0];
    if (len > 1 && people->locale != (locale_t)0)
        encode(out, (uint32_t)towlower_l((wint_t)decode(text, len), people->locale));
    else if (len > 1)
        sp_str_add_n(out, text, len);
    else
        sp_str_add_char(out, sp_char_lower(c));
}

/* Bytes that are no UTF-8 stay as they are: they match nothing in the file. */
static void
fold(const struct sp_people *people, struct sp_str *out, const char *text)
{
    size_t left = strlen(text);
    for (bool gap = false; left > 0;) {
        size_t len = sp_utf8_char(text, left);
        len = len == 0 ? 1 : len;
        if (len == 1 && (*text == ' ' || *text == '\t')) {
            gap = out->len > 0;
        } else {
            if (gap)
                sp_str_add_char(out, ' ');
            gap = false;
            fold_char(people, out, text, len);
        }
        text += len;
        left -= len;
    }
}

/* ---- adding ---- */

enum sp_rc
sp_people_problem(struct sp_people *people, unsigned line, const char *words, struct sp_err *err)
{
    if (people->n_problems++ >= SP_PEOPLE_PROBLEMS_MAX)
        return SP_OK;
    const char *text = sp_arena_format(people->arena, "line %u: %s", line, words);
    people->problems[people->n_problems - 1] = text == NULL ? "" : text;
    return text == NULL ? out_of_memory(err) : SP_OK;
}

/* Words to refuse a name or alias by; NULL when it is fine. "" is no name, but an alias that is left out. */
static const char *
wrong_with(const char *name)
{
    if (strlen(name) > SP_PERSON_NAME_MAX)
        return "a name or an alias is longer than 200 bytes";
    if (!sp_utf8_valid(name, strlen(name)))
        return "not UTF-8 text; save the file as \"CSV UTF-8\"";
    if (sp_text_has_control(name))
        return "a name or an alias holds a line break or another control character";
    return NULL;
}

static const char *
wrong_with_person(const struct sp_person *person)
{
    const char *words = wrong_with(person->name);
    if (*person->name == '\0')
        return "there is no name; a line is name,address[,alias...]";
    if (words == NULL && !sp_address_valid(person->address))
        return "the second field is not an e-mail address; a line is name,address[,alias...]";
    if (person->n_aliases > SP_ALIASES_MAX)
        return "more than 32 aliases";
    for (size_t i = 0; words == NULL && i < person->n_aliases; i++)
        words = wrong_with(person->aliases[i]);
    return words;
}

static bool
make_room(struct sp_people *people)
{
    if (people->n < people->room)
        return true;
    size_t room = people->room == 0 ? 64 : 2 * people->room;
    struct sp_person *all = realloc(people->all, room * sizeof(*all));
    if (all == NULL)
        return false;
    people->all = all;
    people->room = room;
    return true;
}

static bool
copy_person(struct sp_people *people, const struct sp_person *from)
{
    const char **aliases = sp_arena_array(people->arena, from->n_aliases + 1, sizeof(*aliases));
    struct sp_person *to = &people->all[people->n];
    bool good = aliases != NULL;
    *to = (struct sp_person){ .name = sp_arena_text(people->arena, from->name),
                              .address = sp_arena_text(people->arena, from->address),
                              .aliases = aliases,
                              .line = from->line };
    for (size_t i = 0; good && i < from->n_aliases; i++) {
        if (*from->aliases[i] == '\0')
            continue;
        aliases[to->n_aliases] = sp_arena_text(people->arena, from->aliases[i]);
        good = aliases[to->n_aliases++] != NULL;
    }
    return good && to->name != NULL && to->address != NULL;
}

enum sp_rc
sp_people_add(struct sp_people *people, const struct sp_person *person, struct sp_err *err)
{
    const char *words = wrong_with_person(person);
    if (words != NULL)
        return sp_people_problem(people, person->line, words, err);
    if (people->n == SP_PEOPLE_MAX)
        return sp_fail(err, SP_E_TOO_LARGE, "more than %d people", SP_PEOPLE_MAX);
    if (!make_room(people) || !copy_person(people, person))
        return out_of_memory(err);
    people->n++;
    return SP_OK;
}

/* ---- names that mean two ---- */

static int
by_text(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    int order = strcmp(left->text, right->text);
    if (order != 0)
        return order;
    return left->person < right->person ? -1 : left->person > right->person;
}

static enum sp_rc
add_key(struct sp_people *people, const char *text, size_t person, bool is_address, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str folded = { 0 };
    fold(people, &folded, text);
    const char *kept = folded.failed ? NULL : sp_arena_text_n(people->arena, sp_str_text(&folded), folded.len);
    if (kept == NULL)
        return out_of_memory(err);
    people->keys[people->n_keys++] = (struct key){ .text = kept, .person = person, .is_address = is_address };
    return SP_OK;
}

static enum sp_rc
gather_keys(struct sp_people *people, struct sp_err *err)
{
    size_t room = 1;
    for (size_t i = 0; i < people->n; i++)
        room += 2 + people->all[i].n_aliases;
    people->keys = calloc(room, sizeof(*people->keys));
    enum sp_rc rc = people->keys == NULL ? out_of_memory(err) : SP_OK;
    for (size_t i = 0; rc == SP_OK && i < people->n; i++) {
        const struct sp_person *person = &people->all[i];
        rc = add_key(people, person->name, i, false, err);
        if (rc == SP_OK)
            rc = add_key(people, person->address, i, true, err);
        for (size_t k = 0; rc == SP_OK && k < person->n_aliases; k++)
            rc = add_key(people, person->aliases[k], i, false, err);
    }
    return rc;
}

static enum sp_rc
tell_double(struct sp_people *people, const struct key *first, const struct key *second, struct sp_err *err)
{
    const struct sp_person *a = &people->all[first->person], *b = &people->all[second->person];
    char words[480];
    sp_text_format(words, sizeof(words), "'%s' is %s (line %u) already%s", second->text, a->name, a->line,
                   sp_address_equal(a->address, b->address) ? "" : "; as long as it means two people it means nobody");
    return sp_people_problem(people, b->line, words, err);
}

/* Folds equal keys, which stand beside each other, into one. Two that lead to the same mailbox may have it in common.
 */
static enum sp_rc
join_equal_keys(struct sp_people *people, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    struct key *keys = people->keys;
    size_t kept = 0;
    for (size_t i = 0; rc == SP_OK && i < people->n_keys; i++) {
        const struct key *next = &keys[i];
        if (kept == 0 || strcmp(keys[kept - 1].text, next->text) != 0) {
            keys[kept++] = *next; // NOLINT(clang-analyzer-core.NullDereference): where there is one, there are keys
            continue;
        }
        struct key *last = &keys[kept - 1];
        if (last->person == next->person)
            continue;
        if (!last->is_address || !next->is_address)
            rc = tell_double(people, last, next, err);
        if (!sp_address_equal(people->all[last->person].address, people->all[next->person].address))
            last->ambiguous = true;
    }
    people->n_keys = kept;
    return rc;
}

enum sp_rc
sp_people_finish(struct sp_people *people, struct sp_err *err)
{
    enum sp_rc rc = gather_keys(people, err);
    if (rc != SP_OK)
        return rc;
    if (people->n_keys > 0)
        qsort(people->keys, people->n_keys, sizeof(*people->keys), by_text);
    return join_equal_keys(people, err);
}

/* ---- reading ---- */

static bool
is_heading(const struct sp_csv_record *record)
{
    return record->count >= 2 && sp_text_equal_nocase(record->fields[0], "name") &&
           sp_text_equal_nocase(record->fields[1], "address");
}

static enum sp_rc
add_record(struct sp_people *people, const struct sp_csv_record *record, struct sp_err *err)
{
    if (record->count < 2)
        return sp_people_problem(people, record->line, "there is no address; a line is name,address[,alias...]", err);
    const struct sp_person person = { .name = record->fields[0],
                                      .address = record->fields[1],
                                      .aliases = record->fields + 2,
                                      .n_aliases = record->count - 2,
                                      .line = record->line };
    return sp_people_add(people, &person, err);
}

static enum sp_rc
read_all(struct sp_people *people, const char *text, size_t size, struct sp_err *err)
{
    struct sp_csv csv;
    enum sp_rc rc = SP_OK;
    sp_csv_begin(&csv, text, size, ',');
    for (bool first = true; rc == SP_OK; first = false) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_csv_record record = { 0 };
        struct sp_err why = { 0 };
        rc = arena == NULL ? out_of_memory(&why) : sp_csv_next(&csv, arena, &record, &why);
        if (rc == SP_OK && !(first && is_heading(&record)))
            rc = add_record(people, &record, &why);
        else if (rc == SP_E_INVALID)
            rc = sp_people_problem(people, record.line, why.text, &why);
        if (rc != SP_OK && rc != SP_E_CLOSED)
            return sp_fail(err, rc, "%s", why.text);
    }
    return SP_OK;
}

enum sp_rc
sp_people_parse(const char *text, size_t size, struct sp_people **ret, struct sp_err *err)
{
    SP_AUTO(sp_people_free) struct sp_people *people = sp_people_new();
    if (people == NULL)
        return out_of_memory(err);
    enum sp_rc rc = SP_OK;
    if (memchr(text, '\0', size) != NULL)
        rc = sp_people_problem(people, 1, "not text in UTF-8: there are zero bytes in it; save it as \"CSV UTF-8\"",
                               err);
    else
        rc = read_all(people, text, size, err);
    if (rc == SP_OK)
        rc = sp_people_finish(people, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(people);
    return rc;
}

enum sp_rc
sp_people_load(const char *file, struct sp_people **ret, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    if (*file != '\0') {
        SP_AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            return sp_fail_errno(err, "people: cannot open '%s'", file);
        char buffer[16384];
        for (size_t got = sizeof(buffer); got == sizeof(buffer);) {
            enum sp_rc rc = sp_io_read_full(fd, buffer, sizeof(buffer), &got, err);
            if (rc != SP_OK)
                return sp_err_prefix(err, "people: '%s'", file);
            sp_str_add_n(&text, buffer, got);
            if (text.len > SP_PEOPLE_FILE_MAX)
                return sp_fail(err, SP_E_TOO_LARGE, "people: '%s' is larger than %d MB", file,
                               SP_PEOPLE_FILE_MAX >> 20);
        }
        if (text.failed)
            return out_of_memory(err);
    }
    return sp_people_parse(sp_str_text(&text), text.len, ret, err);
}

/* ---- looking up ---- */

size_t
sp_people_count(const struct sp_people *people)
{
    return people == NULL ? 0 : people->n;
}

const struct sp_person *
sp_people_at(const struct sp_people *people, size_t index)
{
    return &people->all[index];
}

size_t
sp_people_problems(const struct sp_people *people, const char *const **ret, size_t *ret_kept)
{
    *ret = people->problems;
    *ret_kept = people->n_problems < SP_PEOPLE_PROBLEMS_MAX ? people->n_problems : SP_PEOPLE_PROBLEMS_MAX;
    return people->n_problems;
}

static int
against_key(const void *text, const void *key)
{
    return strcmp(text, ((const struct key *)key)->text);
}

const struct sp_person *
sp_people_find(const struct sp_people *people, const char *who)
{
    SP_AUTO(sp_str_free) struct sp_str folded = { 0 };
    if (people == NULL || people->n_keys == 0)
        return NULL;
    fold(people, &folded, who);
    if (folded.failed || folded.len == 0)
        return NULL;
    const struct key *key =
        bsearch(sp_str_text(&folded), people->keys, people->n_keys, sizeof(*people->keys), against_key);
    return key == NULL || key->ambiguous ? NULL : &people->all[key->person];
}

const struct sp_person *
sp_people_find_login(const struct sp_people *people, const char *login)
{
    const struct sp_person *person = sp_people_find(people, login);
    const char *backslash = strrchr(login, '\\'), *at = strchr(login, '@');
    if (person == NULL && backslash != NULL)
        return sp_people_find(people, backslash + 1);
    if (person != NULL || at == NULL)
        return person;
    SP_AUTO_FREE char *local = strndup(login, (size_t)(at - login));
    return local == NULL ? NULL : sp_people_find(people, local);
}
