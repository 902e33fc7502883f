"""hal9000-auth as a process: users, log-ins, and what survives its end."""

import contextlib
import os
import pty
import re
import select
import signal
import sqlite3
import stat
import subprocess
import termios
import threading

import grpc
import pytest

from support import CAP, auth
from support.machine import AUTH
from support.process import clean_environment

PASSWORD = "correct horse battery"
ADMIN_PASSWORD = "the administrator's"


@pytest.fixture
def database(tmp_path):
    """With two users."""
    path = tmp_path / "auth.db"
    auth.add_user(path, "alice", PASSWORD)
    auth.add_user(path, "root", ADMIN_PASSWORD, "--role=admin")
    return path


def users(database):
    done = auth.command("list", database=database)
    assert done.returncode == 0, done.stderr
    return [line.split()[0] for line in done.stdout.splitlines()]


def test_a_user_logs_in_and_out(machine, database):
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        reply = client.Verify(username="alice", password=PASSWORD)
        assert reply.expires_in_s == 600 and reply.token.count(".") == 2
        (key,) = client.Keys().keys
        assert len(key.ed25519_public_key) == 32
        before = client.Revocations(since=0)
        client.Revoke(token=reply.token)
        after = client.Revocations(since=before.cursor)
        assert (len(after.tokens), after.is_complete) == (1, False)
        assert auth.code_of(client.Revoke, token=reply.token) == "OK"
        assert auth.code_of(client.Revoke, token="no.token.this") == "UNAUTHENTICATED"


def test_users_of_commands_are_there_beside_a_server(machine, database):
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        assert auth.code_of(client.Verify, username="bob", password=PASSWORD) == "UNAUTHENTICATED"
        auth.add_user(database, "bob", PASSWORD)
        token = client.token("bob", PASSWORD)
        cursor = client.Revocations(since=0).cursor

        done = auth.command("passwd", "bob", database=database, text="another password\n")
        assert (done.returncode, done.stdout) == (
            0, "bob has a new password; tokens so far are revoked\n")
        assert auth.code_of(client.Verify, username="bob", password=PASSWORD) == "UNAUTHENTICATED"
        assert client.token("bob", "another password") != token
        (cutoff,) = client.Revocations(since=cursor).users
        assert cutoff.subject == "bob" and cutoff.not_before_s > 0

        assert users(database) == ["alice", "bob", "root"]
        done = auth.command("deluser", "bob", database=database)
        assert done.returncode == 0, done.stderr
        assert auth.code_of(
            client.Verify, username="bob", password="another password") == "UNAUTHENTICATED"
        assert users(database) == ["alice", "root"]


def test_administrators_need_a_token_of_their_role(machine, database):
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        root, alice = client.token("root", ADMIN_PASSWORD), client.token("alice", PASSWORD)
        assert auth.code_of(client.ListUsers, page=1, page_size=10) == "UNAUTHENTICATED"
    with auth.Client(service.address, alice) as client:
        assert auth.code_of(client.ListUsers, page=1, page_size=10) == "PERMISSION_DENIED"
    with auth.Client(service.address, root) as client:
        client.AddUser(username="Carl", password=PASSWORD)
        reply = client.ListUsers(page=1, page_size=2)
        assert [user.username for user in reply.users] == ["alice", "carl"]
        assert [user.role for user in reply.users] == ["user", "user"]
        assert reply.total == 3
        client.SetRole(username="carl", role="admin")
        client.DeleteUser(username="alice")
        client.SetPassword(username="root", password="a new password")
        # Its own token is one of those so far.
        assert auth.code_of(client.ListUsers, page=1, page_size=2) == "UNAUTHENTICATED"
    assert users(database) == ["carl", "root"]


def slowed_down(service, name, most):
    """Guesses until auth says "not now", and what it says then; None after `most`."""
    with auth.Client(service.address) as client:
        for _ in range(most):
            with pytest.raises(grpc.RpcError) as refused:
                client.Verify(username=name, password="wrong password")
            if refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                return refused.value
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    return None


