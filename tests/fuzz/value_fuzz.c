/* value_fuzz.c - small values from settings, forms and devices: what is taken means the same when it is written out and
 * read again, and no address holds what would end a line or a pair of angle brackets. */
#include "fuzz.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/ulid.h"

static void
moment(const char *text)
{
    int64_t ms, again;
    char iso[SP_ISO_TIME_SIZE];
    if (!sp_time_parse(text, &ms))
        return;
    sp_time_iso(ms, iso);
    PROMISE(sp_time_parse(iso, &again));
    static const int64_t day = 86400000, first = INT64_C(-62135596800000), last = INT64_C(253402300799999);
    PROMISE(again == ms || ms < first || ms > last); /* an offset may lead out of the years that can be written */
    PROMISE(ms > first - day && ms < last + day);
}

static void
numbers(const char *text)
{
    uint64_t size;
    int64_t n;
    char again[32];
    if (sp_parse_size(text, &size)) {
        PROMISE(snprintf(again, sizeof again, "%llu", (unsigned long long)size) > 0);
        uint64_t same;
        PROMISE(sp_parse_size(again, &same) && same == size);
    }
    if (sp_parse_duration(text, &n)) {
        PROMISE(n >= 0 && snprintf(again, sizeof again, "%lldms", (long long)n) > 0);
        int64_t same;
        PROMISE(sp_parse_duration(again, &same) && same == n);
    }
    if (sp_parse_int(text, -100, 100, &n))
        PROMISE(n >= -100 && n <= 100);
}

static void
address(const char *text)
{
    if (!sp_address_valid(text))
        return;
    PROMISE(strlen(text) <= SP_ADDRESS_MAX);
    PROMISE(strpbrk(text, " <>()[]\",;:\\\r\n") == NULL);
    PROMISE(!sp_text_has_control(text) && sp_utf8_valid(text, strlen(text)));
    PROMISE(sp_domain_valid(sp_address_domain(text), false));
    PROMISE(sp_address_equal(text, text) && sp_address_matches(text, text) && sp_address_matches(text, "*"));
    PROMISE(sp_address_pattern_valid(text));
}

static void
id(const char *text)
{
    if (!sp_ulid_valid(text))
        return;
    PROMISE(strlen(text) == SP_ULID_LEN && strpbrk(text, "/.") == NULL);
    PROMISE(sp_ulid_ms(text) >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    moment(text);
    numbers(text);
    address(text);
    id(text);
    (void)sp_domain_valid(text, true);
    (void)sp_address_pattern_valid(text);
    (void)sp_address_matches("alice@contoso.com", text);
    return 0;
}
