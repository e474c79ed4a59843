"""What the stand-in does as aws, terraform and docker."""

import hashlib
import os

from world import BUCKET, CLUSTER, REPOSITORY, Refused, flag


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
        case ["buildx", "imagetools"]:
            if words[2] != "inspect" or words[3] in now["images_away"]:
                raise Refused("ERROR: no such host")
            return {"digest": f"sha256:{hashlib.sha256(words[3].encode()).hexdigest()}"}
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
