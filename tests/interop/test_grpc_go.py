"""grpc-go's own interoperability programs against ours."""

import pytest

import judges
from support import CAP

# Every case that needs no TLS, no credentials and no compression.
CLIENT_CASES = (
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong",
    "empty_stream", "timeout_on_sleeping_server", "cancel_after_begin",
    "cancel_after_first_response", "status_code_and_message", "special_status_message",
    "custom_metadata", "unimplemented_method", "unimplemented_service", "rpc_soak", "channel_soak")
# By itself a soak test fails at an answer that takes a second.
PATIENT = (f"-soak_per_iteration_max_acceptable_latency_ms={1000 * CAP:.0f}",
           f"-soak_overall_timeout_seconds={CAP:.0f}")
# Ours makes unary calls: of custom_metadata and status_code_and_message the unary part.
OUR_CASES = (
    "empty_unary", "large_unary", "custom_metadata", "status_code_and_message",
    "special_status_message", "unimplemented_method", "unimplemented_service", "unary_timeout",
    "rpc_soak")


@pytest.fixture(scope="module")
def go_client():
    return judges.go_client()


@pytest.fixture(scope="module")
def go_server(machine):
    server = machine.run(judges.go_server())
    server.address = server.wait_line(r"listening on (\S+)").group(1)
    yield server
    server.kill()  # it knows no drain


@pytest.mark.parametrize("case", CLIENT_CASES)
def test_grpc_gos_client_against_our_server(machine, go_client, hal_server, case):
    client = machine.run(go_client, "-server_host=127.0.0.1", f"-server_port={hal_server.port}",
                         f"-test_case={case}", *PATIENT)
    assert client.wait() == 0, client.output()


@pytest.mark.parametrize("case", OUR_CASES)
def test_our_client_against_grpc_gos_server(hal_client, go_server, case):
    client = hal_client(case, go_server.address)
    assert client.popen.returncode == 0, client.output()
    assert f"{case}: passed" in client.output("out")


@pytest.mark.parametrize("case", OUR_CASES)
def test_our_client_against_our_server(hal_client, hal_server, case):
    client = hal_client(case, hal_server.address)
    assert client.popen.returncode == 0, client.output()


@pytest.mark.parametrize("case,why", [("ping_pong", "needs streams"), ("nonsense", "no case")])
def test_our_client_says_what_it_cannot_do(hal_client, hal_server, case, why):
    client = hal_client(case, hal_server.address)
    assert client.popen.returncode != 0
    assert why in client.output()
