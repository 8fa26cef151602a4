/* pending.h - the names in a folder that are seen and not taken yet, with what is known of each. A name in a sub-folder
 * is "SUB/NAME". The watcher's own: one thread. Holds at most `cap` names, and claims beyond that; what does not fit is
 * found by a later look. */
#ifndef SP_GATEWAY_PENDING_H
#define SP_GATEWAY_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stat;

/* What a file looked like; as long as it is equal, nobody wrote. */
struct sp_seen {
    uint64_t size, inode;
    int64_t mtime_ns;
};
struct sp_seen sp_seen_of(const struct stat *info);
bool sp_seen_equal(const struct sp_seen *a, const struct sp_seen *b);

struct sp_pending {
    struct sp_pending *next; /* in its bucket */
    struct sp_seen seen;
    int64_t changed; /* mono ms of the last write, close or change that was noticed */
    int64_t due;     /* mono ms: when to look at it again; set by sp_pending_set_due */
    size_t place;    /* in the order of waiting, from 1; 0: a worker has it */
    int64_t backoff; /* ms; 0: nothing failed yet */
    int64_t after;   /* ms since a file of this name was written that is taken already; 0: there was none */
    unsigned hash;
    bool claim;    /* the name is one in .scanpost/, else one in the folder itself */
    bool folder;   /* the name is one of a folder of pages */
    bool closed;   /* the last thing that was noticed may have been the end of it */
    bool touched;  /* something happened to the name while a worker had it */
    bool silent;   /* found by looking, and inotify has said nothing about it */
    bool troubled; /* what went wrong with it stands in the folder's trouble */
    char name[];
};

struct sp_pending_table;

struct sp_pending_table *sp_pending_new(size_t cap); /* NULL when memory is out */
void sp_pending_free(struct sp_pending_table **table);
struct sp_pending *sp_pending_find(struct sp_pending_table *table, const char *name, bool claim);
/* The entry of that name, new when there was none; NULL when the table is full or memory is out. */
struct sp_pending *sp_pending_add(struct sp_pending_table *table, const char *name, bool claim);
void sp_pending_remove(struct sp_pending_table *table, struct sp_pending *entry);
size_t sp_pending_count(const struct sp_pending_table *table);
size_t sp_pending_troubled(const struct sp_pending_table *table);
/* All of them, one after the other: NULL begins, NULL ends. */
struct sp_pending *sp_pending_next(const struct sp_pending_table *table, const struct sp_pending *previous);
/* The last part of its name. */
const char *sp_pending_leaf(const struct sp_pending *entry);
/* Whether both lie in the same sub-folder, or both in none. */
bool sp_pending_beside(const struct sp_pending *a, const struct sp_pending *b);
/* A new one is due at once, and waits. A worker who takes it and gives it back changes nothing about its time. */
void sp_pending_set_due(struct sp_pending_table *table, struct sp_pending *entry, int64_t due);
void sp_pending_take(struct sp_pending_table *table, struct sp_pending *entry);
void sp_pending_give_back(struct sp_pending_table *table, struct sp_pending *entry);
bool sp_pending_in_hand(const struct sp_pending *entry);
/* The one that is due first among those that wait; NULL when there is none. */
struct sp_pending *sp_pending_first(const struct sp_pending_table *table);

#endif
