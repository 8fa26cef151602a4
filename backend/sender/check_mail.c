/* check_mail.c - see check_mail.h. */
#include "backend/sender/check_mail.h"

#include <time.h>

#include "base/settings.h"
#include "base/text.h"

const char *
sp_check_mail_from(const struct sp_method_settings *method, const struct sp_tenant_settings *tenant)
{
    bool signs_in = method->username[0] != '\0';
    return signs_in && !method->send_as ? method->username : tenant->sender;
}

static void
put_words(struct sp_check_mail *mail, const struct sp_method_settings *method, const char *hostname, struct tm *local)
{
    char when[64] = "";
    (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", local);
    (void)sp_text_format(mail->subject, sizeof mail->subject, "scanpost test by %s, %s", method->name, when);
    (void)sp_text_format(
        mail->body, sizeof mail->body,
        "This is a test of the method '%s' on %s, asked for with 'scanpost check --send'.\n\n"
        "That it is here proves that scans can go this way. Was it in Junk? Then so will they be: the\n"
        "check says what the sender's domain is missing.\n",
        method->name, hostname);
}

void
sp_check_mail_make(struct sp_check_mail *mail, const struct sp_method_settings *method,
                   const struct sp_tenant_settings *tenant, const char *hostname, const char *id, const char *to,
                   int64_t now)
{
    time_t seconds = (time_t)(now / 1000);
    struct tm local = { 0 };
    (void)localtime_r(&seconds, &local); /* of the zone that main sets from gateway.time-zone */
    put_words(mail, method, hostname, &local);
    (void)sp_text_format(mail->message_id, sizeof mail->message_id, "<%s@%s>", id, hostname);
    (void)sp_text_format(mail->boundary, sizeof mail->boundary, "=_%s", id);
    mail->to[0] = to;
    const char *from = sp_check_mail_from(method, tenant);
    mail->mail = (struct sp_mail){
        .from = from,
        .from_name = "scanpost",
        .reply_to = "",
        .to = mail->to,
        .n_to = 1,
        .subject = mail->subject,
        .body = mail->body,
        .message_id = mail->message_id,
        .boundary = mail->boundary,
        .date_ms = now,
        .utc_offset_minutes = (int)(local.tm_gmtoff / 60),
    };
    mail->message = (struct sp_message){
        .id = id,
        .mail_from = from,
        .mail = &mail->mail,
        .recipients = mail->to,
        .n_recipients = 1,
    };
}
