/* From a draft to a message (RFC 5322, 2045, 2047, 2231): headers, multipart/mixed, the text, the attachments. */
#include "backend/sandbox/draft.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "backend/sandbox/store.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"

enum { LINE = 57, LINES = 1024, BLOCK = LINE * LINES, WORD = 45 }; /* bytes that make 76, or 60, characters */

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

const char *
sp_box_draft_address(const json_t *recipient)
{
    return text_of(json_object_get(recipient, "emailAddress"), "address");
}

/* Headers. */

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* Encoded words of whole characters (RFC 2047), where the text needs them. */
static void
add_words(struct sp_str *out, const char *text)
{
    if (is_plain(text)) {
        sp_str_add(out, text);
        return;
    }
    for (size_t left = strlen(text); left > 0;) {
        size_t len = sp_utf8_prefix(text, left, WORD);
        if (len == 0)
            len = left < WORD ? left : WORD;
        sp_str_add(out, "=?utf-8?B?");
        sp_base64_add(out, text, len);
        sp_str_add(out, len < left ? "?=\r\n " : "?=");
        text += len;
        left -= len;
    }
}

static void
add_mailbox(struct sp_str *out, const json_t *recipient)
{
    const char *name = text_of(json_object_get(recipient, "emailAddress"), "name");
    if (*name != '\0' && is_plain(name))
        sp_str_addf(out, "\"%s\" ", strpbrk(name, "\"\\") == NULL ? name : "");
    else if (*name != '\0') {
        add_words(out, name);
        sp_str_add(out, " ");
    }
    sp_str_addf(out, "<%s>", sp_box_draft_address(recipient));
}

static void
add_mailboxes(struct sp_str *out, const char *header, const json_t *list)
{
    size_t i;
    const json_t *each;
    if (json_array_size(list) == 0)
        return;
    json_array_foreach (list, i, each) {
        sp_str_addf(out, "%s%s", i == 0 ? header : ",", i == 0 ? ": " : "\r\n ");
        add_mailbox(out, each);
    }
    sp_str_add(out, "\r\n");
}

static void
add_date(struct sp_str *out)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t now = (time_t)(sp_wall_ms(&sp_clock_system) / 1000);
    struct tm tm = { 0 };
    (void)gmtime_r(&now, &tm);
    sp_str_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_own_headers(struct sp_str *out, const json_t *list)
{
    size_t i;
    const json_t *each;
    json_array_foreach (list, i, each) {
        sp_str_addf(out, "%s: ", text_of(each, "name"));
        add_words(out, text_of(each, "value"));
        sp_str_add(out, "\r\n");
    }
}

static void
add_head(struct sp_str *out, const struct sp_box_draft *draft, const char *sender, const char *boundary)
{
    const json_t *m = draft->message, *from = json_object_get(m, "from");
    const char *id = text_of(m, "internetMessageId");
    sp_str_add(out, "From: ");
    if (*sp_box_draft_address(from) != '\0')
        add_mailbox(out, from);
    else
        sp_str_addf(out, "<%s>", sender);
    sp_str_add(out, "\r\n");
    add_mailboxes(out, "To", json_object_get(m, "toRecipients"));
    add_mailboxes(out, "Cc", json_object_get(m, "ccRecipients"));
    add_mailboxes(out, "Reply-To", json_object_get(m, "replyTo"));
    sp_str_add(out, "Subject: ");
    add_words(out, text_of(m, "subject"));
    sp_str_add(out, "\r\n");
    add_date(out);
    if (*id != '\0')
        sp_str_addf(out, "Message-ID: %s\r\n", id);
    else
        sp_str_addf(out, "Message-ID: <%.40s@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>\r\n", draft->id);
    add_own_headers(out, json_object_get(m, "internetMessageHeaders"));
    sp_str_addf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", boundary);
}

/* Parts. */

static void
add_base64(struct sp_str *out, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += LINE) {
        sp_base64_add(out, bytes + at, size - at < LINE ? size - at : LINE);
        sp_str_add(out, "\r\n");
    }
}

static void
add_body(struct sp_str *out, const struct sp_box_draft *draft, const char *boundary)
{
    const json_t *body = json_object_get(draft->message, "body");
    const char *content = text_of(body, "content");
    bool html = strcasecmp(text_of(body, "contentType"), "html") == 0;
    sp_str_addf(out, "--%s\r\nContent-Type: text/%s; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                boundary, html ? "html" : "plain");
    add_base64(out, content, strlen(content));
}

/* filename*=utf-8''%41... (RFC 2231) */
static void
add_part_head(struct sp_str *out, const struct sp_box_attachment *part, const char *boundary)
{
    sp_str_addf(out, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n", boundary,
                *part->type != '\0' && is_plain(part->type) ? part->type : "application/octet-stream");
    sp_str_add(out, "Content-Disposition: attachment;\r\n filename*=utf-8''");
    for (const char *c = part->name; *c != '\0'; c++) {
        bool safe = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                    strchr("._-", *c) != NULL;
        sp_str_addf(out, safe ? "%c" : "%%%02X", (unsigned char)*c);
    }
    sp_str_add(out, "\r\n\r\n");
}

/* Hands over what has been built so far. */
static enum sp_rc
pass_on(struct sp_str *built, struct sp_box_message *message, struct sp_err *err)
{
    if (built->failed)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    enum sp_rc rc = sp_box_message_add(message, sp_str_text(built), built->len, err);
    sp_str_cut(built, 0);
    return rc;
}

static enum sp_rc
add_file(struct sp_str *out, const struct sp_box_attachment *part, struct sp_box_message *message, struct sp_err *err)
{
    SP_AUTO_FREE char *block = malloc(BLOCK);
    enum sp_rc rc = block != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    for (uint64_t at = 0; rc == SP_OK && at < part->size; at += BLOCK) {
        size_t here = part->size - at < BLOCK ? (size_t)(part->size - at) : BLOCK;
        if (pread(part->fd, block, here, (off_t)at) != (ssize_t)here)
            return sp_fail_errno(err, "sandbox: an attachment");
        add_base64(out, block, here);
        rc = pass_on(out, message, err);
    }
    return rc;
}

enum sp_rc
sp_box_draft_compose(const struct sp_box_draft *draft, const char *sender, struct sp_box_message *message,
                     struct sp_err *err)
{
    struct sp_str out = { 0 };
    char boundary[24] = "_000_";
    (void)sp_text_format(boundary, sizeof(boundary), "_000_%.16s_", draft->id + 4);
    add_head(&out, draft, sender, boundary);
    add_body(&out, draft, boundary);
    enum sp_rc rc = pass_on(&out, message, err);
    for (size_t i = 0; i < draft->n && rc == SP_OK; i++) {
        add_part_head(&out, &draft->attachments[i], boundary);
        rc = add_file(&out, &draft->attachments[i], message, err);
    }
    sp_str_addf(&out, "--%s--\r\n", boundary);
    if (rc == SP_OK)
        rc = pass_on(&out, message, err);
    sp_str_free(&out);
    return rc;
}
