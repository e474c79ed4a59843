"""`up` from an empty account, again, interrupted anywhere, and called wrongly."""

import concurrent.futures
import re
import unittest

from rehearsal import REGION, Rehearsal

YES = ("--yes",)
KILLS_AT_ONCE = 2


class WorldCase(unittest.TestCase):
    """A test with one world, and what is asked of it most."""

    def rehearsal(self, **world):
        made = Rehearsal(**world)
        self.addCleanup(made.close)
        return made

    def succeeds(self, rehearsal, script, *options, **how):
        ran = rehearsal.run(script, *options, **how)
        self.assertEqual(ran.returncode, 0, ran.stdout)
        return ran.stdout

    def fails(self, code, rehearsal, script, *options, **how):
        ran = rehearsal.run(script, *options, **how)
        self.assertEqual(ran.returncode, code, ran.stdout)
        return ran.stdout

    def killed_everywhere(self, prepare, script, *options):
        """Kills the script after every call that changes the world, and in the middle of it; each time it is run again
        and has to come to the world of a run without accidents. (Killed after a call that changes nothing, it leaves
        the world of the call before.)"""
        reference = prepare(self)
        self.succeeds(reference, script, *options)
        numbers = reference.changing_numbers()
        self.assertGreater(len(numbers), 5)

        def attempt(kill):
            rehearsal = prepare(self)
            ran = rehearsal.run(script, *options, kill=kill)
            if ran.returncode != -9 and not kill.endswith("half"):
                return f"killed at {kill}, it ended with {ran.returncode}: {ran.stdout[-2000:]}"
            again = rehearsal.run(script, *options)
            if again.returncode != 0 or settled(rehearsal) != settled(reference):
                return f"after a kill at {kill}: {again.stdout[-3000:]}\n{settled(rehearsal)}\n{settled(reference)}"
            return None

        kills = ["1", *(f"{number}{where}" for number in numbers for where in ("", ":half"))]
        with concurrent.futures.ThreadPoolExecutor(KILLS_AT_ONCE) as pool:
            for wrong in pool.map(attempt, kills):
                self.assertIsNone(wrong, wrong)


def settled(rehearsal):
    """The world, but for what is different in every run: its paths and the random password."""
    return {**rehearsal.world, "users_kubeconfig": "", "secrets": list(rehearsal.world["secrets"])}


def plain(words):
    return " ".join(words)


