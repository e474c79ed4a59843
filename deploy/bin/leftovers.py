"""What a cluster can leave behind on AWS: how each kind of thing is found, known as ours, and deleted. Used by `sweep`;
asks and deletes by the aws command, so that credentials, regions and proxies are those of everything else.

A thing is ours when it bears a tag that Terraform, EKS, or a controller in the cluster puts on all that it makes for
this cluster. What is in our VPC without such a tag is found too, to be named, never to be deleted.
"""

import dataclasses
import json
import re
import subprocess
import tempfile
from typing import Callable

PAGE_OBJECTS = 1000  # as many as one DeleteObjects takes
PAGE_IMAGES = 100  # and one BatchDeleteImage
PAGE_BALANCERS = 20  # and one DescribeTags of load balancers


class AwsError(Exception):
    """A command of aws that failed; `code` is the service's own, empty when it never got there. `is_gone` when what it
    was about is not there (any more)."""

    def __init__(self, words, text):
        found = re.search(r"An error occurred \(([\w.]+)\)", text)
        self.code = found.group(1) if found else ""
        self.is_gone = re.search(r"NotFound|NoSuch", self.code) is not None
        super().__init__(f"aws {' '.join(words[:2])}: {text.strip()}")


class Aws:
    """Thread-safe: each call is a process of its own."""

    def __init__(self, region):
        self.region = region

    def __call__(self, *words):
        """The command's answer as JSON, {} when it has none. Follows pages by itself."""
        ran = subprocess.run(["aws", *words, "--region", self.region, "--output", "json"],
                             capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise AwsError(words, ran.stderr)
        return json.loads(ran.stdout) if ran.stdout.strip() else {}


@dataclasses.dataclass
class Leftover:
    """One thing that is there. `held_by` says what it is attached to, "" when nothing; `going` that AWS deletes it
    already; `delete` deletes it, None where only a person may."""

    kind: str
    name: str
    ours: bool
    held_by: str = ""
    going: bool = False
    delete: Callable[[], None] | None = None


class Scope:
    """A cluster's name, and from it what is ours."""

    def __init__(self, aws, cluster_name):
        self.aws, self.cluster_name = aws, cluster_name
        self.tags = {
            "thumbmill:cluster": cluster_name,  # Terraform
            "aws:eks:cluster-name": cluster_name,  # EKS
            f"kubernetes.io/cluster/{cluster_name}": "owned",  # EKS and the EBS driver; "shared" is not ours
            "KubernetesCluster": cluster_name,  # the EBS driver
            "elbv2.k8s.aws/cluster": cluster_name,  # the load-balancer controller
            "cluster.k8s.amazonaws.com/name": cluster_name,  # the network plug-in
        }
        self._vpcs = None

    def owns(self, tags):
        """Whether tags, as a list of Key and Value in any spelling of the services, are ours."""
        pairs = {one.get("Key", one.get("key")): one.get("Value", one.get("value")) for one in tags or []}
        return any(pairs.get(key) == value for key, value in self.tags.items())

    def vpcs(self):
        """The ids of our VPCs, a set. Asked once: what is in a VPC keeps it from being deleted."""
        if self._vpcs is None:
            found = self.aws("ec2", "describe-vpcs").get("Vpcs", [])
            self._vpcs = {one["VpcId"] for one in found if self.owns(one.get("Tags"))}
        return self._vpcs


@dataclasses.dataclass
class Ec2Kind:
    """How a kind of EC2 is described and deleted; functions take the scope or aws, and the thing as described."""

    kind: str
    describe: str
    answer: str
    id_key: str
    delete: Callable
    held_by: Callable = lambda item: ""
    state: Callable = lambda item: ""
    counts: Callable = lambda item: True


GONE = ("terminated", "deleted")
GOING = ("shutting-down", "deleting")


def by_id(command, flag):
    return lambda aws, item, name: aws("ec2", command, flag, name)


def delete_security_group(aws, item, name):
    """Rules that name groups go first: two groups that name each other could not be deleted otherwise."""
    for direction, rules in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        naming = [rule for rule in item.get(rules, []) if rule.get("UserIdGroupPairs")]
        if not naming:
            continue
        try:
            aws("ec2", f"revoke-security-group-{direction}", "--group-id", name, "--ip-permissions", json.dumps(naming))
        except AwsError as error:
            if not error.is_gone:
                raise
    aws("ec2", "delete-security-group", "--group-id", name)


def delete_internet_gateway(aws, item, name):
    for attachment in item.get("Attachments", []):
        aws("ec2", "detach-internet-gateway", "--internet-gateway-id", name, "--vpc-id", attachment["VpcId"])
    aws("ec2", "delete-internet-gateway", "--internet-gateway-id", name)


def interface_holder(item):
    if item["Status"] == "available":
        return ""
    attachment = item.get("Attachment", {})
    return attachment.get("InstanceId") or item.get("Description") or attachment.get("InstanceOwnerId") or item["Status"]


def volume_holder(item):
    return "" if item["State"] == "available" else ", ".join(one["InstanceId"] for one in item.get("Attachments", [])) or item["State"]


def is_main(table):
    return any(one.get("Main") for one in table.get("Associations", []))


# In the order in which they can be deleted.
EC2_KINDS = (
    Ec2Kind("instance", "describe-instances", "Instances", "InstanceId",
            by_id("terminate-instances", "--instance-ids"), state=lambda item: item["State"]["Name"]),
    Ec2Kind("nat-gateway", "describe-nat-gateways", "NatGateways", "NatGatewayId",
            by_id("delete-nat-gateway", "--nat-gateway-id"), state=lambda item: item["State"]),
    Ec2Kind("vpc-endpoint", "describe-vpc-endpoints", "VpcEndpoints", "VpcEndpointId",
            by_id("delete-vpc-endpoints", "--vpc-endpoint-ids"), state=lambda item: item["State"].lower()),
    Ec2Kind("address", "describe-addresses", "Addresses", "AllocationId",
            by_id("release-address", "--allocation-id"),
            held_by=lambda item: item.get("AssociationId") and (item.get("NetworkInterfaceId") or item["AssociationId"])),
    Ec2Kind("volume", "describe-volumes", "Volumes", "VolumeId",
            by_id("delete-volume", "--volume-id"), held_by=volume_holder, state=lambda item: item["State"]),
    Ec2Kind("network-interface", "describe-network-interfaces", "NetworkInterfaces", "NetworkInterfaceId",
            by_id("delete-network-interface", "--network-interface-id"), held_by=interface_holder),
    Ec2Kind("security-group", "describe-security-groups", "SecurityGroups", "GroupId",
            delete_security_group, counts=lambda item: item["GroupName"] != "default"),
    Ec2Kind("subnet", "describe-subnets", "Subnets", "SubnetId", by_id("delete-subnet", "--subnet-id")),
    Ec2Kind("internet-gateway", "describe-internet-gateways", "InternetGateways", "InternetGatewayId",
            delete_internet_gateway),
    Ec2Kind("route-table", "describe-route-tables", "RouteTables", "RouteTableId",
            by_id("delete-route-table", "--route-table-id"), counts=lambda item: not is_main(item)),
    Ec2Kind("vpc", "describe-vpcs", "Vpcs", "VpcId", by_id("delete-vpc", "--vpc-id")),
)


def list_ec2(scope, about):
    """What bears a tag of ours, and what is in a VPC of ours. All are asked for and chosen from here: a filter would
    take one call for each of our tags, and one more for the VPC."""
    answer = scope.aws("ec2", about.describe)
    items = [item for group in answer.get("Reservations", []) for item in group["Instances"]] + answer.get(about.answer, [])
    for item in items:
        name, state = item[about.id_key], about.state(item)
        ours = scope.owns(item.get("Tags", item.get("TagSet")))
        vpcs = {item.get("VpcId"), *(one.get("VpcId") for one in item.get("Attachments", []))}
        if state in GONE or not about.counts(item) or not (ours or vpcs & scope.vpcs()):
            continue
        yield Leftover(about.kind, name, ours, about.held_by(item) or "", state in GOING,
                       lambda item=item, name=name: about.delete(scope.aws, item, name))


def list_balanced(scope, kind, word, id_key):
    """Load balancers or target groups of elbv2."""
    found = scope.aws("elbv2", f"describe-{word}s")
    items = {item[id_key]: item for items in found.values() if isinstance(items, list) for item in items}
    names = list(items)
    for start in range(0, len(names), PAGE_BALANCERS):
        answer = scope.aws("elbv2", "describe-tags", "--resource-arns", *names[start:start + PAGE_BALANCERS])
        for one in answer.get("TagDescriptions", []):
            name, ours = one["ResourceArn"], scope.owns(one["Tags"])
            if ours or items[name].get("VpcId") in scope.vpcs():
                yield Leftover(kind, name, ours, delete=lambda name=name: scope.aws(
                    "elbv2", f"delete-{word}", f"--{word}-arn", name))


def list_load_balancers(scope):
    yield from list_balanced(scope, "load-balancer", "load-balancer", "LoadBalancerArn")
    # Kubernetes without a controller makes classic ones.
    classic = {item["LoadBalancerName"]: item
               for item in scope.aws("elb", "describe-load-balancers").get("LoadBalancerDescriptions", [])}
    names = list(classic)
    for start in range(0, len(names), PAGE_BALANCERS):
        answer = scope.aws("elb", "describe-tags", "--load-balancer-names", *names[start:start + PAGE_BALANCERS])
        for one in answer.get("TagDescriptions", []):
            name, ours = one["LoadBalancerName"], scope.owns(one["Tags"])
            if ours or classic[name].get("VPCId") in scope.vpcs():
                yield Leftover("load-balancer", name, ours, delete=lambda name=name: scope.aws(
                    "elb", "delete-load-balancer", "--load-balancer-name", name))


def list_target_groups(scope):
    yield from list_balanced(scope, "target-group", "target-group", "TargetGroupArn")


def our_repositories(scope):
    for one in scope.aws("ecr", "describe-repositories").get("repositories", []):
        if scope.owns(scope.aws("ecr", "list-tags-for-resource", "--resource-arn", one["repositoryArn"]).get("tags")):
            yield one["repositoryName"]


def delete_images(aws, repository):
    """A list of images for several platforms keeps its members from being deleted: lists and members in turn."""
    before = None
    while images := aws("ecr", "list-images", "--repository-name", repository).get("imageIds", []):
        digests = sorted({one["imageDigest"] for one in images})
        if digests == before:
            raise AwsError(("ecr", "batch-delete-image"), f"{len(digests)} images cannot be deleted")
        before = digests
        for start in range(0, len(digests), PAGE_IMAGES):
            aws("ecr", "batch-delete-image", "--repository-name", repository, "--image-ids",
                *(f"imageDigest={digest}" for digest in digests[start:start + PAGE_IMAGES]))


def list_images(scope):
    for name in our_repositories(scope):
        if scope.aws("ecr", "list-images", "--repository-name", name, "--max-items", "1").get("imageIds"):
            yield Leftover("image", f"all in {name}", True, delete=lambda name=name: delete_images(scope.aws, name))


def list_repositories(scope):
    for name in our_repositories(scope):
        yield Leftover("repository", name, True, delete=lambda name=name: scope.aws(
            "ecr", "delete-repository", "--repository-name", name))


def tagged(scope, *types):
    """The ARNs of what bears Terraform's tag, by the tagging API, which may lag behind."""
    answer = scope.aws("resourcegroupstaggingapi", "get-resources", "--tag-filters",
                       f"Key=thumbmill:cluster,Values={scope.cluster_name}",
                       *(("--resource-type-filters", *types) if types else ()))
    return [one["ResourceARN"] for one in answer.get("ResourceTagMappingList", [])]


def our_buckets(scope):
    for arn in tagged(scope, "s3"):
        name = arn.rpartition(":")[2]
        try:
            if scope.owns(scope.aws("s3api", "get-bucket-tagging", "--bucket", name).get("TagSet")):
                yield name
        except AwsError as error:
            if error.code not in ("NoSuchBucket", "NoSuchTagSet"):
                raise


def delete_objects(aws, bucket):
    """Every version, every delete marker and every unfinished upload."""
    while True:
        page = aws("s3api", "list-object-versions", "--bucket", bucket, "--max-items", str(PAGE_OBJECTS))
        found = [{"Key": one["Key"], "VersionId": one["VersionId"]}
                 for one in (page.get("Versions") or []) + (page.get("DeleteMarkers") or [])]
        if not found:
            break
        with tempfile.NamedTemporaryFile("w", suffix=".json") as request:
            json.dump({"Objects": found, "Quiet": True}, request)
            request.flush()
            answer = aws("s3api", "delete-objects", "--bucket", bucket, "--delete", f"file://{request.name}")
        if answer.get("Errors"):
            raise AwsError(("s3api", "delete-objects"), json.dumps(answer["Errors"][0]))
    for one in aws("s3api", "list-multipart-uploads", "--bucket", bucket).get("Uploads") or []:
        aws("s3api", "abort-multipart-upload", "--bucket", bucket, "--key", one["Key"], "--upload-id", one["UploadId"])


def list_objects(scope):
    for name in our_buckets(scope):
        page = scope.aws("s3api", "list-object-versions", "--bucket", name, "--max-items", "1")
        if page.get("Versions") or page.get("DeleteMarkers"):
            yield Leftover("object", f"all in s3://{name}", True, delete=lambda name=name: delete_objects(scope.aws, name))


def list_buckets(scope):
    for name in our_buckets(scope):
        yield Leftover("bucket", name, True, delete=lambda name=name: scope.aws("s3api", "delete-bucket", "--bucket", name))


def list_log_groups(scope):
    """EKS may write its group anew, without tags, while the cluster is deleted: by its name it is the cluster's all the same,
    as EKS gives such a name to no other's."""
    groups = scope.aws("logs", "describe-log-groups", "--log-group-name-pattern", scope.cluster_name)
    for one in groups.get("logGroups", []):
        name = one["logGroupName"]
        tags = scope.aws("logs", "list-tags-for-resource", "--resource-arn", one["arn"].removesuffix(":*")).get("tags", {})
        ours = scope.owns([{"Key": key, "Value": value} for key, value in tags.items()])
        if ours or name == f"/aws/eks/{scope.cluster_name}/cluster":
            yield Leftover("log-group", name, True, delete=lambda name=name: scope.aws(
                "logs", "delete-log-group", "--log-group-name", name))


def list_cluster(scope):
    if scope.cluster_name in scope.aws("eks", "list-clusters").get("clusters", []):
        status = scope.aws("eks", "describe-cluster", "--name", scope.cluster_name)["cluster"]["status"]
        yield Leftover("cluster", scope.cluster_name, True, going=status == "DELETING")


# What the kinds above find for themselves, as ARNs begin.
FOUND_OTHERWISE = re.compile(
    r"arn:aws[\w-]*:(ec2:[^:]*:[^:]*:(instance|natgateway|vpc-endpoint|elastic-ip|volume|network-interface|security-group|"
    r"subnet|internet-gateway|route-table|vpc)/|elasticloadbalancing:|s3:|ecr:[^:]*:[^:]*:repository/|"
    r"logs:[^:]*:[^:]*:log-group:|eks:[^:]*:[^:]*:cluster/)")


def list_other(scope):
    """Everything else that bears our tag; nothing of it is deleted here."""
    for arn in tagged(scope):
        if FOUND_OTHERWISE.match(arn):
            continue
        if ":kms:" in arn and scope.aws("kms", "describe-key", "--key-id", arn)["KeyMetadata"]["KeyState"] == "PendingDeletion":
            continue
        yield Leftover("other", arn, True)


# Every kind with what lists it, in the order in which they can be deleted.
KINDS = {
    "cluster": list_cluster,
    "load-balancer": list_load_balancers,
    "target-group": list_target_groups,
    **{about.kind: lambda scope, about=about: list_ec2(scope, about) for about in EC2_KINDS},
    "image": list_images,
    "repository": list_repositories,
    "object": list_objects,
    "bucket": list_buckets,
    "log-group": list_log_groups,
    "other": list_other,
}
