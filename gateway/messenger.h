/* messenger.h - news that leaves by other ways than mail: a webhook, a command. Both may hang, so a thread of their own
 * carries one message at a time, with a deadline; nobody waits for it. */
#ifndef SP_GATEWAY_MESSENGER_H
#define SP_GATEWAY_MESSENGER_H

#include <stdbool.h>

#include "base/err.h"

struct sp_log;
struct sp_messenger;

/* url and command may be "". Borrows all three. proxy may be "". */
enum sp_rc sp_messenger_new(const char *url, const char *command, const char *proxy, const struct sp_log *log,
                            struct sp_messenger **ret, struct sp_err *err);
/* Takes the JSON text (malloc'ed) and carries it away; false: still busy with the one before, and the text stays the
 * caller's. */
bool sp_messenger_send(struct sp_messenger *messenger, char *json);
/* Before the process ends: waits a second for a message under way, then leaves it to itself. Accepts NULL; leaves NULL.
 */
void sp_messenger_free(struct sp_messenger **messenger);

#endif
