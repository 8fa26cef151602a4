/* sidecar_xml_fuzz.c - a sidecar in XML: whatever it holds, what is taken from it is short, on one line and UTF-8, and
 * there is an end to how much. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "gateway/sidecar.h"

static void
check_text(const char *text)
{
    PROMISE(strlen(text) <= 500 && !sp_text_has_control(text) && sp_utf8_valid(text, strlen(text)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_sidecar said;
    if (arena == NULL || sp_sidecar_parse("scan.xml", text, size, arena, &said, NULL) != SP_OK)
        return 0;
    PROMISE(said.n_to <= SP_SIDECAR_TO_MAX && said.n_documents <= SP_SIDECAR_DOCUMENTS_MAX);
    check_text(said.subject);
    check_text(said.user);
    for (size_t i = 0; i < said.n_to; i++) {
        check_text(said.to[i]);
        PROMISE(*said.to[i] != '\0');
    }
    for (size_t i = 0; i < said.n_documents; i++) {
        check_text(said.documents[i]);
        PROMISE(strpbrk(said.documents[i], "/\\") == NULL);
        (void)sp_sidecar_covers("scan.xml", &said, said.documents[i], true);
    }
    return 0;
}
