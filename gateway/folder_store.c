/* folder_store.c - from the claim to the job. A claim is a file, or a directory with the files of one scan in it:
 * documents in the order of their names, and perhaps a sidecar. Its id is a job already when a crash came between
 * commit and removal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/settings.h"
#include "base/str.h"
#include "db/job.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/pages.h"
#include "gateway/people/people.h"
#include "gateway/recipient.h"
#include "gateway/route.h"
#include "gateway/sidecar.h"

enum { FILES_MAX = 4096, LOGIN_MAX = 256 };

struct claimed {
    const struct sp_taker *taker;
    struct sp_take *take;
    struct sp_arena *arena;
    bool directory;
    const char *name; /* without the id */
    const char **documents;
    size_t n;
    const char *sidecar; /* NULL: none */
    const struct sp_sidecar *said;
    const char *sidecar_trouble; /* why there is no `said` */
    struct sp_scan *scan;
    bool put_off;  /* the verdict is there already */
    bool hopeless; /* what is wrong lies in the scan, and not in settings or disk: trying again would not help */
};

/* ---- what lies in it ---- */

static bool
wants_sidecars(const struct claimed *c)
{
    return c->take->set->recipient_from == SP_FROM_SIDECAR;
}

static enum sp_rc
out_of_memory(const struct claimed *c)
{
    return sp_fail(&c->take->err, SP_E_NOMEM, "out of memory");
}

static enum sp_rc
add_name(struct claimed *c, const char *name)
{
    if (c->n == FILES_MAX)
        return sp_fail(&c->take->err, SP_E_INVALID, "more than %d files in one scan", FILES_MAX);
    const char *kept = sp_arena_text(c->arena, name);
    if (kept == NULL)
        return out_of_memory(c);
    if (wants_sidecars(c) && sp_sidecar_named(name) && c->sidecar == NULL)
        c->sidecar = kept;
    else
        c->documents[c->n++] = kept;
    return SP_OK;
}

static enum sp_rc
list_names(struct claimed *c, int dir)
{
    struct stat info;
    DIR *stream = fdopendir(dir);
    enum sp_rc rc = stream == NULL ? sp_fail_errno(&c->take->err, "cannot list '%s'", c->name) : SP_OK;
    const struct dirent *item;
    while (rc == SP_OK && (item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): ours alone */
        const char *name = item->d_name;
        if (sp_folder_ignores(name) || sp_pages_is_lock(name) || sp_pages_is_log(name))
            continue;
        if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(info.st_mode)) /* it would go with the others, and nobody would have seen what lies in it */
            rc = sp_fail(&c->take->err, SP_E_INVALID, "there is a folder in it, and not only pages");
        else if (S_ISREG(info.st_mode) && info.st_size > 0)
            rc = add_name(c, name);
    }
    if (stream != NULL)
        closedir(stream);
    else
        close(dir);
    return rc;
}

static int
by_page(const void *a, const void *b)
{
    return sp_page_order(*(const char *const *)a, *(const char *const *)b);
}

