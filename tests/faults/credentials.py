"""An endpoint of S3 credentials, as ECS and EKS have them in each container, which can fall silent."""

import datetime
import http.server
import json
import threading

LIFE_SECONDS = 65  # with a minute left they are fetched anew


class CredentialEndpoint:
    def __init__(self):
        self.speaks = threading.Event()
        self.speaks.set()
        self.given = 0
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                endpoint.speaks.wait()
                endpoint.given += 1
                body = json.dumps(credentials()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a client that did not wait
        self.environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server.server_port}/credentials",
                            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
                            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.speaks.set()
        self.server.shutdown()
        self.server.server_close()


def credentials():
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LIFE_SECONDS)
    return {"AccessKeyId": "S3RVER", "SecretAccessKey": "S3RVER", "Token": "token",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
