"""Asks aztoken guard who calls."""
import http.client
import json


class Refused(Exception):
    """What to answer the caller: a status and headers."""

    def __init__(self, status, headers):
        super().__init__(f"aztoken guard: {status}")
        self.status, self.headers = status, headers


def caller(authorization):
    """Returns the caller, from the Authorization header of the request, which may be None."""
    guard = http.client.HTTPConnection("127.0.0.1", 16931, timeout=15)
    try:
        guard.request("GET", "/validate", headers={"Authorization": authorization} if authorization else {})
        answer = guard.getresponse()
        if answer.status != 200:
            kept = {n: v for n, v in answer.headers.items() if n.lower() in ("www-authenticate", "retry-after")}
            raise Refused(answer.status, kept)
        return json.load(answer)
    except OSError as down:
        raise Refused(503, {}) from down
    finally:
        guard.close()
