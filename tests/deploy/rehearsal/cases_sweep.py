"""`sweep` by the real aws command on a fake AWS that holds what a cluster left behind, and decoys that must survive."""

import re
import subprocess
import unittest

import fake_aws
from fake_aws import Belongings, FakeAws, RefusingProxy, inventory
from rehearsal import BIN, LONGEST_SECONDS

LACKING = fake_aws.missing()


@unittest.skipIf(LACKING, f"not here: {LACKING}")
class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.aws = FakeAws()
        cls.addClassCleanup(cls.aws.close)
        Belongings(cls.aws, "decoy", {})
        Belongings(cls.aws, "neighbour", {"thumbmill:cluster": "neighbour", "Project": "thumbmill",
                                          "kubernetes.io/cluster/first": "shared"})

    def sweep(self, cluster, *options, port=None):
        ran = subprocess.run([BIN / "sweep", "--cluster-name", cluster, "--backoff", "0", *options], text=True,
                             env=self.aws.environment(port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=5 * LONGEST_SECONDS, check=False)
        return ran.returncode, ran.stdout

    def test_names_and_deletes_what_is_ours_and_nothing_else(self):
        decoys = inventory(self.aws)
        ours = Belongings(self.aws, "first", {"thumbmill:cluster": "first", "Project": "thumbmill"})
        stranger = self.aws("ec2", "create-network-interface", "--subnet-id", ours.subnets[1])["NetworkInterface"]["NetworkInterfaceId"]
        before = inventory(self.aws)

        code, said = self.sweep("first")
        self.assertEqual(code, 1, said)
        self.assertEqual(inventory(self.aws), before)
        kinds = set(re.findall(r"^  ([a-z-]+)  ", said, re.M))
        self.assertEqual(kinds, {
            "load-balancer", "target-group", "nat-gateway", "address", "volume", "network-interface", "security-group",
            "subnet", "internet-gateway", "route-table", "vpc", "image", "repository", "object", "bucket", "log-group"})
        self.assertRegex(said, rf"network-interface +{stranger}  \(NOT OURS")
        self.assertNotIn("decoy", said)
        self.assertNotIn("neighbour", said)

        # AWS keeps a VPC that something is in; the fake would let it go.
        proxy = RefusingProxy(self.aws.port, "DeleteVpc", "DependencyViolation", times=1000)
        self.addCleanup(proxy.close)
        code, said = self.sweep("first", "--delete", "--patience", "5", port=proxy.port)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, rf"network-interface +{stranger}  \(NOT OURS")
        self.assertIn(stranger, inventory(self.aws))

        self.aws("ec2", "delete-network-interface", "--network-interface-id", stranger)
        code, said = self.sweep("first", "--delete", "--patience", "60")
        self.assertEqual((code, said.splitlines()[-1]), (0, f"Nothing is left of the cluster first in {fake_aws.REGION}."), said)
        self.assertEqual(inventory(self.aws), decoys)

    def test_tries_again_while_something_depends_on_it(self):
        group = self.aws("ec2", "create-security-group", "--group-name", "leaked", "--description", "x",
                         "--tag-specifications", "ResourceType=security-group,Tags=[{Key=elbv2.k8s.aws/cluster,Value=second}]")["GroupId"]
        proxy = RefusingProxy(self.aws.port, "DeleteSecurityGroup", "DependencyViolation", times=3)
        self.addCleanup(proxy.close)
        code, said = self.sweep("second", "--delete", "--kinds", "security-group", port=proxy.port)
        self.assertEqual(code, 0, said)
        self.assertEqual(proxy.refused, 3)
        self.assertNotIn(group, inventory(self.aws))

    def test_gives_up_naming_what_aws_will_not_delete(self):
        self.aws("ec2", "create-volume", "--size", "1", "--availability-zone", f"{fake_aws.REGION}a",
                 "--tag-specifications", "ResourceType=volume,Tags=[{Key=kubernetes.io/cluster/third,Value=owned}]")
        for code_name, options in (("UnauthorizedOperation", ()), ("VolumeInUse", ("--patience", "0.1"))):
            with self.subTest(code=code_name):
                proxy = RefusingProxy(self.aws.port, "DeleteVolume", code_name, times=1000)
                self.addCleanup(proxy.close)
                code, said = self.sweep("third", "--delete", "--kinds", "volume", *options, port=proxy.port)
                self.assertEqual(code, 1, said)
                self.assertRegex(said, rf"volume +vol-\w+  \(aws ec2 delete-volume: .*{code_name}")
                self.assertEqual(proxy.refused, 1)
        self.assertEqual(self.sweep("third", "--delete", "--kinds", "volume")[0], 0)

    def test_leaves_an_attached_volume_and_says_to_what(self):
        tags = "ResourceType=volume,Tags=[{Key=thumbmill:cluster,Value=fourth}]"
        volume = self.aws("ec2", "create-volume", "--size", "1", "--availability-zone", f"{fake_aws.REGION}a",
                          "--tag-specifications", tags)["VolumeId"]
        instance = self.aws("ec2", "run-instances", "--image-id", "ami-12c6146b")["Instances"][0]["InstanceId"]
        self.aws("ec2", "attach-volume", "--volume-id", volume, "--instance-id", instance, "--device", "/dev/sdf")
        code, said = self.sweep("fourth", "--delete", "--kinds", "volume", "--patience", "0.1")
        self.assertEqual(code, 1)
        self.assertRegex(said, rf"volume +{volume}  \(attached to {instance}\)")
        self.aws("ec2", "detach-volume", "--volume-id", volume, "--instance-id", instance, "--device", "/dev/sdf")
        self.assertEqual(self.sweep("fourth", "--delete", "--kinds", "volume")[0], 0)
        self.aws("ec2", "terminate-instances", "--instance-ids", instance)

    def test_deletes_nothing_of_a_cluster_that_exists(self):
        self.aws("eks", "create-cluster", "--name", "fifth", "--role-arn", "arn:aws:iam::123456789012:role/x",
                 "--resources-vpc-config", "subnetIds=subnet-1")
        self.aws("logs", "create-log-group", "--log-group-name", "/aws/eks/fifth/cluster")  # by EKS, without our tag
        code, said = self.sweep("fifth", "--delete", "--kinds", "log-group")
        self.assertEqual(code, 1)
        self.assertIn("exists; deploy/bin/down takes it away first", said)
        code, said = self.sweep("fifth", "--kinds", "cluster,log-group")
        self.assertEqual(code, 1)
        self.assertRegex(said, r"cluster +fifth(.*\n)+ +log-group +/aws/eks/fifth/cluster  \(ours\)")
        self.aws("eks", "delete-cluster", "--name", "fifth")
        self.assertEqual(self.sweep("fifth", "--delete", "--kinds", "log-group")[0], 0)

    def test_names_what_has_our_tag_and_is_of_another_kind(self):
        self.aws("sqs", "create-queue", "--queue-name", "other", "--tags", "thumbmill:cluster=sixth")
        code, said = self.sweep("sixth", "--kinds", "other")
        self.assertEqual(code, 1)
        self.assertRegex(said, r"other +arn:aws:sqs:\S+:other  \(ours; deploy/bin/down or a person has to delete it\)")

    def test_names_the_flag_and_what_it_may_be(self):
        code, said = self.sweep("x", "--kinds", "pods")
        self.assertEqual(code, 64)
        self.assertIn('--kinds: "pods" is none of cluster, load-balancer', said)
        code, said = self.sweep("x", "--patience", "long")
        self.assertEqual(code, 64)
        self.assertIn('--patience: "long" is not a number of seconds', said)
