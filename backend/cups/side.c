/* side.c - there is no device behind us that could be asked: what is always true is said, the rest is not implemented.
 */
#include "backend/cups/side.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include <cups/sidechannel.h>

#include "base/auto.h"

enum { MESSAGE_MAX = 2048 };

static const char device_id[] = "MFG:scanpost;MDL:scan to e-mail;CMD:PDF;CLS:PRINTER;";

/* CUPS gives a socket; started by hand or by ippeveprinter, the number may be anything. */
struct sp_side
sp_side_open(void)
{
    struct stat info;
    bool there = fstat(CUPS_SC_FD, &info) == 0 && S_ISSOCK(info.st_mode);
    return (struct sp_side){ .fd = there ? CUPS_SC_FD : -1 };
}

static cups_sc_status_t
answer_to(cups_sc_command_t command, char *data, int *size)
{
    *size = 0;
    switch (command) {
    case CUPS_SC_CMD_DRAIN_OUTPUT: /* all of it goes to the daemon in the end, and nothing stays in between */
        return CUPS_SC_STATUS_OK;
    case CUPS_SC_CMD_GET_BIDI:
        data[(*size)++] = CUPS_SC_BIDI_NOT_SUPPORTED;
        return CUPS_SC_STATUS_OK;
    case CUPS_SC_CMD_GET_DEVICE_ID:
        *size = (int)strlen(device_id);
        memcpy(data, device_id, (size_t)*size); // NOLINT(bugprone-not-null-terminated-result): it has a length
        return CUPS_SC_STATUS_OK;
    case CUPS_SC_CMD_GET_STATE:
        data[(*size)++] = CUPS_SC_STATE_ONLINE;
        return CUPS_SC_STATUS_OK;
    case CUPS_SC_CMD_GET_CONNECTED:
        data[(*size)++] = CUPS_SC_CONNECTED;
        return CUPS_SC_STATUS_OK;
    case CUPS_SC_CMD_NONE:
    case CUPS_SC_CMD_SOFT_RESET:
    case CUPS_SC_CMD_SNMP_GET:
    case CUPS_SC_CMD_SNMP_GET_NEXT:
    case CUPS_SC_CMD_MAX:
        break;
    }
    return CUPS_SC_STATUS_NOT_IMPLEMENTED;
}

static void
answer_one(struct sp_side *side)
{
    cups_sc_command_t command = CUPS_SC_CMD_NONE;
    cups_sc_status_t status = CUPS_SC_STATUS_NONE;
    char data[MESSAGE_MAX];
    int size = sizeof(data);
    if (cupsSideChannelRead(&command, &status, data, &size, 1.0) != 0) {
        side->fd = -1; /* the filters have gone */
        return;
    }
    status = answer_to(command, data, &size);
    if (cupsSideChannelWrite(command, status, data, size, 1.0) != 0)
        side->fd = -1;
}

void
sp_side_answer(struct sp_side *side)
{
    struct pollfd question = { .fd = side->fd, .events = POLLIN };
    while (side->fd >= 0 && poll(&question, 1, 0) > 0)
        answer_one(side);
}

bool
sp_side_wait(struct sp_side *side, int fd, int ms)
{
    struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = side->fd, .events = POLLIN } };
    if (poll(fds, SP_LEN(fds), ms) <= 0)
        return false;
    if (fds[1].revents != 0)
        sp_side_answer(side);
    return fds[0].revents != 0;
}
