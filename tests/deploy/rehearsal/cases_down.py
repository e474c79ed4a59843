"""`down` from a full account, again, interrupted anywhere, and called wrongly; `urls` and `kubeconfig` beside it."""

from cases_up import YES, WorldCase
from world import CLUSTER, EMPTY

NAMED = ("--yes", CLUSTER)
NOTHING = {key: EMPTY[key] for key in (
    "infrastructure", "cluster", "objects", "images", "releases", "services", "balancers", "claims", "volumes",
    "workloads")}


class DownCase(WorldCase):
    full = None

    def full_world(self):
        """What `up` makes, and what its users add."""
        if DownCase.full is None:
            rehearsal = self.rehearsal()
            self.succeeds(rehearsal, "up", *YES)
            DownCase.full = {
                **rehearsal.world, "objects": 3, "services": {**rehearsal.world["services"], "default/extra": "LoadBalancer 80", "default/kubernetes": "ClusterIP 443"},
                "balancers": ["default/extra", *rehearsal.world["balancers"]]}
        return {key: value for key, value in DownCase.full.items() if key != "users_kubeconfig"}

    def rehearsal_of_full(self, **world):
        return self.rehearsal(**{**self.full_world(), **world})

    def assert_nothing_left(self, rehearsal):
        self.assertEqual({key: rehearsal.world[key] for key in NOTHING}, NOTHING)


class Down(DownCase):
    def test_leaves_nothing(self):
        rehearsal = self.rehearsal_of_full()
        said = self.succeeds(rehearsal, "down", *NAMED)
        self.assert_nothing_left(rehearsal)
        self.assertIn("Nothing is left of the cluster thumbmill", said)

    def test_lets_controllers_finish_before_it_removes_them(self):
        rehearsal = self.rehearsal_of_full()
        self.succeeds(rehearsal, "down", *NAMED)
        changes = [" ".join(words) for words in rehearsal.calls(changed=True)]
        order = ["annotate scaledobject", "kubectl scale", "delete service thumbmill-public", "delete service extra",
                 "delete persistentvolumeclaims", "uninstall thumbmill", "uninstall keda", "uninstall kube-prometheus-stack",
                 "uninstall cluster-autoscaler", "delete-objects", "destroy"]
        self.assertEqual(order, [step for change in changes for step in order if step in change])
        # The model's own rules have it that none of this is left for the sweep when it is done in this order.
        self.assertFalse([change for change in changes if "delete-volume" in change or "delete-load-balancer" in change])

    def test_changes_nothing_the_second_time(self):
        rehearsal = self.rehearsal_of_full()
        self.succeeds(rehearsal, "down", *NAMED)
        rehearsal.forget_calls()
        self.succeeds(rehearsal, "down", *NAMED)
        self.assertEqual(rehearsal.calls(changed=True), [])

    def test_goes_on_after_a_kill_anywhere(self):
        self.full_world()
        self.killed_everywhere(lambda case: case.rehearsal_of_full(), "down", *NAMED)

    def test_takes_away_what_up_left_unfinished(self):
        reference = self.rehearsal()
        self.succeeds(reference, "up", *YES)
        for number in reference.changing_numbers()[::3]:
            with self.subTest(killed_at=number):
                rehearsal = self.rehearsal()
                rehearsal.run("up", *YES, kill=f"{number}:half")
                self.succeeds(rehearsal, "down", *NAMED, "--patience", "1")
                self.assert_nothing_left(rehearsal)

    def test_up_goes_on_with_what_an_interrupted_down_stopped(self):
        reference = self.rehearsal_of_full()
        self.succeeds(reference, "down", *NAMED)
        scaled = next(number for number, words in enumerate(reference.calls(), 1) if words[:2] == ["kubectl", "scale"])
        rehearsal = self.rehearsal_of_full()
        rehearsal.run("down", *NAMED, kill=str(scaled))
        self.assertEqual((rehearsal.world["paused"], rehearsal.world["workloads"]["api"]), (True, 0))
        self.succeeds(rehearsal, "up", *YES)
        self.assertFalse(rehearsal.world["paused"])
        self.assertTrue(all(rehearsal.world["workloads"].values()), rehearsal.world["workloads"])

    def test_sweeps_what_stands_in_terraforms_way(self):
        rehearsal = self.rehearsal_of_full(stray_balancer=True, balancers=["stray"])
        said = self.succeeds(rehearsal, "down", *NAMED, "--patience", "1")
        self.assertIn("deleted load-balancer stray", said)
        self.assertEqual(sum("destroy" in words for words in rehearsal.calls("terraform")), 2)
        self.assert_nothing_left(rehearsal)

    def test_sweeps_a_volume_that_its_driver_forgot(self):
        rehearsal = self.rehearsal_of_full()
        rehearsal.change(volumes=[*rehearsal.world["volumes"], "forgotten"], releases={}, claims={}, cluster="NONE")
        said = self.succeeds(rehearsal, "down", *NAMED)
        self.assertIn("deleted volume forgotten", said)
        self.assert_nothing_left(rehearsal)


