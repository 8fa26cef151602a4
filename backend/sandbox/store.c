#include "backend/sandbox/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/str.h"
#include "base/text.h"

enum { HEADER_MAX = 65536, NAME_SIZE = 32 };

struct sp_box_store {
    int dirfd;
    pthread_mutex_t lock; /* over both counters, and while a message gets its number */
    unsigned last;        /* number given */
    unsigned temporary;
};

struct sp_box_message {
    struct sp_box_store *store;
    int fd;
    char name[NAME_SIZE]; /* while it is being written */
    bool kept;
    uint64_t size;
    struct sp_sha256 *sum;
    struct sp_str head; /* the first HEADER_MAX bytes */
};

/* Finds the last number, and removes what was half written. */
static enum sp_rc
look_around(struct sp_box_store *store, struct sp_err *err)
{
    int fd = openat(store->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL)
        return sp_fail_errno(err, "sandbox: cannot read the mail folder");
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        unsigned number = (unsigned)strtoul(entry->d_name, NULL, 10);
        if (number > store->last && sp_text_ends_nocase(entry->d_name, ".json"))
            store->last = number;
        if (entry->d_name[0] == '.' && sp_text_ends_nocase(entry->d_name, ".new"))
            (void)unlinkat(store->dirfd, entry->d_name, 0);
    }
    closedir(dir);
    return SP_OK;
}

enum sp_rc
sp_box_store_open(int dirfd, const char *name, struct sp_box_store **ret, struct sp_err *err)
{
    if (mkdirat(dirfd, name, 0755) != 0 && errno != EEXIST)
        return sp_fail_errno(err, "sandbox: cannot make '%s'", name);
    struct sp_box_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    pthread_mutex_init(&store->lock, NULL);
    store->dirfd = -1;
    enum sp_rc rc = sp_io_open_dir(dirfd, name, &store->dirfd, err);
    if (rc == SP_OK)
        rc = look_around(store, err);
    if (rc != SP_OK)
        sp_box_store_close(&store);
    else
        *ret = store;
    return rc;
}

