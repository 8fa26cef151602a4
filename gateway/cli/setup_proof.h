/* setup_proof.h - the page that setup scans: a PDF of our own making, so that no sample has to be shipped. Pure. */
#ifndef SP_GATEWAY_CLI_SETUP_PROOF_H
#define SP_GATEWAY_CLI_SETUP_PROOF_H

struct sp_str;

/* hostname: letters, digits, dots and dashes. */
void sp_setup_test_page(struct sp_str *out, const char *hostname, const char *when);

#endif