def test_too_many_attempts_are_slowed_down_across_a_restart(machine, database):
    service = machine.auth(database)
    # The same for a name that nobody has.
    names = ("alice", "nobody")
    for name in names:
        assert slowed_down(service, name, 60)
    service.kill()
    service = machine.auth(database)
    for name in names:
        # A slow machine has taken some of the time to wait; one that forgot takes ten and more.
        refused = slowed_down(service, name, 10)
        assert refused, f"{name} may try as often as before"
        (wait,) = [value for key, value in refused.trailing_metadata() if key == "retry-after"]
        assert 1 <= int(wait) <= 10
    with auth.Client(service.address) as client:
        assert client.token("root", ADMIN_PASSWORD)


def test_attempts_from_one_place_survive_a_restart(machine, database):
    service = machine.auth(database)
    guess = {"username": "alice", "password": "wrong password", "client_address": "192.0.2.7"}
    with auth.Client(service.address) as client:
        codes = [auth.code_of(client.Verify, **guess) for _ in range(6)]
    # Five at once, fewer than a name has from anywhere; then one a minute.
    assert codes.count("UNAUTHENTICATED") >= 5
    service.kill()
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        codes = [auth.code_of(client.Verify, **guess) for _ in range(4)]
        # Each minute that this test takes gives one back; one that forgot refuses none of these.
        assert "RESOURCE_EXHAUSTED" in codes
        assert client.token("alice", PASSWORD)


def test_nobody_can_log_in_until_a_user_is_added(machine, tmp_path):
    database = tmp_path / "new.db"
    service = machine.auth(database)
    assert users(database) == []
    with auth.Client(service.address) as client:
        for name in ("admin", "root", "demo"):
            assert auth.code_of(client.Verify, username=name, password=PASSWORD) \
                == "UNAUTHENTICATED"
    assert users(database) == []


