/* sight.c - see sight.h. In a list of paths a unit takes words in double quotes, backslash before a quote or itself,
 * and
 * %% for a percent sign (systemd.syntax(7), systemd.unit(5)); a path in front of which stands "-" may be missing, so
 * that a disk that is not mounted does not keep the other folders from working. */
#include "gateway/doctor/sight.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

bool
sp_sight_has_unit(void)
{
    static const char *const files[] = { "/usr/lib/systemd/system/scanpost.service",
                                         "/lib/systemd/system/scanpost.service",
                                         "/etc/systemd/system/scanpost.service" };
    for (size_t i = 0; i < SP_LEN(files); i++)
        if (access(files[i], R_OK) == 0)
            return true;
    return false;
}

static bool
lies_below(const char *path, const char *top)
{
    path += strspn(path, "/");
    size_t len = strlen(top);
    return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool
sp_sight_needs_file(const char *path)
{
    return !lies_below(path, "srv");
}

/* ProtectHome= covers these with something empty, over what is bound below. */
static bool
is_home(const char *path)
{
    return lies_below(path, "home") || lies_below(path, "root") || lies_below(path, "run/user");
}

static void
add_line(struct sp_str *out, const char *key, const char *path)
{
    sp_str_addf(out, "%s=\"-", key);
    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            sp_str_add_char(out, '\\');
        else if (*c == '%')
            sp_str_add_char(out, '%');
        sp_str_add_char(out, *c);
    }
    sp_str_add(out, "\"\n");
}

enum sp_rc
sp_sight_add(struct sp_str *out, const char *name, const char *path, struct sp_err *err)
{
    if (path[0] != '/' || sp_text_has_control(path) || !sp_utf8_valid(path, strlen(path)))
        return sp_fail(err, SP_E_INVALID, "folder %s: systemd takes no path like this one", name);
    sp_str_addf(out, SP_SIGHT_MARK "lets the service see the drop folder %s. See scanpostd(8).\n[Service]\n", name);
    if (is_home(path))
        sp_str_add(out, "ProtectHome=no\n");
    add_line(out, "BindPaths", path);
    add_line(out, "ReadWritePaths", path);
    return SP_OK;
}

void
sp_sight_add_place(struct sp_str *out, const char *name)
{
    sp_str_addf(out, SP_SIGHT_DIR "/folder-%s.conf", name);
}
