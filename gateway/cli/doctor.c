/* doctor.c - `scanpost doctor`: what the doctor finds, as it is found. */
#include "gateway/cli/cli.h"

#include "base/auto.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/print.h"
#include "gateway/doctor/doctor.h"

struct report {
    const struct sp_cli *cli;
    struct sp_asker asker; /* for the width of the terminal */
    json_t *findings;
    size_t looked, wrong;
    bool closed; /* something could not be looked at */
};

static void
print_finding(const struct report *report, const struct sp_doctor_finding *finding)
{
    static const char *const words[] = { "ok   ", "note ", "WRONG" };
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    sp_put_clean(&text, finding->text);
    sp_say(&report->asker, 0, "%s  %s: %s", words[finding->level], finding->subject, sp_str_text(&text));
    if (finding->means[0] != '\0')
        sp_say(&report->asker, 7, "%s", finding->means);
    if (finding->mend[0] != '\0')
        sp_say(&report->asker, 7, "mend: %s", finding->mend);
}

static void
take(void *context, const struct sp_doctor_finding *finding)
{
    struct report *report = context;
    report->looked++;
    report->wrong += finding->level == SP_DOCTOR_WRONG;
    report->closed = report->closed || (finding->level == SP_DOCTOR_NOTE && sp_text_starts(finding->mend, "sudo "));
    if (!report->cli->json) {
        print_finding(report, finding);
        return;
    }
    json_array_append_new(report->findings,
                          json_pack("{s:s, s:s, s:s, s:s, s:s}", "level", sp_doctor_level_name(finding->level),
                                    "subject", finding->subject, "text", finding->text, "means", finding->means, "mend",
                                    finding->mend));
}

static int
run_doctor(struct sp_cli *cli, const struct sp_args *args)
{
    struct report report = { .cli = cli, .findings = json_array() };
    if (args->n_words > 0) {
        json_decref(report.findings);
        return sp_cli_usage("doctor: takes no arguments");
    }
    sp_asker_init(&report.asker);
    sp_doctor(cli->config != NULL ? cli->config : SP_DEFAULT_FILE, take, &report);
    if (cli->json) {
        json_t *answer = json_pack("{s:O, s:I}", "findings", report.findings, "wrong", (json_int_t)report.wrong);
        (void)sp_cli_print_json(answer);
        json_decref(answer);
    } else if (report.wrong == 0 && report.closed) {
        sp_say(&report.asker, 0, "\nNothing is wrong as far as you may look. Root sees the rest: sudo scanpost doctor");
    } else if (report.wrong == 0) {
        sp_say(&report.asker, 0, "\nNothing is wrong here. Whether Microsoft takes mail: scanpost check");
    } else {
        sp_say(&report.asker, 0, "\n%zu of %zu are wrong.", report.wrong, report.looked);
    }
    json_decref(report.findings);
    return report.wrong == 0 ? SP_EXIT_OK : SP_EXIT_FAILED;
}

const struct sp_command sp_doctor_commands[] = {
    { "doctor", "", "What is wrong with this installation, what it means, and the command that mends it.", NULL,
      run_doctor },
    { 0 },
};
