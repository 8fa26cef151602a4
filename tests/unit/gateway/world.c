#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "db/batch.h"
#include "db/db.h"
#include "db/spool.h"
#include "gateway/folders.h"
#include "gateway/intake.h"
#include "gateway/people/people.h"
#include "gateway/refusals.h"

static const char *contoso_domains[] = { "contoso.com", "contoso.de" };
static const char *fabrikam_domains[] = { "fabrikam.com" };
static const char *accounting[] = { "accounting@contoso.com" };
static const char *chief[] = { "chief@contoso.com" };
static const char *partner[] = { "partner@example.org" };
static const char *otherwise[] = { "it@contoso.com" };
static const char *accept[] = { "pdf", "tiff", "jpeg", "png", "docx", "xlsx", "pptx", "xps" };

/* assert() that release builds keep; outside cmocka's macros because set-up runs before a test does. */
static void
must(bool good)
{
    if (good)
        return;
    perror("the test's world");
    abort();
}

#define LIST(words)                                                                                                    \
    {                                                                                                                  \
        (words), SP_LEN(words)                                                                                         \
    }

void
world_settings(struct world *w)
{
    w->tenants[0] = (struct sp_tenant_settings){ .name = "contoso",
                                                 .domain = "contoso.com",
                                                 .sender = "scanner@contoso.com",
                                                 .from_name = "{source}",
                                                 .onmicrosoft = "",
                                                 .accepted_domains = LIST(contoso_domains) };
    w->tenants[1] = (struct sp_tenant_settings){ .name = "fabrikam",
                                                 .domain = "fabrikam.com",
                                                 .sender = "scanner@fabrikam.com",
                                                 .from_name = "{source}",
                                                 .onmicrosoft = "",
                                                 .accepted_domains = LIST(fabrikam_domains) };
    struct sp_route_settings plain = { .tenant = "contoso",
                                       .from = "",
                                       .from_name = "",
                                       .reply_to = "",
                                       .subject = "Scan from {source} {time}",
                                       .body = "",
                                       .file_name = "{document}" };
    w->routes[0] = w->routes[1] = w->routes[2] = plain;
    w->routes[0].name = "accounting";
    w->routes[0].to = (struct sp_texts)LIST(accounting);
    w->routes[0].cc = (struct sp_texts)LIST(chief);
    w->routes[1].name = "partners";
    w->routes[1].to = (struct sp_texts)LIST(partner);
    w->routes[1].allow_external = true;
    w->routes[2].name = "nobody";
    w->routes[2].otherwise = (struct sp_texts)LIST(otherwise);
    w->settings.people_file = "";
    w->folders[0] = (struct sp_folder_settings){
        .name = "scans", .path = w->drop, .route = "accounting", .accept = LIST(accept), .settle_ms = 150
    };
    w->settings = (struct sp_settings){
        .gateway = { .hostname = "scan.contoso.com",
                     .time_zone = "UTC",
                     .state_dir = w->state,
                     .resolver = "",
                     .run_dir = "",
                     .proxy = "",
                     .max_document = 1 << 20,
                     .reserve = 1 << 20 },
        .http = { .tls_certificate = "", .tls_key = "" },
        .tenants = w->tenants,
        .n_tenants = 2,
        .routes = w->routes,
        .n_routes = 3,
        .folders = w->folders,
        .n_folders = 1,
        .retention = { .documents_ms = 604800000, .failed_ms = 2592000000, .history_ms = 34560000000 },
    };
}

static void
open_intake(struct world *w)
{
    struct sp_intake_options options = { .settings = &w->settings,
                                         .batch = w->batch,
                                         .spool = w->spool,
                                         .people = w->people,
                                         .clock = &sp_clock_system,
                                         .log = &w->log,
                                         .refusals = w->refusals,
                                         .wake_fd = w->wake };
    must(sp_intake_new(&options, &w->intake, NULL) == SP_OK);
}

