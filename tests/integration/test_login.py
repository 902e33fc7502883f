"""Logging in at the edge: the worked example, with the real auth service."""

import base64
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import http
from support.auth import add_user
from support.http import RawConnection
from support.login import LOGIN, bearer, credentials, log_in, login_api, wait_until_ready
from support.traces import ask_until

ANN, BOB = ("ann", "correct horse battery"), ("bob", "staple of the other one")
SPANS = [("hal9000-api", "server"), ("hal9000-api", "internal"), ("hal9000-api", "internal"),
         ("hal9000-api", "client"), ("hal9000-auth", "server")]


class System:
    def __init__(self, machine, database):
        self.database = database
        add_user(database, *ANN, "--role=admin")
        add_user(database, *BOB)
        self.collector = machine.collector()
        self.greeter = machine.greeter()
        self.auth = machine.auth(database)
        # Tests tell their clients apart: each has the attempts of its own address.
        self.api = wait_until_ready(login_api(machine, HAL_TRUSTED_PROXIES=1))

    def log_in(self, name, password, client="192.0.2.1", **headers):
        return log_in(self.api.address, name, password, {"x-forwarded-for": client, **headers})

    def token(self, name, password):
        answer = self.log_in(name, password)
        assert answer.status == 200, answer
        return answer.json()["token"]


@pytest.fixture(scope="module")
def system(shared_machine, tmp_path_factory):
    return System(shared_machine, tmp_path_factory.mktemp("auth") / "auth.db")


def test_a_token_for_a_password(system):
    answer = system.log_in(*ANN)
    assert answer.status == 200, answer
    assert set(answer.json()) == {"token", "expires_in"}
    assert answer.json()["expires_in"] == 600
    me = system.api.get("/api/v1/me", bearer(answer.json()["token"]))
    assert (me.status, me.json()["username"], me.json()["roles"]) == (200, "ann", ["admin"])


def tree(spans, parent=""):
    """(service, kind, name) of each span, with those below it."""
    return sorted((span.service, span.kind, span.name, tree(spans, span.id))
                  for span in spans if span.parent_id == parent)


def test_the_trace_is_the_worked_example(system):
    """root -> span2 -> {span3, span4 -> the auth service}, and nothing else."""
    assert system.log_in(*ANN, **{"x-request-id": "a-login"}).status == 200
    spans = system.collector.traces.wait_whole("a-login", SPANS)
    api, auth = "hal9000-api", "hal9000-auth"
    span3 = (api, "internal", "check_policy", [])
    span4 = (api, "client", "auth.Auth/Verify", [(auth, "server", "auth.Auth/Verify", [])])
    span2 = (api, "internal", "LoginController.Login", sorted([span3, span4]))
    assert tree(spans) == [(api, "server", "POST /api/v1/login", [span2])]


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(system):
    wrong = system.log_in("bob", "not the right one", "192.0.2.2")
    unknown = system.log_in("nobody", "not the right one", "192.0.2.2")
    assert wrong.status == unknown.status == 401
    assert wrong.body == unknown.body
    chinese = system.log_in("bob", "not the right one", "192.0.2.2", **{"accept-language": "zh"})
    assert chinese.json()["error"]["message"] == "无访问权限"


def test_whoever_guesses_is_slowed_down(system):
    client = "192.0.2.3"
    statuses = Counter()
    for number in range(300):  # a slow machine gives some of them time
        answer = system.log_in(f"guess{number}", "is it this one?", client)
        statuses[answer.status] += 1
        if answer.status == 429:
            break
    assert answer.status == 429 and int(answer.header("retry-after")) >= 1, statuses
    assert statuses[401] >= 10
    # Others are not.
    assert system.log_in(*BOB, client="192.0.2.4").status == 200
    # Nor are those who log in as often as they like with the right password.
    assert {system.log_in(*BOB, client="192.0.2.5").status for _ in range(30)} == {200}


def test_logging_out_ends_the_token_at_once(system):
    kept, ended = system.token(*BOB), system.token(*BOB)
    answer = http.post(system.api.address, "/api/v1/logout", b"", bearer(ended))
    assert (answer.status, answer.body) == (204, b"")
    # Without waiting, unless the auth service has not told of it within seconds.
    assert ask_until(lambda: system.api.get("/api/v1/me", bearer(ended)).status == 401)
    refused = system.api.get("/api/v1/me", bearer(ended))
    assert "invalid_token" in refused.header("www-authenticate")
    assert system.api.get("/api/v1/me", bearer(kept)).status == 200


def test_users_are_a_list_for_admins(system):
    assert system.api.get("/api/v1/users").status == 401
    assert system.api.get("/api/v1/users", bearer(system.token(*BOB))).status == 403
    answer = system.api.get("/api/v1/users?current=2&pageSize=1", bearer(system.token(*ANN)))
    assert answer.status == 200, answer
    assert answer.json()["pagination"] == {"total": 2, "current": 2, "pageSize": 1}
    assert [(user["username"], user["role"]) for user in answer.json()["list"]] == [("bob", "user")]


def test_keys_are_told_to_other_verifiers(system):
    answer = system.api.get("/.well-known/jwks.json")
    assert answer.header("content-type") == "application/jwk-set+json"
    (key,) = answer.json()["keys"]
    head = system.token(*BOB).split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    assert header == {"alg": "EdDSA", "typ": "JWT", "kid": key["kid"]}
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519") and "d" not in key


def test_nobody_is_whom_a_header_names(system):
    for headers in ({"end-user": "ann"}, {"x-hal-identity-subject": "ann"}):
        assert system.api.get("/api/v1/me", headers).status == 401


