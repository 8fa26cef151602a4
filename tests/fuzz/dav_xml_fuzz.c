/* dav_xml_fuzz.c - bodies and If headers of WebDAV clients: whatever they hold, the bounds hold, and what is written of
 * them is XML that expat reads again. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "web/dav/dav_if.h"
#include "web/dav/dav_props.h"
#include "web/dav/dav_text.h"
#include "web/dav/dav_xml.h"

/* The names that were asked for come back in the answer: as a body of ours they have to mean the same. */
static void
answer_is_xml(const struct sp_dav_body *body, struct sp_arena *arena)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_dav_body again;
    sp_str_add(&out, "<D:propfind xmlns:D=\"DAV:\"><D:prop>");
    for (size_t i = 0; i < body->n_props; i++)
        sp_dav_add_prop_name(&out, &body->props[i]);
    sp_str_add(&out, "</D:prop></D:propfind>");
    PROMISE(sp_dav_xml_read(out.text, out.len, arena, &again, NULL) == SP_OK);
    PROMISE(again.n_props == body->n_props);
    for (size_t i = 0; i < body->n_props; i++)
        PROMISE(strcmp(again.props[i].name, body->props[i].name) == 0);
}

static void
holder_is_xml(const struct sp_dav_body *body, struct sp_arena *arena)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_dav_body again;
    sp_str_add(&out, "<lockinfo xmlns=\"DAV:\"><owner>");
    sp_dav_add_text(&out, body->holder);
    sp_str_add(&out, "</owner></lockinfo>");
    PROMISE(sp_dav_xml_read(out.text, out.len, arena, &again, NULL) == SP_OK);
    PROMISE(strlen(body->holder) <= SP_DAV_HOLDER_MAX);
}

static bool
holds(void *context, const struct sp_dav_condition *condition)
{
    (void)context;
    return condition->text[0] == 'y';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_body body;
    struct sp_dav_if what;
    struct sp_err err = { 0 };
    if (sp_dav_xml_read(text, size, arena, &body, &err) == SP_OK) {
        PROMISE(body.n_props <= SP_DAV_PROPS_MAX);
        answer_is_xml(&body, arena);
        holder_is_xml(&body, arena);
    } else {
        PROMISE(err.rc != SP_OK && err.text[0] != '\0');
    }
    if (sp_dav_if_read(text, arena, &what, NULL) == SP_OK) {
        PROMISE(what.count > 0 && what.count <= SP_DAV_CONDITIONS_MAX);
        (void)sp_dav_if_true(&what, holds, NULL);
    }
    return 0;
}
