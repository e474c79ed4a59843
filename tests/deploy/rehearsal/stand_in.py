"""Stands in for aws, terraform, docker, kubectl and helm, each by its own name on PATH: a small model of an AWS account
with one cluster, kept in a file, which follows the rules that the order of steps in deploy/bin depends on. What the
scripts ask of it and the model does not know is an error, so that a new call is noticed.

The environment says where the world is (STAND_IN_WORLD) and, for a rehearsal of accidents, in which call to kill the
whole process group (STAND_IN_KILL, "N" after the call's work or "N:half" in the middle of it).
"""

import fcntl
import json
import os
import signal
import sys

EMPTY = {
    "account": "123456789012", "state_account": "123456789012", "state_is_here": True, "infrastructure": "", "cluster": "NONE", "objects": 0, "images": {}, "builders": [],
    "releases": {}, "namespaces": ["kube-system"], "labels": {}, "secrets": {}, "storage_class": False, "services": {},
    "balancers": [], "claims": {}, "volumes": [], "workloads": {}, "paused": False, "users_kubeconfig": "",
    "mode": "", "stray_balancer": False, "balancers_refused": False, "denied": False, "versions": {},
}
VERSIONS = {"aws": "aws-cli/2.15.0 Python/3.11", "terraform": "Terraform v1.11.4", "docker": "Docker version 28.2.2, build 1",
            "buildx": "github.com/docker/buildx v0.21.0 1", "kubectl": "Client Version: v1.32.4", "helm": "v3.16.2+g1"}
STACK = "monitoring/kube-prometheus-stack"
CLUSTER = "thumbmill"
BUCKET, REPOSITORY = "thumbmill-uploads", "thumbmill"


class Refused(Exception):
    """What the real tool would say on standard error before it exits with 1."""


def flag(words, name, default=None):
    """The value after a flag, or behind its equals sign."""
    for at, word in enumerate(words):
        if word == name:
            return words[at + 1]
        if word.startswith(name + "="):
            return word.partition("=")[2]
    return default


