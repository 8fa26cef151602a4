/* capabilities.c - keywords without regard to case; what is not known is passed over. */
#include "backend/smtp/capabilities.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "backend/smtp/session.h"
#include "base/auto.h"
#include "base/text.h"

enum { LINE_SIZE = 512, WORDS_MAX = 32 };

static void
learn_auth(struct sp_smtp_facts *facts, char *const words[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        facts->auth_login = facts->auth_login || strcasecmp(words[i], "LOGIN") == 0;
        facts->auth_xoauth2 = facts->auth_xoauth2 || strcasecmp(words[i], "XOAUTH2") == 0;
    }
}

static void
learn_size(struct sp_smtp_facts *facts, char *const words[], size_t n)
{
    int64_t size = 0;
    facts->size = true;
    facts->max_size = n > 0 && sp_parse_int(words[0], 0, INT64_MAX, &size) ? (uint64_t)size : 0;
}

static void
learn_keyword(struct sp_smtp_facts *facts, bool *starttls, char *const words[], size_t n)
{
    const struct {
        const char *keyword;
        bool *ability;
    } plain[] = {
        { "STARTTLS", starttls },         { "PIPELINING", &facts->pipelining },
        { "CHUNKING", &facts->chunking }, { "BINARYMIME", &facts->binarymime },
        { "8BITMIME", &facts->eightbit }, { "SMTPUTF8", &facts->smtputf8 },
    };
    for (size_t i = 0; i < SP_LEN(plain); i++)
        if (strcasecmp(words[0], plain[i].keyword) == 0)
            *plain[i].ability = true;
    if (strcasecmp(words[0], "SIZE") == 0)
        learn_size(facts, words + 1, n - 1);
    if (strcasecmp(words[0], "AUTH") == 0)
        learn_auth(facts, words + 1, n - 1);
}

static void
learn_line(struct sp_smtp_facts *facts, bool *starttls, char *line)
{
    char *words[WORDS_MAX], *rest = NULL;
    size_t n = 0;
    /* "AUTH=LOGIN" is how servers of the nineties said it, and copies of them still do. */
    for (char *word = strtok_r(line, " \t=", &rest); word != NULL && n < WORDS_MAX;
         word = strtok_r(NULL, " \t=", &rest))
        words[n++] = word;
    if (n > 0)
        learn_keyword(facts, starttls, words, n);
}

void
sp_capabilities_read(const char *text, struct sp_smtp_facts *facts, bool *ret_starttls)
{
    facts->pipelining = facts->chunking = facts->binarymime = facts->eightbit = facts->smtputf8 = false;
    facts->auth_login = facts->auth_xoauth2 = facts->size = false;
    facts->max_size = 0;
    *ret_starttls = false;
    const char *line = strchr(text, '\n');
    while (line != NULL) {
        line++;
        char copy[LINE_SIZE];
        size_t len = strcspn(line, "\n");
        if (len < sizeof copy) {
            memcpy(copy, line, len);
            copy[len] = '\0';
            learn_line(facts, ret_starttls, copy);
        }
        line = strchr(line, '\n');
    }
}

void
sp_capabilities_public_ip(const char *text, char *buffer, size_t size)
{
    buffer[0] = '\0';
    size_t line = strcspn(text, "\n");
    const char *open = memchr(text, '[', line);
    const char *close = open != NULL ? memchr(open, ']', line - (size_t)(open - text)) : NULL;
    if (close == NULL)
        return;
    open++;
    if (sp_text_starts_nocase(open, "IPv6:"))
        open += 5;
    size_t len = (size_t)(close - open);
    unsigned char parsed[16];
    if (open > close || len >= size)
        return;
    memcpy(buffer, open, len);
    buffer[len] = '\0';
    if (inet_pton(AF_INET, buffer, parsed) != 1 && inet_pton(AF_INET6, buffer, parsed) != 1)
        buffer[0] = '\0';
}
