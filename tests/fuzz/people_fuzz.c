/* people_fuzz.c - a people file, and an export to make one from: whoever is taken has a name and an address, and what
 * is written is read again as the same people. */
#include "fuzz.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/people/import.h"
#include "gateway/people/people.h"

static void
check(const struct sp_people *people)
{
    for (size_t i = 0; i < sp_people_count(people); i++) {
        const struct sp_person *person = sp_people_at(people, i);
        PROMISE(*person->name != '\0' && !sp_text_has_control(person->name) && sp_address_valid(person->address));
        const struct sp_person *found = sp_people_find(people, person->name);
        PROMISE(found == NULL || sp_people_find_login(people, person->name) == found);
    }
}

/* An address that is in a first line of its own cannot be told from a heading; and what is only a heading is nobody. */
static void
write_and_read(const struct sp_people *people)
{
    struct sp_str text = { 0 };
    struct sp_people *again = NULL;
    sp_people_write(&text, people);
    PROMISE(!text.failed && sp_people_parse(sp_str_text(&text), text.len, &again, NULL) == SP_OK);
    PROMISE(sp_people_count(again) == sp_people_count(people));
    for (size_t i = 0; i < sp_people_count(people); i++) {
        PROMISE(strcmp(sp_people_at(people, i)->name, sp_people_at(again, i)->name) == 0);
        PROMISE(strcmp(sp_people_at(people, i)->address, sp_people_at(again, i)->address) == 0);
        PROMISE(sp_people_at(people, i)->n_aliases == sp_people_at(again, i)->n_aliases);
    }
    sp_people_free(&again);
    sp_str_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_people *people = NULL, *imported = NULL;
    size_t skipped = 0;
    if (sp_people_parse(text, size, &people, NULL) == SP_OK) {
        check(people);
        write_and_read(people);
    }
    if (sp_people_import(text, size, &imported, &skipped, NULL) == SP_OK) {
        check(imported);
        write_and_read(imported);
    }
    sp_people_free(&people);
    sp_people_free(&imported);
    return 0;
}
