/* password.c - see password.h. */
#include "gateway/cli/password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/secret.h"

/* Byte by byte: what follows the line is not ours. */
static enum sp_rc
read_line(int fd, char line[SP_PASSWORD_MAX + 1], size_t *ret_len, struct sp_err *err)
{
    size_t len = 0;
    for (;;) {
        char c = 0;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail_errno(err, "cannot read the password");
        if (got == 0 || c == '\n')
            break;
        if (c == '\0' || len == SP_PASSWORD_MAX)
            return sp_fail(err, SP_E_INVALID, "the password is longer than %d bytes, or not text", SP_PASSWORD_MAX);
        line[len++] = c;
    }
    if (len > 0 && line[len - 1] == '\r')
        len--;
    *ret_len = len;
    return SP_OK;
}

enum sp_rc
sp_password_from(int fd, struct sp_secret **ret, struct sp_err *err)
{
    char line[SP_PASSWORD_MAX + 1];
    size_t len = 0;
    enum sp_rc rc = read_line(fd, line, &len, err);
    if (rc == SP_OK && len == 0)
        rc = sp_fail(err, SP_E_INVALID, "the password is empty");
    if (rc == SP_OK && (*ret = sp_secret_new(line, len)) == NULL)
        rc = sp_fail(err, SP_E_NOMEM, "out of memory");
    sp_wipe(line, sizeof line);
    return rc;
}

static enum sp_rc
ask(int tty, const char *prompt, struct sp_secret **ret, struct sp_err *err)
{
    enum sp_rc rc = sp_io_write_all(tty, prompt, strlen(prompt), err);
    if (rc != SP_OK)
        return rc;
    rc = sp_password_from(tty, ret, err);
    (void)sp_io_write_all(tty, "\n", 1, NULL);
    return rc;
}

static enum sp_rc
ask_twice(int tty, const char *prompt, struct sp_secret **ret, struct sp_err *err)
{
    SP_AUTO(sp_secret_free) struct sp_secret *first = NULL;
    SP_AUTO(sp_secret_free) struct sp_secret *second = NULL;
    enum sp_rc rc = ask(tty, prompt, &first, err);
    if (rc == SP_OK)
        rc = ask(tty, "Again: ", &second, err);
    if (rc != SP_OK)
        return rc;
    if (!sp_secret_equal(first, second))
        return sp_fail(err, SP_E_INVALID, "the two passwords differ");
    *ret = SP_STEAL(first);
    return SP_OK;
}

typedef enum sp_rc ask_fn(int tty, const char *prompt, struct sp_secret **ret, struct sp_err *err);

static enum sp_rc
ask_silently(ask_fn *fn, const char *prompt, struct sp_secret **ret, struct sp_err *err)
{
    struct termios before, silent;
    sigset_t interrupts, mask;
    SP_AUTO_CLOSE int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &before) < 0)
        return sp_fail(err, SP_E_IO, "there is no terminal to ask for the password; give it by file or standard input");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    /* An interrupt would leave the terminal silent: it waits until the echo is back. */
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTSTP);
    sigprocmask(SIG_BLOCK, &interrupts, &mask);
    enum sp_rc rc = SP_OK;
    if (tcsetattr(tty, TCSAFLUSH, &silent) < 0)
        rc = sp_fail_errno(err, "cannot silence the terminal");
    if (rc == SP_OK)
        rc = fn(tty, prompt, ret, err);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return rc;
}

enum sp_rc
sp_password_ask(struct sp_secret **ret, struct sp_err *err)
{
    return ask_silently(ask_twice, "Password: ", ret, err);
}

enum sp_rc
sp_password_prompt(const char *prompt, struct sp_secret **ret, struct sp_err *err)
{
    return ask_silently(ask, prompt, ret, err);
}