void
sp_box_store_close(struct sp_box_store **store)
{
    struct sp_box_store *s = *store;
    *store = NULL;
    if (s == NULL)
        return;
    if (s->dirfd >= 0)
        close(s->dirfd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* One message. */

enum sp_rc
sp_box_message_begin(struct sp_box_store *store, struct sp_box_message **ret, struct sp_err *err)
{
    struct sp_box_message *message = calloc(1, sizeof(*message));
    if (message == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    message->store = store;
    message->sum = sp_sha256_new();
    pthread_mutex_lock(&store->lock);
    (void)snprintf(message->name, NAME_SIZE, ".%u.new", ++store->temporary);
    pthread_mutex_unlock(&store->lock);
    message->fd = openat(store->dirfd, message->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (message->fd < 0 || message->sum == NULL) {
        enum sp_rc rc = sp_fail_errno(err, "sandbox: cannot make '%s'", message->name);
        sp_box_message_free(&message);
        return rc;
    }
    *ret = message;
    return SP_OK;
}

enum sp_rc
sp_box_message_add(struct sp_box_message *message, const void *bytes, size_t size, struct sp_err *err)
{
    size_t room = HEADER_MAX - message->head.len;
    sp_str_add_n(&message->head, bytes, size < room ? size : room);
    sp_sha256_add(message->sum, bytes, size);
    message->size += size;
    return sp_io_write_all(message->fd, bytes, size, err);
}

uint64_t
sp_box_message_size(const struct sp_box_message *message)
{
    return message->size;
}

char *
sp_box_message_header(const struct sp_box_message *message, const char *name)
{
    struct sp_str value = { 0 };
    bool inside = false;
    const char *line = sp_str_text(&message->head);
    for (const char *next; *line != '\0' && *line != '\r' && *line != '\n'; line = next) {
        size_t len = strcspn(line, "\r\n");
        next = line + len + strspn(line + len, "\r");
        next += *next == '\n';
        size_t skip = 0;
        if (*line != ' ' && *line != '\t') {
            if (inside)
                break; /* the first one counts */
            inside = sp_text_starts_nocase(line, name) && line[strlen(name)] == ':';
            skip = inside ? strlen(name) + 1 : 0;
        }
        if (inside)
            sp_str_add_n(&value, line + skip, len - skip);
    }
    char *text = sp_str_steal(&value);
    if (text != NULL)
        memmove(text, sp_text_trim(text), strlen(sp_text_trim(text)) + 1);
    return text;
}

/* UTF-8 whatever came, because JSON is. */
static json_t *
text_or_null(const char *text)
{
    struct sp_str clean = { 0 };
    if (text == NULL || *text == '\0')
        return json_null();
    sp_utf8_repair(&clean, text, strlen(text), true);
    json_t *json = json_string(sp_str_text(&clean));
    sp_str_free(&clean);
    return json;
}

static json_t *
rcpts_json(const struct sp_box_envelope *envelope)
{
    json_t *list = json_array();
    for (size_t i = 0; i < envelope->n_rcpts; i++)
        json_array_append_new(list, text_or_null(envelope->rcpts[i]));
    return list;
}

static void
put(json_t *json, const char *key, const char *text)
{
    json_object_set_new(json, key, text_or_null(text));
}

/* NULL when memory is out. */
static json_t *
envelope_json(struct sp_box_message *message, const struct sp_box_envelope *e)
{
    char sha256[SP_SHA256_HEX_SIZE], when[SP_ISO_TIME_SIZE];
    SP_AUTO_FREE char *message_id = sp_box_message_header(message, "Message-ID");
    sp_sha256_end_hex(message->sum, sha256);
    sp_time_iso(sp_wall_ms(&sp_clock_system), when);
    json_t *json = json_object();
    put(json, "when", when);
    put(json, "method", e->method);
    json_object_set_new(json, "mail_from", json_string(e->mail_from)); /* "" is the empty path, not unknown */
    json_object_set_new(json, "rcpts", rcpts_json(e));
    put(json, "helo", e->helo);
    put(json, "peer", e->peer);
    json_object_set_new(json, "connection", json_integer(e->connection));
    put(json, "tls", e->tls);
    put(json, "cipher", e->cipher);
    put(json, "auth_user", e->auth_user);
    put(json, "mechanism", e->mechanism);
    put(json, "transfer", e->transfer);
    put(json, "body", e->body);
    json_object_set_new(json, "size", json_integer((json_int_t)message->size));
    put(json, "sha256", sha256);
    put(json, "message_id", message_id);
    return json;
}

static enum sp_rc
put_envelope(const struct sp_box_store *store, unsigned number, json_t *json, struct sp_err *err)
{
    char name[NAME_SIZE];
    SP_AUTO_FREE char *text = json_dumps(json, JSON_INDENT(1));
    if (text == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    (void)snprintf(name, sizeof(name), "%u.json", number);
    return sp_io_put_file(store->dirfd, name, text, strlen(text), 0644, err);
}

/* Names the message; only while locked, so that there are no gaps and none is given twice. */
static enum sp_rc
give_number(struct sp_box_message *message, json_t *json, unsigned *ret_number, struct sp_err *err)
{
    struct sp_box_store *store = message->store;
    char name[NAME_SIZE];
    unsigned number = store->last + 1;
    (void)snprintf(name, sizeof(name), "%u.eml", number);
    if (renameat(store->dirfd, message->name, store->dirfd, name) != 0)
        return sp_fail_errno(err, "sandbox: cannot name '%s'", name);
    message->kept = true;
    json_object_set_new(json, "n", json_integer(number));
    enum sp_rc rc = put_envelope(store, number, json, err); /* fsyncs the folder for both names */
    if (rc == SP_OK)
        *ret_number = store->last = number;
    return rc;
}

enum sp_rc
sp_box_message_keep(struct sp_box_message *message, const struct sp_box_envelope *envelope, unsigned *ret_number,
                    struct sp_err *err)
{
    enum sp_rc rc = sp_io_sync(message->fd, message->name, err);
    if (rc != SP_OK)
        return rc;
    json_t *json = envelope_json(message, envelope);
    if (json == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    pthread_mutex_lock(&message->store->lock);
    rc = give_number(message, json, ret_number, err);
    pthread_mutex_unlock(&message->store->lock);
    json_decref(json);
    return rc;
}

void
sp_box_message_free(struct sp_box_message **message)
{
    struct sp_box_message *m = *message;
    *message = NULL;
    if (m == NULL)
        return;
    if (m->fd >= 0)
        close(m->fd);
    if (m->fd >= 0 && !m->kept)
        (void)unlinkat(m->store->dirfd, m->name, 0);
    sp_sha256_free(&m->sum);
    sp_str_free(&m->head);
    free(m);
}
