/* arena.h - memory for things that are made in pieces and freed together: a loaded job, the settings.
 * When memory is out an allocation returns NULL; sp_arena_text returns NULL only then (or for NULL). */
#ifndef SP_BASE_ARENA_H
#define SP_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct sp_arena;

struct sp_arena *sp_arena_new(void); /* NULL when memory is out */
void sp_arena_free(struct sp_arena **arena);
void *sp_arena_zalloc(struct sp_arena *arena, size_t size); /* zeroed, aligned for anything */
void *sp_arena_array(struct sp_arena *arena, size_t count, size_t size);
char *sp_arena_text(struct sp_arena *arena, const char *text);
char *sp_arena_text_n(struct sp_arena *arena, const char *text, size_t len);
char *sp_arena_format(struct sp_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
