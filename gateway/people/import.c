/* import.c - a heading says what a column holds. Aliases that are only derived (the local part of a user principal
 * name) are dropped without a word when two people would have them; those that an export states are told. */
#include "gateway/people/import.h"

#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/people/csv.h"

enum column { DISPLAY_NAME, NAME, PRIMARY, PROXIES, MAIL, PRINCIPAL, ACCOUNT, ALIAS, COLUMNS };

/* Lower case, without blanks, dashes and underscores. */
static const struct {
    const char *heading;
    enum column column;
} headings[] = {
    { "displayname", DISPLAY_NAME },
    { "name", NAME },
    { "primarysmtpaddress", PRIMARY },
    { "windowsemailaddress", PRIMARY },
    { "proxyaddresses", PROXIES },
    { "emailaddresses", PROXIES },
    { "mail", MAIL },
    { "email", MAIL },
    { "emailaddress", MAIL },
    { "userprincipalname", PRINCIPAL },
    { "samaccountname", ACCOUNT },
    { "onpremisessamaccountname", ACCOUNT },
    { "alias", ALIAS },
    { "mailnickname", ALIAS },
};

struct import {
    size_t place[COLUMNS]; /* 1 is the first column; 0: there is none */
    struct sp_people *people;
    const struct sp_people *known; /* in the second pass: the first one's, which says what is ambiguous */
    size_t skipped;
};

struct row {
    struct sp_arena *arena;
    const struct sp_csv_record *record;
    const char *aliases[SP_ALIASES_MAX];
    size_t n_aliases;
};

static bool
heading_is(const char *heading, const char *name)
{
    for (; *heading != '\0'; heading++) {
        if (strchr(" _-", *heading) != NULL)
            continue;
        char c = sp_char_lower(*heading);
        if (c != *name)
            return false;
        name++;
    }
    return *name == '\0';
}

static enum sp_rc
find_columns(struct import *import, const struct sp_csv_record *record, struct sp_err *err)
{
    for (size_t i = 0; i < record->count; i++)
        for (size_t k = 0; k < SP_LEN(headings); k++)
            if (heading_is(record->fields[i], headings[k].heading) && import->place[headings[k].column] == 0)
                import->place[headings[k].column] = i + 1;
    const size_t *place = import->place;
    if (place[DISPLAY_NAME] == 0 && place[NAME] == 0)
        return sp_fail(err, SP_E_INVALID, "there is no column DisplayName or Name in the first line");
    if (place[PRIMARY] + place[PROXIES] + place[MAIL] + place[PRINCIPAL] == 0)
        return sp_fail(
            err, SP_E_INVALID,
            "there is no column PrimarySmtpAddress, Mail, ProxyAddresses or UserPrincipalName in the first line");
    return SP_OK;
}

static const char *
cell(const struct import *import, const struct row *row, enum column column)
{
    size_t place = import->place[column];
    return place == 0 || place > row->record->count ? "" : row->record->fields[place - 1];
}

static void
add_alias(struct row *row, const char *alias, const char *address)
{
    if (alias == NULL || *alias == '\0' || sp_text_equal_nocase(alias, address) || row->n_aliases == SP_ALIASES_MAX)
        return;
    for (size_t i = 0; i < row->n_aliases; i++)
        if (sp_text_equal_nocase(row->aliases[i], alias))
            return;
    row->aliases[row->n_aliases++] = alias;
}

/* "SMTP:alice@contoso.com+smtp:a.smith@contoso.com", parted by '+' (Entra), ';', ',' or blanks (PowerShell). An address
 * may hold a '+' itself, so it parts only in front of a prefix. Calls back for each. */
static const char *
next_proxy(struct sp_arena *arena, const char **at, bool *ret_primary)
{
    const char *start = sp_text_find_nocase(*at, "smtp:");
    if (start == NULL)
        return NULL;
    *ret_primary = sp_text_starts(start, "SMTP:");
    start += strlen("smtp:");
    const char *next = sp_text_find_nocase(start, "smtp:");
    size_t len = strcspn(start, ";, \t{}\"'|");
    if (next != NULL && (size_t)(next - start) < len + 1)
        len = (size_t)(next - start) - (next[-1] == '+' ? 1 : 0);
    const char *sip = sp_text_find_nocase(start, "+sip:");
    if (sip != NULL && (size_t)(sip - start) < len)
        len = (size_t)(sip - start);
    *at = start;
    return sp_arena_text_n(arena, start, len);
}

static const char *
find_address(const struct import *import, const struct row *row)
{
    static const enum column later[] = { MAIL, PRINCIPAL };
    const char *address = cell(import, row, PRIMARY), *proxies = cell(import, row, PROXIES), *proxy;
    bool primary = false;
    if (*address != '\0')
        return sp_text_starts_nocase(address, "smtp:") ? address + strlen("smtp:") : address;
    while ((proxy = next_proxy(row->arena, &proxies, &primary)) != NULL)
        if (primary)
            return proxy;
    for (size_t i = 0; i < SP_LEN(later); i++) {
        address = cell(import, row, later[i]);
        if (*address != '\0')
            return address;
    }
    return "";
}

