/* graph_json.c - the JSON of drafts, attachments, upload sessions and errors; see graph.h. Answers are whatever came:
 * nothing is taken from them that is not of the kind and size expected. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "backend/delivery/graph.h"
#include "backend/mail/compose.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"

enum { TEXT_MAX = 16 * 1024 }; /* an upload URL carries a token of its own: a few KB */

static void
json_free(json_t **json)
{
    json_decref(*json);
}

/* --- writing --- */

/* A text for JSON: repaired, since jansson takes UTF-8 only. */
static json_t *
text_of(const char *text, bool flat)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    if (text != NULL)
        sp_utf8_repair(&clean, text, strlen(text), flat);
    return clean.failed ? NULL : json_stringn(sp_str_text(&clean), clean.len);
}

static json_t *
mailbox_of(const char *name, const char *address)
{
    if (name == NULL || name[0] == '\0')
        return json_pack("{s:{s:o}}", "emailAddress", "address", text_of(address, true));
    return json_pack("{s:{s:o, s:o}}", "emailAddress", "name", text_of(name, true), "address", text_of(address, true));
}

/* NULL when memory is out. */
static json_t *
mailboxes_of(const char *const *addresses, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n; i++)
        if (json_array_append_new(list, mailbox_of(NULL, addresses[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static char *
dump(json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* Of the headers that we write ourselves elsewhere, Graph lets a draft have those that begin with "x-" only: no
 * Auto-Submitted (https://learn.microsoft.com/graph/api/resources/internetmessageheader). */
char *
sp_graph_json_draft(const struct sp_mail *mail)
{
    bool answers_elsewhere = mail->reply_to != NULL && mail->reply_to[0] != '\0';
    return dump(json_pack("{s:o, s:{s:s, s:o}, s:o, s:o, s:o, s:o, s:o, s:[{s:s, s:s}]}", "subject",
                          text_of(mail->subject, true), "body", "contentType", "text", "content",
                          text_of(mail->body, false), "from", mailbox_of(mail->from_name, mail->from), "toRecipients",
                          mailboxes_of(mail->to, mail->n_to), "ccRecipients", mailboxes_of(mail->cc, mail->n_cc),
                          "replyTo", mailboxes_of(&mail->reply_to, answers_elsewhere), "internetMessageId",
                          text_of(mail->message_id, true), "internetMessageHeaders", "name", "X-Auto-Response-Suppress",
                          "value", "OOF, AutoReply"));
}

char *
sp_graph_json_attachment(const struct sp_mail_document *document)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    SP_AUTO_FREE char *facts =
        dump(json_pack("{s:s, s:o, s:o}", "@odata.type", "#microsoft.graph.fileAttachment", "name",
                       text_of(document->name, true), "contentType", text_of(document->type, true)));
    if (facts == NULL)
        return NULL;
    sp_str_add_n(&out, facts, strlen(facts) - 1); /* the brace is closed behind the document */
    sp_str_add(&out, ",\"contentBytes\":\"");
    return out.failed ? NULL : sp_str_steal(&out);
}

char *
sp_graph_json_session(const struct sp_mail_document *document)
{
    return dump(json_pack("{s:{s:s, s:o, s:o, s:I}}", "AttachmentItem", "attachmentType", "file", "name",
                          text_of(document->name, true), "contentType", text_of(document->type, true), "size",
                          (json_int_t)document->size));
}

/* --- reading --- */

static json_t *
parse(const struct sp_graph_answer *answer)
{
    const struct sp_https_response *response = &answer->response;
    return response->body != NULL ? json_loadb(response->body, response->body_size, 0, NULL) : NULL;
}

char *
sp_graph_read_text(const struct sp_graph_answer *answer, const char *key)
{
    SP_AUTO(json_free) json_t *object = parse(answer);
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && text[0] != '\0' && strlen(text) <= TEXT_MAX ? strdup(text) : NULL;
}

bool
sp_graph_read_bool(const struct sp_graph_answer *answer, const char *key, bool *ret)
{
    SP_AUTO(json_free) json_t *object = parse(answer);
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value))
        return false;
    *ret = json_is_true(value);
    return true;
}

static bool
parse_start(const char *range, uint64_t end, uint64_t *ret)
{
    char start[24];
    int64_t number = 0;
    if (range == NULL || strcspn(range, "-") >= sizeof start)
        return false;
    (void)sp_text_copy(start, sizeof start, range);
    start[strcspn(start, "-")] = '\0';
    if (!sp_parse_int(start, 0, INT64_MAX, &number) || (uint64_t)number > end)
        return false;
    *ret = (uint64_t)number;
    return true;
}

bool
sp_graph_read_next(const struct sp_graph_answer *answer, uint64_t end, uint64_t *ret)
{
    SP_AUTO(json_free) json_t *object = parse(answer);
    const json_t *ranges = json_object_get(object, "nextExpectedRanges");
    if (ranges == NULL) /* the mailboxes' own service, which stands behind the URL, writes it large */
        ranges = json_object_get(object, "NextExpectedRanges");
    if (!json_is_array(ranges))
        return false;
    if (json_array_size(ranges) == 0) {
        *ret = end;
        return true;
    }
    return parse_start(json_string_value(json_array_get(ranges, 0)), end, ret);
}

/* --- what Graph said, for people --- */

static void
add_error(struct sp_str *out, const struct sp_graph_answer *answer)
{
    SP_AUTO(json_free) json_t *object = parse(answer);
    const json_t *error = json_object_get(object, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    if (code != NULL || message != NULL)
        sp_str_addf(out, " %s%s%s", code != NULL ? code : "", code != NULL && message != NULL ? ": " : "",
                    message != NULL ? message : "");
    else if (answer->code >= 300 && answer->response.body != NULL)
        sp_str_addf(out, " %s", answer->response.body);
    else if (answer->code == 202)
        sp_str_add(out, " Accepted");
}

void
sp_graph_reply(const struct sp_graph_answer *answer, char *buffer, size_t size)
{
    SP_AUTO(sp_str_free) struct sp_str said = { 0 };
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    if (answer->code != 0)
        sp_str_addf(&said, "%d", answer->code);
    if (answer->words[0] != '\0')
        sp_str_addf(&said, "%s%s", said.len > 0 ? " " : "", answer->words);
    else
        add_error(&said, answer);
    if (said.len > size / 2) /* a page of a proxy: its beginning tells enough */
        sp_str_cut(&said, sp_utf8_prefix(said.text, said.len, size / 2));
    if (answer->response.request_id[0] != '\0')
        sp_str_addf(&said, " [request-id %s]", answer->response.request_id);
    sp_utf8_repair(&clean, sp_str_text(&said), said.len, true);
    (void)sp_text_format(buffer, size, "%s", sp_str_text(&clean));
}
