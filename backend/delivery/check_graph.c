/* check_graph.c - the walk of Graph: a token, then one look at the mailbox's inbox, which changes nothing.
 *
 * An application that may only send (Mail.Send) is not allowed to look, and hears 403: that is no trouble, it only
 * proves nothing. One whose token says that it may look, and that hears it all the same, is shut out of this mailbox
 * (application access policy, RBAC for Applications). */
#include "backend/delivery/check.h"
#include "backend/delivery/graph.h"
#include "base/clock.h"

enum { HTTP_FORBIDDEN = 403 };

/* Refused, and that says nothing about sending. */
static bool
proves_nothing(const struct sp_graph *graph, const struct sp_graph_answer *answer)
{
    return answer->code == HTTP_FORBIDDEN && answer->stage == SP_STAGE_API &&
           !sp_token_says_role(&graph->app, "Mail.ReadWrite") && !sp_token_says_role(&graph->app, "Mail.Read");
}

static void
tell_connection(const struct sp_graph *graph, const struct sp_walk *walk, const struct sp_graph_answer *answer)
{
    const struct sp_https_response *response = &answer->response;
    if (response->status == 0)
        return;
    sp_walk_tell(walk, SP_STAGE_CONNECT, SP_FINDING_OK, "Connection", "%s answers (%s, %s).", graph->host, response->ip,
                 response->tls[0] != '\0' ? response->tls : "TLS");
    if (response->date_ms != 0)
        sp_walk_tell_clock(walk, SP_STAGE_API, sp_wall_ms(graph->env.clock), response->date_ms);
}

static void
tell_mailbox(const struct sp_graph *graph, const struct sp_walk *walk, const struct sp_graph_answer *answer,
             const char *reply)
{
    struct sp_finding finding = { SP_STAGE_API, SP_FINDING_OK, "Mailbox", "", "", reply };
    finding.text = "Graph knows the mailbox, and lets the app look at it.";
    if (answer->code == HTTP_FORBIDDEN) {
        finding.outcome = SP_FINDING_UNPROVEN;
        finding.text = "Graph lets the app in, but not look at the mailbox, which would take Mail.ReadWrite. It may "
                       "still be allowed to send small mails (Mail.Send); mails beyond 3 MB need Mail.ReadWrite.";
    }
    walk->tell(walk->context, &finding);
    if (walk->sends)
        return;
    sp_walk_tell(walk, SP_STAGE_MESSAGE, SP_FINDING_UNPROVEN, "Not proven",
                 "Whether %s may send, and whether mail reaches the inbox, is not known before one is sent.",
                 graph->settings->username);
}

void
sp_graph_check(void *context, const struct sp_walk *walk, struct sp_report *report)
{
    struct sp_graph *graph = context;
    struct sp_graph_answer answer = { 0 };
    const struct sp_graph_request look = { .method = "GET", .url = "/mailFolders/inbox?$select=id" };
    bool done = sp_graph_call(graph, &look, &answer);
    bool let_in = done || proves_nothing(graph, &answer);
    sp_graph_report(graph, &answer, report);
    report->accepted = false;
    if (answer.stage != SP_STAGE_TOKEN && graph->unready.rc == SP_OK)
        sp_walk_tell_token(walk, &graph->app, "Mail.Send");
    tell_connection(graph, walk, &answer);
    if (let_in) {
        report->diagnosis = (struct sp_diagnosis){ .class_ = SP_CLASS_OK, .scope = SP_SCOPE_NONE, .cause = "" };
        tell_mailbox(graph, walk, &answer, report->reply);
    } else {
        sp_walk_tell_refusal(walk, report->stage, &report->diagnosis, report->reply);
    }
    sp_graph_answer_free(&answer);
}
