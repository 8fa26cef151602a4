/* graph_small.c - sendMail: the whole message in one request, as it would go over SMTP, in base64
 * (https://learn.microsoft.com/graph/api/user-sendmail, "MIME format"). Message-ID, Date, boundaries, everything is as
 * it was frozen when the job was made, and a second copy is recognised by Exchange as it would be over SMTP.
 *
 * Whom the mail goes to is taken from its To and Cc. A copy stays in Sent Items: only the JSON form of the request can
 * say that it should not (saveToSentItems). */
#include <stdlib.h>

#include "backend/delivery/graph.h"
#include "base/digest.h"

bool
sp_graph_fits_small(uint64_t message_size)
{
    return SP_BASE64_LEN(message_size) <= SP_GRAPH_REQUEST_MAX;
}

bool
sp_graph_send_small(struct sp_graph *graph, struct sp_composer *composer, struct sp_graph_answer *answer)
{
    struct sp_graph_body *body = calloc(1, sizeof *body);
    if (body == NULL)
        return sp_graph_fail(answer, SP_TROUBLE_LOCAL, "graph: out of memory");
    body->source = sp_graph_source_message(composer);
    body->base64 = true;
    const struct sp_graph_request request = {
        .method = "POST",
        .url = "/sendMail",
        .type = "text/plain",
        .body = body,
        .once = true,
        .hands_over = true,
    };
    bool sent = sp_graph_call(graph, &request, answer);
    free(body);
    return sent;
}
