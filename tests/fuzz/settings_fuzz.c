/* settings_fuzz.c - a configuration file, which an administrator writes and a script may break: it is taken, or it is
 * said what is wrong with it, with the file's name. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/settings.h"
#include "base/text.h"

static void
check(const struct sp_settings *settings)
{
    PROMISE(settings->n_tenants > 0 || settings->n_routes == 0);
    for (size_t i = 0; i < settings->n_folders; i++) {
        const struct sp_folder_settings *folder = &settings->folders[i];
        PROMISE(folder->name[0] != '\0' && folder->path[0] == '/' && folder->settle_ms >= 0);
        PROMISE(sp_settings_folder(settings, folder->name) == folder);
    }
    for (size_t i = 0; i < settings->n_routes; i++)
        PROMISE(sp_settings_route(settings, settings->routes[i].name) == &settings->routes[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct sp_err err = { 0 };
    struct sp_settings *settings = NULL;
    SP_AUTO_CLOSE int fd = memfd_create("settings", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (sp_settings_load(path, &settings, &err) == SP_OK)
        check(settings);
    else
        PROMISE(strstr(err.text, path) != NULL && strlen(err.text) > strlen(path) + 2 &&
                !sp_text_has_control(err.text));
    sp_settings_free(&settings);
    return 0;
}
