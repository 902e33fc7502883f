"""Spans of a mesh's proxies, made up."""


def span(trace, number, service, kind, parent, request_id, at_us, cluster):
    """As Envoy's Zipkin tracer reports it."""
    role = "sidecar" if "api" in service or "greeter" in service else "router"
    made = {"traceId": trace, "id": f"{int(trace[-8:], 16):08x}{number:08x}", "kind": kind,
            "name": cluster, "timestamp": at_us + number * 100, "duration": 9000 - number * 1000,
            "localEndpoint": {"serviceName": service},
            "tags": {"component": "proxy", "node_id": f"{role}~10.0.0.1~{service}",
                     "guid:x-request-id": request_id, "upstream_cluster": cluster}}
    if parent:
        made["parentId"] = f"{int(trace[-8:], 16):08x}{parent:08x}"
    return made


def request(number, at_us, broken=False):
    """The spans of one request through gateway, api and greeter, two traces of it when broken."""
    first = f"{0x100000 + number:032x}"
    second = f"{0x200000 + number:032x}" if broken else first
    request_id = f"{number:08x}-0000-9000-8000-000000000000"
    to_greeter = "outbound|8080||greeter.default.svc.cluster.local"
    return [
        span(first, 1, "gateway.istio", "SERVER", 0, request_id, at_us, "outbound|80||api.default"),
        span(first, 2, "api.default", "SERVER", 1, request_id, at_us, "inbound|8080||"),
        span(second, 3, "api.default", "CLIENT", 0 if broken else 2, request_id, at_us, to_greeter),
        span(second, 4, "greeter.default", "SERVER", 3, request_id, at_us, "inbound|8080||")]
