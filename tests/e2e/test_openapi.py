"""What scanpost really answers, held against its OpenAPI document: every GET there is, and what the main changes say."""
import re
import unittest

from house import World, pdf, wait_until
from web import Browser, PASSWORD, signed_in


class Checker:
    """As much of JSON Schema as the document uses; stricter in one thing: what is not described may not be there."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for part in schema["$ref"][2:].split("/"):
                target = target[part]
            schema = target
        return schema

    def properties(self, schema):
        """Of a schema and all it is made of: name -> schema, and which have to be there."""
        schema = self.resolve(schema)
        found, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
        for part in schema.get("allOf", ()):
            more, wanted = self.properties(part)
            found.update(more)
            required |= wanted
        return found, required

    def is_kind(self, value, kind):
        if kind == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        if kind == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, self.kinds[kind])

    def check(self, value, schema, where):
        schema = self.resolve(schema)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.is_kind(value, k) for k in kinds):
            raise AssertionError(f"{where}: {value!r} is not of type {kinds}")
        if value is None:
            return
        if "enum" in schema and value not in schema["enum"]:
            raise AssertionError(f"{where}: {value!r} is none of {schema['enum']}")
        if "const" in schema and value != schema["const"]:
            raise AssertionError(f"{where}: {value!r} is not {schema['const']!r}")
        if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            raise AssertionError(f"{where}: {value!r} is no time")
        if isinstance(value, dict):
            self.check_object(value, schema, where)
        if isinstance(value, list) and "items" in schema:
            for i, item in enumerate(value):
                self.check(item, schema["items"], f"{where}[{i}]")

    def check_object(self, value, schema, where):
        properties, required = self.properties(schema)
        if missing := required - value.keys():
            raise AssertionError(f"{where}: {sorted(missing)} missing")
        extra = schema.get("additionalProperties")
        for key, member in value.items():
            if key in properties:
                self.check(member, properties[key], f"{where}.{key}")
            elif isinstance(extra, dict):
                self.check(member, extra, f"{where}.{key}")
            elif properties and not extra:
                raise AssertionError(f"{where}.{key} is not described")

    def answer(self, method, path, answer):
        """path: as the document has it."""
        where = f"{method} {path} -> {answer.status}"
        responses = self.document["paths"][path][method.lower()]["responses"]
        if str(answer.status) not in responses:
            raise AssertionError(f"{where} is not described: {answer.body[:300]}")
        content = self.resolve(responses[str(answer.status)]).get("content", {})
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        if not content:
            if answer.body:
                raise AssertionError(f"{where}: a body that is not described")
            return
        if kind not in content:
            if "application/octet-stream" in content:
                return
            raise AssertionError(f"{where}: {kind} is not described")
        if kind.endswith("json"):
            self.check(answer.json(), content[kind]["schema"], where)


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(tenant="methods = { direct, submission }", extra="method graph { type = graph  enabled = no "
                          "username = scanner@contoso.com  oauth-tenant = contoso.com  oauth-client-id = "
                          "11111111-2222-3333-4444-555555555555  oauth-client-secret-file = /nonexistent }")
        cls.browser = signed_in(cls.world, "ada", "admin")
        cls.checker = Checker(cls.browser.ask("GET", "/api/v1/openapi.json").json())
        cls.token = cls.world.token("copier", "--route", "accounting", "--to", "*@contoso.com")
        cls.job = cls.world.post([("a.pdf", pdf())], (), cls.token).json()["id"]
        cls.world.wait_for_job(cls.job)
        cls.world.post([("a.pdf", b"MZ" * 99)], (), cls.token)
        cls.world.drop("b.exe", b"MZ" * 99)
        cls.world.sandbox.play("ip-blocked", "auth-disabled")
        cls.failed = cls.world.post([("c.pdf", pdf())]).json()["id"]
        cls.world.wait_for_job(cls.failed, "deferred")
        cls.check_id = cls.browser.ask("POST", "/api/v1/methods/submission/check").json()["id"]
        wait_until("the check is done",
                   lambda: cls.browser.ask("GET", "/api/v1/checks/" + cls.check_id).json()["state"] == "done")

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def ask(self, method, path, data=None, target=None, browser=None, **more):
        answer = (browser or self.browser).ask(method, target or path, data, **more)
        self.checker.answer(method, path, answer)
        return answer

    def test_every_get(self):
        values = {"/api/v1/checks/{id}": {"id": self.check_id}}
        usual = {"id": self.job, "n": "1", "name": "submission", "path": "accounting/none.pdf"}
        for path, item in self.checker.document["paths"].items():
            if "get" not in item or path == "/api/v1/events":
                continue
            with self.subTest(path=path):
                target = path.format(**values.get(path, usual))
                headers = {"Authorization": "Bearer " + self.token} if path.startswith("/dav/") else None
                self.ask("GET", path, target=target, headers=headers)
                self.ask("GET", path, target=target, browser=Browser(self.world))  # signed out

    def test_jobs_of_every_kind(self):
        for job in (self.job, self.failed):
            self.assertEqual(self.ask("GET", "/api/v1/jobs/{id}", target="/api/v1/jobs/" + job).status, 200)
        self.assertEqual(self.ask("GET", "/api/v1/jobs/{id}", target="/api/v1/jobs/none").status, 404)
        self.assertEqual(self.ask("GET", "/api/v1/jobs", target="/api/v1/jobs?state=none").status, 400)

    def test_changes(self):
        ask = self.ask
        self.assertEqual(ask("POST", "/api/v1/users", {"name": "otto", "role": "operator", "password": PASSWORD}).status, 201)
        self.assertEqual(ask("POST", "/api/v1/users", {"name": "otto", "password": PASSWORD}).status, 409)
        self.assertEqual(ask("POST", "/api/v1/users", {"name": "../x", "password": PASSWORD}).status, 400)
        self.assertEqual(ask("PUT", "/api/v1/users/{name}/password", {"password": "another one"},
                             "/api/v1/users/otto/password").status, 204)
        self.assertEqual(ask("DELETE", "/api/v1/users/{name}", target="/api/v1/users/otto").status, 204)
        self.assertEqual(ask("DELETE", "/api/v1/users/{name}", target="/api/v1/users/otto").status, 404)
        self.assertEqual(ask("POST", "/api/v1/tokens", {"name": "new", "to": ["*"]}).status, 201)
        self.assertEqual(ask("POST", "/api/v1/tokens", {"name": "new"}).status, 409)
        self.assertEqual(ask("DELETE", "/api/v1/tokens/{name}", target="/api/v1/tokens/new").status, 204)
        self.assertEqual(ask("POST", "/api/v1/jobs/{id}/retry", target=f"/api/v1/jobs/{self.job}/retry").status, 409)
        self.assertEqual(ask("POST", "/api/v1/jobs/{id}/cancel", target=f"/api/v1/jobs/{self.failed}/cancel").status, 202)
        self.assertEqual(ask("POST", "/api/v1/jobs/{id}/retry", target=f"/api/v1/jobs/{self.failed}/retry").status, 202)
        self.assertEqual(ask("POST", "/api/v1/jobs/actions", {"action": "cancel", "ids": [self.failed, self.job]}).status, 200)
        self.assertEqual(ask("POST", "/api/v1/jobs/actions", {"action": "explode", "q": "a"}).status, 400)
        self.assertEqual(ask("POST", "/api/v1/methods/{name}/check", target="/api/v1/methods/direct/check").status, 202)
        self.assertEqual(ask("POST", "/api/v1/methods/{name}/check", target="/api/v1/methods/graph/check").status, 409)
        self.assertEqual(ask("POST", "/api/v1/first-user", {"key": "x", "name": "y", "password": PASSWORD}).status, 409)
        self.assertEqual(ask("POST", "/api/v1/first-user/link").status, 409)
        self.assertEqual(ask("POST", "/api/v1/tokens", {"name": "x"}, csrf=False).status, 403)

    def test_sessions(self):
        other = Browser(self.world)
        self.assertEqual(self.ask("POST", "/api/v1/session", {"name": "ada", "password": "wrong one"}, browser=other).status,
                         401)
        answer = self.ask("POST", "/api/v1/session", {"name": "ada", "password": PASSWORD}, browser=other)
        other.take(answer)
        self.assertEqual(self.ask("GET", "/api/v1/session", browser=other).status, 200)
        self.assertEqual(self.ask("DELETE", "/api/v1/session", browser=other).status, 204)

    def test_scans(self):
        from house import multipart
        for fields, content, status in (([], pdf(), 201), ([("to", "x@evil.example")], pdf(), 403), ([], b"MZ" * 99, 415),
                                        ([("nonsense", "x")], pdf(), 400)):
            body, kind = multipart(fields, [("a.pdf", content)])
            answer = self.ask("POST", "/api/v1/scans", body, browser=Browser(self.world),
                              headers={"Content-Type": kind, "Authorization": "Bearer " + self.token})
            self.assertEqual(answer.status, status, answer.body)


if __name__ == "__main__":
    unittest.main()