struct world *
world_open(const char *base)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sp_err err = { 0 };
    bool fresh;
    must(w != NULL);
    snprintf(w->root, sizeof(w->root), "%s/gateway-test-XXXXXX", base);
    must(mkdtemp(w->root) != NULL);
    snprintf(w->state, sizeof(w->state), "%s/state", w->root);
    snprintf(w->drop, sizeof(w->drop), "%s/drop", w->root);
    must(mkdir(w->state, 0770) == 0 && mkdir(w->drop, 0770) == 0);
    world_settings(w);
    w->log = (struct sp_log){ .level = getenv("SP_TEST_LOG") != NULL ? SP_LOG_DEBUG : SP_LOG_ERROR,
                              .who = "test",
                              .fd = STDERR_FILENO };
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(w->wake >= 0);
    if (sp_db_migrate(w->state, &fresh, &err) != SP_OK || sp_db_open(w->state, 200, &w->db, &err) != SP_OK ||
        sp_batch_open(w->state, &w->batch, &err) != SP_OK || sp_spool_open(w->state, &w->spool, &err) != SP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    w->refusals = sp_refusals_new();
    must(w->refusals != NULL);
    open_intake(w);
    return w;
}

void
world_people(struct world *w, const char *csv)
{
    sp_intake_free(&w->intake);
    sp_people_free(&w->people);
    must(sp_people_parse(csv, strlen(csv), &w->people, NULL) == SP_OK);
    open_intake(w);
}

void
world_close(struct world *w)
{
    sp_folders_stop(&w->house);
    sp_intake_free(&w->intake);
    sp_refusals_free(&w->refusals);
    sp_people_free(&w->people);
    sp_spool_close(&w->spool);
    sp_batch_close(&w->batch);
    sp_db_close(&w->db);
    if (w->wake >= 0)
        close(w->wake);
    struct sp_err err = { 0 };
    if (sp_io_remove_tree(AT_FDCWD, w->root, &err) != SP_OK)
        fprintf(stderr, "%s\n", err.text);
    free(w);
}

static enum sp_rc
count_one(void *context, const char *id, struct sp_err *err)
{
    (void)id;
    (void)err;
    ++*(size_t *)context;
    return SP_OK;
}

size_t
world_spool_count(struct world *w)
{
    size_t count = 0;
    must(sp_spool_each(w->spool, count_one, &count, NULL) == SP_OK);
    return count;
}

size_t
world_jobs(struct world *w, struct sp_job **ret)
{
    struct sp_job_filter filter = { .limit = 1000 };
    struct sp_job_list list = { 0 };
    struct sp_err err = { 0 };
    if (sp_job_list(w->db, &filter, &list, &err) != SP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    size_t count = list.count;
    if (ret != NULL && count > 0)
        must(sp_job_load(w->db, list.jobs[0]->id, ret, NULL) == SP_OK);
    sp_job_list_free(&list);
    return count;
}

bool
world_document_is(struct world *w, const char *id, size_t n, const void *bytes, size_t size)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_AUTO_FREE char *buffer = malloc(size + 1);
    size_t got = 0;
    must(buffer != NULL);
    return sp_spool_read(w->spool, id, n, &fd, NULL) == SP_OK &&
           sp_io_read_full(fd, buffer, size + 1, &got, NULL) == SP_OK && got == size &&
           memcmp(buffer, bytes, size) == 0;
}

void
write_file(const char *dir, const char *name, const void *bytes, size_t size)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    must(fd >= 0);
    must(write(fd, bytes, size) == (ssize_t)size);
}

bool
file_exists(const char *dir, const char *name)
{
    char path[1024];
    struct stat info;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return lstat(path, &info) == 0;
}

char *
file_text(const char *dir, const char *name)
{
    char path[1024];
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (sp_io_read_file(AT_FDCWD, path, 1 << 20, &text, NULL) != SP_OK)
        return NULL;
    return sp_str_steal(&text);
}

void
pause_ms(int ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&time, NULL);
}