class DownRehearsed(DownCase):
    def test_changes_nothing_in_a_dry_run(self):
        rehearsal = self.rehearsal_of_full()
        before = rehearsal.world
        shown = self.succeeds(rehearsal, "down", "--dry-run")
        self.assertEqual(rehearsal.world, before)
        self.assertEqual(rehearsal.calls(changed=True), [])
        done = self.succeeds(rehearsal, "down", *NAMED)
        self.assertEqual([line for line in shown.splitlines() if line.startswith("+ ")],
                         [line for line in done.splitlines() if line.startswith("+ ")])


class DownRefused(DownCase):
    def test_leaves_alone_a_cluster_that_its_state_does_not_hold(self):
        for world, said in (({"state_is_here": False}, "the Terraform state of dev does not hold it"),
                            ({"state_account": "210987654321"}, "is of account 210987654321")):
            with self.subTest(said):
                rehearsal = self.rehearsal_of_full(**world)
                before = rehearsal.world
                self.assertIn(said, self.fails(1, rehearsal, "down", *NAMED))
                self.assertEqual(rehearsal.world, before)
                self.assertEqual(rehearsal.calls(changed=True), [])

    def test_wants_the_clusters_own_name(self):
        rehearsal = self.rehearsal_of_full()
        before = rehearsal.world
        self.assertIn('--yes "other": the cluster is "thumbmill"', self.fails(64, rehearsal, "down", "--yes", "other"))
        self.assertIn("that is not its name", self.fails(1, rehearsal, "down", answer="yes"))
        self.assertIn("add --yes thumbmill", self.fails(1, rehearsal, "down"))
        other = self.fails(1, rehearsal, "down", "--cluster-name", "other", "--yes", "other")
        self.assertIn('the Terraform state of dev holds the cluster "thumbmill"', other)
        self.assertEqual(rehearsal.world, before)
        self.succeeds(rehearsal, "down", answer=CLUSTER)
        self.assert_nothing_left(rehearsal)

    def test_stops_when_aws_cannot_say(self):
        rehearsal = self.rehearsal_of_full(denied=True)
        before = rehearsal.world
        self.assertIn("AccessDenied", self.fails(1, rehearsal, "down", *NAMED))
        self.assertEqual(rehearsal.world, before)

    def test_names_missing_tools_and_wrong_flags(self):
        rehearsal = self.rehearsal_of_full()
        (rehearsal.tools / "helm").unlink()
        self.assertRegex(self.fails(69, rehearsal, "down", *NAMED), r"helm \(at least [\d.]+\) is not installed")
        self.assertIn('--env "x": allowed are dev prod', self.fails(64, rehearsal, "down", "--env", "x"))
        self.assertIn('unknown option "--force"', self.fails(64, rehearsal, "down", "--force"))
        self.assertEqual(rehearsal.calls(), [])


class Addresses(DownCase):
    def test_follows_the_cluster_it_was_told_not_the_users_context(self):
        rehearsal = self.rehearsal_of_full()
        rehearsal.users_kubeconfig.write_text("another cluster")
        self.assertIn("http://thumbmill-public.elb.example", self.succeeds(rehearsal, "urls"))
        self.assertEqual(rehearsal.users_kubeconfig.read_text(), "another cluster")
        self.succeeds(rehearsal, "kubeconfig")
        self.assertEqual(rehearsal.users_kubeconfig.read_text(), CLUSTER)

    def test_says_when_the_api_gets_no_address(self):
        rehearsal = self.rehearsal_of_full(balancers=[], balancers_refused=True)
        self.assertIn("the API has no address after 1 s", self.fails(1, rehearsal, "urls", "--wait", "--patience", "1"))
