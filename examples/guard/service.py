"""A service behind aztoken guard: headers say who calls, and without them it refuses the call."""
from urllib.parse import unquote
from wsgiref.simple_server import make_server


def service(environ, start_response):
    who = environ.get("HTTP_X_AUTH_OBJECT_ID")
    if not who:  # the guard was not asked, or the header was removed on the way
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"no caller\n"]
    roles = [unquote(role) for role in environ.get("HTTP_X_AUTH_ROLES", "").split(",") if role]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{who} {roles}\n".encode()]


if __name__ == "__main__":
    make_server("127.0.0.1", 8080, service).serve_forever()
