"""moto's S3 on a free port: see run.

Two things are added to it. Signatures and payload hashes are checked, with botocore's own arithmetic, for moto takes
any. Requests are answered one at a time, for moto's objects are not safe to change and read at once: unlike S3, it
would let two conditional puts win, or fail a read while the object is replaced.
"""

import hashlib
import io
import logging
import re
import sys
import threading
import urllib.parse
import urllib.request

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEY = SECRET = "S3RVER"  # the pair that s3rver knows, too
AUTHORIZATION = re.compile(
    "AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/s3/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]+)")


def field(environ, name):
    key = name.upper().replace("-", "_")
    return environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key)


def signature_of(auth, environ, url, signed_headers, date):
    request = AWSRequest(environ["REQUEST_METHOD"], url, {name: field(environ, name) for name in signed_headers})
    request.context["timestamp"] = date
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def is_signed(environ, body):
    url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    if "X-Amz-Signature" in query:
        key, _, region, *_ = query["X-Amz-Credential"].split("/")
        auth = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", region)
        expected = signature_of(auth, environ, re.sub("&X-Amz-Signature=.*", "", url),
                                query["X-Amz-SignedHeaders"].split(";"), query["X-Amz-Date"])
        return key == KEY and query["X-Amz-Signature"] == expected
    given = AUTHORIZATION.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    if not given or field(environ, "x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return False
    key, region, names, signature = given.groups()
    auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", region)
    return key == KEY and signature == signature_of(auth, environ, url, names.split(";"), field(environ, "x-amz-date"))


logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()
signatures_checked = False


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if signatures_checked and not is_signed(environ, body):
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
    environ["wsgi.input"] = io.BytesIO(body)
    with lock:
        return list(moto(environ, start_response))


server = make_server("127.0.0.1", 0, application, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
bucket = f"http://127.0.0.1:{server.port}/thumbmill-test"
urllib.request.urlopen(urllib.request.Request(bucket, method="PUT")).close()
signatures_checked = True
print(f"port {server.port}", flush=True)
sys.stdin.read()
