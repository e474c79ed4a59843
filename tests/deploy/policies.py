"""What every object of an installation has to have, whoever edits it: pods that hold nothing but what they need, selectors
that find something, autoscalers with a target, and time enough to stop.
"""

ROLES = ("api", "worker", "janitor")
PRE_STOP_SECONDS = 5
SPARE_SECONDS = 10


def of_kind(documents, *kinds):
    return [document for document in documents if document["kind"] in kinds]


def title(document):
    return f"{document['kind']} {document['metadata']['name']}"


def selects(selector, labels):
    """A label selector of Kubernetes, as far as we write them."""
    fits = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return fits and all(labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", []))


def pod_breaches(workload):
    """What Pod Security `restricted` asks for, and what we do besides."""
    spec = workload["spec"]["template"]["spec"]
    context = spec.get("securityContext", {})
    yield context.get("runAsNonRoot") is True, "runs as root"
    yield context.get("seccompProfile", {}).get("type") == "RuntimeDefault", "has no seccomp profile"
    yield spec.get("automountServiceAccountToken") is False, "has the cluster's token"
    yield spec.get("enableServiceLinks") is False, "gets variables of services, which look like settings"
    for container in spec["containers"]:
        own = container.get("securityContext", {})
        yield own.get("allowPrivilegeEscalation") is False, "may gain privileges"
        yield own.get("readOnlyRootFilesystem") is True, "may write to its root"
        yield own.get("capabilities", {}).get("drop") == ["ALL"], "keeps capabilities"
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        yield "cpu" in requests and "cpu" not in limits, "asks for no CPU, or has a limit of it"
        yield requests.get("memory") == limits.get("memory") is not None, "has no memory limit, or one that is not its request"
        yield "readinessProbe" in container and "livenessProbe" in container, "has no probes"


def stop_breaches(workload, settings):
    spec = workload["spec"]["template"]["spec"]
    container = spec["containers"][0]
    component = workload["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
    if component not in ROLES:
        return
    waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    yield waits >= PRE_STOP_SECONDS, "does not wait for load balancers before it stops"
    drain = int(settings["THUMBMILL_DRAIN"].removesuffix("s"))
    enough = waits + drain + SPARE_SECONDS
    yield spec["terminationGracePeriodSeconds"] >= enough, f"is killed before {enough} s"
    yield container["args"] == [component], "runs another role than it is labelled with"
    yield "startupProbe" in container, "has no startup probe"


def selector_breaches(documents, pods):
    for service in of_kind(documents, "Service"):
        wanted = {"matchLabels": service["spec"]["selector"]}
        found = [spec for labels, spec in pods if selects(wanted, labels)]
        yield bool(found), f"{title(service)}: no pod has its labels"
        named = {port["name"] for spec in found for container in spec["containers"] for port in container["ports"]}
        yield all(port["targetPort"] in named for port in service["spec"]["ports"]), f"{title(service)}: no such port"
    for policy in of_kind(documents, "PodDisruptionBudget", "NetworkPolicy"):
        selector = policy["spec"].get("selector") or policy["spec"].get("podSelector")
        yield any(selects(selector or {}, labels) for labels, _ in pods), f"{title(policy)}: selects no pod"
    for budget in of_kind(documents, "PodDisruptionBudget"):
        yield budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow", \
            f"{title(budget)}: a sick pod keeps its node from being drained"


def scaler_breaches(documents):
    workloads = {document["metadata"]["name"]: document for document in of_kind(documents, "Deployment")}
    for scaler in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        target = workloads.get(scaler["spec"]["scaleTargetRef"]["name"])
        yield target is not None, f"{title(scaler)}: its target does not exist"
        yield target is None or "replicas" not in target["spec"], \
            f"{title(scaler)}: its target has replicas, which each apply would put back"
        names = {container["name"] for container in target["spec"]["template"]["spec"]["containers"]} if target else set()
        for metric in scaler["spec"].get("metrics", []):
            container = metric.get("containerResource", {}).get("container")
            yield container is None or container in names, f"{title(scaler)}: there is no container {container}"


def breaches(documents):
    """Pairs of whether a rule holds and what is wrong where it does not, for the objects of one installation."""
    workloads = of_kind(documents, "Deployment", "StatefulSet")
    pods = [(w["spec"]["template"]["metadata"]["labels"], w["spec"]["template"]["spec"]) for w in workloads]
    settings = next(document["data"] for document in of_kind(documents, "ConfigMap") if "THUMBMILL_DRAIN" in document["data"])
    accounts = {document["metadata"]["name"] for document in of_kind(documents, "ServiceAccount")}
    for workload in workloads:
        yield workload["spec"]["template"]["spec"]["serviceAccountName"] in accounts, \
            f"{title(workload)}: its service account does not exist"
        for holds, what in (*pod_breaches(workload), *stop_breaches(workload, settings)):
            yield holds, f"{title(workload)}: {what}"
    yield from selector_breaches(documents, pods)
    yield from scaler_breaches(documents)
    denied = [p for p in of_kind(documents, "NetworkPolicy") if p["spec"]["podSelector"] == {} and
              sorted(p["spec"]["policyTypes"]) == ["Egress", "Ingress"] and not p["spec"].keys() & {"ingress", "egress"}]
    yield bool(denied), "nothing is denied by default"