class World:
    """The file, held under a lock by the one call that changes it."""

    def __init__(self, path, typed):
        self.path, self.typed = path, typed
        self.lock = open(path + ".lock", "w", encoding="utf8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        with open(path, encoding="utf8") as file:
            self.now = json.load(file)

    def save(self):
        with open(self.path + ".new", "w", encoding="utf8") as file:
            json.dump(self.now, file)
        os.replace(self.path + ".new", self.path)

    def deployed(self, release):
        return self.now["releases"].get(release) == "deployed"

    def need_cluster(self):
        """kubectl and helm have to be pointed at this cluster by a file that is not the user's own."""
        path = os.environ.get("KUBECONFIG", "")
        if not path or path == self.now["users_kubeconfig"]:
            raise Refused("used with the user's own configuration")
        with open(path, encoding="utf8") as file:
            if file.read() != CLUSTER or self.now["cluster"] != "ACTIVE":
                raise Refused("Unable to connect to the server")

    def settle(self):
        """What controllers do by themselves."""
        now = self.now
        if now["cluster"] == "ACTIVE" and not now["balancers_refused"]:
            wanted = {name for name, kind in now["services"].items() if kind.startswith("LoadBalancer")}
            now["balancers"] = sorted(wanted | ({"stray"} if now["stray_balancer"] else set()))
        if now["mode"] == "queue" and self.deployed("keda/keda") and not now["paused"] and "worker" in now["workloads"]:
            now["workloads"]["worker"] = max(1, now["workloads"]["worker"])
        for claim, state in list(now["claims"].items()):
            used = self.deployed(STACK) if claim.startswith("monitoring/") else now["workloads"].get("redis", 0) > 0
            if state == "going" and not used:
                del now["claims"][claim]
                now["volumes"].remove(claim)


# ---- aws -----------------------------------------------------------------------------------------------------------

def aws(world, words):
    now = world.now
    match words[:2]:
        case ["sts", "get-caller-identity"]:
            if not now["account"]:
                raise Refused("Unable to locate credentials.")
            return now["account"]
        case ["eks", "describe-cluster"]:
            if now["denied"]:
                raise Refused("An error occurred (AccessDeniedException) when calling the DescribeCluster operation")
            if now["cluster"] == "NONE":
                raise Refused("An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation")
            return now["cluster"] if "--query" in words else {"cluster": {"status": now["cluster"]}}
        case ["eks", "list-clusters"]:
            return {"clusters": [] if now["cluster"] == "NONE" else [CLUSTER]}
        case ["eks", "update-kubeconfig"]:
            path = flag(words, "--kubeconfig") or os.environ.get("KUBECONFIG") or os.environ["HOME"] + "/.kube/config"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf8") as file:
                file.write(flag(words, "--name"))
            return None
        case ["ecr", "describe-images"]:
            tag = flag(words, "--image-ids").removeprefix("imageTag=")
            if tag not in now["images"]:
                raise Refused("An error occurred (ImageNotFoundException) when calling the DescribeImages operation")
            return now["images"][tag]
        case ["ecr", "get-login-password"]:
            return "secret"
    return aws_of_sweep(now, words)


def aws_of_sweep(now, words):
    ours = [{"Key": "thumbmill:cluster", "Value": CLUSTER}]
    stands = bool(now["infrastructure"])
    match words[:2]:
        case ["ec2", "describe-volumes"]:
            return {"Volumes": [{"VolumeId": name, "State": "available", "Tags": ours} for name in now["volumes"]]}
        case ["ec2", "delete-volume"]:
            now["volumes"].remove(flag(words, "--volume-id"))
        case ["elbv2", "describe-load-balancers"]:
            return {"LoadBalancers": [{"LoadBalancerArn": name} for name in now["balancers"]]}
        case ["elbv2", "describe-tags"]:
            return {"TagDescriptions": [{"ResourceArn": name, "Tags": ours} for name in now["balancers"]]}
        case ["elbv2", "delete-load-balancer"]:
            now["balancers"].remove(flag(words, "--load-balancer-arn"))
            now["stray_balancer"] = False
        case ["ecr", "describe-repositories"]:
            return {"repositories": [{"repositoryName": REPOSITORY, "repositoryArn": "arn"}] if stands else []}
        case ["ecr", "list-tags-for-resource"]:
            return {"tags": ours}
        case ["ecr", "list-images"]:
            return {"imageIds": [{"imageDigest": digest} for digest in now["images"].values()]}
        case ["ecr", "batch-delete-image"]:
            now["images"] = {}
        case ["resourcegroupstaggingapi", "get-resources"]:
            return {"ResourceTagMappingList": [{"ResourceARN": f"arn:aws:s3:::{BUCKET}"}] if stands else []}
        case ["s3api", "get-bucket-tagging"]:
            return {"TagSet": ours}
        case ["s3api", "list-object-versions"]:
            return {"Versions": [{"Key": str(one), "VersionId": "1"} for one in range(now["objects"])]}
        case ["s3api", "list-multipart-uploads"]:
            return {}
        case ["s3api", "delete-objects"]:
            now["objects"] = 0
        case ["ec2" | "elb" | "elbv2" | "logs", verb] if verb.startswith("describe-"):
            return {}
        case _:
            raise Refused("the stand-in knows no such command")
    return {}


# ---- terraform -----------------------------------------------------------------------------------------------------

def terraform(world, words):
    now, verb = world.now, words[1]
    if verb == "init":
        return None
    if verb == "output":
        names = {"cluster_name": CLUSTER, "region": "eu-central-1", "account_id": now["state_account"], "vpc_id": "vpc-1", "bucket": BUCKET, "queue_url": "",
                 "repository_url": f"{now['account']}.dkr.ecr.eu-central-1.amazonaws.com/{REPOSITORY}", "hourly_cost_usd": 0.42}
        return {name: {"value": value} for name, value in names.items()} if now["infrastructure"] == "whole" else {}
    if verb == "state":
        return "module.stack.module.eks.aws_eks_cluster.this" if now["infrastructure"] and now["state_is_here"] else ""
    if verb == "plan":
        with open(flag(words, "-out"), "w", encoding="utf8") as file:
            file.write("plan")
        return 0 if now["infrastructure"] == "whole" else 2
    if verb == "show":
        return {"planned_values": {"outputs": {"hourly_cost_usd": {"value": 0.42}}}}
    if verb == "apply":
        now["infrastructure"] = "partial"
        yield "half"
        now.update(infrastructure="whole", cluster="ACTIVE")
    elif verb == "destroy":
        if now["infrastructure"]:
            now.update(infrastructure="partial", cluster="NONE", releases={}, namespaces=["kube-system"], workloads={},
                       services={}, secrets={}, labels={}, claims={}, mode="", paused=False, storage_class=False)
            yield "half"
            holding = [name for name in ("objects", "images", "balancers") if now[name]]
            if holding:
                raise Refused(f"Error: DependencyViolation: there are {holding}")
            now["infrastructure"] = ""
    else:
        raise Refused("the stand-in knows no such command")
    return None


# ---- docker --------------------------------------------------------------------------------------------------------

def docker(world, words):
    now = world.now
    match words[:2]:
        case ["login", _]:
            if world.typed.strip() != "secret":
                raise Refused("unauthorized")
        case ["buildx", "inspect"]:
            if words[2] not in now["builders"]:
                raise Refused("no builder")
            return "Platforms: linux/amd64, linux/arm64"
        case ["buildx", "create"]:
            now["builders"].append(flag(words, "--name"))
        case ["buildx", "build"]:
            if flag(words, "--builder") not in now["builders"] or now["infrastructure"] != "whole":
                raise Refused("no builder, or no registry")
            yield "half"
            tag = flag(words, "--tag").rpartition(":")[2]
            if tag in now["images"]:
                raise Refused("the tag is immutable")
            now["images"][tag] = f"sha256:{len(now['images']):064x}"
        case _:
            raise Refused("the stand-in knows no such command")
    return None


# ---- kubectl -------------------------------------------------------------------------------------------------------

def kubectl(world, words):
    world.need_cluster()
    now, namespace = world.now, flag(words, "--namespace", "")
    words = [word for at, word in enumerate(words) if word != "--namespace" and (at == 0 or words[at - 1] != "--namespace")]
    match words:
        case ["get", *rest]:
            return kubectl_get(world, rest, namespace)
        case ["create", "namespace", name]:
            now["namespaces"].append(name)
        case ["create", "--filename", "-"]:
            if namespace not in now["namespaces"] or now["secrets"]:
                raise Refused("no namespace, or the Secret is there")
            now["secrets"]["thumbmill-grafana"] = world.typed
        case ["apply", "--filename", "-"]:
            if "kind: StorageClass" not in world.typed:
                raise Refused("the stand-in knows no such object")
            now["storage_class"] = True
        case ["label", "namespace", name, *labels]:
            now["labels"][name] = sorted(label for label in labels if "=" in label)
        case ["annotate", *rest]:
            now["paused"] = not any(word.endswith("paused-replicas-") for word in rest)
        case ["scale", *rest]:
            for name in rest:
                if "/" in name:
                    now["workloads"][name.rpartition("-")[2]] = int(flag(rest, "--replicas"))
        case ["rollout", "status", name, *_]:
            if name.rpartition("-")[2] not in now["workloads"]:
                raise Refused(f"{name} not found")
        case ["delete", kind, *rest]:
            kubectl_delete(world, kind, rest, namespace)
        case _:
            raise Refused("the stand-in knows no such command")
    return None


def kubectl_get(world, rest, namespace):
    now, kind = world.now, rest[0]
    if kind == "namespace":
        if rest[1] not in now["namespaces"]:
            raise Refused("not found")
        return rest[1]
    if kind == "apiservice":
        if not world.deployed("kube-system/metrics-server"):
            raise Refused("not found")
        return rest[1]
    if kind == "service":
        return kubectl_get_service(now, f"{namespace}/{rest[1]}", flag(rest, "--output"))
    if kind == "services":
        return {"items": [{"spec": {"type": kind.split()[0]}, "metadata": dict(zip(("namespace", "name"), name.split("/")))}
                          for name, kind in now["services"].items()]}
    if kind == "deployments":
        return {"items": [{"metadata": {"name": f"thumbmill-{name}"}, "spec": {"replicas": count}}
                          for name, count in now["workloads"].items() if name != "redis"]}
    if kind == "scaledobjects.keda.sh" and flag(rest, "--output") == "json":
        annotations = {"autoscaling.keda.sh/paused-replicas": "0"} if now["paused"] else {"some": "other"}
        return {"items": [{"metadata": {"name": "thumbmill-worker", "annotations": annotations}}] if now["mode"] == "queue" else []}
    found = {
        "secret": [f"secret/{name}" for name in now["secrets"]],
        "customresourcedefinitions": ["crd/scaledobjects.keda.sh"] if world.deployed("keda/keda") else [],
        "scaledobjects.keda.sh": ["scaledobject/thumbmill-worker"] if now["mode"] == "queue" else [],
        "deployments,statefulsets": [f"workload/thumbmill-{name}" for name in now["workloads"]],
        "pods": [f"pod/{name}" for name, count in now["workloads"].items() if count],
        "persistentvolumeclaims": list(now["claims"]),
        "persistentvolumes": list(now["volumes"]),
    }
    return "\n".join(found[kind])


def kubectl_get_service(now, key, output):
    """Services are kept as their type, and behind it the port, and "tls" where there is a certificate."""
    if key not in now["services"]:
        return None
    kind, port, *tls = now["services"][key].split()
    name = key.partition("/")[2]
    if output == "name":
        return f"service/{name}"
    annotations = {"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn"} if tls else {"some": "other"}
    status = {"loadBalancer": {"ingress": [{"hostname": f"{name}.elb.example"}]}} if key in now["balancers"] else {}
    return {"metadata": {"annotations": annotations}, "spec": {"type": kind, "ports": [{"port": int(port)}]}, "status": status}


def kubectl_delete(world, kind, rest, namespace):
    now = world.now
    if kind == "persistentvolumeclaims":
        now["claims"] = dict.fromkeys(now["claims"], "going")
    elif kind == "service":
        now["services"].pop(f"{namespace}/{rest[0]}", None)
    elif kind in ("scaledobjects.keda.sh", "horizontalpodautoscalers"):
        if rest[0] == "thumbmill-worker" and (kind == "scaledobjects.keda.sh") == (now["mode"] == "queue"):
            now["mode"] = ""
    elif kind != "ingresses":
        raise Refused("the stand-in knows no such kind")


# ---- helm ----------------------------------------------------------------------------------------------------------

def helm(world, words):
    world.need_cluster()
    now, namespace = world.now, flag(words, "--namespace")
    if words[0] == "status":
        key = f"{namespace}/{words[1]}"
        if key not in now["releases"]:
            raise Refused("Error: release: not found")
        return {"info": {"status": now["releases"][key]}}
    if words[0] == "rollback":
        now["releases"][f"{namespace}/{words[1]}"] = "deployed"
    elif words[0] == "uninstall":
        yield from helm_uninstall(world, f"{namespace}/{words[1]}")
    elif words[:2] == ["upgrade", "--install"]:
        yield from helm_upgrade(world, f"{namespace}/{words[2]}", world.typed)
    else:
        raise Refused("the stand-in knows no such command")
    return None


def helm_uninstall(world, key):
    now = world.now
    if key == "keda/keda" and now["mode"] == "queue":
        raise Refused("Error: timed out: scaledobjects have finalizers")
    now["releases"][key] = "uninstalling"
    if key == "thumbmill/thumbmill":
        now.update(workloads={}, mode="")
        now["services"].pop("thumbmill/thumbmill-public", None)
    yield "half"
    del now["releases"][key]


def helm_upgrade(world, key, values):
    now, releases = world.now, world.now["releases"]
    if releases.get(key, "").startswith(("pending", "uninstalling")):
        raise Refused("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress")
    external = {"keda/keda", "monitoring/prometheus-adapter"}
    if key in external and any(world.deployed(other) for other in external - {key}):
        raise Refused("Error: APIService v1beta1.external.metrics.k8s.io exists and cannot be imported")
    releases[key] = "pending-upgrade" if key in releases else "pending-install"
    yield "half"
    if key == STACK:
        if "existingSecret" in values and not now["secrets"]:
            raise Refused("Error: timed out: no Secret")
        if not now["storage_class"]:
            raise Refused("Error: timed out: the claim is pending, there is no such class")
        now["claims"].setdefault("monitoring/prometheus", "bound")
        if "loadBalancerSourceRanges" in values:
            now["services"].update({f"{key}-grafana": balancer(values, 0), f"{key}-prometheus": balancer(values, 1)})
    if key == "thumbmill/thumbmill":
        install_application(world, values)
    now["volumes"] = sorted(now["claims"])
    releases[key] = "deployed"


def balancer(values, index):
    """The service of the so-manieth load balancer in the values of a chart, as the world keeps it."""
    port = [line.partition(": ")[2] for line in values.splitlines() if line.strip().startswith("port: ")][index]
    return f"LoadBalancer {port}" + (" tls" if "ssl-cert" in values else "")


def install_application(world, values):
    now = world.now
    mode = values.partition("mode: ")[2].partition("}")[0]
    needed = {"queue": ["keda/keda"], "adapter": ["monitoring/prometheus-adapter"], "cpu": []}[mode]
    for release in [STACK, "kube-system/metrics-server", *needed]:
        if not world.deployed(release):
            raise Refused(f"Error: no matches for kind: {release} is not there")
    if not any(digest in values for digest in now["images"].values()):
        raise Refused("Error: ImagePullBackOff")
    # What scales by itself keeps its number, as Helm sends none, and a paused scaler stays paused.
    now.update(mode=mode, workloads={"api": now["workloads"].get("api", 2), "worker": now["workloads"].get("worker", 1),
                                     "janitor": 2, "redis": 1})
    now["claims"].setdefault("thumbmill/redis", "bound")
    now["services"]["thumbmill/thumbmill-public"] = balancer(values, 0)


# ---- every call ----------------------------------------------------------------------------------------------------

def finish_call(world, name, words, before, number):
    """Writes the call down, with whether it has changed anything, and the world."""
    world.settle()
    changed = world.now != before
    world.save()
    with open(world.path + ".calls", "a", encoding="utf8") as log:
        log.write(json.dumps({"number": number, "tool": name, "words": words, "changed": changed}) + "\n")


def main():
    name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    # Before the lock: the other end of a pipe may be a stand-in too.
    typed = sys.stdin.read() if {"-", "--password-stdin"} & set(words) else ""
    world = World(os.environ["STAND_IN_WORLD"], typed)
    if words and (words[0] in ("version", "--version") or words[:2] == ["buildx", "version"]):
        tool = "buildx" if words[0] == "buildx" else name
        print(world.now["versions"].get(tool, VERSIONS[tool]))
        return
    try:
        with open(world.path + ".calls", encoding="utf8") as log:
            number = sum(1 for _ in log) + 1
    except FileNotFoundError:
        number = 1
    kill_at, _, where = (os.environ.get("STAND_IN_KILL") or "0").partition(":")
    before = json.loads(json.dumps(world.now))
    answer, refused = None, None
    try:
        answer = TOOLS[name](world, words)
        if hasattr(answer, "__next__"):
            answer = halves(answer, lambda: number == int(kill_at) and where == "half",
                            lambda: finish_call(world, name, words, before, number))
    except Refused as error:
        refused = error
    finish_call(world, name, words, before, number)
    if number == int(kill_at):
        os.killpg(0, signal.SIGKILL)
    if refused:
        sys.exit(f"{refused}: {name} {' '.join(words)}")
    if isinstance(answer, int) and not isinstance(answer, bool):
        sys.exit(answer)
    if answer is not None:
        print(json.dumps(answer) if isinstance(answer, dict) else answer)


def halves(work, dies_here, save):
    """Runs a command that can be interrupted in its middle; its answer."""
    try:
        while True:
            next(work)
            if dies_here():
                save()
                os.killpg(0, signal.SIGKILL)
    except StopIteration as end:
        return end.value


TOOLS = {"aws": aws, "terraform": terraform, "docker": docker, "kubectl": kubectl, "helm": helm}

if __name__ == "__main__":
    main()
