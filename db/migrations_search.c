/* migrations_search.c - the steps that made lists, searches and the overview quick with a million jobs.
 *
 * What a list can be narrowed by takes few values, and few combinations of them occur: each is a row of `facet`, and
 * `job_facet` has its jobs in order. Whatever is asked for, also with "not", is a few of these lists merged (facet.c),
 * and their counts are known. That is one index to keep where there were four, and triggers keep it, so that every
 * statement that moves a job stays as short as it is.
 *
 * `tally` counts by the hour what the overview draws. Its kinds:
 *   received    a: source                     number, amount: bytes
 *   finished    a: state
 *   failed      a: class  b: cause            of jobs that failed, in part or whole
 *   delivered   a: upper end in seconds       amount: ms from taken to sent
 *   attempt     a: method  b: outcome  c: class   amount: ms
 *
 * `search` is the index of words (search_index.c), filled behind the jobs' back; house.indexed is how far it has come.
 *
 * A step is never edited after a release, and nor are the macros. */
#include "db/migrations.h"

/* clang-format off */

#define SIZE_CLASS(row)                                                                                                \
    "CASE WHEN " row ".size < 16384 THEN 0 WHEN " row ".size < 262144 THEN 1 WHEN " row ".size < 1048576 THEN 2"       \
    " WHEN " row ".size < 4194304 THEN 3 WHEN " row ".size < 16777216 THEN 4 ELSE 5 END"
#define FACET_OF(row)                                                                                                  \
    "(SELECT f FROM facet WHERE state = " row ".state AND method = " row ".method AND source = " row ".source"         \
    " AND class = " row ".class AND cause = " row ".cause AND size_class = " SIZE_CLASS(row) ")"
#define ADD_TO_FACET                                                                                                   \
    "INSERT INTO facet (state, method, source, class, cause, size_class, jobs)"                                        \
    " VALUES (new.state, new.method, new.source, new.class, new.cause, " SIZE_CLASS("new") ", 1)"                      \
    " ON CONFLICT DO UPDATE SET jobs = jobs + 1;"                                                                      \
    "INSERT INTO job_facet (facet, job) VALUES (" FACET_OF("new") ", new.n);"
#define TAKE_FROM_FACET                                                                                                \
    "DELETE FROM job_facet WHERE facet = " FACET_OF("old") " AND job = old.n;"                                         \
    "UPDATE facet SET jobs = jobs - 1 WHERE f = " FACET_OF("old") ";"

/* Upper ends as in Prometheus' histograms; the last has none. */
#define TIME_CLASS(ms)                                                                                                 \
    "CASE WHEN " ms " <= 1000 THEN '1' WHEN " ms " <= 2000 THEN '2' WHEN " ms " <= 5000 THEN '5'"                      \
    " WHEN " ms " <= 10000 THEN '10' WHEN " ms " <= 30000 THEN '30' WHEN " ms " <= 60000 THEN '60'"                    \
    " WHEN " ms " <= 300000 THEN '300' WHEN " ms " <= 900000 THEN '900' WHEN " ms " <= 3600000 THEN '3600'"            \
    " WHEN " ms " <= 14400000 THEN '14400' WHEN " ms " <= 86400000 THEN '86400' ELSE '+Inf' END"
#define COUNT(at, kind, a, b, c, amount)                                                                               \
    "INSERT INTO tally (hour, kind, a, b, c, number, amount)"                                                          \
    " VALUES ((" at ") / 3600000, '" kind "', " a ", " b ", " c ", 1, " amount ")"                                     \
    " ON CONFLICT DO UPDATE SET number = number + 1, amount = amount + excluded.amount;"

const char sp_migration_facets[] =
    "ALTER TABLE job ADD COLUMN cause TEXT NOT NULL DEFAULT '';"          /* of the last attempt that failed */
    "ALTER TABLE job ADD COLUMN forwarded_from TEXT NOT NULL DEFAULT '';" /* the id of the job whose documents it has */
    "UPDATE job SET cause = coalesce((SELECT a.cause FROM attempt a WHERE a.job = job.n AND a.outcome <> 'accepted'"
    " ORDER BY a.n DESC LIMIT 1), '') WHERE class <> '';"
    "DROP INDEX job_by_state;"
    "DROP INDEX job_by_method;"
    "DROP INDEX job_by_class;"
    "DROP INDEX job_by_source;"
    "CREATE INDEX job_by_source ON job (source, source_name);"
    "DROP INDEX job_documents;"
    "CREATE INDEX job_documents ON job (state, finished, size) WHERE documents_deleted = 0 AND finished > 0;"
    "CREATE INDEX job_forwarded ON job (forwarded_from) WHERE forwarded_from <> '';"

    "CREATE TABLE facet ("
    " f INTEGER PRIMARY KEY,"
    " state TEXT NOT NULL,"
    " method TEXT NOT NULL,"
    " source TEXT NOT NULL,"
    " class TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " size_class INTEGER NOT NULL,"
    " jobs INTEGER NOT NULL,"
    " UNIQUE (state, method, source, class, cause, size_class)"
    ");"
    "CREATE TABLE job_facet (facet INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (facet, job)) WITHOUT ROWID;"
    "INSERT INTO facet (state, method, source, class, cause, size_class, jobs)"
    " SELECT j.state, j.method, j.source, j.class, j.cause, " SIZE_CLASS("j") ", count(*) FROM job j"
    " GROUP BY 1, 2, 3, 4, 5, 6;"
    "INSERT INTO job_facet (facet, job) SELECT " FACET_OF("j") ", j.n FROM job j ORDER BY 1, 2;";