/* Nobody else may have it, as far as the first pass has seen. */
static void
add_derived(const struct import *import, struct row *row, const char *login, const char *address)
{
    const char *at = strchr(login, '@');
    const char *local = at == NULL ? NULL : sp_arena_text_n(row->arena, login, (size_t)(at - login));
    if (local == NULL)
        return;
    const struct sp_person *owner = import->known == NULL ? NULL : sp_people_find(import->known, local);
    if (import->known == NULL || (owner != NULL && sp_address_equal(owner->address, address)))
        add_alias(row, local, address);
}

static void
find_aliases(const struct import *import, struct row *row, const char *address)
{
    const char *proxies = cell(import, row, PROXIES), *principal = cell(import, row, PRINCIPAL), *proxy;
    bool primary;
    add_alias(row, cell(import, row, ACCOUNT), address);
    add_alias(row, cell(import, row, ALIAS), address);
    add_alias(row, principal, address);
    while ((proxy = next_proxy(row->arena, &proxies, &primary)) != NULL)
        add_alias(row, proxy, address);
    add_derived(import, row, principal, address);
}

static enum sp_rc
import_row(struct import *import, struct row *row, struct sp_err *err)
{
    const char *address = find_address(import, row);
    if (*address == '\0') {
        import->skipped++;
        return SP_OK;
    }
    const char *name = cell(import, row, DISPLAY_NAME);
    find_aliases(import, row, address);
    const struct sp_person person = { .name = *name != '\0' ? name : cell(import, row, NAME),
                                      .address = address,
                                      .aliases = row->aliases,
                                      .n_aliases = row->n_aliases,
                                      .line = row->record->line };
    return sp_people_add(import->people, &person, err);
}

static enum sp_rc
import_all(struct import *import, const char *text, size_t size, struct sp_err *err)
{
    struct sp_csv csv;
    enum sp_rc rc = SP_OK;
    sp_csv_begin(&csv, text, size, '\0');
    for (bool first = true; rc == SP_OK; first = false) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_csv_record record = { 0 };
        struct sp_err why = { 0 };
        rc = arena == NULL ? sp_fail(&why, SP_E_NOMEM, "out of memory") : sp_csv_next(&csv, arena, &record, &why);
        struct row row = { .arena = arena, .record = &record };
        if (rc == SP_OK)
            rc = first ? find_columns(import, &record, &why) : import_row(import, &row, &why);
        else if (rc == SP_E_INVALID && !first)
            rc = sp_people_problem(import->people, record.line, why.text, &why);
        if (rc != SP_OK && rc != SP_E_CLOSED)
            return sp_fail(err, rc, "%s", why.text);
    }
    return sp_people_finish(import->people, err);
}

/* A heading "name,address", or none and an address in the second place. */
static bool
is_people_file(const char *text, size_t size)
{
    struct sp_csv csv;
    struct sp_csv_record record = { 0 };
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    sp_csv_begin(&csv, text, size, ',');
    if (arena == NULL || sp_csv_next(&csv, arena, &record, NULL) != SP_OK || record.count < 2)
        return false;
    return sp_address_valid(record.fields[1]) ||
           (sp_text_equal_nocase(record.fields[0], "name") && sp_text_equal_nocase(record.fields[1], "address"));
}

enum sp_rc
sp_people_import(const char *text, size_t size, struct sp_people **ret, size_t *ret_skipped, struct sp_err *err)
{
    *ret_skipped = 0;
    if (memchr(text, '\0', size) != NULL)
        return sp_fail(err, SP_E_INVALID,
                       "not text in UTF-8: export it with -Encoding UTF8, or save it as \"CSV UTF-8\"");
    if (is_people_file(text, size))
        return sp_people_parse(text, size, ret, err);
    SP_AUTO(sp_people_free) struct sp_people *first = sp_people_new(), *second = sp_people_new();
    if (first == NULL || second == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    struct import import = { .people = first };
    enum sp_rc rc = import_all(&import, text, size, err);
    if (rc != SP_OK)
        return rc;
    struct import again = { .people = second, .known = first };
    rc = import_all(&again, text, size, err);
    if (rc != SP_OK)
        return rc;
    *ret_skipped = again.skipped;
    *ret = SP_STEAL(second);
    return SP_OK;
}

void
sp_people_write(struct sp_str *out, const struct sp_people *people)
{
    sp_str_add(out, "name,address,aliases\n");
    for (size_t i = 0; i < sp_people_count(people); i++) {
        const struct sp_person *person = sp_people_at(people, i);
        sp_csv_put(out, person->name, ',');
        sp_str_add_char(out, ',');
        sp_csv_put(out, person->address, ',');
        for (size_t k = 0; k < person->n_aliases; k++) {
            sp_str_add_char(out, ',');
            sp_csv_put(out, person->aliases[k], ',');
        }
        sp_str_add_char(out, '\n');
    }
}
