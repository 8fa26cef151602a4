/* pending.c - a hash table with chains, and a binary heap over those that wait: the one that is due first is at its
 * top, and ten thousand files that arrive at once cost no more each than ten. */
#include "gateway/pending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUCKETS = 1024 };

struct sp_pending_table {
    size_t count, cap;
    struct sp_pending *buckets[BUCKETS];
    struct sp_pending **heap; /* from 1; heap[n / 2] is due no later than heap[n] */
    size_t waiting, room;     /* room for every entry there is */
};

struct sp_seen
sp_seen_of(const struct stat *info)
{
    return (struct sp_seen){ .size = (uint64_t)info->st_size,
                             .inode = info->st_ino,
                             .mtime_ns = info->st_mtim.tv_sec * INT64_C(1000000000) + info->st_mtim.tv_nsec };
}

bool
sp_seen_equal(const struct sp_seen *a, const struct sp_seen *b)
{
    return a->size == b->size && a->inode == b->inode && a->mtime_ns == b->mtime_ns;
}

struct sp_pending_table *
sp_pending_new(size_t cap)
{
    struct sp_pending_table *table = calloc(1, sizeof(*table));
    if (table != NULL)
        table->cap = cap;
    return table;
}

void
sp_pending_free(struct sp_pending_table **table)
{
    for (size_t i = 0; *table != NULL && i < BUCKETS; i++)
        for (struct sp_pending *entry = (*table)->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            free(entry);
        }
    if (*table != NULL)
        free((*table)->heap);
    free(*table);
    *table = NULL;
}

/* ---- the heap ---- */

static void
put_at(struct sp_pending_table *table, size_t place, struct sp_pending *entry)
{
    table->heap[place] = entry;
    entry->place = place;
}

static void
sink_or_rise(struct sp_pending_table *table, size_t place)
{
    struct sp_pending *entry = table->heap[place];
    for (; place > 1 && table->heap[place / 2]->due > entry->due; place /= 2)
        put_at(table, place, table->heap[place / 2]);
    for (size_t child; (child = 2 * place) <= table->waiting; place = child) {
        if (child < table->waiting && table->heap[child + 1]->due < table->heap[child]->due)
            child++;
        if (table->heap[child]->due >= entry->due)
            break;
        put_at(table, place, table->heap[child]);
    }
    put_at(table, place, entry);
}

static bool
make_room(struct sp_pending_table *table)
{
    if (table->count + 2 <= table->room)
        return true;
    size_t room = table->room == 0 ? 64 : 2 * table->room;
    struct sp_pending **heap = realloc(table->heap, room * sizeof(*heap));
    if (heap == NULL)
        return false;
    table->heap = heap;
    table->room = room;
    return true;
}

void
sp_pending_set_due(struct sp_pending_table *table, struct sp_pending *entry, int64_t due)
{
    entry->due = due;
    if (entry->place != 0)
        sink_or_rise(table, entry->place);
}

void
sp_pending_take(struct sp_pending_table *table, struct sp_pending *entry)
{
    size_t place = entry->place;
    struct sp_pending *last = table->heap[table->waiting--];
    entry->place = 0;
    if (last == entry)
        return;
    put_at(table, place, last);
    sink_or_rise(table, place);
}

void
sp_pending_give_back(struct sp_pending_table *table, struct sp_pending *entry)
{
    if (entry->place != 0)
        return;
    put_at(table, ++table->waiting, entry);
    sink_or_rise(table, entry->place);
}

bool
sp_pending_in_hand(const struct sp_pending *entry)
{
    return entry->place == 0;
}

/* ---- the table ---- */

/* FNV-1a: names of one copier differ in their last digits only. */
static unsigned
hash_of(const char *name, bool claim)
{
    unsigned hash = 2166136261U ^ (unsigned)claim;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619U;
    return hash;
}

struct sp_pending *
sp_pending_find(struct sp_pending_table *table, const char *name, bool claim)
{
    unsigned hash = hash_of(name, claim);
    struct sp_pending *entry = table->buckets[hash % BUCKETS];
    while (entry != NULL && (entry->hash != hash || entry->claim != claim || strcmp(entry->name, name) != 0))
        entry = entry->next;
    return entry;
}

struct sp_pending *
sp_pending_add(struct sp_pending_table *table, const char *name, bool claim)
{
    struct sp_pending *entry = sp_pending_find(table, name, claim);
    if (entry != NULL || (table->count >= table->cap && !claim))
        return entry;
    size_t size = strlen(name) + 1;
    entry = make_room(table) ? calloc(1, sizeof(*entry) + size) : NULL;
    if (entry == NULL)
        return NULL;
    memcpy(entry->name, name, size);
    entry->hash = hash_of(name, claim);
    entry->claim = claim;
    struct sp_pending **bucket = &table->buckets[entry->hash % BUCKETS];
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
    sp_pending_give_back(table, entry);
    return entry;
}

void
sp_pending_remove(struct sp_pending_table *table, struct sp_pending *entry)
{
    struct sp_pending **link = &table->buckets[entry->hash % BUCKETS];
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    table->count--;
    if (entry->place != 0)
        sp_pending_take(table, entry);
    free(entry);
}

size_t
sp_pending_count(const struct sp_pending_table *table)
{
    return table->count;
}

size_t
sp_pending_troubled(const struct sp_pending_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct sp_pending *entry = table->buckets[i]; entry != NULL; entry = entry->next)
            count += entry->troubled;
    return count;
}

struct sp_pending *
sp_pending_next(const struct sp_pending_table *table, const struct sp_pending *previous)
{
    if (previous != NULL && previous->next != NULL)
        return previous->next;
    for (size_t i = previous == NULL ? 0 : previous->hash % BUCKETS + 1; i < BUCKETS; i++)
        if (table->buckets[i] != NULL)
            return table->buckets[i];
    return NULL;
}

const char *
sp_pending_leaf(const struct sp_pending *entry)
{
    const char *slash = strrchr(entry->name, '/');
    return slash == NULL ? entry->name : slash + 1;
}

bool
sp_pending_beside(const struct sp_pending *a, const struct sp_pending *b)
{
    size_t sub = (size_t)(sp_pending_leaf(a) - a->name);
    return sub == (size_t)(sp_pending_leaf(b) - b->name) && memcmp(a->name, b->name, sub) == 0;
}

struct sp_pending *
sp_pending_first(const struct sp_pending_table *table)
{
    return table->waiting == 0 ? NULL : table->heap[1];
}
