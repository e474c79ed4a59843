"""`pin` on a copy of deploy/, whose files it changes."""

import pathlib
import re
import shutil
import subprocess
import unittest

from rehearsal import ROOT, Rehearsal

NAMED = re.compile(r"^(?:ARG DEBIAN=| *image: )([a-z0-9./-]+:[^@\s]+)(@\S+)?", re.MULTILINE)


class Pin(unittest.TestCase):
    def setUp(self):
        self.rehearsal = Rehearsal()
        self.addCleanup(self.rehearsal.close)
        self.deploy = self.rehearsal.directory / "copy/deploy"
        shutil.copytree(ROOT / "deploy", self.deploy)

    def pin(self, *options):
        return subprocess.run([self.deploy / "bin/pin", *options], capture_output=True, text=True, check=False,
                              env=self.rehearsal.environment())

    def content(self):
        return {file.relative_to(self.deploy): file.read_bytes() for file in self.deploy.rglob("*") if file.is_file()}

    def images(self):
        """Of others: pairs of name with tag, and digest."""
        found = []
        for pattern in ("docker/Dockerfile", "compose/*.yaml", "kustomize/**/*.yaml", "charts/*/values.yaml"):
            for file in self.deploy.glob(pattern):
                found += NAMED.findall(pathlib.Path(file).read_text(encoding="utf-8"))
        return [pair for pair in found if not pair[0].startswith("thumbmill:")]

    def test_every_image_of_others_gets_its_digest(self):
        ran = self.pin()
        self.assertEqual(ran.returncode, 0, ran.stderr)
        images = self.images()
        self.assertEqual({name.partition(":")[0].rpartition("/")[2] for name, _ in images},
                         {"debian", "redis", "seaweedfs", "prometheus", "grafana"})
        for name, digest in images:
            self.assertRegex(digest, r"^@sha256:[0-9a-f]{64}$", name)
            self.assertIn(f"{name}{digest}\n", ran.stdout)
        # The same image in compose, kustomize and the chart.
        self.assertEqual(len([digest for name, digest in images if name.startswith("redis:")]), 3)
        self.assertEqual(len({digest for name, digest in images if name.startswith("redis:")}), 1)

    def test_a_second_time_it_takes_the_digest_of_then(self):
        self.assertEqual(self.pin().returncode, 0)
        before = self.content()
        self.assertEqual(self.pin().returncode, 0)
        self.assertEqual(self.content(), before)
        compose = self.deploy / "compose/compose.yaml"
        compose.write_text(re.sub("sha256:[0-9a-f]{64}", f"sha256:{0:064x}", compose.read_text(encoding="utf-8")))
        self.assertEqual(self.pin().returncode, 0)
        self.assertEqual(self.content(), before)

    def test_a_dry_run_writes_nothing(self):
        before = self.content()
        ran = self.pin("--dry-run")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("docker.io/library/debian:trixie-slim@sha256:", ran.stdout)
        self.assertEqual(self.content(), before)

    def test_names_the_image_that_cannot_be_asked_for(self):
        self.rehearsal.change(images_away=["redis:7.4.2-alpine"])
        ran = self.pin()
        self.assertEqual(ran.returncode, 1)
        self.assertIn("asking for the image redis:7.4.2-alpine: ERROR: no such host", ran.stderr)
