/* migrations.c - the schema, as the steps that made it. A step that was released is never edited: a change is a new
 * step at the end.
 *
 * It is made for a million jobs. A list shows the newest first, in the order in which jobs were taken: by row number.
 * What it is narrowed by stands in `facet`, what is searched for in `search` (migrations_search.c). What is asked all
 * the time but true for few jobs (due, waiting, documents to delete, notes to write) has a partial index, which stays
 * small however long the history gets. */
#include "db/migrations.h"

#include "base/auto.h"

static const char first[] =
    "CREATE TABLE house (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;"
    /* Until the spool was read once, nobody knows whether this database replaces one that was lost. */
    "INSERT INTO house VALUES ('spool_read', 0);"

    "CREATE TABLE job ("
    " n INTEGER PRIMARY KEY," /* what the tables below refer to: shorter than the id */
    " id TEXT NOT NULL UNIQUE,"
    " state TEXT NOT NULL,"
    " created INTEGER NOT NULL,"
    " finished INTEGER NOT NULL DEFAULT 0,"
    " next_attempt INTEGER NOT NULL DEFAULT 0,"
    " due INTEGER," /* from when on it may be claimed; NULL: it may not */
    " claimed INTEGER NOT NULL DEFAULT 0,"
    " source TEXT NOT NULL,"
    " source_name TEXT NOT NULL,"
    " user TEXT NOT NULL,"
    " route TEXT NOT NULL,"
    " tenant TEXT NOT NULL,"
    " sender TEXT NOT NULL,"
    " from_name TEXT NOT NULL,"
    " reply_to TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " body TEXT NOT NULL,"
    " message_id TEXT NOT NULL,"
    " boundary TEXT NOT NULL,"
    " folder_name BLOB NOT NULL," /* bytes as the file system has them */
    " size INTEGER NOT NULL,"     /* of all documents */
    " method TEXT NOT NULL DEFAULT '',"
    " class TEXT NOT NULL DEFAULT ''," /* of the last attempt that failed */
    " trouble TEXT NOT NULL DEFAULT '',"
    " spent_ms INTEGER NOT NULL DEFAULT 0,"
    " last_attempt INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " retried INTEGER NOT NULL DEFAULT 0,"
    " only_method TEXT NOT NULL DEFAULT '',"
    " only_until INTEGER NOT NULL DEFAULT 0,"
    " waits_for_method INTEGER NOT NULL DEFAULT 0,"
    " documents_deleted INTEGER NOT NULL DEFAULT 0,"
    " note_written INTEGER NOT NULL DEFAULT 0,"
    " decision TEXT NOT NULL DEFAULT '[]'" /* JSON; only ever read and written whole */
    ");"
    "CREATE INDEX job_by_state ON job (state, id);"
    "CREATE INDEX job_by_source ON job (source, id);"
    "CREATE INDEX job_by_method ON job (method, id) WHERE method <> '';"
    "CREATE INDEX job_by_class ON job (class, id) WHERE class <> '';"
    "CREATE INDEX job_due ON job (due, id) WHERE due IS NOT NULL;"
    "CREATE INDEX job_deferred ON job (due) WHERE state = 'deferred';"
    "CREATE INDEX job_waiting ON job (tenant) WHERE waits_for_method = 1;"
    "CREATE INDEX job_documents ON job (state, finished) WHERE documents_deleted = 0 AND finished > 0;"
    "CREATE INDEX job_note ON job (id)"
    " WHERE source = 'folder' AND note_written = 0 AND state IN ('failed', 'partial');"

    "CREATE TABLE document ("
    " job INTEGER NOT NULL REFERENCES job (n) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " size INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " PRIMARY KEY (job, n)"
    ") WITHOUT ROWID;"

    "CREATE TABLE recipient ("
    " job INTEGER NOT NULL REFERENCES job (n) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " address TEXT NOT NULL,"
    " cc INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " method TEXT NOT NULL,"
    " reply TEXT NOT NULL,"
    " PRIMARY KEY (job, n)"
    ") WITHOUT ROWID;"

    "CREATE TABLE attempt (" /* with a row number: replies and advice are too long for a table without */
    " job INTEGER NOT NULL REFERENCES job (n) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " method TEXT NOT NULL,"
    " host TEXT NOT NULL,"
    " port INTEGER NOT NULL,"
    " ip TEXT NOT NULL,"
    " tls TEXT NOT NULL,"
    " stage TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " class TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " code INTEGER NOT NULL,"
    " enhanced TEXT NOT NULL,"
    " reply TEXT NOT NULL,"
    " summary TEXT NOT NULL,"
    " fix TEXT NOT NULL,"
    " started INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL,"
    " UNIQUE (job, n)"
    ");"

    "CREATE TABLE method_state ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " state TEXT NOT NULL,"
    " class TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " fix TEXT NOT NULL,"
    " since INTEGER NOT NULL,"
    " retry_at INTEGER NOT NULL,"
    " failures INTEGER NOT NULL,"
    " proven_at INTEGER NOT NULL"
    ");"

    "CREATE TABLE idempotency ("
    " owner TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " digest TEXT NOT NULL,"
    " job TEXT NOT NULL," /* its id; the key may outlive the job */
    " created INTEGER NOT NULL,"
    " PRIMARY KEY (owner, key)"
    ") WITHOUT ROWID;"
    "CREATE INDEX idempotency_by_time ON idempotency (created);"

    "CREATE TABLE token ("
    " n INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " sha256 TEXT NOT NULL UNIQUE,"
    " route TEXT NOT NULL,"
    " patterns TEXT NOT NULL," /* one a line */
    " created INTEGER NOT NULL,"
    " revoked INTEGER NOT NULL,"
    " last_used INTEGER NOT NULL"
    ");"
    "CREATE UNIQUE INDEX token_in_use ON token (name) WHERE revoked = 0;"

    "CREATE TABLE user ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " role TEXT NOT NULL,"
    " hash TEXT NOT NULL,"
    " created INTEGER NOT NULL"
    ");";

