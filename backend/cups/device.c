/* device.c - taking a device URI apart. */
#include "backend/cups/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"

static const struct {
    const char *name;
    size_t place;
} known[] = {
    { "to", offsetof(struct sp_device, to) },           { "cc", offsetof(struct sp_device, cc) },
    { "subject", offsetof(struct sp_device, subject) }, { "body", offsetof(struct sp_device, body) },
    { "queue", offsetof(struct sp_device, queue) },     { "run-dir", offsetof(struct sp_device, run_dir) },
};

static int
hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* *ret is untouched on failure. */
static enum sp_rc
decode(const char *text, size_t size, struct sp_arena *arena, const char **ret, struct sp_err *err)
{
    char *plain = sp_arena_text_n(arena, text, size);
    size_t len = 0;
    if (plain == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    for (size_t i = 0; i < size; i++) {
        int high = 0, low = 0;
        if (text[i] != '%') {
            plain[len++] = text[i];
            continue;
        }
        if (i + 2 >= size || (high = hex_digit(text[i + 1])) < 0 || (low = hex_digit(text[i + 2])) < 0 ||
            high + low == 0)
            return sp_fail(err, SP_E_INVALID, "the device URI has a '%%' that two hex digits do not follow");
        plain[len++] = (char)(high * 16 + low);
        i += 2;
    }
    plain[len] = '\0';
    if (!sp_utf8_valid(plain, len))
        return sp_fail(err, SP_E_INVALID, "the device URI is not UTF-8");
    *ret = plain;
    return SP_OK;
}

static enum sp_rc
read_option(const char *text, size_t size, struct sp_arena *arena, struct sp_device *device, struct sp_err *err)
{
    const char *equals = memchr(text, '=', size);
    size_t name = equals == NULL ? size : (size_t)(equals - text);
    for (size_t i = 0; equals != NULL && i < SP_LEN(known); i++)
        if (strlen(known[i].name) == name && memcmp(known[i].name, text, name) == 0)
            return decode(equals + 1, size - name - 1, arena, (const char **)((char *)device + known[i].place), err);
    return sp_fail(err, SP_E_INVALID,
                   "the device URI says '%.*s'; known are to=, cc=, subject=, body=, queue= and run-dir=",
                   (int)(size < 100 ? size : 100), text);
}

static enum sp_rc
read_options(const char *text, struct sp_arena *arena, struct sp_device *device, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && *text != '\0') {
        size_t size = strcspn(text, "&");
        if (size > 0)
            rc = read_option(text, size, arena, device, err);
        text += size + (text[size] == '&');
    }
    return rc;
}

enum sp_rc
sp_device_read(const char *uri, struct sp_arena *arena, struct sp_device *ret, struct sp_err *err)
{
    static const char scheme[] = "scanpost:";
    *ret = (struct sp_device){ "", "", "", "", "", "", SP_DEVICE_RUN_DIR };
    if (uri == NULL || !sp_text_starts(uri, scheme))
        return sp_fail(err, SP_E_INVALID, "the device URI does not begin with %s/", scheme);
    const char *path = uri + strlen(scheme);
    path += strspn(path, "/");
    size_t size = strcspn(path, "?");
    enum sp_rc rc = decode(path, size, arena, &ret->route, err);
    if (rc == SP_OK && path[size] == '?')
        rc = read_options(path + size + 1, arena, ret, err);
    if (rc == SP_OK && strchr(ret->route, '/') != NULL)
        rc = sp_fail(err, SP_E_INVALID, "the device URI names '%s', and a route's name has no slash", ret->route);
    return rc;
}
