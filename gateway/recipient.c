/* recipient.c - five ways to tell, one for each word of recipient-from. */
#include "gateway/recipient.h"

#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/pages.h"
#include "gateway/people/people.h"
#include "gateway/sidecar.h"

struct telling {
    const struct sp_recipient_facts *facts;
    struct sp_arena *arena;
    struct sp_recipient_told *ret;
    const struct sp_person *person; /* the first one that was named */
    bool no_memory;
};

/* ---- results ---- */

static void
add(struct telling *t, const char *address)
{
    for (size_t i = 0; i < t->ret->n_to; i++)
        if (sp_address_equal(t->ret->to[i], address))
            return;
    t->ret->to[t->ret->n_to++] = address;
}

/* What came from outside goes into a mail and a note: on one line, and short. */
static void
cannot_tell(struct telling *t, const char *before, const char *name, const char *after)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    if (t->ret->untold != NULL)
        return;
    sp_str_add(&words, before);
    sp_utf8_repair(&words, name, strnlen(name, 100), true);
    sp_str_add(&words, after);
    t->ret->untold = words.failed ? NULL : sp_arena_text(t->arena, sp_str_text(&words));
    t->no_memory = t->ret->untold == NULL;
}

/* false: the name is nobody's, and no address. */
static bool
add_named(struct telling *t, const char *name, bool login)
{
    const struct sp_people *people = t->facts->people;
    const struct sp_person *person = login ? sp_people_find_login(people, name) : sp_people_find(people, name);
    if (person == NULL && !sp_address_valid(name))
        return false;
    if (person == NULL && login)
        return false; /* user@domain is an account; nobody has said that it is a mailbox */
    if (t->person == NULL)
        t->person = person;
    add(t, person == NULL ? name : person->address);
    return true;
}

/* ---- sub-folder and owner ---- */

static void
tell_by_subfolder(struct telling *t)
{
    const char *sub = t->facts->sub;
    if (*sub == '\0')
        cannot_tell(t, "it lies in no sub-folder", "", "");
    else if (!add_named(t, sub, false) && !add_named(t, sub, true))
        cannot_tell(t, "the sub-folder '", sub, "' is nobody's name in the people file");
}

static void
tell_by_owner(struct telling *t)
{
    const char *owner = t->facts->owner;
    if (*owner == '\0')
        cannot_tell(t, "its owner has no name on this machine", "", "");
    else if (!add_named(t, owner, true))
        cannot_tell(t, "its owner '", owner, "' is nobody in the people file");
}

/* ---- file name ---- */

static bool
is_end(char c)
{
    return c == '\0' || strchr("_-. ([", c) != NULL;
}

static bool
is_internal(const struct telling *t, const char *address)
{
    const struct sp_settings *settings = t->facts->settings;
    for (size_t i = 0; i < settings->n_tenants; i++)
        if (sp_tenant_is_internal(&settings->tenants[i], address))
            return true;
    return false;
}

/* The longest beginning that the people know. name is cut on the way. */
static bool
add_known_beginning(struct telling *t, char *name)
{
    for (size_t len = strlen(name); len > 0; len--) {
        if (!is_end(name[len]))
            continue;
        name[len] = '\0';
        const struct sp_person *person = sp_people_find(t->facts->people, name);
        if (person != NULL) {
            t->person = person;
            add(t, person->address);
            return true;
        }
    }
    return false;
}

/* Dots and dashes are parts of domains as well as ends: one of ours first, then the shortest. */
static bool
add_address_beginning(struct telling *t, const char *name)
{
    const char *at = strchr(name, '@'), *shortest = NULL;
    for (size_t len = at == NULL ? strlen(name) + 1 : (size_t)(at - name) + 2; len <= strlen(name); len++) {
        if (!is_end(name[len]))
            continue;
        const char *address = sp_arena_text_n(t->arena, name, len);
        t->no_memory = t->no_memory || address == NULL;
        if (address == NULL || !sp_address_valid(address))
            continue;
        if (shortest == NULL)
            shortest = address;
        if (is_internal(t, address)) {
            add(t, address);
            return true;
        }
    }
    if (shortest != NULL)
        add(t, shortest);
    return shortest != NULL;
}

static void
tell_by_filename(struct telling *t)
{
    const char *name = t->facts->name;
    size_t skip = sp_text_starts_nocase(name, "to-") ? strlen("to-") : 0;
    size_t stem = sp_page_stem(name, false);
    SP_AUTO_FREE char *words = strndup(name + skip, stem > skip ? stem - skip : 0);
    SP_AUTO_FREE char *copy = words == NULL ? NULL : strdup(words);
    t->no_memory = copy == NULL;
    if (copy != NULL && !add_known_beginning(t, copy) && !add_address_beginning(t, words))
        cannot_tell(t, "the file name '", name, "' begins with nobody's name in the people file, and with no address");
}

/* ---- sidecar ---- */

static void
tell_by_sidecar(struct telling *t)
{
    const struct sp_sidecar *said = t->facts->sidecar;
    if (said == NULL) {
        cannot_tell(t, t->facts->sidecar_trouble, "", "");
        return;
    }
    if (said->n_to == 0 && (*said->user == '\0' || !add_named(t, said->user, true)))
        cannot_tell(t, "the file beside it names nobody", "", "");
    for (size_t i = 0; i < said->n_to; i++)
        if (!add_named(t, said->to[i], false))
            cannot_tell(t, "'", said->to[i], "', whom the file beside it names, is nobody in the people file");
    t->ret->subject = said->subject;
}

/* ---- who scanned ---- */

/* The name by which they are known, when they are. Who is named by a folder or a file name is who scanned, as far as
 * anybody can tell; a sidecar says it itself. */
static void
tell_user(struct telling *t)
{
    const struct sp_recipient_facts *facts = t->facts;
    const struct sp_person *owner = *facts->owner == '\0' ? NULL : sp_people_find_login(facts->people, facts->owner);
    if (facts->sidecar != NULL && *facts->sidecar->user != '\0') {
        const struct sp_person *person = sp_people_find_login(facts->people, facts->sidecar->user);
        t->ret->user = person == NULL ? facts->sidecar->user : person->name;
    } else if (owner != NULL) {
        t->ret->user = owner->name;
    } else if (t->person != NULL && facts->folder->recipient_from != SP_FROM_SIDECAR) {
        t->ret->user = t->person->name;
    } else if (facts->folder->recipient_from == SP_FROM_OWNER) {
        t->ret->user = facts->owner;
    }
}

enum sp_rc
sp_recipient_tell(const struct sp_recipient_facts *facts, struct sp_arena *arena, struct sp_recipient_told *ret,
                  struct sp_err *err)
{
    struct telling t = { .facts = facts, .arena = arena, .ret = ret };
    size_t room = 2 + (facts->sidecar == NULL ? 0 : facts->sidecar->n_to);
    *ret = (struct sp_recipient_told){ .user = "", .subject = "", .to = sp_arena_array(arena, room, sizeof(*ret->to)) };
    if (ret->to == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    switch (facts->folder->recipient_from) {
    case SP_FROM_FIXED:
        break;
    case SP_FROM_SUBFOLDER:
        tell_by_subfolder(&t);
        break;
    case SP_FROM_OWNER:
        tell_by_owner(&t);
        break;
    case SP_FROM_FILENAME:
        tell_by_filename(&t);
        break;
    case SP_FROM_SIDECAR:
        tell_by_sidecar(&t);
        break;
    }
    tell_user(&t);
    return t.no_memory ? sp_fail(err, SP_E_NOMEM, "out of memory") : SP_OK;
}