const char sp_migration_facet_triggers[] =
    "CREATE TRIGGER job_made AFTER INSERT ON job BEGIN " ADD_TO_FACET "END;"
    "CREATE TRIGGER job_moved AFTER UPDATE OF state, method, class, cause ON job"
    " WHEN old.state <> new.state OR old.method <> new.method OR old.class <> new.class OR old.cause <> new.cause"
    " BEGIN " TAKE_FROM_FACET ADD_TO_FACET "END;"
    "CREATE TRIGGER job_forgotten AFTER DELETE ON job BEGIN " TAKE_FROM_FACET "END;";

const char sp_migration_tally[] =
    "CREATE TABLE tally ("
    " hour INTEGER NOT NULL," /* since 1970 */
    " kind TEXT NOT NULL,"
    " a TEXT NOT NULL,"
    " b TEXT NOT NULL,"
    " c TEXT NOT NULL,"
    " number INTEGER NOT NULL,"
    " amount INTEGER NOT NULL,"
    " PRIMARY KEY (hour, kind, a, b, c)"
    ") WITHOUT ROWID;"
    "INSERT INTO tally SELECT created / 3600000, 'received', source, '', '', count(*), sum(size) FROM job GROUP BY 1, 3;"
    "INSERT INTO tally SELECT finished / 3600000, 'finished', state, '', '', count(*), 0 FROM job WHERE finished > 0"
    " GROUP BY 1, 3;"
    "INSERT INTO tally SELECT finished / 3600000, 'failed', class, cause, '', count(*), 0 FROM job"
    " WHERE finished > 0 AND state IN ('failed', 'partial') GROUP BY 1, 3, 4;"
    "INSERT INTO tally SELECT finished / 3600000, 'delivered', " TIME_CLASS("(finished - created)") ", '', '',"
    " count(*), sum(max(finished - created, 0)) FROM job WHERE finished > 0 AND state = 'sent' GROUP BY 1, 3;"
    "INSERT INTO tally SELECT (started + duration_ms) / 3600000, 'attempt', method, outcome, class, count(*),"
    " sum(duration_ms) FROM attempt GROUP BY 1, 3, 4, 5;";

const char sp_migration_tally_triggers[] =
    "CREATE TRIGGER job_counted AFTER INSERT ON job BEGIN "
    COUNT("new.created", "received", "new.source", "''", "''", "new.size") "END;"
    "CREATE TRIGGER job_ended AFTER UPDATE OF state ON job WHEN old.finished = 0 AND new.finished > 0 BEGIN "
    COUNT("new.finished", "finished", "new.state", "''", "''", "0") "END;"
    "CREATE TRIGGER job_sent AFTER UPDATE OF state ON job"
    " WHEN old.finished = 0 AND new.finished > 0 AND new.state = 'sent' BEGIN "
    COUNT("new.finished", "delivered", TIME_CLASS("(new.finished - new.created)"), "''", "''",
          "max(new.finished - new.created, 0)") "END;"
    "CREATE TRIGGER job_failed AFTER UPDATE OF state ON job"
    " WHEN old.finished = 0 AND new.finished > 0 AND new.state IN ('failed', 'partial') BEGIN "
    COUNT("new.finished", "failed", "new.class", "new.cause", "''", "0") "END;"
    "CREATE TRIGGER attempt_made AFTER INSERT ON attempt BEGIN "
    COUNT("new.started + new.duration_ms", "attempt", "new.method", "new.outcome", "new.class", "new.duration_ms")
    "END;";

const char sp_migration_words[] =
    "CREATE VIRTUAL TABLE search USING fts5(tokens, content = '', columnsize = 0, detail = none, tokenize = 'ascii');"
    "INSERT INTO house VALUES ('indexed', 0);";
/* clang-format on */
