/* page_test.c - the page's files: in which shape, how long a browser may keep them, and what they may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "web/page/assets.h"
#include "web/page/coding.h"
#include "web/page/page.h"

struct asked {
    struct sp_request req;
    struct sp_response res;
    struct sp_field headers[2];
};

static void
ask(struct asked *asked, const char *path, const char *accept, const char *if_none_match)
{
    static const struct sp_route *const tables[] = { sp_routes_page, NULL };
    static const struct sp_router router = { .tables = tables };
    struct sp_err err = { 0 };
    *asked = (struct asked){ .req = { .arena = sp_arena_new(), .method = "GET" } };
    sp_response_init(&asked->res);
    assert_int_equal(sp_request_target(&asked->req, path, &err), SP_OK);
    size_t n = 0;
    if (accept != NULL)
        asked->headers[n++] = (struct sp_field){ "Accept-Encoding", accept };
    if (if_none_match != NULL)
        asked->headers[n++] = (struct sp_field){ "If-None-Match", if_none_match };
    asked->req.headers = (struct sp_fields){ asked->headers, n };
    sp_router_run(&router, &asked->req, &asked->res);
}

static void
end(struct asked *asked)
{
    sp_response_free(&asked->res);
    sp_arena_free(&asked->req.arena);
}

static const char *
header(const struct asked *asked, const char *name)
{
    const char *value = sp_response_header(&asked->res, name);
    return value == NULL ? "" : value;
}

/* A script: large enough to come in every shape. */
static const struct sp_page_asset *
script(void)
{
    for (size_t i = 0; i < sp_page_n_assets; i++)
        if (strstr(sp_page_assets[i].path, "/main-") != NULL && strstr(sp_page_assets[i].type, "javascript") != NULL)
            return &sp_page_assets[i];
    fail_msg("there is no script");
    return NULL;
}

static void
test_codings_that_a_browser_takes(void **state)
{
    static const struct {
        const char *accept, *coding;
        bool taken;
    } table[] = {
        { NULL, "br", false },
        { "", "br", false },
        { "gzip, deflate, br", "br", true },
        { "gzip, deflate", "br", false },
        { "gzip;q=1.0,br;q=0", "br", false },
        { "br;q=0.000", "br", false },
        { "br ; q=0.001", "br", true },
        { "BR", "br", true },
        { "brx, xbr", "br", false },
        { "*", "br", true },
        { "*;q=0", "br", false },
        { "*;q=0, gzip", "gzip", true },
        { "*, br;q=0", "br", false },
        { ",,;", "br", false },
        { "br;q", "br", true },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (sp_coding_accepted(table[i].accept, table[i].coding) != table[i].taken)
            fail_msg("%s of '%s'", table[i].coding, table[i].accept == NULL ? "(none)" : table[i].accept);
}

static void
test_entity_tags(void **state)
{
    (void)state;
    assert_true(sp_etag_matches("\"a\"", "\"a\""));
    assert_true(sp_etag_matches("W/\"a\"", "\"a\""));
    assert_true(sp_etag_matches("\"x, y\", \"a\"", "\"a\""));
    assert_true(sp_etag_matches("*", "\"a\""));
    assert_false(sp_etag_matches("\"ab\"", "\"a\""));
    assert_false(sp_etag_matches("\"a", "\"a\""));
    assert_false(sp_etag_matches("", "\"a\""));
    assert_false(sp_etag_matches(NULL, "\"a\""));
}

static void
test_index_is_asked_for_anew_and_answered_304(void **state)
{
    struct asked asked;
    (void)state;
    ask(&asked, "/", NULL, NULL);
    assert_int_equal(asked.res.status, 200);
    assert_string_equal(header(&asked, "Content-Type"), "text/html; charset=utf-8");
    assert_string_equal(header(&asked, "Cache-Control"), "no-cache");
    assert_non_null(memmem(asked.res.fixed, asked.res.body_size, script()->path, strlen(script()->path)));
    char etag[64];
    strcpy(etag, header(&asked, "ETag"));
    end(&asked);
    ask(&asked, "/", NULL, etag);
    assert_int_equal(asked.res.status, 304);
    assert_null(asked.res.fixed);
    assert_string_equal(header(&asked, "ETag"), etag);
    end(&asked);
}

static void
test_file_comes_in_the_shape_that_the_browser_takes(void **state)
{
    const struct sp_page_asset *asset = script();
    struct asked br, gzip, plain;
    (void)state;
    ask(&br, asset->path, "gzip, deflate, br, zstd", NULL);
    ask(&gzip, asset->path, "gzip", NULL);
    ask(&plain, asset->path, "identity", NULL);
    assert_string_equal(header(&br, "Content-Encoding"), "br");
    assert_string_equal(header(&gzip, "Content-Encoding"), "gzip");
    assert_string_equal(header(&plain, "Content-Encoding"), "");
    assert_true(br.res.body_size < plain.res.body_size / 2);
    assert_memory_equal(gzip.res.fixed, "\x1f\x8b", 2);
    assert_string_not_equal(header(&br, "ETag"), header(&gzip, "ETag"));
    assert_string_not_equal(header(&plain, "ETag"), header(&gzip, "ETag"));
    assert_string_equal(header(&br, "Vary"), "Accept-Encoding");
    assert_string_equal(header(&br, "Cache-Control"), "public, max-age=31536000, immutable");
    end(&br);
    end(&gzip);
    end(&plain);
}

static void
test_policy_lets_nothing_foreign_run(void **state)
{
    struct asked asked;
    (void)state;
    ask(&asked, "/", NULL, NULL);
    const char *policy = header(&asked, "Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "script-src 'self';"));
    assert_non_null(strstr(policy, "style-src 'self';"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(policy, "http"));
    /* What is not our own file is not in the page at all. */
    assert_null(memmem(asked.res.fixed, asked.res.body_size, "http", 4));
    assert_null(memmem(asked.res.fixed, asked.res.body_size, "style=", 6));
    end(&asked);
}

static void
test_other_names_are_404(void **state)
{
    static const char *const paths[] = { "/assets", "/assets/", "/assets/main.js", "/assets/main-00000000.js/x" };
    (void)state;
    for (size_t i = 0; i < SP_LEN(paths); i++) {
        struct asked asked;
        ask(&asked, paths[i], NULL, NULL);
        assert_int_equal(asked.res.status, 404);
        assert_string_equal(header(&asked, "Cache-Control"), "");
        end(&asked);
    }
}

/* The promise of the first load: what index.html names, and the charts; the preview is loaded when it is needed. */
static void
test_first_load_is_small(void **state)
{
    size_t sum = 0;
    (void)state;
    for (size_t i = 0; i < sp_page_n_assets; i++) {
        const struct sp_page_asset *asset = &sp_page_assets[i];
        if (strstr(asset->path, "/pdf-") == NULL)
            sum += asset->gzip.bytes == NULL ? asset->plain.size : asset->gzip.size;
    }
    assert_true(sum > 10000);
    assert_true(sum < 150000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codings_that_a_browser_takes),
        cmocka_unit_test(test_entity_tags),
        cmocka_unit_test(test_index_is_asked_for_anew_and_answered_304),
        cmocka_unit_test(test_file_comes_in_the_shape_that_the_browser_takes),
        cmocka_unit_test(test_policy_lets_nothing_foreign_run),
        cmocka_unit_test(test_other_names_are_404),
        cmocka_unit_test(test_first_load_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
