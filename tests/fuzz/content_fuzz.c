/* content_fuzz.c - a dropped file, of which nothing is known but its bytes: what kind it is, and whether it has its
 * end, is found out in bounded time and without reading beyond it. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "gateway/content.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t stem = 0;
    SP_AUTO_CLOSE int fd = memfd_create("content", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    struct sp_content content = sp_content_of(fd, size);
    bool complete = sp_content_complete(fd, size, &content);
    PROMISE(complete || size > 0);
    if (*content.kind != '\0') {
        PROMISE(strchr(content.type, '/') != NULL && content.extension[0] == '.' && size > 0);
        PROMISE(strcmp(sp_content_extension(content.type, "scan"), content.extension) == 0);
        PROMISE(sp_content_has_extension(content.extension, &stem) || stem == 0);
    }
    /* A file that has shrunk since it was looked at. */
    (void)sp_content_complete(fd, size + 1000, &content);
    (void)sp_content_of(fd, size + 1000);
    return 0;
}
