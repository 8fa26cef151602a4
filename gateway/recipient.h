/* recipient.h - whom a dropped scan is for: folder { recipient-from }. Pure.
 *
 * subfolder  FOLDER/NAME/scan.pdf is for NAME
 * owner      who owns the file
 * filename   alice.pdf, alice_0001.pdf, "Alice Smith 2026-11-24.pdf": the longest beginning of the name that is one
 *            among the people, ending where the name ends or in front of one of  _ - . ( [  or a blank. A "to-" in
 *            front is left out first. When that is nobody, an address: the shortest beginning that is one, better one
 *            inside the tenant's domains (to-bob@mail.my-firm.com-0001.pdf).
 * sidecar    whom the file beside it names
 *
 * A name is looked up among the people; an address that nobody there has is taken as it is, and whether it may leave
 * the house is the route's affair. */
#ifndef SP_GATEWAY_RECIPIENT_H
#define SP_GATEWAY_RECIPIENT_H

#include <stddef.h>

#include "base/err.h"

struct sp_arena;
struct sp_folder_settings;
struct sp_people;
struct sp_settings;
struct sp_sidecar;

struct sp_recipient_facts {
    const struct sp_settings *settings;
    const struct sp_folder_settings *folder;
    const struct sp_people *people;   /* may be NULL */
    const char *sub;                  /* the sub-folder; "" */
    const char *owner;                /* login name; "" */
    const char *name;                 /* of the file */
    const struct sp_sidecar *sidecar; /* NULL: none came, or it makes no sense */
    const char *sidecar_trouble;      /* which of both, in words; "" */
};

struct sp_recipient_told {
    const char **to; /* addresses, beside those that the settings name */
    size_t n_to;
    const char *user;    /* a person's name, else what the owner or sidecar says; "" */
    const char *subject; /* of a sidecar; "" */
    const char *untold;  /* why it cannot be told, or not wholly; NULL: it can */
};
/* Texts live in the arena or are the facts'. SP_E_NOMEM. */
enum sp_rc sp_recipient_tell(const struct sp_recipient_facts *facts, struct sp_arena *arena,
                             struct sp_recipient_told *ret, struct sp_err *err);

#endif