static const char notices[] =
    "ALTER TABLE job ADD COLUMN told INTEGER NOT NULL DEFAULT 0;" /* a person was told of its trouble */
    "CREATE INDEX job_untold ON job (id)"
    " WHERE told = 0 AND state IN ('failed', 'partial', 'held') AND source <> 'notice';"
    "CREATE TABLE notice_told ("
    " key TEXT PRIMARY KEY NOT NULL,"
    " value TEXT NOT NULL,"
    " told INTEGER NOT NULL"
    ") WITHOUT ROWID;";

static const char checks[] = "CREATE TABLE check_run ("
                             " n INTEGER PRIMARY KEY,"
                             " id TEXT NOT NULL UNIQUE,"
                             " method TEXT NOT NULL,"
                             " state TEXT NOT NULL,"
                             " send_to TEXT NOT NULL,"
                             " created INTEGER NOT NULL,"
                             " finished INTEGER NOT NULL,"
                             " result TEXT NOT NULL"
                             ");"
                             "CREATE INDEX check_waiting ON check_run (n) WHERE state = 'waiting';"
                             "CREATE INDEX check_by_method ON check_run (method, n);"
                             "CREATE TABLE check_step ("
                             " run INTEGER NOT NULL REFERENCES check_run (n) ON DELETE CASCADE,"
                             " n INTEGER NOT NULL,"
                             " stage TEXT NOT NULL,"
                             " outcome TEXT NOT NULL,"
                             " title TEXT NOT NULL,"
                             " text TEXT NOT NULL,"
                             " fix TEXT NOT NULL,"
                             " reply TEXT NOT NULL,"
                             " at INTEGER NOT NULL,"
                             " UNIQUE (run, n)"
                             ");";

static const char budgets[] =
    /* Where a job stands in line: a method's name while its budget is used up, "" while it is merely due. Each line is
     * walked by turns between the sources. */
    "ALTER TABLE job ADD COLUMN waits_in TEXT NOT NULL DEFAULT '';"
    "DROP INDEX job_due;"
    "CREATE INDEX job_turn ON job (waits_in, source, source_name, due, id) WHERE due IS NOT NULL;"
    "DROP INDEX job_deferred;"
    "CREATE INDEX job_deferred ON job (due) WHERE state = 'deferred' AND waits_in = '';"
    "CREATE TABLE budget_use (" /* a message sent by a mailbox with limits; kept for a day */
    " n INTEGER PRIMARY KEY,"
    " identity TEXT NOT NULL,"
    " at INTEGER NOT NULL,"
    " recipients INTEGER NOT NULL"
    ");"
    "CREATE INDEX budget_use_by_time ON budget_use (at);";

static const char parts[] = "CREATE TABLE part ("
                            " job TEXT NOT NULL,"
                            " n INTEGER NOT NULL,"
                            " entry TEXT NOT NULL UNIQUE,"
                            " run TEXT NOT NULL,"
                            " giver TEXT NOT NULL,"
                            " slip TEXT NOT NULL," /* JSON; only ever read and written whole */
                            " touched INTEGER NOT NULL,"
                            " PRIMARY KEY (job, n)"
                            ") WITHOUT ROWID;";

