/* setup_proof.c - the smallest PDF with a line of text (ISO 32000-1, section 7.5): five objects and where they begin.
 */
#include "gateway/cli/setup_proof.h"

#include "base/auto.h"
#include "base/str.h"

enum { OBJECTS = 5 };

void
sp_setup_test_page(struct sp_str *out, const char *hostname, const char *when)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    size_t places[OBJECTS];
    sp_str_addf(&words, "BT /F1 20 Tf 72 720 Td (A test scan by scanpost on %s, %s) Tj ET", hostname, when);
    static const char page[] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
                               " /Resources << /Font << /F1 5 0 R >> >> >>";
    static const char *const objects[OBJECTS] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        NULL /* the words */,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    };
    sp_str_add(out, "%PDF-1.4\n");
    for (size_t i = 0; i < OBJECTS; i++) {
        places[i] = out->len;
        sp_str_addf(out, "%zu 0 obj\n", i + 1);
        if (objects[i] != NULL)
            sp_str_add(out, objects[i]);
        else
            sp_str_addf(out, "<< /Length %zu >>\nstream\n%s\nendstream", words.len, sp_str_text(&words));
        sp_str_add(out, "\nendobj\n");
    }
    size_t table = out->len;
    sp_str_add(out, "xref\n0 6\n0000000000 65535 f \n");
    for (size_t i = 0; i < OBJECTS; i++)
        sp_str_addf(out, "%010zu 00000 n \n", places[i]);
    sp_str_addf(out, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
}
