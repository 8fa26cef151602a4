/* settings_value.c - from the text of a value to what the program keeps: a row for each kind says what is legal, how
 * it is read, and what a person should have written instead. Pure, but for the time zone, which is looked up. */
#include "base/settings_table.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"

enum { NAME_MAX_LEN = 64 };

/* --- what is legal, of texts --- */

static bool
is_text(const char *text)
{
    return sp_utf8_valid(text, strlen(text)) && !sp_text_has_control(text);
}

/* Goes over the placeholders of gateway/route.h. A brace that opens or closes none of them is a mistake in spelling. */
static bool
placeholders_known(const char *text)
{
    static const char *const known[] = { "source", "route", "user", "document", "time", "count" };
    while ((text = strpbrk(text, "{}")) != NULL) {
        size_t len = strcspn(text + 1, "{}");
        if (*text != '{' || text[1 + len] != '}')
            return false;
        size_t i = 0;
        while (i < SP_LEN(known) && (strlen(known[i]) != len || strncmp(text + 1, known[i], len) != 0))
            i++;
        if (i == SP_LEN(known))
            return false;
        text += len + 2;
    }
    return true;
}

static bool
is_pattern(const char *text)
{
    return is_text(text) && placeholders_known(text);
}

static bool
is_mailbox(const char *text)
{
    return strchr(text, '{') == NULL ? sp_address_valid(text) : is_pattern(text) && strchr(text, '@') != NULL;
}

static bool
is_lines(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (((unsigned char)*p < 0x20 && strchr("\t\r\n", *p) == NULL) || *p == 0x7f)
            return false;
    return sp_utf8_valid(text, strlen(text)) && placeholders_known(text);
}

static bool
is_name(const char *text)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);
    return len > 0 && len <= NAME_MAX_LEN && strspn(text, legal) == len && text[0] != '.' && text[0] != '-';
}

static bool
is_domain(const char *text)
{
    return sp_domain_valid(text, false);
}

static bool
is_ip(const char *text)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, text, &ignored) == 1 || inet_pton(AF_INET6, text, &ignored) == 1;
}

static bool
is_host(const char *text)
{
    return sp_domain_valid(text, true) || is_ip(text);
}

/* 127.0.0.1:8631 or [::1]:8631 */
static bool
is_endpoint(const char *text)
{
    char ip[INET6_ADDRSTRLEN + 2];
    struct in6_addr ignored;
    int64_t port = 0;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof ip || !sp_parse_int(colon + 1, 1, UINT16_MAX, &port))
        return false;
    size_t len = (size_t)(colon - text);
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        memcpy(ip, text + 1, len - 2);
        ip[len - 2] = '\0';
        return inet_pton(AF_INET6, ip, &ignored) == 1;
    }
    memcpy(ip, text, len);
    ip[len] = '\0';
    return inet_pton(AF_INET, ip, &ignored) == 1;
}

static bool
is_url(const char *text)
{
    const char *rest = strstr(text, "://");
    return rest != NULL && rest[3] != '\0' && rest[3] != '/' && strchr(text, ' ') == NULL && is_text(text) &&
           (sp_text_starts_nocase(text, "https://") || sp_text_starts_nocase(text, "http://"));
}

static bool
is_path(const char *text)
{
    if (text[0] != '/' || !is_text(text) || strlen(text) >= PATH_MAX)
        return false;
    while (*text != '\0') { /* at the slash before a component */
        size_t len = strcspn(text + 1, "/");
        if ((len == 1 && text[1] == '.') || (len == 2 && text[1] == '.' && text[2] == '.'))
            return false;
        text += 1 + len;
    }
    return true;
}

static bool
is_zone(const char *text)
{
    char path[PATH_MAX] = "/usr/share/zoneinfo/";
    struct stat at;
    if (strcmp(text, "UTC") == 0)
        return true;
    if (text[0] == '/' || strstr(text, "..") != NULL ||
        !sp_text_copy(path + strlen(path), sizeof path - strlen(path), text))
        return false;
    return stat(path, &at) == 0 && S_ISREG(at.st_mode);
}

