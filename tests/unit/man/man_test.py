#!/usr/bin/env python3
"""The manual pages against the programs: each says everything that there is, and nothing that there is not.

man_test.py SOURCE SCANPOST SCANPOST-SANDBOX SCANPOSTD; scanpost.conf(5) is held against the table of settings in
base/settings_test.c. Where a program tells what it takes it is asked, else its table is read."""
import os
import re
import subprocess
import sys
import unittest

SOURCE, SCANPOST, SANDBOX, DAEMON = sys.argv[1:5]
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*")


def source(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
        return file.read()


def told(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def page_options(text):
    """What an mdoc page calls an option: .Fl c, .Fl -config; also several in a line."""
    return {"-" + name for name in re.findall(r"\bFl (-?[a-z][a-z0-9-]*)", text)}


def section(page, name):
    return re.search(rf"^\.S[Hh] {name}\n(.*?)(?=^\.S[Hh] |\Z)", page, re.M | re.S).group(1)


def getopt_table(text):
    return {"--" + name for name in re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', text)}


class Scanpost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = source("packaging", "man", "scanpost.1")
        cls.help = told(SCANPOST, "--help")
        cls.commands = re.findall(r"^  ([a-z]+)\b", section_of_help(cls.help, "Commands"), re.M)
        table = re.search(r"#define GLOBAL_OPTIONS(.*?)\n\n", source("gateway", "cli", "cli.c"), re.S).group(1)
        cls.globals = set(re.findall(r'"(--?[a-z]+)"', table))
        cls.options, cls.usages = {}, {}
        for name in cls.commands:
            usage, _, options = told(SCANPOST, name, "--help").partition("\nOptions:\n")
            cls.options[name] = set(re.findall(r"^  (--?[a-z0-9-]+)", options, re.M))
            cls.usages[name] = usage.split("\n", 1)[0].split(f"[--json] {name}", 1)[1]
        cls.entries = {}
        for item in re.split(r"^\.It (?=(?:Xo )?Cm [a-z])", section(cls.page, "COMMANDS"), flags=re.M)[1:]:
            name = re.match(r"(?:Xo )?Cm ([a-z]+)", item).group(1)
            cls.entries[name] = cls.entries.get(name, "") + item

    def test_every_command_has_an_entry_and_every_entry_a_command(self):
        self.assertGreater(len(self.commands), 15)
        self.assertEqual(sorted(self.entries), sorted(set(self.commands)))

    def test_every_option_is_in_the_entry_of_its_command(self):
        self.assertGreater(len(self.options["setup"]), 40)
        for name in self.commands:
            with self.subTest(name):
                self.assertEqual(page_options(self.entries[name]) - self.globals, self.options[name] - self.globals)

    def test_every_option_is_in_the_usage_of_its_command(self):
        for name in set(self.commands) - {"setup"}:  # which has more than a line holds
            with self.subTest(name):
                self.assertEqual(set(OPTION.findall(self.usages[name])), self.options[name] - self.globals)

    def test_every_word_that_a_usage_takes_is_in_the_entry(self):
        for name in self.commands:
            words = re.sub(r"\[--[^]]*\]|--[a-z-]+( [A-Z]+)?", "", self.usages[name])
            for word in re.findall(r"[a-z][a-z-]+", words):
                with self.subTest(name, word=word):
                    self.assertRegex(self.entries[name], rf"\b{word}\b")

    def test_the_global_options(self):
        described = page_options(section(self.page, "DESCRIPTION"))
        self.assertEqual(described, self.globals)
        self.assertLessEqual(set(OPTION.findall(section_of_help(self.help, "Options"))), self.globals)

    def test_what_pages_and_readme_show_can_be_typed(self):
        pages = {name: source("packaging", "man", name) for name in sorted(os.listdir(os.path.join(SOURCE, "packaging", "man")))}
        pages["README.md"] = source("README.md")
        lines = [(name, line) for name, text in pages.items()
                 for line in re.findall(r"^\.[DQ][l1] scanpost ([a-z].*)$|(?:`|^    |^\$ )scanpost ([a-z][^`\n]*)", text, re.M)]
        self.assertGreater(len(lines), 10)
        for name, found in lines:
            line = found[0] or found[1]
            command = re.match(r"[a-z]+", line).group(0)
            with self.subTest(name, line=line):
                self.assertIn(command, self.options)
                typed = re.sub(r"'[^']*'", "", re.split(r" [|;&#] ?|\\$", line)[0])
                self.assertLessEqual(set(OPTION.findall(typed)), self.options[command] | self.globals)


def section_of_help(text, name):
    return re.search(rf"^{name}:\n(.*?)(?=\n\n|\Z)", text, re.M | re.S).group(1)


class Daemon(unittest.TestCase):
    def test_the_options(self):
        table = source("gateway", "daemon", "main.c")
        short = re.search(r'getopt_long\(argc, argv, "([a-z:]+)"', table).group(1).replace(":", "")
        there = getopt_table(table) | {"-" + letter for letter in short}
        page = source("packaging", "man", "scanpostd.8")
        self.assertGreater(len(there), 5)
        self.assertEqual(page_options(section(page, "SYNOPSIS") + section(page, "DESCRIPTION")), there)
        self.assertLessEqual(set(OPTION.findall(told(DAEMON, "--help"))), there)


class Sandbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = source("packaging", "man", "scanpost-sandbox.1")
        cls.page = re.sub(r"\\f.|\\&", "", text.replace("\\-", "-"))
        cls.rows = [line.split("\t") for line in told(SANDBOX, "--list-scenarios").splitlines()]
        cls.names = [re.match(r"[a-z0-9-]+", row[0]).group(0) for row in cls.rows]

    def test_the_options(self):
        there = getopt_table(source("backend", "sandbox", "options.c"))
        self.assertGreater(len(there), 20)
        self.assertEqual(set(OPTION.findall(section(self.page, "OPTIONS"))), there)
        self.assertEqual(set(OPTION.findall(section(self.page, "SYNOPSIS"))), there)
        self.assertEqual(set(OPTION.findall(told(SANDBOX, "--help").split("\nA stand-in")[0].replace("scanpost-", ""))), there)

    def test_every_scenario_has_an_entry_and_every_entry_a_scenario(self):
        tags = re.findall(r"^\.TP\n\.B[RI]? (.*)$", section(self.page, "SCENARIOS"), re.M)
        self.assertGreater(len(tags), 30)
        self.assertEqual(sorted(name for tag in tags for name in re.findall(r"[a-z][a-z0-9-]+", tag)), sorted(self.names))

    def test_every_scenario_stands_at_its_class(self):
        there, page = {}, {}
        for name, row in zip(self.names, self.rows):
            if row[2] != "-":
                there.setdefault(row[2], []).append(name)
        for line in re.search(r"^l l\.\n(.*?)^\.TE", self.page, re.M | re.S).group(1).splitlines():
            left, right = line.split("|")
            kind = left or kind
            page.setdefault(kind, []).extend(re.findall(r"[a-z0-9-]+", right))
        self.assertEqual({kind: sorted(names) for kind, names in page.items()},
                         {kind: sorted(names) for kind, names in there.items()})


class Backend(unittest.TestCase):
    page = source("packaging", "man", "scanpost-backend.8")

    def test_what_a_device_uri_takes(self):
        table = source("backend", "cups", "device.c")
        there = set(re.findall(r'\{ "([a-z-]+)", offsetof\(struct sp_device', table))
        uri = re.search(r"^\.D1 Li scanpost:(.*)$", self.page, re.M).group(1)
        self.assertGreater(len(there), 4)
        self.assertEqual(set(re.findall(r"[?&]([a-z-]+)=", uri)), there)
        self.assertEqual(set(re.findall(r"([a-z-]+)=", re.search(r"known are (.*)\"", table).group(1))), there)

    def test_the_options_of_a_job(self):
        there = dict(re.findall(r'\{ "([a-z-]+)", "(\w+)", "IPP_', source("backend", "cups", "print_job.c")))
        self.assertGreater(len(there), 3)
        self.assertEqual(set(re.findall(r"^\.It Fl o Cm ([a-z-]+)=", self.page, re.M)), set(there))
        driver = set(re.findall(r"^\*OpenUI \*(\w+)/", source("packaging", "cups", "scanpost.ppd"), re.M))
        self.assertLessEqual(set(there.values()), driver)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
