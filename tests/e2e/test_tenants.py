"""Two tenants in one gateway, each with a Microsoft 365 of its own: nothing of the one reaches the other."""
import os
import unittest

from house import Sandbox, World, header, pdf, wait_until


class TwoTenants(World):
    def __init__(self):
        super().__init__(sandbox_options=("--domain", "contoso.com", "--domain", "fabrikam.com"), start=False)
        facts = self.sandbox.facts
        self.other = Sandbox(os.path.join(self.root, "other"), "--domain", "fabrikam.com", "--mx-host",
                             facts["mx_host"], "--user", "scanner@fabrikam.com")
        o = self.other.facts
        extra = f"""tenant fabrikam {{ domain = fabrikam.com  sender = scanner@fabrikam.com
    methods = {{ direct-f, submission-f }} }}
method direct-f {{ type = direct  tenant = fabrikam  port = {o['mx_port']}  ca-file = "{o['ca']}" }}
method submission-f {{ type = submission  tenant = fabrikam  host = {o['submission_host']}
    port = {o['submission_port']}  ca-file = "{o['ca']}"  auth = password  username = scanner@fabrikam.com
    password-file = "{self.other.password_file}" }}
route legal {{ tenant = fabrikam  to = {{ legal@fabrikam.com }} }}
"""
        self.write_config(extra=extra, direct="tenant = contoso", submission="tenant = contoso",
                          route="tenant = contoso")
        self.start()

    def send_both(self):
        """The two jobs, when they are done: of contoso, of fabrikam."""
        ids = [self.post([("a.pdf", pdf())], (("route", route),)).json()["id"] for route in ("accounting", "legal")]
        return [self.wait_for_job(one) for one in ids]

    def close(self):
        self.other.stop()
        super().close()


class Tenants(unittest.TestCase):
    def test_each_scan_goes_by_its_own_tenant(self):
        with TwoTenants() as world:
            contoso, fabrikam = world.send_both()
            self.assertEqual((contoso["tenant"], contoso["method"]), ("contoso", "direct"))
            self.assertEqual((fabrikam["tenant"], fabrikam["method"]), ("fabrikam", "direct-f"))
            for box, sender in ((world.sandbox, "scanner@contoso.com"), (world.other, "scanner@fabrikam.com")):
                (facts, mail), = box.mails()
                self.assertIn(sender, header(mail, "From"))
            self.assertNotIn("direct-f", [d["method"] for d in contoso["decision"]])
            self.assertNotIn("direct", [d["method"] for d in fabrikam["decision"]][:2])

    def test_what_shuts_a_way_of_one_leaves_the_others_open(self):
        with TwoTenants() as world:
            world.sandbox.play("ip-blocked")
            contoso, fabrikam = world.send_both()
            self.assertEqual((contoso["method"], fabrikam["method"]), ("submission", "direct-f"))
            self.assertEqual(world.method("direct")["state"], "down")
            self.assertEqual(world.method("direct-f")["state"], "up")

    def test_a_tenant_without_any_way_waits_and_the_other_goes_on(self):
        with TwoTenants() as world:
            world.sandbox.play("ip-blocked", "auth-disabled")
            waits = world.post([("a.pdf", pdf())]).json()["id"]
            world.wait_for_job(waits, state="deferred")
            goes = world.post([("a.pdf", pdf())], (("route", "legal"),)).json()["id"]
            self.assertEqual(world.wait_for_job(goes)["method"], "direct-f")
            self.assertEqual(world.job(waits)["state"], "deferred")
            self.assertEqual(world.sandbox.mails(), [])
            self.assertEqual(len(world.other.mails()), 1)

    def test_a_recipient_of_the_other_tenant_is_outside(self):
        with TwoTenants() as world:
            self.assertEqual(world.post([("a.pdf", pdf())], (("to", "boss@contoso.com"),)).json()["tenant"], "contoso")
            self.assertEqual(world.post([("a.pdf", pdf())], (("to", "boss@fabrikam.com"),)).json()["tenant"], "fabrikam")
            wait_until("both are there", lambda: len(world.sandbox.mails()) == 1 and len(world.other.mails()) == 1)


if __name__ == "__main__":
    unittest.main()
