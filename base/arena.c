/* arena.c - a list of blocks, filled from the front. A piece larger than a block gets one of its own, behind the
 * first, so that the room left in the first is not lost. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096 };

struct block {
    struct block *next;
    size_t used, room;
    alignas(max_align_t) unsigned char bytes[];
};

struct sp_arena {
    struct block *blocks; /* the first is the one being filled */
};

struct sp_arena *
sp_arena_new(void)
{
    return calloc(1, sizeof(struct sp_arena));
}

void
sp_arena_free(struct sp_arena **arena)
{
    if (*arena == NULL)
        return;
    struct block *block = (*arena)->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*arena);
    *arena = NULL;
}

static struct block *
block_new(size_t room)
{
    struct block *block = calloc(1, sizeof *block + room);
    if (block != NULL)
        block->room = room;
    return block;
}

static void *
alone(struct sp_arena *arena, size_t size)
{
    struct block *block = block_new(size);
    if (block == NULL)
        return NULL;
    block->used = size;
    if (arena->blocks == NULL) {
        arena->blocks = block;
    } else {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    }
    return block->bytes;
}

void *
sp_arena_zalloc(struct sp_arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX)
        return NULL;
    size_t step = alignof(max_align_t);
    size_t rounded = (size + step - 1) / step * step;
    if (rounded > BLOCK_SIZE / 4)
        return alone(arena, rounded);
    struct block *block = arena->blocks;
    if (block == NULL || block->room - block->used < rounded) {
        block = block_new(BLOCK_SIZE);
        if (block == NULL)
            return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *piece = block->bytes + block->used;
    block->used += rounded;
    return piece;
}

void *
sp_arena_array(struct sp_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return sp_arena_zalloc(arena, total);
}

char *
sp_arena_text(struct sp_arena *arena, const char *text)
{
    return text == NULL ? NULL : sp_arena_text_n(arena, text, strlen(text));
}

char *
sp_arena_text_n(struct sp_arena *arena, const char *text, size_t len)
{
    if (text == NULL || len >= PTRDIFF_MAX)
        return NULL;
    char *copy = sp_arena_zalloc(arena, len + 1);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

char *
sp_arena_format(struct sp_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : sp_arena_zalloc(arena, (size_t)len + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}