def test_what_the_queue_does_not_hold_is_refused(machine, database):
    service = machine.auth(database, HAL_AUTH_HASHES=1, HAL_AUTH_HASHES_WAITING=2)
    codes = []

    def log_in():
        with auth.Client(service.address) as client:
            codes.append(auth.code_of(client.Verify, username="alice", password=PASSWORD))

    def flood():
        threads = [threading.Thread(target=log_in) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for _ in range(20):  # they may come one after the other
        flood()
        if "UNAVAILABLE" in codes:
            break
    # 429: ten at once are all that one name has.
    assert set(codes) <= {"OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED"} and "OK" in codes
    assert service.counter("hal_auth_hashes_running_peak") == 1
    assert service.counter("hal_auth_hashes_waiting_peak") <= 2
    assert service.counter("hal_auth_hashes_refused_total") == codes.count("UNAVAILABLE")
    assert service.counter("hal_auth_hashes_waiting") == 0


def test_no_acknowledged_user_is_lost_when_it_is_killed(machine, database):
    acknowledged = []

    def add_users(address, token, prefix, enough):
        with auth.Client(address, token) as client, contextlib.suppress(grpc.RpcError):
            for number in range(10_000):
                name = f"{prefix}-{number}"
                client.AddUser(username=name, password=PASSWORD)
                acknowledged.append(name)
                if len(acknowledged) >= enough:
                    return

    keys = set()
    token = None
    for start in range(3):
        service = machine.auth(database)
        with auth.Client(service.address) as client:
            (key,) = client.Keys().keys
            keys.add(key.kid)
            # The token of the first one that was killed is still good.
            token = token or client.token("root", ADMIN_PASSWORD)
        enough = len(acknowledged) + 10
        threads = [threading.Thread(target=add_users,
                                    args=(service.address, token, f"{start}-{part}", enough))
                   for part in range(3)]
        for thread in threads:
            thread.start()
        # The first that is done: the others are in the middle of theirs.
        while len(acknowledged) < enough and any(thread.is_alive() for thread in threads):
            threads[0].join(0.001)
        service.kill()
        for thread in threads:
            thread.join()
        with contextlib.closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert set(acknowledged) <= set(users(database))
    assert len(keys) == 1
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        assert client.token(acknowledged[-1], PASSWORD)


def test_what_is_revoked_stays_so_when_it_is_killed(machine, database):
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        token = client.token("root", ADMIN_PASSWORD)
        client.Revoke(token=token)
    service.kill()
    service = machine.auth(database)
    with auth.Client(service.address, token) as client:
        assert auth.code_of(client.ListUsers, page=1, page_size=1) == "UNAUTHENTICATED"
        assert len(client.Revocations(since=0).tokens) == 1


def test_a_new_key_signs_without_a_restart(machine, database):
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        old_token = client.token("root", ADMIN_PASSWORD)
        done = auth.command("rotate", database=database)
        assert done.returncode == 0, done.stderr
        keys = client.Keys().keys
        assert sorted(key.retires_at_s == 0 for key in keys) == [False, True]
    with auth.Client(service.address, old_token) as client:
        assert client.ListUsers(page=1, page_size=1).total == 2


def test_the_log_says_who_and_in_which_trace_and_no_secret(machine, database):
    collector = machine.collector()
    service = machine.auth(database)
    trace = "5c3ac35c9f6413ad48485a3953bb6125"
    metadata = (("traceparent", f"00-{trace}-b2fb4a1d1a96d313-01"),)
    with auth.Client(service.address) as client:
        token = client.Verify(metadata, username="alice", password=PASSWORD).token
        for name in ("alice", "hunter2hunter2"):
            auth.code_of(client.Verify, more_metadata=metadata, username=name,
                         password="wrong password")
        client.Revoke(metadata, token=token)
    service.stop()
    for words in ("audit: login of alice", "audit: login of alice refused",
                  "audit: login of (unknown) refused", "audit: logout of alice, token"):
        (line, *_) = [line for line in service.lines() if words in line]
        assert f"trace_id={trace}" in line, line
    spans = collector.traces.get("/api/traces?limit=100").text
    assert "auth.Auth/Verify" in spans
    for secret in (PASSWORD, "wrong password", "hunter2", token):
        assert secret not in service.output()
        assert secret not in spans


def test_files_are_the_users_own_and_in_the_data_folder(machine, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = auth.command("adduser", "alice", text=PASSWORD + "\n", HOME=home)
    assert (done.returncode, done.stdout) == (0, "alice added, role user\n"), done.stderr
    service = machine.auth(None, HOME=home)
    with auth.Client(service.address) as client:
        assert client.token("alice", PASSWORD)
    folder = home / ".local" / "share" / "hal9000"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert {"auth.db", "auth.key"} <= names
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_help_and_checks_make_no_files(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    for flag in ("--help", "--print-config", "--check-config"):
        done = auth.command(flag, HOME=home)
        assert done.returncode == 0, done.stderr
        assert list(home.iterdir()) == []
    text = auth.command("--help", HOME=home).stdout
    for words in ("adduser NAME", "passwd NAME", "deluser NAME", "list ", "rotate ",
                  "--auth-key-file, HAL_AUTH_KEY_FILE"):
        assert words in text
    done = auth.command("--auth-bd=x", HOME=home)
    assert done.returncode == 2 and "--auth-bd" in done.stderr
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("words", "text", "said"), [
    (["adduser"], PASSWORD, "name one user"),
    (["adduser", "bob", PASSWORD], PASSWORD, "name one user, and no password"),
    (["adduser", "no name"], PASSWORD, "username: allowed are"),
    (["adduser", "bob", "--role=king"], PASSWORD, "--role: role: allowed is user or admin"),
    (["adduser", "bob", "--rule=admin"], PASSWORD, "rule"),
    (["adduser", "bob"], "short\n", "password: allowed are 8 to 1024 bytes"),
    (["adduser", "bob"], "x" * 1025, "password: allowed are 8 to 1024 bytes"),
    (["adduser", "bob"], "first line\nsecond line\n", "more than one line"),
    (["addusr", "bob"], PASSWORD, "there is no command addusr"),
    (["list", "bob"], "", "list: takes no further words"),
])
def test_wrong_commands_say_what_is_right(database, words, text, said):
    done = auth.command(*words, database=database, text=text)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert PASSWORD not in done.stderr
    assert users(database) == ["alice", "root"]


@pytest.mark.parametrize("words", [["list"], ["passwd", "alice"], ["deluser", "alice"], ["rotate"]])
def test_commands_on_a_database_that_is_not_there_make_none(tmp_path, words):
    for variables in ({"HAL_AUTH_DB": tmp_path / "mistyped.db"}, {"HOME": tmp_path}):
        done = auth.command(*words, text=PASSWORD, **variables)
        assert done.returncode == 1, done.stderr
        assert re.search("No such file|there is no key file", done.stderr), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "said"), [
    (["adduser", "alice"], "there is a user alice already"),
    (["passwd", "bob"], "there is no user bob"),
    (["deluser", "bob"], "there is no user bob"),
    (["adduser", "bob"], "standard input holds no password"),
])
def test_commands_that_fail_say_why(database, words, said):
    done = auth.command(*words, database=database)
    assert done.returncode == 1 and said in done.stderr, done.stderr