class Up(WorldCase):
    def test_brings_all_of_it_up(self):
        rehearsal = self.rehearsal()
        said = self.succeeds(rehearsal, "up", *YES)
        world = rehearsal.world
        self.assertEqual(set(world["releases"]), {
            "kube-system/metrics-server", "kube-system/cluster-autoscaler", "monitoring/kube-prometheus-stack",
            "keda/keda", "thumbmill/thumbmill"})
        self.assertEqual(set(world["releases"].values()), {"deployed"})
        self.assertEqual(world["mode"], "queue")
        self.assertEqual(rehearsal.users_kubeconfig.read_text(), "thumbmill")
        self.assertRegex(said, r"API +http://thumbmill-public\.elb\.example\n")
        self.assertRegex(said, r"Grafana +not exposed: kubectl .* port-forward service/kube-prometheus-stack-grafana 3000:80")
        self.assertEqual(world["labels"]["thumbmill"], [
            f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("audit", "enforce", "warn")])

    def test_builds_for_the_platforms_it_is_told_under_an_immutable_name(self):
        rehearsal = self.rehearsal()
        said = self.succeeds(rehearsal, "up", *YES, "--platforms", "linux/amd64,linux/arm64")
        build = next(words for words in rehearsal.calls("docker") if words[1:3] == ["buildx", "build"])
        self.assertEqual(build[build.index("--platform") + 1], "linux/amd64,linux/arm64")
        (tag, digest), = rehearsal.world["images"].items()
        self.assertRegex(tag, r"^\d+\.\d+\.\d+-[0-9a-f]{8}-[0-9a-f]{12}$")
        self.assertIn(f'digest: "{digest}"', said)

    def test_builds_on_the_digest_that_the_base_has_now(self):
        rehearsal = self.rehearsal()
        self.succeeds(rehearsal, "up", *YES)
        build = next(words for words in rehearsal.calls("docker") if words[1:3] == ["buildx", "build"])
        self.assertRegex(build[build.index("--build-arg") + 1], r"^DEBIAN=docker\.io/library/debian:trixie-slim@sha256:[0-9a-f]{64}$")

    def test_builds_on_no_tag_when_the_digest_cannot_be_known(self):
        base = "docker.io/library/debian:trixie-slim"
        rehearsal = self.rehearsal(images_away=[base])
        self.assertIn(f"asking for the image {base}: ERROR: no such host", self.fails(1, rehearsal, "up", *YES))
        self.assertEqual(rehearsal.world["images"], {})

    def test_the_users_values_win_over_its_own(self):
        rehearsal = self.rehearsal()
        mine = rehearsal.users_kubeconfig.parent / "mine.yaml"
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("worker: {nodeSelector: {}}\n")
        self.succeeds(rehearsal, "up", *YES, "--values", mine)
        install = next(words for words in rehearsal.calls("helm") if words[1:4] == ["upgrade", "--install", "thumbmill"])
        files = [install[index + 1] for index, word in enumerate(install) if word == "--values"]
        self.assertEqual(files, ["-", str(mine)])

    def test_keeps_the_password_to_the_cluster(self):
        rehearsal = self.rehearsal()
        said = self.succeeds(rehearsal, "up", *YES)
        secret = rehearsal.world["secrets"]["thumbmill-grafana"]
        password = re.search(r'admin-password: "(.{32})"', secret).group(1)
        self.assertNotIn(password, said)
        self.assertNotIn(password, rehearsal.log.read_text())
        self.succeeds(rehearsal, "up", *YES)
        self.assertEqual(rehearsal.world["secrets"]["thumbmill-grafana"], secret)

    def test_changes_nothing_the_second_time(self):
        rehearsal = self.rehearsal()
        self.succeeds(rehearsal, "up", *YES)
        before = rehearsal.world
        rehearsal.forget_calls()
        self.succeeds(rehearsal, "up")  # and so has nothing to ask
        self.assertEqual(rehearsal.world, before)
        self.assertEqual(rehearsal.calls(changed=True), [])
        self.assertFalse([words for words in rehearsal.calls("docker") if "build" in words])

    def test_goes_on_after_a_kill_anywhere(self):
        self.killed_everywhere(lambda case: case.rehearsal(), "up", *YES)

    def test_asks_before_it_changes_the_account(self):
        rehearsal = self.rehearsal()
        self.assertIn("nothing was changed", self.fails(1, rehearsal, "up", answer="no"))
        self.assertEqual(rehearsal.calls(changed=True), [])
        self.assertIn("add --yes", self.fails(1, rehearsal, "up"))
        self.assertEqual(rehearsal.calls(changed=True), [])
        self.assertIn("about 0.42 USD an hour", self.succeeds(rehearsal, "up", answer="yes"))

    def test_changes_the_scaler(self):
        rehearsal = self.rehearsal()
        self.succeeds(rehearsal, "up", *YES)
        for mode, present in (("adapter", {"monitoring/prometheus-adapter"}), ("cpu", set()), ("queue", {"keda/keda"})):
            self.succeeds(rehearsal, "up", "--scaling", mode)
            self.assertEqual(rehearsal.world["mode"], mode)
            scalers = {"monitoring/prometheus-adapter", "keda/keda"} & set(rehearsal.world["releases"])
            self.assertEqual(scalers, present)

    def test_exposes_monitoring_to_named_addresses_only(self):
        rehearsal = self.rehearsal()
        said = self.succeeds(rehearsal, "up", *YES, "--expose-monitoring", "203.0.113.7/32,198.51.100.0/24")
        self.assertEqual(said.count("loadBalancerSourceRanges: [203.0.113.7/32, 198.51.100.0/24]"), 2)
        self.assertRegex(said, r"Prometheus +http://kube-prometheus-stack-prometheus\.elb\.example:9090")
        self.succeeds(rehearsal, "up")

    def test_serves_https_with_a_certificate(self):
        certificate = f"arn:aws:acm:{REGION}:123456789012:certificate/0"
        said = self.succeeds(self.rehearsal(), "up", *YES, "--certificate", certificate, "--expose-monitoring", "203.0.113.7/32")
        self.assertEqual(said.count(f'ssl-cert: "{certificate}"'), 3)
        self.assertRegex(said, r"API +https://thumbmill-public\.elb\.example\n")
        self.assertRegex(said, r"Grafana +https://kube-prometheus-stack-grafana\.elb\.example\n")
        self.assertRegex(said, r"Prometheus +https://kube-prometheus-stack-prometheus\.elb\.example:9090\n")