/* What WebDAV clients find in their folders (dav.h). */
static const char dav[] = "CREATE TABLE dav ("
                          " owner TEXT NOT NULL,"
                          " path TEXT NOT NULL,"
                          " kind TEXT NOT NULL,"
                          " job TEXT NOT NULL,"
                          " file TEXT NOT NULL,"
                          " type TEXT NOT NULL,"
                          " sha256 TEXT NOT NULL,"
                          " size INTEGER NOT NULL,"
                          " created INTEGER NOT NULL,"
                          " modified INTEGER NOT NULL,"
                          " expires INTEGER NOT NULL,"
                          " PRIMARY KEY (owner, path)"
                          ") WITHOUT ROWID;"
                          "CREATE INDEX dav_by_expiry ON dav (expires);"
                          "CREATE INDEX dav_unsent ON dav (owner) WHERE kind <> 'scan';"
                          "CREATE TABLE dav_lock ("
                          " owner TEXT NOT NULL,"
                          " token TEXT NOT NULL,"
                          " path TEXT NOT NULL,"
                          " deep INTEGER NOT NULL,"
                          " shared INTEGER NOT NULL,"
                          " holder TEXT NOT NULL,"
                          " holder_is_link INTEGER NOT NULL,"
                          " timeout_ms INTEGER NOT NULL,"
                          " expires INTEGER NOT NULL,"
                          " PRIMARY KEY (owner, token)"
                          ") WITHOUT ROWID;";

static const char duplicates[] = "ALTER TABLE job ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';"
                                 "ALTER TABLE job ADD COLUMN duplicate_of TEXT NOT NULL DEFAULT '';"
                                 "CREATE INDEX job_alike ON job (fingerprint, created) WHERE fingerprint <> '';";

/* Who did what. The second index is what wrong sign-ins are folded and bounded by. */
static const char audit[] = "CREATE TABLE audit ("
                            " n INTEGER PRIMARY KEY,"
                            " at INTEGER NOT NULL,"
                            " who TEXT NOT NULL,"
                            " role TEXT NOT NULL,"
                            " address TEXT NOT NULL,"
                            " action TEXT NOT NULL,"
                            " object TEXT NOT NULL,"
                            " detail TEXT NOT NULL,"
                            " count INTEGER NOT NULL"
                            ");"
                            "CREATE INDEX audit_by_time ON audit (at);"
                            "CREATE INDEX audit_failed ON audit (who, address) WHERE action = 'sign_in_failed';";

/* How much came from where (source.h), and who was refused (refusal.h). */
static const char sources[] = "CREATE TABLE source_count ("
                              " kind TEXT NOT NULL,"
                              " name TEXT NOT NULL,"
                              " count INTEGER NOT NULL,"
                              " last INTEGER NOT NULL,"
                              " PRIMARY KEY (kind, name)"
                              ") WITHOUT ROWID;"
                              "INSERT INTO source_count SELECT source, source_name, count(*), max(created) FROM job"
                              " WHERE source <> 'notice' GROUP BY source, source_name;"
                              "INSERT INTO house SELECT 'sources_counted', coalesce(max(n), 0) FROM job;"
                              "CREATE TABLE refusal ("
                              " door TEXT NOT NULL,"
                              " who TEXT NOT NULL,"
                              " address TEXT NOT NULL,"
                              " reason TEXT NOT NULL,"
                              " what TEXT NOT NULL,"
                              " status INTEGER NOT NULL,"
                              " first INTEGER NOT NULL,"
                              " at INTEGER NOT NULL,"
                              " count INTEGER NOT NULL"
                              ");";

/* What was said during an attempt. Of one that was accepted it goes when the documents go (job_keep.c). */
static const char transcripts[] = "ALTER TABLE attempt ADD COLUMN transcript TEXT NOT NULL DEFAULT '';";

static const char first_key[] = "CREATE TABLE first_key (sha256 TEXT NOT NULL, expires INTEGER NOT NULL);";

/* What a mail that goes out late says of that, first of all; frozen before it is first handed over so. */
static const char late[] = "ALTER TABLE job ADD COLUMN late_note TEXT NOT NULL DEFAULT '';";

static const char *const texts[] = { first,
                                     notices,
                                     checks,
                                     budgets,
                                     parts,
                                     dav,
                                     duplicates,
                                     audit,
                                     sources,
                                     transcripts,
                                     first_key,
                                     sp_migration_facets,
                                     sp_migration_facet_triggers,
                                     sp_migration_tally,
                                     sp_migration_tally_triggers,
                                     sp_migration_words,
                                     late };
const struct sp_migrations sp_migrations = { .texts = texts, .count = SP_LEN(texts) };