def test_the_longest_password_is_not_cut(machine, database):
    longest = "x" * 1023 + "y"
    auth.add_user(database, "bob", longest)
    service = machine.auth(database)
    with auth.Client(service.address) as client:
        assert auth.code_of(client.Verify, username="bob", password=longest) == "OK"
        assert auth.code_of(
            client.Verify, username="bob", password=longest[:-1] + "z") == "UNAUTHENTICATED"


class Terminal:
    """A command that runs at a terminal."""

    def __init__(self, *words, database):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [AUTH, *words], env=clean_environment({"HAL_AUTH_DB": database}), stdin=theirs,
            stdout=theirs, stderr=theirs, start_new_session=True,
            # A shell that runs these tests in the background has SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text):
        while text not in self.shown:
            assert select.select([self.ours], [], [], CAP)[0], self.shown
            try:
                self.shown += os.read(self.ours, 4096).decode()
            except OSError:  # it has ended
                break
        assert text in self.shown, self.shown

    def type(self, text):
        os.write(self.ours, text.encode())

    def end(self):
        code = self.process.wait(CAP)
        os.close(self.ours)
        return code


def test_a_terminal_is_asked_twice_and_shows_no_password(database):
    terminal = Terminal("adduser", "bob", database=database)
    terminal.wait_for("password: ")
    terminal.type(PASSWORD + "\n")
    terminal.wait_for("the same again: ")
    terminal.type(PASSWORD + "\n")
    terminal.wait_for("bob added, role user")
    assert terminal.end() == 0
    assert PASSWORD not in terminal.shown
    assert "bob" in users(database)


def test_two_passwords_that_differ_add_nobody(database):
    terminal = Terminal("adduser", "bob", database=database)
    terminal.wait_for("password: ")
    terminal.type(PASSWORD + "\n")
    terminal.wait_for("the same again: ")
    terminal.type("correct house battery\n")
    terminal.wait_for("the two passwords differ")
    assert terminal.end() == 2
    assert users(database) == ["alice", "root"]


def test_a_signal_at_the_prompt_leaves_the_terminal_with_its_echo(database):
    terminal = Terminal("passwd", "alice", database=database)
    terminal.wait_for("password: ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(CAP) == -signal.SIGINT
    assert termios.tcgetattr(terminal.ours)[3] & termios.ECHO
    assert terminal.end() == -signal.SIGINT


def test_nothing_typed_is_no_password(database):
    terminal = Terminal("passwd", "alice", database=database)
    terminal.wait_for("password: ")
    assert not termios.tcgetattr(terminal.ours)[3] & termios.ECHO
    terminal.type("\x04")  # Ctrl-D
    terminal.wait_for("no password was given")
    assert terminal.end() == 1
