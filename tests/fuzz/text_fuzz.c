/* text_fuzz.c - whatever bytes come: a repaired text is UTF-8 and stays as it is when repaired again, a cleaned log
 * line is one line that fits, a prefix is one, base64 comes back. */
#include "fuzz.h"

#include "base/auto.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

static void
repair(const char *bytes, size_t size, bool flat)
{
    SP_AUTO(sp_str_free) struct sp_str once = { 0 }, twice = { 0 };
    sp_utf8_repair(&once, bytes, size, flat);
    PROMISE(sp_utf8_valid(sp_str_text(&once), once.len));
    sp_utf8_repair(&twice, sp_str_text(&once), once.len, flat);
    PROMISE(once.len == twice.len && memcmp(sp_str_text(&once), sp_str_text(&twice), once.len) == 0);
    PROMISE(!flat || !sp_text_has_control(sp_str_text(&once)));
    PROMISE(!flat || strlen(sp_str_text(&once)) == once.len);
    for (size_t max = 0; max < 12; max++)
        PROMISE(sp_utf8_valid(sp_str_text(&once), sp_utf8_prefix(sp_str_text(&once), once.len, max)));
}

static void
clean(const char *text, size_t room)
{
    SP_AUTO_FREE char *buffer = malloc(room);
    PROMISE(buffer != NULL);
    sp_log_clean(buffer, room, text);
    size_t len = strlen(buffer);
    PROMISE(len < room);
    PROMISE(sp_utf8_valid(buffer, len));
    PROMISE(!sp_text_has_control(buffer));
}

static void
base64(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str coded = { 0 }, back = { 0 };
    sp_base64_add(&coded, data, size);
    PROMISE(coded.len == SP_BASE64_LEN(size));
    PROMISE(sp_base64_decode(&back, sp_str_text(&coded), coded.len));
    PROMISE(back.len == size && (size == 0 || memcmp(back.text, data, size) == 0));
}

/* What decodes at all has one spelling only. */
static void
base64_backwards(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str bytes = { 0 }, again = { 0 };
    if (!sp_base64_decode(&bytes, (const char *)data, size))
        return;
    sp_base64_add(&again, sp_str_text(&bytes), bytes.len);
    PROMISE(again.len == size && memcmp(sp_str_text(&again), data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    repair(text, size, false);
    repair(text, size, true);
    for (size_t room = 1; room < 9; room++)
        clean(text, room);
    clean(text, size + 1);
    clean(text, size + 8);
    base64(data, size);
    base64_backwards(data, size);
    return 0;
}
