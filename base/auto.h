/* auto.h - what the compiler does for us at the end of a scope, and a few words C lacks. */
#ifndef SP_BASE_AUTO_H
#define SP_BASE_AUTO_H

#include <stdlib.h>
#include <unistd.h>

#define SP_LEN(array) (sizeof(array) / sizeof((array)[0]))

static inline void
sp_auto_free_(void *place)
{
    free(*(void **)place);
}

static inline void
sp_auto_close_(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define SP_AUTO_FREE  __attribute__((cleanup(sp_auto_free_)))
#define SP_AUTO_CLOSE __attribute__((cleanup(sp_auto_close_)))
/* For the house's own types: SP_AUTO(sp_str_free) struct sp_str s = { 0 }; the function takes a pointer to the
 * variable. */
#define SP_AUTO(function) __attribute__((cleanup(function)))

/* Takes the descriptor out of an SP_AUTO_CLOSE variable: from here on it is the caller's. */
static inline int
sp_steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* The same for a pointer. */
#define SP_STEAL(pointer)                                                                                              \
    __extension__({                                                                                                    \
        __typeof__(pointer) *p_ = &(pointer);                                                                          \
        __typeof__(pointer) taken_ = *p_;                                                                              \
        *p_ = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

#endif