static bool
is_date(const char *text)
{
    int64_t ignored = 0;
    return strlen(text) == strlen("2027-03-31") && sp_time_parse(text, &ignored);
}

/* --- numbers --- */

static bool
read_word(const struct sp_key *key, const char *text, void *place)
{
    for (int i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], text) == 0) {
            *(int *)place = (int)key->min + i; /* every enum in settings.h is as wide as an int */
            return true;
        }
    }
    return false;
}

static bool
read_yes_no(const struct sp_key *key, const char *text, void *place)
{
    static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };
    (void)key;
    for (size_t i = 0; i < SP_LEN(words); i++) {
        if (strcasecmp(words[i], text) == 0) {
            *(bool *)place = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool
read_count(const struct sp_key *key, const char *text, void *place)
{
    int64_t number = 0;
    if (!sp_parse_int(text, key->min, key->max, &number))
        return false;
    *(unsigned *)place = (unsigned)number;
    return true;
}

static bool
read_limit(const struct sp_key *key, const char *text, void *place)
{
    if (strcmp(text, "off") != 0)
        return read_count(key, text, place);
    *(unsigned *)place = 0;
    return true;
}

static bool
read_size(const struct sp_key *key, const char *text, void *place)
{
    uint64_t size = 0;
    if (!sp_parse_size(text, &size) || size < (uint64_t)key->min)
        return false;
    *(uint64_t *)place = size;
    return true;
}

static bool
read_duration(const struct sp_key *key, const char *text, void *place)
{
    int64_t ms = 0;
    if (!sp_parse_duration(text, &ms) || ms < key->min)
        return false;
    *(int64_t *)place = ms;
    return true;
}

/* "30/1m" or "off". The sender remembers each message of a window. */
enum { RATE_MOST = 100000 };

static bool
read_rate(const struct sp_key *key, const char *text, void *place)
{
    char count[16];
    int64_t number = 0, window = 0;
    const char *slash = strchr(text, '/');
    (void)key;
    if (strcmp(text, "off") == 0) {
        *(struct sp_rate *)place = (struct sp_rate){ 0 };
        return true;
    }
    if (slash == NULL || (size_t)(slash - text) >= sizeof count)
        return false;
    memcpy(count, text, (size_t)(slash - text));
    count[slash - text] = '\0';
    if (!sp_parse_int(count, 1, RATE_MOST, &number) || !sp_parse_duration(slash + 1, &window) || window < 1)
        return false;
    *(struct sp_rate *)place = (struct sp_rate){ .count = (unsigned)number, .window_ms = window };
    return true;
}

/* --- the kinds --- */

static const struct {
    const char *expected;
    bool (*is)(const char *text);                                          /* textual kinds */
    bool (*read)(const struct sp_key *key, const char *text, void *place); /* the others */
} kind_info[] = {
    [SP_KIND_TEXT] = { "one line of text", is_text, NULL },
    [SP_KIND_LINES] = { "text with no other placeholders than {source} {route} {user} {document} {time} {count}",
                        is_lines, NULL },
    [SP_KIND_NAME] = { "a name of letters, digits, '.', '_' and '-', at most 64", is_name, NULL },
    [SP_KIND_ADDRESS] = { "an e-mail address such as scanner@contoso.com", sp_address_valid, NULL },
    [SP_KIND_DOMAIN] = { "a full domain name such as contoso.com", is_domain, NULL },
    [SP_KIND_HOST] = { "a host name or an IP address", is_host, NULL },
    [SP_KIND_ENDPOINT] = { "an IP address and a port such as 127.0.0.1:8631 or [::1]:8631", is_endpoint, NULL },
    [SP_KIND_URL] = { "a URL such as \"https://hooks.contoso.com/scans\", in quotes", is_url, NULL },
    [SP_KIND_PATH] = { "an absolute path without '.' and '..'", is_path, NULL },
    [SP_KIND_FILE] = { "the absolute path of a file", is_path, NULL },
    [SP_KIND_ZONE] = { "a time zone of /usr/share/zoneinfo such as Europe/Amsterdam", is_zone, NULL },
    [SP_KIND_DATE] = { "a date such as 2027-03-31", is_date, NULL },
    [SP_KIND_PATTERN] = { "one line with no other placeholders than {source} {route} {user} {document} {time} {count}",
                          is_pattern, NULL },
    [SP_KIND_MAILBOX] = { "an e-mail address, in which {user} and the other placeholders may stand", is_mailbox, NULL },
    [SP_KIND_WORD] = { "one of ", NULL, read_word },
    [SP_KIND_YES_NO] = { "yes or no", NULL, read_yes_no },
    [SP_KIND_COUNT] = { "a whole number", NULL, read_count },
    [SP_KIND_LIMIT] = { "a whole number, or off", NULL, read_limit },
    [SP_KIND_SIZE] = { "a size such as 35M, greater than 0", NULL, read_size },
    [SP_KIND_DURATION] = { "a duration such as 90s, 5m, 24h or 30d", NULL, read_duration },
    [SP_KIND_RATE] = { "a number of messages in a time such as 30/1m, or off", NULL, read_rate },
};

void
sp_value_expected(struct sp_str *out, const struct sp_key *key)
{
    sp_str_add(out, kind_info[key->kind].expected);
    if (key->kind == SP_KIND_WORD)
        for (size_t i = 0; key->words[i] != NULL; i++)
            sp_str_addf(out, "%s%s", i == 0 ? "" : ", ", key->words[i]);
    if (key->kind == SP_KIND_COUNT || key->kind == SP_KIND_LIMIT)
        sp_str_addf(out, " (%lld to %lld)", (long long)key->min, (long long)key->max);
    if (key->kind == SP_KIND_DURATION && key->min > 0)
        sp_str_add(out, key->min == 1 ? ", greater than 0" : ", at least a minute");
}

enum sp_rc
sp_value_store(const struct sp_key *key, const char *text, struct sp_arena *arena, void *place)
{
    if (kind_info[key->kind].read != NULL)
        return kind_info[key->kind].read(key, text, place) ? SP_OK : SP_E_INVALID;
    if (text[0] != '\0' && !kind_info[key->kind].is(text)) /* "" is the default of many */
        return SP_E_INVALID;
    const char *copy = sp_arena_text(arena, text);
    *(const char **)place = copy;
    return copy == NULL ? SP_E_NOMEM : SP_OK;
}

/* Items of lists stay texts, whatever they are. */
static bool
is_item(const struct sp_key *key, const char *text)
{
    int ignored = 0;
    return key->kind == SP_KIND_WORD ? read_word(key, text, &ignored)
                                     : text[0] != '\0' && kind_info[key->kind].is(text);
}

enum sp_rc
sp_value_store_list(const struct sp_key *key, const char *const *items, size_t count, struct sp_arena *arena,
                    struct sp_texts *place)
{
    const char **copy = sp_arena_array(arena, count + 1, sizeof *copy);
    if (copy == NULL)
        return SP_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (!is_item(key, items[i]))
            return SP_E_INVALID;
        if ((copy[i] = sp_arena_text(arena, items[i])) == NULL)
            return SP_E_NOMEM;
    }
    *place = (struct sp_texts){ .items = copy, .count = count };
    return SP_OK;
}

enum sp_rc
sp_value_store_default(const struct sp_key *key, const char *text, struct sp_arena *arena, void *place)
{
    enum { DEFAULT_ITEMS = 16 };
    const char *items[DEFAULT_ITEMS];
    size_t count = 0;
    if (!key->list)
        return sp_value_store(key, text, arena, place);
    char *rest = sp_arena_text(arena, text);
    if (rest == NULL)
        return SP_E_NOMEM;
    for (char *item; count < DEFAULT_ITEMS && (item = strsep(&rest, "{, }")) != NULL;)
        if (item[0] != '\0')
            items[count++] = item;
    return sp_value_store_list(key, items, count, arena, place);
}
