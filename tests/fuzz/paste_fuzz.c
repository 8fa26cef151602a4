/* paste_fuzz.c - what people paste into `explain`, through to its diagnosis. Which stage and which method
 * follows from the size: asking for all thirty pairs each time would be thirty times as slow. */
#include "fuzz.h"

#include "backend/diagnosis/diagnosis.h"
#include "base/auto.h"
#include "base/text.h"

static void
diagnose(const struct sp_pasted *pasted, enum sp_stage stage, const char *method)
{
    const struct sp_event event = { .stage = stage,
                                    .trouble = SP_TROUBLE_REPLY,
                                    .method = method,
                                    .code = pasted->code,
                                    .enhanced = pasted->enhanced,
                                    .words = pasted->words };
    static const struct sp_facts facts = { .tenant_domain = "contoso.com", .mailbox = "scanner@contoso.com" };
    struct sp_diagnosis diagnosis;
    memset(&diagnosis, 0xa5, sizeof diagnosis); /* what is left unset must not pass for text */
    sp_diagnose(&event, &facts, &diagnosis);
    PROMISE(memchr(diagnosis.summary, '\0', sizeof diagnosis.summary) != NULL);
    PROMISE(memchr(diagnosis.fix, '\0', sizeof diagnosis.fix) != NULL);
    PROMISE(diagnosis.summary[0] != '\0' && diagnosis.cause != NULL);
    PROMISE(sp_utf8_valid(diagnosis.summary, strlen(diagnosis.summary)));
    PROMISE(sp_utf8_valid(diagnosis.fix, strlen(diagnosis.fix)));
    PROMISE(!sp_text_has_control(diagnosis.summary));
    PROMISE(sp_class_name(diagnosis.class_)[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = { NULL, "direct", "relay", "submission", "graph" };
    static const enum sp_stage stages[] = { SP_STAGE_NONE,    SP_STAGE_AUTH,  SP_STAGE_RCPT,
                                            SP_STAGE_MESSAGE, SP_STAGE_TOKEN, SP_STAGE_API };
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_pasted pasted;
    sp_paste_parse(text, &pasted);
    PROMISE(pasted.code == 0 || (pasted.code >= 200 && pasted.code <= 599));
    PROMISE(memchr(pasted.enhanced, '\0', sizeof pasted.enhanced) != NULL);
    PROMISE(pasted.words >= text && pasted.words <= text + strlen(text));
    diagnose(&pasted, stages[size % SP_LEN(stages)], methods[size % SP_LEN(methods)]);
    return 0;
}