static enum sp_rc
list_claim(struct claimed *c)
{
    struct stat info;
    struct sp_take *take = c->take;
    c->documents = sp_arena_array(c->arena, FILES_MAX, sizeof(*c->documents));
    if (c->documents == NULL)
        return out_of_memory(c);
    if (fstatat(take->here->claims, take->claimed, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return sp_fail_errno(&take->err, "'%s' is not in " SP_CLAIMS_NAME, take->claimed);
    c->directory = S_ISDIR(info.st_mode);
    if (!c->directory)
        return add_name(c, c->name);
    int dir = -1;
    enum sp_rc rc = sp_io_open_dir(take->here->claims, take->claimed, &dir, &take->err);
    if (rc == SP_OK)
        rc = list_names(c, dir);
    if (c->n > 1)
        qsort(c->documents, c->n, sizeof(*c->documents), by_page);
    return rc;
}

/* "CLAIM/NAME", or "CLAIM" when that is a file. */
static const char *
claim_of(const struct claimed *c, const char *name)
{
    return sp_arena_format(c->arena, "%s%s%s", c->take->claimed, c->directory ? "/" : "", c->directory ? name : "");
}

/* ".scanpost/SUB/CLAIM/NAME", the parts that there are. */
static const char *
path_of(const struct claimed *c, const char *name)
{
    const char *sub = c->take->sub, *claim = claim_of(c, name);
    return claim == NULL ? NULL
                         : sp_arena_format(c->arena, SP_CLAIMS_NAME "/%s%s%s", sub, *sub == '\0' ? "" : "/", claim);
}

/* ---- sidecars ---- */

/* c->said stays NULL when there is none, or none that makes sense; c->sidecar_trouble then says which. */
static enum sp_rc
read_sidecar(struct claimed *c)
{
    struct sp_err why = { 0 };
    struct sp_sidecar *said = sp_arena_zalloc(c->arena, sizeof(*said));
    char *text = sp_arena_zalloc(c->arena, SP_SIDECAR_SIZE_MAX + 1);
    const char *path = path_of(c, c->sidecar);
    size_t size = 0;
    if (said == NULL || text == NULL || path == NULL)
        return out_of_memory(c);
    SP_AUTO_CLOSE int fd = sp_folder_open_file(c->taker, c->take->set, c->take->dirs, path);
    if (fd < 0)
        return sp_fail_errno(&c->take->err, "'%s' cannot be opened", c->sidecar);
    enum sp_rc rc = sp_io_read_full(fd, text, SP_SIDECAR_SIZE_MAX + 1, &size, &c->take->err);
    if (rc != SP_OK)
        return rc;
    rc = sp_sidecar_parse(c->sidecar, text, size, c->arena, said, &why);
    if (rc == SP_OK)
        c->said = said;
    else
        c->sidecar_trouble = sp_arena_text(c->arena, why.text);
    return rc == SP_E_NOMEM || c->sidecar_trouble == NULL ? out_of_memory(c) : SP_OK;
}

/* The order in which a sidecar names its documents is the order in the mail; what it does not name follows. */
static void
order_as_said(struct claimed *c)
{
    size_t done = 0;
    for (size_t i = 0; i < c->said->n_documents; i++) {
        struct sp_sidecar one = { .documents = &c->said->documents[i], .n_documents = 1 };
        for (size_t k = done; k < c->n; k++) {
            if (!sp_sidecar_covers("", &one, c->documents[k], c->take->set->group == SP_GROUP_PAGES))
                continue;
            const char *found = c->documents[k];
            memmove(&c->documents[done + 1], &c->documents[done], (k - done) * sizeof(*c->documents));
            c->documents[done++] = found;
        }
    }
}

/* Everything that is known about the scan without opening its documents. */
static enum sp_rc
look_around(struct claimed *c)
{
    enum sp_rc rc = list_claim(c);
    c->hopeless = rc == SP_E_INVALID;
    if (rc == SP_OK && c->directory && unlinkat(c->take->here->claims, c->take->claimed, AT_REMOVEDIR) == 0) {
        c->put_off = true; /* empty: a crash came while it was removed */
        c->take->verdict = SP_TAKE_GONE;
        return SP_E_NOTFOUND;
    }
    if (rc == SP_OK && (c->n == 0 || c->n > SP_SET_MAX)) {
        c->hopeless = true;
        rc = c->n == 0 ? sp_fail(&c->take->err, SP_E_INVALID, "there is no document with it")
                       : sp_fail(&c->take->err, SP_E_INVALID, "more than %d documents in one scan", SP_SET_MAX);
    }
    if (rc == SP_OK && c->sidecar != NULL)
        rc = read_sidecar(c);
    if (rc == SP_OK && c->said != NULL)
        order_as_said(c);
    return rc;
}

/* ---- the request ---- */

void
sp_folder_request(const struct sp_folder_settings *set, struct sp_intake_request *ret)
{
    *ret = (struct sp_intake_request){
        .source = "folder",
        .source_name = set->name,
        .route = set->route,
        .to = set->to.items,
        .n_to = set->to.count,
        .accept = set->accept.count > 0 ? set->accept.items : NULL,
        .n_accept = set->accept.count,
        .hold_duplicates = set->duplicates == SP_DUPLICATES_HOLD,
    };
}

/* Of whoever owns the first document; "" when the system does not know the user, or nobody asks. Asks NSS, which may
 * ask a directory on the network: never on the watcher's thread. NULL: memory is out. */
static const char *
owners_login(const struct claimed *c)
{
    char buffer[4096];
    struct stat info;
    struct passwd entry, *found = NULL;
    const char *path = claim_of(c, c->documents[0]);
    bool wanted =
        c->take->set->recipient_from == SP_FROM_OWNER || sp_people_count(sp_intake_people(c->taker->intake)) > 0;
    if (path == NULL)
        return NULL;
    if (!wanted || fstatat(c->take->here->claims, path, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        getpwuid_r(info.st_uid, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        return "";
    return sp_arena_text_n(c->arena, found->pw_name, strnlen(found->pw_name, LOGIN_MAX));
}

static enum sp_rc
tell_recipients(const struct claimed *c, struct sp_recipient_told *ret)
{
    const struct sp_recipient_facts facts = {
        .settings = c->taker->settings,
        .folder = c->take->set,
        .people = sp_intake_people(c->taker->intake),
        .sub = c->take->sub,
        .owner = owners_login(c),
        .name = c->documents[0],
        .sidecar = c->said,
        .sidecar_trouble = c->sidecar_trouble,
    };
    return facts.owner == NULL ? out_of_memory(c) : sp_recipient_tell(&facts, c->arena, ret, &c->take->err);
}

static enum sp_rc
make_request(const struct claimed *c, struct sp_intake_request *request)
{
    const struct sp_folder_settings *set = c->take->set;
    struct sp_recipient_told told = { 0 };
    size_t n = 0;
    sp_folder_request(set, request);
    enum sp_rc rc = tell_recipients(c, &told);
    if (rc != SP_OK)
        return rc;
    const char **to = sp_arena_array(c->arena, set->to.count + told.n_to + 1, sizeof(*to));
    request->folder_name = sp_arena_format(c->arena, "%s%s%s", c->take->sub, *c->take->sub == '\0' ? "" : "/",
                                           c->n == 1 ? c->documents[0] : c->name);
    if (to == NULL || request->folder_name == NULL)
        return out_of_memory(c);
    for (size_t i = 0; i < told.n_to; i++)
        to[n++] = told.to[i];
    for (size_t i = 0; i < set->to.count; i++)
        to[n++] = set->to.items[i];
    request->to = to;
    request->n_to = n;
    request->user = told.user;
    request->subject = told.subject;
    request->untold = told.untold;
    return SP_OK;
}

/* Whether the job could be made, before anything is copied: what the scan itself says may be nobody, or not allowed. */
static enum sp_rc
try_request(struct claimed *c, const struct sp_intake_request *request)
{
    if (c->take->set->recipient_from == SP_FROM_FIXED)
        return SP_OK;
    SP_AUTO(sp_job_free) struct sp_job *trial = sp_job_new();
    if (trial == NULL)
        return out_of_memory(c);
    trial->id = c->take->id;
    enum sp_rc rc = sp_route_apply(c->taker->settings, NULL, request, trial, &c->take->err);
    c->hopeless = rc == SP_E_INVALID || rc == SP_E_DENIED;
    return rc;
}

/* ---- documents ---- */

static bool
is_accepted(const struct sp_folder_settings *set, const char *kind)
{
    for (size_t i = 0; i < set->accept.count; i++)
        if (strcmp(set->accept.items[i], kind) == 0)
            return true;
    return set->accept.count == 0 && *kind != '\0';
}

static enum sp_rc
refuse_kind(const struct claimed *c, const char *name)
{
    const struct sp_folder_settings *set = c->take->set;
    SP_AUTO(sp_str_free) struct sp_str kinds = { 0 };
    for (size_t i = 0; i < set->accept.count; i++)
        sp_str_addf(&kinds, "%s%s", i > 0 ? ", " : "", set->accept.items[i]);
    return sp_fail(&c->take->err, SP_E_TYPE,
                   "%s%s%s is not a kind of document that this folder takes (%s; what is inside counts, not the name)",
                   c->n > 1 ? "'" : "", c->n > 1 ? name : "it", c->n > 1 ? "'" : "", sp_str_text(&kinds));
}

/* Nobody wrote to it while it was copied, and nobody is about to. */
static enum sp_rc
check_unchanged(const struct sp_dropped *file, struct sp_err *err)
{
    struct stat now;
    if (fstat(file->fd, &now) != 0)
        return sp_fail_errno(err, "intake: cannot look at a file");
    struct sp_seen before = sp_seen_of(&file->info), after = sp_seen_of(&now);
    if (!sp_seen_equal(&before, &after) || sp_file_writers(file->fd) == SP_WRITERS_SOME)
        return sp_fail(err, SP_E_BUSY, "it was written to while it was copied");
    return SP_OK;
}

/* How it looked when it was found quiet; NULL when that is not known for this file alone. */
static const struct sp_seen *
seen_before(const struct claimed *c, const char *name)
{
    const struct sp_take *take = c->take;
    if (take->kind == SP_TAKE_CLAIM)
        return c->directory ? NULL : &take->files[0].seen;
    for (size_t i = 0; take->kind == SP_TAKE_FILES && i < take->n_files; i++)
        if (strcmp(take->files[i].name, name) == 0)
            return &take->files[i].seen;
    return NULL;
}

/* false: take->verdict says what else. Links elsewhere do not matter: it is copied, so whatever is written by another
 * name goes into that file alone. */
static bool
open_document(const struct claimed *c, const char *name, struct sp_dropped *file)
{
    struct sp_take *take = c->take;
    const struct sp_seen *before = seen_before(c, name);
    const char *path = path_of(c, name);
    if (path == NULL) {
        (void)out_of_memory(c);
        take->verdict = SP_TAKE_TROUBLE;
        return false;
    }
    if (!sp_dropped_open(c->taker, take, path, file))
        return false;
    struct sp_seen now = sp_seen_of(&file->info);
    if ((before == NULL || sp_seen_equal(&now, before)) && sp_file_writers(file->fd) != SP_WRITERS_SOME)
        return true;
    take->verdict = SP_TAKE_WAIT;
    take->wait_ms = take->set->settle_ms;
    return false;
}

static enum sp_rc
copy_document(struct claimed *c, const char *name)
{
    struct sp_err *err = &c->take->err;
    SP_AUTO(sp_dropped_close) struct sp_dropped file = { .fd = -1 };
    c->put_off = !open_document(c, name, &file);
    if (c->put_off)
        return SP_E_BUSY;
    if (!is_accepted(c->take->set, file.content.kind))
        return refuse_kind(c, name);
    enum sp_rc rc = sp_scan_document(c->scan, name, err);
    if (rc == SP_OK)
        rc = sp_scan_write_file(c->scan, file.fd, err);
    if (rc == SP_OK)
        rc = sp_scan_document_end(c->scan, err);
    return rc == SP_OK ? check_unchanged(&file, err) : rc;
}

/* ---- the job ---- */

static enum sp_rc
store(struct claimed *c)
{
    struct sp_take *take = c->take;
    struct sp_intake_request request;
    char id[SP_ULID_SIZE];
    bool repeated = false;
    enum sp_rc rc = sp_intake_begin(c->taker->intake, take->id, &c->scan, &take->err);
    if (rc == SP_OK)
        rc = look_around(c);
    if (rc == SP_OK)
        rc = make_request(c, &request);
    if (rc == SP_OK)
        rc = try_request(c, &request);
    for (size_t i = 0; rc == SP_OK && i < c->n; i++)
        rc = copy_document(c, c->documents[i]);
    c->hopeless = c->hopeless || rc == SP_E_TYPE || rc == SP_E_TOO_LARGE;
    if (rc == SP_OK)
        rc = sp_claim_sync(take->here, &take->err);
    return rc == SP_OK ? sp_scan_commit(c->scan, &request, id, &repeated, &take->err) : rc;
}

static void
finish(struct sp_take *take)
{
    enum sp_rc rc = sp_claim_remove(take->here, take->claimed, &take->err);
    take->verdict = rc == SP_OK ? SP_TAKE_TAKEN : SP_TAKE_TROUBLE;
}

static void
reject(struct sp_take *take)
{
    struct sp_err reason = take->err;
    enum sp_rc rc = sp_folder_reject(take->here, take->claimed, reason.text, &take->err);
    if (rc == SP_OK)
        take->err = reason;
    take->verdict = rc == SP_OK ? SP_TAKE_REJECTED : SP_TAKE_TROUBLE;
}

void
sp_folder_store(const struct sp_taker *taker, struct sp_take *take)
{
    char id[SP_ULID_SIZE];
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct claimed c = { .taker = taker,
                         .take = take,
                         .arena = arena,
                         .name = take->claimed,
                         .sidecar_trouble = "no sidecar came with it" };
    sp_claim_parse(take->claimed, id, &c.name);
    enum sp_rc rc = arena == NULL ? out_of_memory(&c) : store(&c);
    sp_scan_free(&c.scan);
    if (rc == SP_OK || rc == SP_E_CONFLICT)
        finish(take);
    else if (c.hopeless)
        reject(take);
    else if (!c.put_off)
        take->verdict = SP_TAKE_TROUBLE;
    else if (take->verdict == SP_TAKE_GONE)
        sp_claim_give_back(take->here, take->claimed);
}
