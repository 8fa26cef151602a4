/* world.h - a gateway in a temporary directory: real database, real spool, settings made by hand. */
#ifndef SP_TEST_GATEWAY_WORLD_H
#define SP_TEST_GATEWAY_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/settings.h"
#include "db/job.h"
#include "samples.h"

struct sp_batch;
struct sp_db;
struct sp_folders;
struct sp_intake;
struct sp_people;
struct sp_refusals;
struct sp_spool;

struct world {
    char root[64];             /* removed at the end */
    char state[80], drop[160]; /* state directory; a drop folder */
    struct sp_tenant_settings tenants[2];
    struct sp_route_settings routes[3];
    struct sp_folder_settings folders[2];
    struct sp_settings settings;
    struct sp_refusals *refusals;
    struct sp_people *people; /* NULL until a test needs somebody */
    struct sp_log log;
    struct sp_batch *batch;
    struct sp_db *db; /* for reading */
    struct sp_spool *spool;
    struct sp_intake *intake;
    struct sp_folders *house; /* NULL until a test starts it */
    int wake;
};

/* The words of the settings: two tenants (contoso.com, fabrikam.com); routes accounting, partners (allow-external) and
 * nobody (without recipients); folder scans, below root/drop. */
void world_settings(struct world *w);
/* All of it, below a directory of its own in `base`. */
struct world *world_open(const char *base);
void world_close(struct world *w);

/* From now on these people are known; before anything that uses the intake. */
void world_people(struct world *w, const char *csv);

/* The state directory's entries, published ones only. */
size_t world_spool_count(struct world *w);
/* How many jobs there are; with `ret` the newest, for the caller to free. */
size_t world_jobs(struct world *w, struct sp_job **ret);
/* Whether document n of a job in the spool has these bytes. */
bool world_document_is(struct world *w, const char *id, size_t n, const void *bytes, size_t size);

void write_file(const char *dir, const char *name, const void *bytes, size_t size);
bool file_exists(const char *dir, const char *name);
/* The text of a file, for the caller to free; NULL when there is none. */
char *file_text(const char *dir, const char *name);
void pause_ms(int ms);

#endif
