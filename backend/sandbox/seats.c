#include "backend/sandbox/seats.h"

#include <string.h>

void
sp_box_seats_init(struct sp_box_seats *seats)
{
    pthread_mutex_init(&seats->lock, NULL);
    seats->n = 0;
}

/* The place of a connection, or n. Only while locked. */
static size_t
place(const struct sp_box_seats *seats, unsigned connection)
{
    size_t i = 0;
    while (i < seats->n && seats->taken[i] != connection)
        i++;
    return i;
}

void
sp_box_seats_take(struct sp_box_seats *seats, unsigned connection)
{
    pthread_mutex_lock(&seats->lock);
    if (seats->n < SP_BOX_SEATS_WATCHED && place(seats, connection) == seats->n)
        seats->taken[seats->n++] = connection;
    pthread_mutex_unlock(&seats->lock);
}

void
sp_box_seats_leave(struct sp_box_seats *seats, unsigned connection)
{
    pthread_mutex_lock(&seats->lock);
    size_t i = place(seats, connection);
    if (i < seats->n) {
        seats->n--;
        memmove(&seats->taken[i], &seats->taken[i + 1], (seats->n - i) * sizeof(seats->taken[0]));
    }
    pthread_mutex_unlock(&seats->lock);
}

bool
sp_box_seats_over(struct sp_box_seats *seats, unsigned connection)
{
    pthread_mutex_lock(&seats->lock);
    bool over = place(seats, connection) >= SP_BOX_SEATS;
    pthread_mutex_unlock(&seats->lock);
    return over;
}
