"""Thumbmill under load and watched, for tests/deploy/dashboards: API, workers and janitor on a real Redis, some of them
with a store that is away, and Prometheus servers that scrape them as the PodMonitor would. What comes from a real cluster
only is served by kubernetes_page.py. Everything is on loopback and ends with the Observed."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

import yaml

import kubernetes_page

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/observability/prometheusrule.yaml"
sys.path.insert(0, str(ROOT / "tests/faults"))
from cluster import Redis, free_port  # noqa: E402: found by the line above
from service import Service  # noqa: E402

START_SECONDS = 30
LOAD = ["--json", "--count", "450", "--rate", "15", "--noise", "512"]
REFUSED_UPLOADS = 30  # by the API whose store is away; enough of them for an alert


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Passes for an image until it is decoded.
CORRUPT_PNG = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) +
               chunk(b"IDAT", b"this is not deflated") + chunk(b"IEND", b""))


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Prometheus:
    """A server with the shipped rules, evaluated each second, that scrapes each second."""

    def __init__(self, directory, jobs):
        self.directory, self.port = directory, free_port()
        directory.mkdir()
        groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["spec"]["groups"]
        rules = {"groups": [{**group, "interval": "1s"} for group in groups]}
        (directory / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        settings = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "rule_files": ["rules.yaml"],
                    "scrape_configs": jobs}
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        with open(directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={directory}/prometheus.yaml", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=log, stderr=log)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("prometheus ended: " + (self.directory / "log").read_text(encoding="utf-8")[-2000:])
        try:
            return self.ask("GET", "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, **parameters):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            words = urllib.parse.urlencode(parameters)
            if method == "POST":
                connection.request(method, path, words, {"Content-Type": "application/x-www-form-urlencoded"})
            else:
                connection.request(method, f"{path}?{words}")
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def data(self, method, path, **parameters):
        status, body = self.ask(method, path, **parameters)
        answer = json.loads(body)
        if status != 200:
            raise AssertionError(f"{parameters}: {answer.get('error', status)}")
        return answer["data"]

    def query(self, expression, at_s=None):
        return self.data("POST", "/api/v1/query", query=expression, time=at_s or time.time())["result"]

    def query_range(self, expression, begin, end, step_s):
        return self.data("POST", "/api/v1/query_range", query=expression, start=begin, end=end, step=step_s)["result"]

    def label_values(self, label, selector):
        return self.data("GET", f"/api/v1/label/{label}/values", **{"match[]": selector})

    def stop(self):
        self.process.terminate()
        self.process.wait()


class KubernetesExporter:
    """Serves /AUTOSCALER/kube-state-metrics and /AUTOSCALER/cadvisor; its clock begins with the first scrape."""

    def __init__(self):
        begun = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802: the base class's name
                begun.append(time.monotonic())
                _, autoscaler, page = self.path.split("?")[0].split("/")
                text = kubernetes_page.PAGES[page](autoscaler, time.monotonic() - begun[0]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def jobs(self, autoscaler):
        """Scraped as kube-prometheus-stack does: the objects' own labels win over the exporter's."""
        targets = [{"targets": [f"127.0.0.1:{self.server.server_port}"]}]
        return [{"job_name": job, "honor_labels": True, "metrics_path": f"/{autoscaler}/{page}", "static_configs": targets}
                for job, page in (("kube-state-metrics", "kube-state-metrics"), ("kubelet", "cadvisor"))]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Observed:
    """Starts everything; `prometheus` are the servers by name. Ends with end(), whatever happened."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.services, self.prometheus = {}, {}
        self.ends = contextlib.ExitStack()

    def start(self):
        self.log = self.ends.enter_context(open(self.directory / "log", "wb"))
        self.redis = Redis(self.directory)
        self.ends.callback(self.redis.kill)
        store = self.directory / "store"
        # Nobody listens there: an S3 that is away.
        away = {"THUMBMILL_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}", "THUMBMILL_S3_PATH_STYLE": "true",
                "THUMBMILL_S3_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
        for pod, store_url, environment in (
                ("thumbmill-api-5f6b7c8d9-aaaaa", store, {}), ("thumbmill-api-5f6b7c8d9-bbbbb", "s3://away", away),
                ("thumbmill-worker-6c7d8e9f0-aaaaa", store, {}), ("thumbmill-worker-6c7d8e9f0-bbbbb", "s3://away", away),
                ("thumbmill-janitor-7d8e9f0a1-aaaaa", store, {})):
            service = Service(self.program, store_url, "--queue", self.redis.url, "--workers", "1", "--sweep-interval", "2s",
                              role=pod.split("-")[1], log=self.log, environment=environment)
            self.services[pod] = service.start()
            self.ends.callback(service.stop)
        self.api, self.away_api, self.worker, self.away_worker, self.janitor = self.services.values()
        kubernetes = KubernetesExporter()
        self.ends.callback(kubernetes.stop)
        # Since version 3, Prometheus writes the bounds of buckets as floats, 10 as 10.0, and so does the second one.
        as_floats = [{"source_labels": ["le"], "regex": "(\\d+)", "target_label": "le", "replacement": "${1}.0"}]
        for name, autoscaler, relabelings in (("Prometheus 2, an HPA of ours", "thumbmill-worker", []),
                                              ("Prometheus 3, KEDA's HPA", "keda-hpa-thumbmill-worker", as_floats)):
            pods = {"job_name": "thumbmill/thumbmill", "static_configs": self.targets(),
                    "metric_relabel_configs": relabelings}
            server = Prometheus(self.directory / f"prometheus-{autoscaler}", [pods, *kubernetes.jobs(autoscaler)])
            self.ends.callback(server.stop)
            self.prometheus[name] = server
        for name, server in self.prometheus.items():
            until(server.ready, START_SECONDS, name)
        return self

    def targets(self):
        """With the labels that the operator gives what a PodMonitor finds."""
        found = []
        for pod, service in self.services.items():
            labels = {"namespace": kubernetes_page.NAMESPACE, "pod": pod, "container": service.role, "endpoint": "admin"}
            found.append({"targets": [f"127.0.0.1:{service.admin_port}"], "labels": labels})
        return found

    def seen(self, expression):
        return all(server.query(expression) for server in self.prometheus.values())

    def work(self):
        """Load, and one of everything that goes wrong."""
        load = self.ends.enter_context(subprocess.Popen([self.program, "load", "--url", self.api.url, *LOAD],
                                                        stdout=subprocess.PIPE, text=True))
        self.ends.callback(load.kill)
        self.upload_refused(1)
        status, image = self.api.upload(CORRUPT_PNG)
        assert status == 202, f"the corrupt image was answered {status}"
        assert self.api.ended(image["id"])["error"]["code"] == "corrupt_input", image
        status, _ = self.api.ask("GET", "/" + "x" * 10_000)
        assert status == 414, f"a long request line was answered {status}"
        until(lambda: self.away_worker.metric("thumbmill_store_breaker_open"), START_SECONDS, "a worker that pauses")
        self.crash_a_decoder()
        until(lambda: self.worker.metric("thumbmill_jobs_total", outcome="retried"), START_SECONDS, "a retried job")
        # A counter's first value is no increase: it has to be seen before the others.
        until(lambda: self.seen('thumbmill_uploads_total{outcome="unavailable"}'), START_SECONDS, "the first refused upload")
        self.upload_refused(REFUSED_UPLOADS)
        report = json.loads(load.communicate(timeout=120)[0])
        assert report["accepted"] == report["uploads"], report
        until(lambda: self.worker.metric("thumbmill_decoder_restarts_total"), START_SECONDS, "a decoder that is replaced")

    def crash_a_decoder(self):
        """While it has a job: one that is stopped keeps it."""
        zygotes = 2  # the first of them; without its zygote a process is replaced unnoticed
        until(lambda: len(self.worker.decoders()) > zygotes, START_SECONDS, "a decoder")
        decoders = self.worker.decoders()[zygotes:]
        for decoder in decoders:
            os.kill(decoder, signal.SIGSTOP)
        until(lambda: self.worker.metric("thumbmill_worker_busy"), START_SECONDS, "a job")
        for decoder in decoders:
            os.kill(decoder, signal.SIGKILL)

    def upload_refused(self, count):
        for _ in range(count):
            status, _ = self.away_api.upload(CORRUPT_PNG)
            assert status == 503, f"without a store, an upload was answered {status}"

    def end(self):
        self.ends.close()
