"""Tests of what bench/kernel measures with: which photos and rivals there are, and the reasons for those that are missing."""

import os
import pathlib
import stat
import tempfile
import unittest
from unittest import mock

from bench_test import load_script

import kernels  # from bench/, which bench_test has added to the path
import machine
import photos
import rivals


def program(folder, name, text):
    """A shell script."""
    path = pathlib.Path(folder) / name
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class InFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)


class Environment(InFolder):
    """Of the rivals. Python is a script that writes down what it is asked for, and copies itself into the environment."""

    def setUp(self):
        super().setUp()
        self.requirements = self.folder / "packages.txt"
        self.requirements.write_text("pillow==13.0.0\n", encoding="utf-8")
        self.calls = self.folder / "calls"
        self.environment = self.folder / "made/environment"

    def base(self, installing="exit 0"):
        return str(program(self.folder, "python", f'''
echo "$@" >>"{self.calls}"
case "$2" in
  venv) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  pip) {installing} ;;
esac
'''))

    def install(self, base):
        return rivals.install(self.environment, self.requirements, base)

    def test_it_is_made_once_and_again_for_other_packages(self):
        base = self.base()
        self.assertEqual(self.install(base), "")
        self.assertEqual(self.install(base), "")
        self.assertEqual(len(self.calls.read_text().splitlines()), 2)
        self.requirements.write_text("pillow==13.1.0\n", encoding="utf-8")
        self.assertEqual(self.install(base), "")
        self.assertEqual(len(self.calls.read_text().splitlines()), 4)

    def test_a_failure_has_its_reason_and_is_tried_again(self):
        why = self.install(self.base('echo "looking" >&2; echo "no such version" >&2; exit 1'))
        self.assertEqual(why, "pip cannot install packages.txt: no such version")
        self.assertEqual(self.install(self.base()), "")

    def test_without_python3_venv_the_reason_names_it(self):
        base = program(self.folder, "python", "echo 'ensurepip is not available'; exit 1\n")
        self.assertRegex(self.install(str(base)), "python3-venv.*ensurepip is not available")
        self.assertRegex(self.install(str(self.folder / "nothing")), "python3-venv.*No such file")

    def test_packages_that_are_built_do_not_find_the_systems_libraries(self):
        base = self.base(f'echo "$PKG_CONFIG" >"{self.calls}"')
        self.assertEqual(self.install(base), "")
        self.assertEqual(self.calls.read_text(), "false\n")

    def test_every_package_has_its_version(self):
        lines = rivals.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        self.assertTrue(all(line.startswith("#") or "==" in line for line in lines), lines)


class Kernels(unittest.TestCase):
    def test_what_is_missing_is_a_kernel_or_a_kernel_with_a_format_of_the_photos(self):
        found = [kernels.Kernel("a", [], missing="not installed", unread={".heic": "no decoder"}),
                 kernels.Kernel("b", [], unread={".heic": "no decoder", ".avif": "no library"})]
        self.assertEqual(kernels.reasons(found, {".jpg", ".heic"}), {"a": "not installed", "b with HEIC": "no decoder"})

    def test_a_kernel_reads_its_formats_but_those_that_it_cannot(self):
        kernel = kernels.Kernel("a", [], (".jpg", ".heic"), unread={".heic": "no decoder"})
        self.assertEqual([kernel.reads(ending) for ending in (".jpg", ".heic", ".png")], [True, False, False])
        self.assertFalse(kernels.Kernel("a", [], missing="not installed").reads(".jpg"))


class Photos(InFolder):
    kernel = load_script("kernel")

    def setUp(self):
        super().setUp()
        (self.folder / "photos").mkdir()
        (self.folder / "photos/j12.jpg").write_bytes(b"jpeg")
        for patch in (mock.patch.dict(os.environ, {"THUMBMILL_CORPUS": str(self.folder)}),
                      mock.patch.object(photos, "MADE_FOLDER", self.folder / "made")):
            patch.start()
            self.addCleanup(patch.stop)

    def test_each_has_a_description_and_one_place(self):
        self.assertLessEqual({*photos.ELSEWHERE, *photos.MADE}, set(photos.CORPUS))
        self.assertFalse(set(photos.ELSEWHERE) & set(photos.MADE))

    def test_results_call_a_photo_by_its_short_name(self):
        path = self.folder / photos.ELSEWHERE["heic12"]
        path.parent.mkdir()
        path.write_bytes(b"heic")
        self.assertEqual(photos.of_corpus("heic12").file_name, "heic12.heic")
        self.assertEqual(photos.of_corpus("j12").path, self.folder / "photos/j12.jpg")

    def test_a_photo_is_made_once(self):
        maker = program(self.folder, "python", f'cp "$3" "$4"; echo made >>"{self.folder}/calls"\n')
        made = [photos.convert("avif12", maker) for _ in range(2)]
        self.assertEqual(made[0].path.read_bytes(), b"jpeg")
        self.assertEqual(made[0].file_name, "avif12.avif")
        self.assertEqual(made, [made[0]] * 2)
        self.assertEqual((self.folder / "calls").read_text(), "made\n")

    def test_half_a_photo_is_not_taken_for_one(self):
        failing = program(self.folder, "python", 'echo half >"$4"; exit 1\n')
        self.assertIsNone(photos.convert("avif12", failing))
        self.assertFalse((self.folder / "made/avif12.avif").exists())

    def test_a_photo_that_is_not_there_has_its_reason(self):
        with mock.patch.object(self.kernel.rivals, "python", lambda: self.folder / "nothing"):
            found, missing = self.kernel.find_photos(["j12", "heic12", "avif2"])
        self.assertEqual([photo.name for photo in found], ["j12"])
        self.assertEqual(missing, {"photo heic12": "it is not in the corpus", "photo avif2": "it cannot be made"})


class Libraries(unittest.TestCase):
    def test_they_stand_below_the_programs_own_version(self):
        self.assertEqual(machine.libraries("thumbmill 1.2\nlibheif 1.19.7\nLittle CMS 2.14\n"),
                         {"libheif": "1.19.7", "Little CMS": "2.14"})
        self.assertEqual(machine.libraries("unknown"), {})


if __name__ == "__main__":
    unittest.main()
