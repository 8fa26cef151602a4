/* words.h - what Microsoft 365 says when it refuses, in its own words: a row a refusal, as real servers were heard.
 * Templates: {ip} the client, {at} "[host time session]", {host} our name, {to} the address, {domain} the
 * sender's. Pure but for the
 * scenarios' file. */
#ifndef SP_SANDBOX_WORDS_H
#define SP_SANDBOX_WORDS_H

#include "backend/sandbox/scenario.h"

/* Where the conversation is when somebody asks. */
struct sp_box_moment {
    enum sp_box_where where;
    enum sp_box_stage stage;
    const char *address; /* of this RCPT; NULL elsewhere */
    bool from_inside;    /* MAIL FROM is in one of the tenant's own domains */
    bool by_token;       /* AUTH XOAUTH2 instead of LOGIN */
    uint64_t size;       /* of the message so far */
};

/* The template of the first refusal that a scenario asks for at this moment; NULL: none. */
const char *sp_box_refusal(struct sp_box_scenarios *scenarios, const struct sp_box_moment *moment);

#endif
