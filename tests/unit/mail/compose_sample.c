/* compose_sample base64|binary FROM NAME SUBJECT BODY [TYPE NAME FILE]... : a composed message on stdout, for a test
 * that reads it with somebody else's parser. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/io.h"

enum { FIXED_ARGS = 6, ARGS_A_DOCUMENT = 3, DOCUMENTS_MAX = 32 };

static enum sp_rc
open_argument(void *context, size_t n, int *ret_fd, struct sp_err *err)
{
    char **argv = context;
    const char *file = argv[FIXED_ARGS + n * ARGS_A_DOCUMENT + 2];
    *ret_fd = open(file, O_RDONLY | O_CLOEXEC);
    return *ret_fd < 0 ? sp_fail_errno(err, "cannot open '%s'", file) : SP_OK;
}

static enum sp_rc
print_all(struct sp_composer *composer, bool binary, struct sp_err *err)
{
    static char buffer[65536];
    uint64_t total = 0;
    size_t got = 0;
    enum sp_rc rc = sp_composer_begin(composer, binary, err);
    do {
        if (rc == SP_OK)
            rc = sp_composer_read(composer, buffer, sizeof(buffer), &got, err);
        if (rc == SP_OK)
            rc = sp_io_write_all(STDOUT_FILENO, buffer, got, err);
        total += got;
    } while (rc == SP_OK && got > 0);
    if (rc == SP_OK && total != sp_composer_size(composer, binary))
        rc = sp_fail(err, SP_E_CORRUPT, "the size that was announced is another");
    return rc;
}

int
main(int argc, char **argv)
{
    struct sp_mail_document documents[DOCUMENTS_MAX];
    size_t n = 0;
    if (argc < FIXED_ARGS)
        return 2;
    for (int at = FIXED_ARGS; at + 2 < argc && n < DOCUMENTS_MAX; at += ARGS_A_DOCUMENT, n++) {
        struct stat st;
        if (stat(argv[at + 2], &st) != 0)
            return 2;
        documents[n] =
            (struct sp_mail_document){ .type = argv[at], .name = argv[at + 1], .size = (uint64_t)st.st_size };
    }
    const char *to[] = { "anna.schmidt@contoso.com", "b@contoso.com" };
    const struct sp_mail mail = {
        .from = argv[2],
        .from_name = argv[3],
        .reply_to = "anna.schmidt@contoso.com",
        .to = to,
        .n_to = SP_LEN(to),
        .subject = argv[4],
        .body = argv[5],
        .message_id = "<01JDC0000000000000000000AA@scan.contoso.com>",
        .boundary = "=_01JDC0000000000000000000AB",
        .date_ms = 1795435200000,
        .utc_offset_minutes = 60,
        .documents = documents,
        .n_documents = n,
        .open = open_argument,
        .context = argv,
    };
    struct sp_composer *composer = NULL;
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_composer_new(&mail, &composer, &err);
    if (rc == SP_OK)
        rc = print_all(composer, strcmp(argv[1], "binary") == 0, &err);
    sp_composer_free(&composer);
    if (rc != SP_OK)
        (void)fprintf(stderr, "%s\n", err.text);
    return rc == SP_OK ? 0 : 1;
}
