"""A fake AWS (moto_server) as a process, and a proxy before it that refuses what a test says."""

import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

REGION = "eu-central-1"
START_SECONDS = 60


def real_aws():
    """The aws command: a package's, rather than a version manager's shim, which would choose by the directory."""
    return shutil.which("aws", path="/usr/bin:/usr/local/bin") or shutil.which("aws")


def missing():
    """What is not here of what the fake AWS needs, or ""."""
    return ", ".join(name for name, found in (("moto_server", shutil.which("moto_server")), ("aws", real_aws())) if not found)


class FakeAws:
    """The server, and a directory with an `aws` that asks it. Keeps everything in memory, until `close`."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="thumbmill-"))
        self.process = subprocess.Popen(["moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.directory / "aws").write_text(
            f'#!/bin/sh\nexec {real_aws()} --endpoint-url "$FAKE_AWS_URL" "$@"\n')
        (self.directory / "aws").chmod(0o755)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("moto_server does not start")
            time.sleep(0.1)

    def answers(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/moto-api/data.json")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    def environment(self, port=None):
        """For whatever calls aws; `port` of a proxy, or the server's own."""
        return {"PATH": f"{self.directory}:{os.environ['PATH']}", "HOME": str(self.directory), "AWS_PAGER": "",
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
                "FAKE_AWS_URL": f"http://127.0.0.1:{port or self.port}"}

    def __call__(self, *words):
        ran = subprocess.run([self.directory / "aws", *words, "--output", "json"], env=self.environment(), text=True,
                             capture_output=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"{words}: {ran.stderr}")
        return json.loads(ran.stdout) if ran.stdout.strip() else {}


