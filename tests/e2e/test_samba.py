"""A real smbd on a share that `scanpost share --install` made, and smbclient as the copier."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from house import CLI, World, attachments, free_port, pdf, wait_until

USER, PASSWORD = "sp-e2e-smb", "Kopierer-42"

GLOBAL = """[global]
    server role = standalone server
    interfaces = 127.0.0.1
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    load printers = no
    map to guest = never
    private dir = {root}/private
    state directory = {root}
    cache directory = {root}
    lock directory = {root}/run
    pid directory = {root}/run
    ncalrpc dir = {root}/run/ncalrpc
    log file = {root}/smbd.log
"""


@unittest.skipUnless(os.geteuid() == 0, "smbd wants root")
@unittest.skipUnless(shutil.which("smbd") and shutil.which("smbclient"), "Samba is not installed")
class Share(unittest.TestCase):
    def setUp(self):
        self.world = World(start=False)
        self.addCleanup(self.world.close)
        self.root = os.path.join(self.world.root, "samba")
        for name in ("", "private", "run", "run/ncalrpc"):
            os.makedirs(os.path.join(self.root, name), exist_ok=True)
        os.chmod(self.world.root, 0o755)
        self.conf = os.path.join(self.root, "smb.conf")
        self.port = free_port()
        with open(self.conf, "w") as f:
            f.write(GLOBAL.format(root=self.root, port=self.port))
        self.install()
        self.addCleanup(subprocess.run, ["userdel", USER], capture_output=True, timeout=60)
        subprocess.run(["chown", "65534:65534", self.world.root], check=True, timeout=30)
        subprocess.run(["chown", "-R", "65534:65534", self.world.sandbox.folder], check=True, timeout=30)
        self.world.start(user=65534, group=65534, extra_groups=[])
        self.smbd = subprocess.Popen(["smbd", "--foreground", "--no-process-group", f"--configfile={self.conf}"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end_smbd)
        wait_until("smbd answers", self.answers)

    def install(self):
        done = subprocess.run([CLI, "-c", self.world.config, "share", "scans", "--install", "--smb-conf", self.conf,
                               "--user", USER, "--group", "nogroup", "--password-stdin"], input=PASSWORD + "\n",
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def end_smbd(self):
        self.smbd.send_signal(signal.SIGTERM)
        self.smbd.wait(20)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def client(self, commands, expect=0):
        done = subprocess.run(["smbclient", "//127.0.0.1/scans", "-p", str(self.port), "-U", f"{USER}%{PASSWORD}",
                               "-s", self.conf, "-c", commands], capture_output=True, text=True, timeout=120)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def local(self, content, name="scan.pdf"):
        path = os.path.join(self.world.root, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def arrived(self):
        return sorted(attachments(m)[0][1] for _, m in self.world.sandbox.mails())

    def test_copier_uploads_and_it_arrives(self):
        content = pdf(2_000_000)
        self.client(f"put {self.local(content)} SCAN0001.PDF")
        job = self.world.wait_for_job()
        self.assertEqual(job["source_name"], "scans")
        self.assertEqual(self.arrived(), [content])
        self.assertNotIn("SCAN0001", self.client("ls"))
        self.assertNotIn(".scanpost", self.client("ls"))

    def test_a_link_of_somebody_else_gives_nothing_away(self):
        precious, scans = os.path.join(self.world.root, "precious"), self.world.scans
        os.mkdir(precious, 0o700)
        os.rename(scans, scans + ".away")
        os.symlink(precious, scans)
        os.chown(scans, 65534, 65534, follow_symlinks=False)
        done = subprocess.run([CLI, "-c", self.world.config, "share", "scans", "--install", "--smb-conf", self.conf,
                               "--user", USER, "--group", "nogroup", "--password-stdin"], input=PASSWORD + "\n",
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("is a link", done.stderr)
        at = os.stat(precious)
        self.assertEqual((at.st_uid, at.st_mode & 0o7777), (0, 0o700))

    def test_temporary_name_and_rename(self):
        content = pdf(300_000)
        self.client(f"put {self.local(content)} upload.tmp; rename upload.tmp Vertrag.pdf")
        self.world.wait_for_job()
        self.assertEqual(self.arrived(), [content])

    def test_interrupted_upload_is_taken_when_it_comes_whole(self):
        content = pdf(15_000_000)
        path = self.local(content)
        upload = subprocess.Popen(["smbclient", "//127.0.0.1/scans", "-p", str(self.port), "-U", f"{USER}%{PASSWORD}",
                                   "-s", self.conf, "-c", f"iosize 4096; put {path} big.pdf"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("it has begun", lambda: os.path.exists(os.path.join(self.world.scans, "big.pdf")) or
                   upload.poll() is not None)
        upload.kill()
        upload.wait(10)
        self.client(f"put {path} big.pdf")
        wait_until("the whole one arrives", lambda: content in self.arrived())
        time.sleep(2)
        for mail in self.arrived():
            self.assertEqual(mail, content, "half a scan was sent")

    def test_slow_upload_is_one_scan(self):
        """What smbclient cannot do slowly, a file that smbd holds open and a writer that takes its time can."""
        content = pdf(200_000)
        read, write = os.pipe()
        upload = subprocess.Popen(["smbclient", "//127.0.0.1/scans", "-p", str(self.port), "-U", f"{USER}%{PASSWORD}",
                                   "-s", self.conf, "-c", "put /dev/stdin slow.pdf"], stdin=read,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read)
        with os.fdopen(write, "wb", buffering=0) as pipe:
            for at in range(0, len(content), 50_000):
                pipe.write(content[at:at + 50_000])
                time.sleep(0.7)
        upload.wait(30)
        self.world.wait_for_job()
        time.sleep(1)
        self.assertEqual(self.arrived(), [content])

    def test_two_hundred_at_once(self):
        contents = [pdf(20_000) for _ in range(200)]
        paths = [self.local(c, f"n{i:03}.pdf") for i, c in enumerate(contents)]

        def upload(part):
            self.client("; ".join(f"put {p} {os.path.basename(p)}" for p in part))
        threads = [threading.Thread(target=upload, args=(paths[k::8],)) for k in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        wait_until("all are sent", lambda: len(self.world.jobs("&state=sent")) == 200, 120, 0.5)
        self.assertEqual(self.arrived(), sorted(contents))

    def test_installing_again_changes_nothing_more(self):
        with open(self.conf) as f:
            before = f.read()
        self.install()
        with open(self.conf) as f:
            self.assertEqual(f.read(), before)

    def test_rejected_file_and_its_note_are_seen_on_the_share(self):
        path = self.local(b"MZ not a document", "odd.pdf")
        self.client(f"put {path} odd.pdf")
        wait_until("it is put aside", lambda: "odd.pdf.txt" in self.client("cd rejected; ls", None))


@unittest.skipUnless(os.geteuid() == 0, "needs root")
@unittest.skipUnless(shutil.which("testparm"), "Samba is not installed")
class Refused(unittest.TestCase):
    """Where a share must not be made, nothing is changed, and it is said why."""

    def refuse(self, text, words, group="nogroup"):
        with World(start=False) as world:
            conf = os.path.join(world.root, "smb.conf")
            if text is not None:
                with open(conf, "w") as f:
                    f.write(text)
            done = subprocess.run([CLI, "-c", world.config, "share", "scans", "--install", "--smb-conf", conf, "--user", USER,
                                   "--group", group, "--password-stdin"], input=PASSWORD + "\n", capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(words, done.stderr)
            if text is not None:
                with open(conf) as f:
                    self.assertEqual(f.read(), text)
            self.assertFalse([n for n in os.listdir(world.root) if n.startswith("scanpost-scans")])
            self.assertNotEqual(subprocess.run(["getent", "passwd", USER], capture_output=True, timeout=30).returncode, 0)

    def test_server_of_a_domain_is_not_touched(self):
        self.refuse("[global]\n    security = ads\n    realm = CONTOSO.COM\n    workgroup = CONTOSO\n", "domain")

    def test_domain_controller_is_not_touched(self):
        self.refuse("[global]\n    server role = active directory domain controller\n    realm = CONTOSO.COM\n", "domain")

    def test_share_of_somebody_else_is_not_touched(self):
        self.refuse("[global]\n[Scans]\n    path = /srv/other\n", "already")

    def test_configuration_that_is_missing_or_wrong_is_said(self):
        self.refuse(None, "is missing")
        self.refuse("[global]\n    security = rubbish\n", "testparm does not like")

    def test_group_that_is_missing_is_said(self):
        self.refuse("[global]\n", "no group scanpost-e2e", group="scanpost-e2e")

    def test_without_samba_it_is_said(self):
        with World(start=False) as world:
            bare = os.path.join(world.root, "bin")
            os.mkdir(bare)
            script = world.cli("share", "scans").stdout.replace("PATH=$PATH:/usr/sbin:/sbin", "")
            done = subprocess.run(["/bin/sh", "-s"], input=script, capture_output=True, text=True, timeout=60,
                                  env={"PATH": bare, "SCANPOST_SHARE_PASSWORD": PASSWORD})
            self.assertEqual(done.returncode, 1)
            self.assertIn("install Samba", done.stderr)


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **more)


def inside_a_machine_of_its_own():
    """In name spaces of its own: SMB1 wants port 445, and the script writes where systemd and Samba look."""
    address = "192.0.2.9"
    for place in ("/etc/samba", "/etc/systemd/system", "/var/lib", "/var/log/samba"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "none", place)
    run("ip", "link", "set", "lo", "up")
    domain = "[global]\n    security = ads\n    realm = CONTOSO.COM\n    workgroup = CONTOSO\n"
    with open("/etc/samba/smb.conf", "w") as f:  # the machine is a member of a domain, which must not matter
        f.write(domain)
    second = tempfile.mkdtemp(prefix="scanpost-e2e-")
    world = World(start=False, extra=f'folder more {{ path = "{second}/drop"  route = accounting  settle = 300ms }}')
    install = [CLI, "-c", world.config, "share", "scans", "--install", "--smb1", "--address", address, "--user", USER,
               "--group", "nogroup", "--password-stdin"]
    smbd = None
    try:
        done = subprocess.run(install, input=PASSWORD + "\n", capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "no interface" in done.stderr, done
        run("ip", "address", "add", address + "/32", "dev", "lo")
        run(*install, input=PASSWORD + "\n")
        run(*["more" if word == "scans" else word for word in install], input=PASSWORD + "\n")
        with open("/etc/samba/smb.conf") as f:
            assert f.read() == domain
        for path in (world.root, second):
            os.chmod(path, 0o755)
            run("chown", "65534:65534", path)
        run("chown", "-R", "65534:65534", world.sandbox.folder)
        world.start(user=65534, group=65534, extra_groups=[])
        with open("/etc/systemd/system/scanpost-smb1.service") as f:
            command = next(line for line in f if line.startswith("ExecStart=")).split("=", 1)[1].split()
        smbd = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        check_old_and_new_devices(world, address)
    finally:
        if smbd is not None:
            smbd.terminate()
            smbd.wait(20)
        world.close()
        shutil.rmtree(second, ignore_errors=True)


def check_old_and_new_devices(world, address):
    def listens():
        with socket.socket() as s:
            return s.connect_ex((address, 445)) == 0
    wait_until("smbd listens", listens)
    with socket.socket() as s:
        assert s.connect_ex(("127.0.0.1", 445)) != 0, "it listens elsewhere, too"
    sent = []
    for share, options in (("scans", ["client min protocol=NT1", "client max protocol=NT1", "client ntlmv2 auth=no"]),
                           ("more", ["client min protocol=SMB3"])):
        content = pdf(500_000)
        path = os.path.join(world.root, "scan.pdf")
        with open(path, "wb") as f:
            f.write(content)
        run("smbclient", f"//{address}/{share}", "-U", f"{USER}%{PASSWORD}", "-s", "/dev/null",
            *[f"--option={o}" for o in options], "-c", f"put {path} {share}.pdf")
        sent.append(content)
    wait_until("both are sent", lambda: len(world.jobs("&state=sent")) == 2)
    assert sorted(attachments(m)[0][1] for _, m in world.sandbox.mails()) == sorted(sent)


@unittest.skipUnless(os.geteuid() == 0, "needs root")
@unittest.skipUnless(shutil.which("smbd") and shutil.which("unshare") and shutil.which("ip"), "needs smbd, unshare and ip")
class Smb1(unittest.TestCase):
    def test_instance_of_its_own_for_devices_that_know_only_smb1(self):
        self.addCleanup(subprocess.run, ["userdel", USER], capture_output=True, timeout=60)
        done = subprocess.run(["unshare", "--mount", "--net", "--propagation", "private", sys.executable, "-c",
                               "import test_samba; test_samba.inside_a_machine_of_its_own()"],
                              capture_output=True, text=True, timeout=180)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