class UpRehearsed(WorldCase):
    def test_shows_in_a_dry_run_what_it_does(self):
        rehearsal, other = self.rehearsal(), self.rehearsal()
        shown = self.succeeds(rehearsal, "up", "--dry-run")
        self.assertEqual(rehearsal.calls(changed=True), [])
        self.assertFalse(rehearsal.users_kubeconfig.exists())
        done = self.succeeds(other, "up", *YES)
        commands = [self.commands(text) for text in (shown, done)]
        # What Terraform does is shown by itself in a real run, and the password's Secret is not shown at all.
        silent = {"terraform plan", "terraform apply", "kubectl create --filename"}
        # What the scripts that it calls show is theirs.
        theirs = {"aws eks update-kubeconfig"}
        self.assertEqual([one for one in commands[0] if one not in silent], [one for one in commands[1] if one not in theirs])

    @staticmethod
    def commands(text):
        """The tool and the verb of each command shown."""
        shown = [line[2:].split() for line in text.splitlines() if line.startswith("+ ") and "thumbmill_" not in line]
        shown = [[word for word in words if not word.startswith("-chdir")] for words in shown]
        keep = {"terraform": 2}
        return [plain(words[:keep.get(words[0], 3)]) for words in shown]

    def test_changes_nothing_in_a_dry_run_on_what_is_there(self):
        rehearsal = self.rehearsal()
        self.succeeds(rehearsal, "up", *YES)
        before = rehearsal.world
        rehearsal.forget_calls()
        shown = self.succeeds(rehearsal, "up", "--dry-run", "--scaling", "adapter")
        self.assertEqual(rehearsal.world, before)
        self.assertEqual(rehearsal.calls(changed=True), [])
        self.assertIn("helm uninstall keda", shown)
        self.assertIn("is in the registry", shown)
        self.assertNotIn("<", shown)

    def test_shows_it_without_an_account(self):
        rehearsal = self.rehearsal(account="")
        self.assertIn("No AWS credentials", self.succeeds(rehearsal, "up", "--dry-run"))
        self.assertIn("no valid AWS credentials", self.fails(1, rehearsal, "up"))
        self.assertEqual(rehearsal.calls(changed=True), [])


class UpRefused(WorldCase):
    def test_names_every_tool_that_is_missing_or_old_at_once(self):
        rehearsal = self.rehearsal(versions={"terraform": "Terraform v1.8.5", "buildx": ""})
        (rehearsal.tools / "helm").unlink()
        (rehearsal.tools / "jq").unlink()
        said = self.fails(69, rehearsal, "up", *YES)
        self.assertRegex(said, r"helm \(at least [\d.]+\) is not installed: https://helm\.sh/")
        self.assertRegex(said, r"jq \(at least [\d.]+\) is not installed: apt-get install jq")
        self.assertRegex(said, r"terraform is 1\.8\.5, at least 1\.9 is needed: https://")
        self.assertRegex(said, r"buildx \(at least [\d.]+\) does not run \('docker buildx version'\): https://")
        self.assertNotIn("kubectl (", said)
        self.assertEqual(rehearsal.calls(), [])

    def test_takes_newer_tools(self):
        rehearsal = self.rehearsal(versions={"terraform": "Terraform v1.10.0", "helm": "v4.0.0+g9", "aws": "aws-cli/2.31.7"})
        self.succeeds(rehearsal, "up", *YES)

    def test_names_the_flag_and_what_it_may_be(self):
        rehearsal = self.rehearsal()
        for options, said in (
                (("--env", "test"), '--env "test": allowed are dev prod'),
                (("--scaling", "memory"), '--scaling "memory": allowed are queue adapter cpu'),
                (("--cluster-name", "Big_One"), '--cluster-name "Big_One": has to be 3 to 32 lower-case'),
                (("--region", "here"), '--region "here": has to be an AWS region'),
                (("--platforms", "linux/mips"), '--platforms "linux/mips": has to be linux/amd64'),
                (("--patience", "0"), '--patience "0": has to be seconds'),
                (("--values", "absent.yaml"), '--values "absent.yaml": there is no such file'),
                (("--expose-monitoring", "everybody"), '--expose-monitoring "everybody": has to be addresses'),
                (("--certificate", "mine"), '--certificate "mine": has to be the ARN'),
                (("--env",), "--env takes a value"),
                (("--frobnicate",), 'unknown option "--frobnicate"')):
            with self.subTest(options=options):
                self.assertIn(said, self.fails(64, rehearsal, "up", *options))
        self.assertEqual(rehearsal.calls(), [])

    def test_does_not_replace_another_cluster(self):
        rehearsal = self.rehearsal()
        self.succeeds(rehearsal, "up", *YES)
        before = rehearsal.world
        said = self.fails(1, rehearsal, "up", *YES, "--cluster-name", "second")
        self.assertIn('--cluster-name "second": the Terraform state of dev holds the cluster "thumbmill"', said)
        self.assertEqual(rehearsal.world, before)

    def test_stops_when_aws_cannot_say(self):
        rehearsal = self.rehearsal(denied=True)
        self.assertIn("AccessDenied", self.fails(1, rehearsal, "up", *YES))
        self.assertEqual(rehearsal.world["releases"], {})
