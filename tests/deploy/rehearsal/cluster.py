"""What the stand-in does as kubectl and helm."""

from world import STACK, Refused, flag


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
