"""The service unit as systemd's own tools see it."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from machine import TOP, call

UNIT = os.path.join(TOP, "packaging", "systemd", "scanpost.service")
EXPOSURE = 2.1


@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
class Unit(unittest.TestCase):
    def test_exposure_is_low(self):
        said = call("systemd-analyze", "security", "--offline=true", UNIT)
        level = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said).group(1))
        self.assertLessEqual(level, EXPOSURE, said)

    def test_unit_is_well_formed(self):
        with tempfile.TemporaryDirectory(prefix="scanpost-unit.") as folder:
            with open(UNIT) as f:
                text = f.read().replace("/usr/sbin/scanpostd", "/bin/true")  # it need not be installed here
            unit = os.path.join(folder, "scanpost.service")
            with open(unit, "w") as f:
                f.write(text)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
            ours = [line for line in done.stderr.splitlines() if "scanpost.service" in line]
            self.assertEqual(ours, [])


if __name__ == "__main__":
    unittest.main()