BODIES = [
    ("text/plain", credentials(*ANN), 415, "application/json"),
    ("application/json", b'{"username":"ann"', 400, "line 1, column 18"),
    ("application/json", b'{"username":"ann"}', 400, "$.password: required field is missing"),
    ("application/json", b'{"username":"ann","password":7}', 400, "$.password: expected string"),
    ("application/json", credentials(*ANN)[:-1] + b',"admin":true}', 400, "$.admin: unknown field"),
    ("application/json", credentials("ann", "short"), 400, "8 to 1024 bytes"),
    ("application/json", b'{"username":"\xff', 400, "invalid UTF-8"),
    ("application/json", b" " * (4 * 1024 * 1024 + 1), 413, "limit of 4194304 bytes"),
]


@pytest.mark.parametrize("content_type, body, status, message", BODIES,
                         ids=[message for *_, message in BODIES])
def test_bodies_that_are_no_login(system, content_type, body, status, message):
    with RawConnection(system.api.address) as connection:
        connection.send(f"POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n")
        if status != 413:  # refused by its length alone
            connection.send(body)
        answer = connection.read_response()
    assert answer.status == status, answer
    assert message in answer.error


def test_passwords_are_nowhere(system):
    """Neither in spans, nor in logs, whatever became of the login; nor are tokens."""
    secrets = ["hunter2-is-wrong", "hunter2-is-right"]
    add_user(system.database, "carol", secrets[1])
    for request_id, password in zip(("wrong", "right"), secrets):
        answer = system.log_in("carol", password, "192.0.2.6", **{"x-request-id": request_id})
        assert password not in answer.text
        system.collector.traces.wait_whole(request_id, SPANS)
    secrets.append(answer.json()["token"].rsplit(".", 1)[1])
    http.post(system.api.address, LOGIN, b'{"username":"carol","password":"hunter2-is-right"',
              {"content-type": "application/json"})
    spans = json.dumps([span.tags for trace in system.collector.traces.traces() for span in trace])
    for service in (system.api, system.auth):
        spans += service.output()
    assert [secret for secret in secrets if secret in spans] == []


def test_the_guide_shows_the_code_as_it_is():
    root = Path(__file__).resolve().parents[2]
    code = (root / "services" / "api" / "login.cpp").read_text().splitlines()
    shown = re.findall(r"```cpp\n(.*?)```", (root / "docs/guides/login.md").read_text(), re.DOTALL)
    assert len(shown) == 3
    assert [line for block in shown for line in block.splitlines() if line not in code] == []


def test_an_api_without_auth_still_says_hello(machine):
    machine.greeter()
    api = wait_until_ready(machine.api())
    assert api.get("/api/v1/hello/ww").status == 200
    assert log_in(api.address, *ANN).status == 503
    for path in ("/api/v1/me", "/api/v1/users", "/.well-known/jwks.json"):
        assert api.get(path).status == 503


def test_the_api_is_ready_once_it_knows_who_may_come_in(machine, tmp_path):
    machine.greeter()
    api = login_api(machine)
    # It serves those who need no token, and says that it cannot serve the others yet.
    assert api.get("/api/v1/hello/ww").status == 200
    assert api.admin("/readyz").status == 503
    assert api.get("/api/v1/me", bearer("x.y.z")).status in (401, 503)
    assert log_in(api.address, *ANN).status == 503
    add_user(tmp_path / "auth.db", *ANN)
    auth = machine.auth(tmp_path / "auth.db")
    wait_until_ready(api)
    token = log_in(api.address, *ANN).json()["token"]
    auth.stop()
    # What it has pulled lasts for a while; who logs in needs the service itself.
    assert api.get("/api/v1/me", bearer(token)).status == 200
    assert log_in(api.address, *ANN).status == 503
    assert api.get("/api/v1/hello/ww").status == 200
    assert api.admin("/readyz").status == 200
    # It comes back with the same key and users.
    machine.auth(tmp_path / "auth.db")
    assert ask_until(lambda: log_in(api.address, *ANN).status == 200)
    assert api.get("/api/v1/me", bearer(token)).status == 200


def test_more_logins_than_can_be_checked(machine, tmp_path):
    """Eight times as many as argon2 can do: what is over the limits is refused, and hello answers
    throughout."""
    at_once, waiting, offered = 1, 2, 8 * (1 + 2)
    names = [(f"user{number}", f"the password of {number}") for number in range(offered)]
    for name in names:
        add_user(tmp_path / "auth.db", *name)
    machine.greeter()
    auth = machine.auth(tmp_path / "auth.db", HAL_AUTH_HASHES=at_once,
                        HAL_AUTH_HASHES_WAITING=waiting)
    api = wait_until_ready(login_api(machine, HAL_TRUSTED_PROXIES=1))

    def client(number):
        headers = {"x-forwarded-for": f"192.0.2.{number}"}
        return [log_in(api.address, *names[number], headers).status for _ in range(8)]

    hellos = []
    with ThreadPoolExecutor(offered) as pool:
        logins = [pool.submit(client, number) for number in range(offered)]
        while not all(login.done() for login in logins):
            hellos.append(api.get("/api/v1/hello/ww").status)
    statuses = Counter(status for login in logins for status in login.result())
    assert set(statuses) == {200, 503}, statuses
    assert hellos and set(hellos) == {200}, Counter(hellos)
    assert auth.counter("hal_auth_hashes_running_peak") == at_once
    assert auth.counter("hal_auth_hashes_waiting_peak") == waiting
    assert auth.counter("hal_auth_hashes_refused_total") == statuses[503]
