"""What kube-state-metrics and the kubelet's cAdvisor would say of a cluster that runs Thumbmill, with their names and
labels (docs/metrics of kubernetes/kube-state-metrics, docs/storage/prometheus.md of google/cadvisor): the metrics that the
dashboards use, of our pods and of others, which the dashboards must leave out. Replicas go down and up once, so that there
is something to annotate."""

NAMESPACE = "thumbmill"
NODES = ("ip-10-0-1-11.ec2.internal", "ip-10-0-2-12.ec2.internal")
GIB = 1 << 30
# Pod: node, container, cores requested, memory limit.
PODS = {
    "thumbmill-api-5f6b7c8d9-aaaaa": (0, "api", 0.5, GIB // 2),
    "thumbmill-api-5f6b7c8d9-bbbbb": (0, "api", 0.5, GIB // 2),
    "thumbmill-worker-6c7d8e9f0-aaaaa": (1, "worker", 1, 2 * GIB),
    "thumbmill-worker-6c7d8e9f0-bbbbb": (1, "worker", 1, 2 * GIB),
    "thumbmill-janitor-7d8e9f0a1-aaaaa": (0, "janitor", 0.1, GIB // 4),
    "thumbmill-redis-0": (0, "redis", 0.25, GIB),
}
STRANGER = {"namespace": "shop", "pod": "checkout-1b2c3d4e5-aaaaa", "uid": "a0000000-0000-4000-8000-00000000ffff"}
PHASES = ("Pending", "Succeeded", "Failed", "Unknown", "Running")


def line(name, value, /, **labels):
    inner = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inner}}} {value}"


def replicas(elapsed_s):
    return 5 if elapsed_s < 8 else 2 if elapsed_s < 24 else 9


def identity(pod):
    number = list(PODS).index(pod)
    return {"namespace": NAMESPACE, "pod": pod, "uid": f"a0000000-0000-4000-8000-{number:012}"}


def of_autoscaler(namespace, name, least, most, current, desired):
    whose = {"namespace": namespace, "horizontalpodautoscaler": name}
    for what, value in (("spec_min", least), ("spec_max", most), ("status_current", current), ("status_desired", desired)):
        yield line(f"kube_horizontalpodautoscaler_{what}_replicas", value, **whose)
    for condition, true in (("AbleToScale", 1), ("ScalingActive", 1), ("ScalingLimited", 0)):
        for status, value in (("true", true), ("false", 1 - true), ("unknown", 0)):
            yield line("kube_horizontalpodautoscaler_status_condition", value, **whose, condition=condition, status=status)


def of_deployment(namespace, name, number):
    for what in ("spec_replicas", "status_replicas", "status_replicas_ready"):
        yield line(f"kube_deployment_{what}", number, namespace=namespace, deployment=name)


def of_pod(who, node, container, cores, memory_bytes):
    yield line("kube_pod_info", 1, **who, host_ip="10.0.1.11", pod_ip="10.0.1.99", node=node, created_by_kind="ReplicaSet",
               created_by_name=who["pod"].rpartition("-")[0], priority_class="", host_network="false")
    for phase in PHASES:
        yield line("kube_pod_status_phase", int(phase == "Running"), **who, phase=phase)
    for resource, unit, value in (("cpu", "core", cores), ("memory", "byte", memory_bytes)):
        yield line("kube_pod_container_resource_requests", value, **who, container=container, node=node, resource=resource,
                   unit=unit)
    yield line("kube_pod_container_resource_limits", memory_bytes, **who, container=container, node=node, resource="memory",
               unit="byte")
    yield line("kube_pod_container_status_restarts_total", 1, **who, container=container)
    yield line("kube_pod_container_status_last_terminated_reason", 1, **who, container=container, reason="OOMKilled")


def kube_state_metrics(autoscaler, elapsed_s):
    desired, current = replicas(elapsed_s), replicas(elapsed_s - 4)
    lines = [*of_autoscaler(NAMESPACE, autoscaler, 1, 20, current, desired),
             *of_autoscaler(NAMESPACE, "thumbmill-api", 2, 30, 2, 2), *of_autoscaler("shop", "checkout", 3, 50, 50, 50),
             *of_deployment(NAMESPACE, "thumbmill-worker", current), *of_deployment(NAMESPACE, "thumbmill-api", 2),
             *of_deployment("shop", "checkout", 50)]
    for pod, (node, *what) in PODS.items():
        lines += of_pod(identity(pod), NODES[node], *what)
    lines += of_pod(STRANGER, NODES[0], "checkout", 4, 4 * GIB)
    for node in NODES:
        lines.append(line("kube_node_info", 1, node=node, kernel_version="6.1.0", os_image="Amazon Linux 2023",
                          container_runtime_version="containerd://1.7.27", kubelet_version="v1.33.1-eks", pod_cidr="",
                          kubeproxy_version="", provider_id="aws:///us-east-1a/i-0", system_uuid="ec2",
                          internal_ip="10.0.1.11"))
    return "\n".join(lines) + "\n"


def cadvisor(_, elapsed_s):
    """Of each container, and of the pod that holds it: there the container is empty."""
    pods = {pod: (NAMESPACE, container, cores, memory) for pod, (_, container, cores, memory) in PODS.items()}
    pods[STRANGER["pod"]] = (STRANGER["namespace"], "checkout", 4, 4 * GIB)
    lines = []
    for pod, (namespace, container, cores, memory_bytes) in pods.items():
        for inner in (container, ""):
            who = {"container": inner, "id": f"/kubepods.slice/{pod}/{inner}", "image": f"{inner}:1" if inner else "",
                   "name": inner and "5d0c", "namespace": namespace, "pod": pod}
            lines.append(line("container_cpu_usage_seconds_total", 100 + 0.4 * cores * elapsed_s, **who, cpu="total"))
            lines.append(line("container_memory_working_set_bytes", memory_bytes // 3, **who))
    return "\n".join(lines) + "\n"


PAGES = {"kube-state-metrics": kube_state_metrics, "cadvisor": cadvisor}