class RefusingProxy:
    """Hands everything on to the server at `port`, but answers `action` of EC2 with the error `code`, `times` times."""

    def __init__(self, port, action, code, times):
        self.left, self.refused = times, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if urllib.parse.parse_qs(body.decode()).get("Action") == [action] and outer.left > 0:
                    outer.left -= 1
                    outer.refused += 1
                    text = (f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors>"
                            "<RequestID>1</RequestID></Response>").encode()
                    self.answer(400, text)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                self.answer(response.status, response.read())

            do_GET = do_POST

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # not on the test's output
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Belongings:
    """One of each thing that a cluster can leave behind, all with the same tags (none for a decoy)."""

    def __init__(self, aws, name, tags):
        self.aws, self.name, self.tags = aws, name, tags
        self.pairs = ",".join(f"{{Key={key},Value={value}}}" for key, value in tags.items())
        self.network()
        self.balancers()
        self.storage()

    def made(self, kind, *words):
        """Makes a thing of EC2 with the tags."""
        tags = ("--tag-specifications", f"ResourceType={kind},Tags=[{self.pairs}]") if self.tags else ()
        return self.aws("ec2", *words, *tags)

    def tag_words(self, flag="--tags"):
        return (flag, *(f"Key={key},Value={value}" for key, value in self.tags.items())) if self.tags else ()

    def network(self):
        self.vpc = self.made("vpc", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.made("subnet", "create-subnet", "--vpc-id", self.vpc, "--cidr-block", f"10.0.{one}.0/24",
                                  "--availability-zone", f"{REGION}{zone}")["Subnet"]["SubnetId"]
                        for one, zone in enumerate("ab")]
        self.groups = [self.made("security-group", "create-security-group", "--group-name", f"{self.name}-{one}",
                                 "--description", "x", "--vpc-id", self.vpc)["GroupId"] for one in range(2)]
        for one, other in (self.groups, self.groups[::-1]):
            self.aws("ec2", "authorize-security-group-ingress", "--group-id", one, "--protocol", "tcp", "--port", "80",
                     "--source-group", other)
        gateway = self.made("internet-gateway", "create-internet-gateway")["InternetGateway"]["InternetGatewayId"]
        self.aws("ec2", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", self.vpc)
        self.made("route-table", "create-route-table", "--vpc-id", self.vpc)
        # A private one, and without its interface: the fake would hold a public one's address, and any interface, for ever.
        self.made("natgateway", "create-nat-gateway", "--subnet-id", self.subnets[0], "--connectivity-type", "private")
        (held,) = self.aws("ec2", "describe-network-interfaces", "--filters", f"Name=vpc-id,Values={self.vpc}")["NetworkInterfaces"]
        self.aws("ec2", "delete-network-interface", "--network-interface-id", held["NetworkInterfaceId"])
        self.made("network-interface", "create-network-interface", "--subnet-id", self.subnets[0])
        self.made("volume", "create-volume", "--size", "1", "--availability-zone", f"{REGION}a")
        self.made("elastic-ip", "allocate-address", "--domain", "vpc")

    def balancers(self):
        self.aws("elbv2", "create-load-balancer", "--name", self.name, "--subnets", *self.subnets, *self.tag_words())
        self.aws("elbv2", "create-target-group", "--name", self.name, "--protocol", "HTTP", "--port", "80", "--vpc-id",
                 self.vpc, *self.tag_words())
        self.aws("elb", "create-load-balancer", "--load-balancer-name", f"{self.name}-classic", "--listeners",
                 "Protocol=TCP,LoadBalancerPort=80,InstancePort=80", "--availability-zones", f"{REGION}a", *self.tag_words())

    def storage(self):
        self.aws("ecr", "create-repository", "--repository-name", self.name, *self.tag_words())
        self.aws("ecr", "put-image", "--repository-name", self.name, "--image-tag", "1", "--image-manifest", json.dumps(
            {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
             "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:" + "0" * 64},
             "layers": []}))
        self.bucket = f"{self.name}-bucket"
        self.aws("s3api", "create-bucket", "--bucket", self.bucket, "--create-bucket-configuration",
                 f"LocationConstraint={REGION}")
        if self.tags:
            self.aws("s3api", "put-bucket-tagging", "--bucket", self.bucket, "--tagging", f"TagSet=[{self.pairs}]")
        self.aws("s3api", "put-bucket-versioning", "--bucket", self.bucket, "--versioning-configuration", "Status=Enabled")
        for key in ("uploads/a", "uploads/a", "thumbs/ä b"):
            self.aws("s3api", "put-object", "--bucket", self.bucket, "--key", key)
        self.aws("s3api", "delete-object", "--bucket", self.bucket, "--key", "uploads/a")
        self.aws("s3api", "create-multipart-upload", "--bucket", self.bucket, "--key", "uploads/unfinished")
        tags = ("--tags", json.dumps(self.tags)) if self.tags else ()
        self.aws("logs", "create-log-group", "--log-group-name", f"/thumbmill/{self.name}", *tags)


INVENTORY = (
    ("ec2", "describe-vpcs"), ("ec2", "describe-subnets"), ("ec2", "describe-security-groups"), ("ec2", "describe-volumes"),
    ("ec2", "describe-internet-gateways"), ("ec2", "describe-route-tables"), ("ec2", "describe-network-interfaces"),
    ("ec2", "describe-addresses"), ("ec2", "describe-nat-gateways"), ("elbv2", "describe-load-balancers"),
    ("elbv2", "describe-target-groups"), ("elb", "describe-load-balancers"), ("ecr", "describe-repositories"),
    ("logs", "describe-log-groups"), ("s3api", "list-buckets"))
NAMED = re.compile(r"(Vpc|Subnet|Group|Volume|InternetGateway|RouteTable|NetworkInterface|Allocation|NatGateway)Id$|"
                   r"(LoadBalancer|TargetGroup|repository)Arn$|LoadBalancerName$|logGroupName$|^Name$")


def inventory(aws):
    """The names of everything that is there, for comparison, without what AWS has deleted but still shows, and without the
    groups (default, default_elb_...) that it makes by itself."""
    names = set()

    def collect(value, key=""):
        if isinstance(value, dict):
            if value.get("State") != "deleted" and not value.get("GroupName", "").startswith("default"):
                for name, inner in value.items():
                    collect(inner, name)
        elif isinstance(value, list):
            for inner in value:
                collect(inner, key)
        elif NAMED.search(key):
            names.add(value)

    for words in INVENTORY:
        collect(aws(*words))
    return names
