/* folder_subs.c - sub-folders that are people's: FOLDER/NAME. One level deep; what lies deeper is nobody's. They are
 * directories and no links, because whoever can write to the folder could make a link to anywhere.
 *
 * A watch belongs to the directory and not to its name: one that is renamed keeps its watch. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/text.h"
#include "gateway/folder.h"

static struct sp_sub *
find(const struct sp_folder *folder, const char *name)
{
    for (size_t i = 0; i < folder->n_subs; i++)
        if (strcmp(folder->subs[i].name, name) == 0)
            return &folder->subs[i];
    return NULL;
}

struct sp_sub *
sp_folder_sub_by_wd(const struct sp_folder *folder, int wd)
{
    for (size_t i = 0; i < folder->n_subs; i++)
        if (folder->subs[i].wd == wd)
            return &folder->subs[i];
    return NULL;
}

static bool
is_there(const struct sp_folder *folder, const char *name)
{
    struct stat info;
    return fstatat(folder->dirs->dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

static void
remove_sub(struct sp_folder *folder, struct sp_sub *sub)
{
    free(sub->name);
    *sub = folder->subs[--folder->n_subs];
}

static struct sp_sub *
append(struct sp_folder *folder, const char *name)
{
    if (folder->n_subs == SP_SUBS_MAX)
        return NULL;
    struct sp_sub *subs = realloc(folder->subs, (folder->n_subs + 1) * sizeof(*subs));
    if (subs == NULL)
        return NULL;
    folder->subs = subs;
    subs[folder->n_subs] = (struct sp_sub){ .name = strdup(name), .wd = -1 };
    return subs[folder->n_subs].name == NULL ? NULL : &subs[folder->n_subs++];
}

static bool
is_persons(const char *name)
{
    char id[SP_ULID_SIZE];
    const char *rest;
    return !sp_folder_ignores(name) && strcmp(name, SP_REJECTED_NAME) != 0 && !sp_claim_parse(name, id, &rest);
}

void
sp_folder_add_sub(struct sp_folders *house, struct sp_folder *folder, const char *name)
{
    if (!is_persons(name) || find(folder, name) != NULL)
        return;
    struct sp_sub *sub = append(folder, name);
    if (sub == NULL) {
        sp_text_format(folder->blocked, sizeof(folder->blocked),
                       "more than %d sub-folders; the others are not looked into", SP_SUBS_MAX);
        return;
    }
    int wd = sp_folder_listen_to_sub(house, folder, name);
    struct sp_sub *renamed = wd < 0 ? NULL : sp_folder_sub_by_wd(folder, wd);
    sub->wd = wd;
    sub->heard = wd >= 0;
    if (renamed != NULL)
        remove_sub(folder, renamed);
    sp_folder_look_into(house, folder, name, SP_AT_FIRST); /* whatever was put there before we listened */
}

void
sp_folder_tend_subs(struct sp_folders *house, struct sp_folder *folder)
{
    for (size_t i = folder->n_subs; i-- > 0;) {
        struct sp_sub *sub = &folder->subs[i];
        bool there = is_there(folder, sub->name);
        if (!there && sub->wd >= 0)
            (void)inotify_rm_watch(house->inotify, sub->wd);
        if (!there)
            remove_sub(folder, sub);
        else if (sub->wd < 0)
            sub->wd = sp_folder_listen_to_sub(house, folder, sub->name);
    }
}

void
sp_folder_drop_subs(struct sp_folders *house, struct sp_folder *folder)
{
    while (folder->n_subs > 0) {
        struct sp_sub *last = &folder->subs[folder->n_subs - 1];
        if (last->wd >= 0 && house->inotify >= 0)
            (void)inotify_rm_watch(house->inotify, last->wd);
        remove_sub(folder, last);
    }
    free(folder->subs);
    folder->subs = NULL;
}
