/* client.h - a client that says exactly what the test wants, byte for byte. */
#ifndef SP_TEST_HTTP_CLIENT_H
#define SP_TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/* A listening socket on a free port of 127.0.0.1. */
int listen_tcp(int *ret_port);
int listen_local(const char *path);
int dial_tcp(int port);
int dial_local(const char *path);
void say(int fd, const char *text);
bool try_to_say(int fd, const void *bytes, size_t size); /* false: the server does not listen any more */
/* What the server says until it hangs up, or `stop` appears (NULL: to the end); the caller frees it. */
char *hear(int fd, const char *stop);
/* One request on a connection of its own; it should ask for Connection: close. */
char *ask(int port, const char *request);
int status_of(const char *answer);

#endif
