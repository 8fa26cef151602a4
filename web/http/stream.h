/* stream.h - an answer that goes on: texts that one thread adds and the server sends as its client takes them. What
 * waits for the client is bounded; a client that falls behind is dropped. While there is nothing to send the connection
 * sleeps, without a thread of its own. Calls may come from any thread. */
#ifndef SP_WEB_HTTP_STREAM_H
#define SP_WEB_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sp_stream;

enum { SP_STREAM_ROOM = 32 * 1024 };

struct sp_stream *sp_stream_new(void);                       /* one reference; NULL when memory is out */
struct sp_stream *sp_stream_share(struct sp_stream *stream); /* one more */
void sp_stream_drop(struct sp_stream **stream);              /* one less; accepts NULL; leaves NULL */

/* false: it has ended, or the client is too far behind, which ends it now. */
bool sp_stream_add(struct sp_stream *stream, const char *text, size_t size);
/* What was added before is still sent. */
void sp_stream_end(struct sp_stream *stream);
bool sp_stream_ended(struct sp_stream *stream);

/* --- for the server --- */

/* sleep and wake are called under the stream's lock, in turns, sleep first. */
struct sp_stream_ops {
    void (*sleep)(void *context);
    void (*wake)(void *context);
    void *context;
};
void sp_stream_attach(struct sp_stream *stream, const struct sp_stream_ops *ops);
/* Up to room bytes; 0: nothing now, and sleep was called; -1: it has ended, and everything was taken. */
ssize_t sp_stream_take(struct sp_stream *stream, char *to, size_t room);
/* The connection is gone: no more wake. Ends the stream. */
void sp_stream_detach(struct sp_stream *stream);

#endif
