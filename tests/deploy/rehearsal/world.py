"""The world that the stand-in tools share: a file, its rules of itself, and what its things are called."""

import fcntl
import json
import os

EMPTY = {
    "account": "123456789012", "state_account": "123456789012", "state_is_here": True, "infrastructure": "", "cluster": "NONE", "objects": 0, "images": {}, "builders": [],
    "releases": {}, "namespaces": ["kube-system"], "labels": {}, "secrets": {}, "storage_class": False, "services": {},
    "balancers": [], "claims": {}, "volumes": [], "workloads": {}, "paused": False, "users_kubeconfig": "",
    "mode": "", "stray_balancer": False, "balancers_refused": False, "denied": False, "versions": {}, "images_away": [],
}
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
