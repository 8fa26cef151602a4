/* stream.c - a small buffer between who has something to say and the connection that says it. */
#include "web/http/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct sp_stream {
    pthread_mutex_t lock;
    unsigned references;
    bool ended, sleeping;
    struct sp_stream_ops ops; /* sleep NULL: no connection */
    struct sp_str waiting;
};

struct sp_stream *
sp_stream_new(void)
{
    struct sp_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return NULL;
    pthread_mutex_init(&stream->lock, NULL);
    stream->references = 1;
    return stream;
}

struct sp_stream *
sp_stream_share(struct sp_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->references++;
    pthread_mutex_unlock(&stream->lock);
    return stream;
}

void
sp_stream_drop(struct sp_stream **stream)
{
    struct sp_stream *s = *stream;
    if (s == NULL)
        return;
    *stream = NULL;
    pthread_mutex_lock(&s->lock);
    bool last = --s->references == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&s->lock);
    sp_str_free(&s->waiting);
    free(s);
}

static void
wake(struct sp_stream *stream)
{
    if (stream->sleeping)
        stream->ops.wake(stream->ops.context);
    stream->sleeping = false;
}

bool
sp_stream_add(struct sp_stream *stream, const char *text, size_t size)
{
    pthread_mutex_lock(&stream->lock);
    if (size > SP_STREAM_ROOM - stream->waiting.len)
        stream->ended = true;
    if (!stream->ended)
        sp_str_add_n(&stream->waiting, text, size);
    stream->ended = stream->ended || stream->waiting.failed;
    bool taken = !stream->ended;
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
    return taken;
}

void
sp_stream_end(struct sp_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
}

bool
sp_stream_ended(struct sp_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool ended = stream->ended;
    pthread_mutex_unlock(&stream->lock);
    return ended;
}

void
sp_stream_attach(struct sp_stream *stream, const struct sp_stream_ops *ops)
{
    pthread_mutex_lock(&stream->lock);
    stream->ops = *ops;
    pthread_mutex_unlock(&stream->lock);
}

ssize_t
sp_stream_take(struct sp_stream *stream, char *to, size_t room)
{
    pthread_mutex_lock(&stream->lock);
    struct sp_str *waiting = &stream->waiting;
    size_t size = waiting->len < room ? waiting->len : room;
    if (size > 0) {
        memcpy(to, waiting->text, size);
        memmove(waiting->text, waiting->text + size, waiting->len - size);
        sp_str_cut(waiting, waiting->len - size);
    } else if (!stream->ended) {
        stream->sleeping = true;
        stream->ops.sleep(stream->ops.context);
    }
    bool over = size == 0 && stream->ended;
    pthread_mutex_unlock(&stream->lock);
    return over ? -1 : (ssize_t)size;
}

void
sp_stream_detach(struct sp_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    stream->sleeping = false;
    stream->ops = (struct sp_stream_ops){ 0 };
    pthread_mutex_unlock(&stream->lock);
}
