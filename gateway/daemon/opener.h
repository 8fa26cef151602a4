/* opener.h - how the gateway gets at dropped files that only their owner may read. The opener process may read every
 * file (CAP_DAC_READ_SEARCH) and therefore does next to nothing: it is asked for a name in a configured folder, and
 * answers with a descriptor when that is a regular file with one link. */
#ifndef SP_DAEMON_OPENER_H
#define SP_DAEMON_OPENER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sp_opener_client {
    int fd; /* borrowed */
    pthread_mutex_t lock;
    uint64_t last; /* number of the last question: answers to earlier ones, which a crash left, are dropped */
};

void sp_opener_client_init(struct sp_opener_client *client, int fd);
/* What struct sp_folder_opener wants; context is a client. Waits up to 5 s. */
int sp_opener_ask(void *context, const char *folder, const char *path);

#endif
