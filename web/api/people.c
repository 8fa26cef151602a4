/* people.c - whom names mean, as the gateway has read it, and what is wrong in the file. */
#include "gateway/people/people.h"

#include "base/settings.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

static json_t *
person_json(const struct sp_person *person)
{
    json_t *aliases = json_array();
    for (size_t i = 0; i < person->n_aliases; i++)
        json_array_append_new(aliases, sp_json_text(person->aliases[i]));
    return json_pack("{s:o, s:o, s:o}", "name", sp_json_text(person->name), "address", sp_json_text(person->address),
                     "aliases", aliases);
}

static json_t *
problems_json(const struct sp_people *people)
{
    const char *const *problems = NULL;
    size_t kept = 0;
    json_t *list = json_array();
    if (people != NULL)
        (void)sp_people_problems(people, &problems, &kept);
    else
        json_array_append_new(list, json_string("the file could not be read when scanpost started"));
    for (size_t i = 0; i < kept; i++)
        json_array_append_new(list, sp_json_text(problems[i]));
    return list;
}

static void
people_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)req;
    json_t *list = json_array();
    for (size_t i = 0; i < sp_people_count(api->people); i++)
        json_array_append_new(list, person_json(sp_people_at(api->people, i)));
    sp_respond_json_steal(res, 200,
                          json_pack("{s:o, s:o, s:o}", "people", list, "file", sp_json_text(api->settings->people_file),
                                    "problems", problems_json(api->people)));
}

const struct sp_route sp_routes_people[] = {
    { "GET", "/api/v1/people", SP_MAY_READ, people_list, NULL },
    { 0 },
};
