#include "client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

/* assert() that release builds keep. */
static void
must(bool good)
{
    if (good)
        return;
    perror("the test's client");
    abort();
}

int
listen_tcp(int *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 128) == 0);
    must(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static struct sockaddr_un
local_address(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    must(strlen(path) < sizeof(at.sun_path));
    strcpy(at.sun_path, path);
    return at;
}

int
listen_local(const char *path)
{
    struct sockaddr_un at = local_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 128) == 0);
    return fd;
}

static void
be_patient(int fd)
{
    struct timeval limit = { 60, 0 }; /* only so that a broken server ends the test */
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
    must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
}

int
dial_tcp(int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    be_patient(fd);
    must(connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
    return fd;
}

int
dial_local(const char *path)
{
    struct sockaddr_un at = local_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    be_patient(fd);
    must(connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
    return fd;
}

bool
try_to_say(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

void
say(int fd, const char *text)
{
    must(try_to_say(fd, text, strlen(text)));
}

char *
hear(int fd, const char *stop)
{
    struct sp_str heard = { 0 };
    char piece[4096];
    for (;;) {
        ssize_t got = recv(fd, piece, sizeof(piece), 0);
        if (got <= 0)
            break;
        sp_str_add_n(&heard, piece, (size_t)got);
        if (stop != NULL && strstr(sp_str_text(&heard), stop) != NULL)
            break;
    }
    return sp_str_steal(&heard);
}

char *
ask(int port, const char *request)
{
    SP_AUTO_CLOSE int fd = dial_tcp(port);
    (void)try_to_say(fd, request, strlen(request));
    return hear(fd, NULL);
}

int
status_of(const char *answer)
{
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}
