"""Logging in at the api."""

import json

from support import http
from support.traces import ask_until

LOGIN = "/api/v1/login"


def wait_until_ready(service):
    """The api has keys and revocations."""
    assert ask_until(lambda: service.admin("/readyz").status == 200), service.output()
    return service


def login_api(machine, **variables):
    """An api that asks the auth service of its machine."""
    return machine.api(AUTH_SERVICE_NAME="hal9000-auth", **variables)


def credentials(name, password):
    return json.dumps({"username": name, "password": password}).encode()


def log_in(address, name, password, headers=None):
    return http.post(address, LOGIN, credentials(name, password),
                     {"content-type": "application/json", **(headers or {})})


def bearer(token):
    return {"authorization": f"Bearer {token}"}
