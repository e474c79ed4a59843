"""A page of another site in a browser on the same machine."""

import json

from target import png

FORM = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + png() + b"\r\n--b--\r\n"


def foreign_pages(target):
    """A foreign page sends forms and calls, and a name that was made to lead here reads: refused."""
    service = target.start()
    own = f"127.0.0.1:{service.port}"
    evil = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
    kind = {"Content_Type": "multipart/form-data; boundary=b"}
    attempts = [("POST", "/v1/images", FORM, {"Host": own, **kind, **evil}),
                ("POST", "/v1/images", FORM, {"Host": own, **kind, "Origin": "null"}),
                ("POST", "/v1/images", FORM, {"Host": own, **kind, "Sec_Fetch_Site": "cross-site"}),
                ("POST", "/v1/dead/retry", b"", {"Host": own, **evil}),
                ("DELETE", "/v1/dead", None, {"Host": own, **evil}),
                ("GET", "/v1/images", None, {"Host": "evil.example"}),
                ("GET", "/v1/events", None, {"Host": f"evil.example:{service.port}"}),
                ("POST", "/v1/images", FORM, {"Host": "evil.example", **kind, "Origin": "http://evil.example",
                                              "Sec_Fetch_Site": "same-origin"})]
    for method, path, body, fields in attempts:
        status, _, answer = target.ask(method, path, body, **fields)
        assert status in (403, 421), f"{method} {path} with {fields} was answered {status}: {answer[:200]}"
    page = {"Host": own, "Origin": f"http://{own}", "Sec_Fetch_Site": "same-origin"}
    status, _, _ = target.ask("POST", "/v1/images", FORM, **page, **kind)
    assert status == 202, f"its own page was answered {status}"
    return f"{len(attempts)} refused; the service's own page is not"


def answers_as_pages(target):
    """No answer is taken for a page or a script, nor framed."""
    target.start()
    image = json.loads(target.ask("POST", "/v1/images?wait=20", png())[2])
    paths = ["/", "/v1/queue", "/openapi.json", "/nothing", "/v1/images/nothing", image["renditions"][0]["url"]]
    for path in paths:
        _, fields, _ = target.ask("GET", path)
        assert fields["X-Content-Type-Options"] == "nosniff", f"{path} is without nosniff"
        assert fields["Content-Security-Policy"], f"{path} is without a policy"
        assert fields["Cross-Origin-Resource-Policy"], f"{path} is without Cross-Origin-Resource-Policy"
    return f"{len(paths)} kinds of answers: nosniff, a policy, and who may embed it"


CASES = [foreign_pages, answers_as_pages]
