"""An application that stands in a service's place and breaks traces on purpose: what `hal trace
doctor` has to find. GET of anything calls the next service with the headers that a way of breaking
makes of those that came in."""

import http.client
import json
import secrets
import time
import uuid
from http.server import BaseHTTPRequestHandler

from mesh import Service
from support import CAP
from support.http import ServerThread

B3_MULTI = ("x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags")
W3C = ("traceparent", "tracestate")
CONTEXT = ("b3", *B3_MULTI, *W3C)


def pick(headers, *names):
    return {name: headers[name] for name in names if name in headers}


def forward(app, came):
    """Breaks nothing."""
    return pick(came, "x-request-id", *CONTEXT)


def nothing(app, came):
    return {}


def request_id_only(app, came):
    return pick(came, "x-request-id")


def w3c_only(app, came):
    return pick(came, "x-request-id", *W3C)


def traceparent_alone(app, came):
    """Without the request id as well."""
    return pick(came, *W3C)


def b3_only(app, came):
    return pick(came, "x-request-id", "b3", *B3_MULTI)


def b3_multi_only(app, came):
    """What Istio's documentation asks of applications in a Zipkin mesh."""
    return pick(came, "x-request-id", *B3_MULTI)


def kept_b3(app, came):
    """What the first request had, as `b3` beside the fresh headers of each."""
    app.kept = app.kept or "-".join((*ids_of(came), "1"))
    return forward(app, came) | {"b3": app.kept}


def kept_context(app, came):
    """What the first request had, with each request's own id."""
    app.kept = app.kept or pick(came, *CONTEXT)
    return request_id_only(app, came) | app.kept


def empty_parent_span_id(app, came):
    return forward(app, came) | {"x-b3-parentspanid": ""}


def flipped_sampling(app, came):
    out = forward(app, came)
    if "x-b3-sampled" in out:
        out["x-b3-sampled"] = "0" if out["x-b3-sampled"] == "1" else "1"
    if "traceparent" in out:
        start, flags = out["traceparent"][:-2], out["traceparent"][-2:]
        out["traceparent"] = start + ("00" if flags == "01" else "01")
    return out


def new_request_id(app, came):
    return forward(app, came) | {"x-request-id": str(uuid.uuid4())}


def ids_of(came):
    """Trace and span id of the context that the sidecar wrote."""
    if "x-b3-traceid" in came:
        return came["x-b3-traceid"], came["x-b3-spanid"]
    if "traceparent" in came:
        return tuple(came["traceparent"].split("-")[1:3])
    return tuple(came["b3"].split("-")[:2])


def context_of(came, trace_id, span_id, sampled=True):
    """In each format that came in."""
    out = pick(came, "x-request-id")
    if "x-b3-traceid" in came:
        out |= {"x-b3-traceid": trace_id, "x-b3-spanid": span_id,
                "x-b3-sampled": str(int(sampled))}
    if "traceparent" in came:
        out["traceparent"] = f"00-{trace_id}-{span_id}-{int(sampled):02}"
    return out


def own_spans(app, came):
    """Breaks nothing: its span is below the sidecar's, above its call, and sent."""
    trace_id, parent_id = ids_of(came)
    return context_of(came, trace_id, app.span(trace_id, parent_id))


def unsampled_calls(app, came):
    """Its span is sent, but the context says that it is not sampled."""
    trace_id, parent_id = ids_of(came)
    return context_of(came, trace_id, app.span(trace_id, parent_id), sampled=False)


def unsampled_second_calls(app, came):
    app.kept = not app.kept
    return own_spans(app, came) if app.kept else unsampled_calls(app, came)


def unsent_spans(app, came):
    return context_of(came, ids_of(came)[0], secrets.token_hex(8))


def own_traces(app, came):
    trace_id = secrets.token_hex(16)
    return context_of(came, trace_id, app.span(trace_id, None))


def unsent_own_traces(app, came):
    return context_of(came, secrets.token_hex(16), secrets.token_hex(8))


def broken(name, breaks, upstream):
    """A service of the mesh that does so."""
    return Service(name, lambda place: place.machine.adopt(BrokenApp(place, breaks, upstream)),
                   calls=(upstream,))


class BrokenApp:
    """Runs in threads of this process until close()."""

    def __init__(self, place, breaks, upstream):
        self.kept = None
        self._spans_sent = 0
        self._name, self._breaks = place.name, breaks
        self._upstream = place.addresses[upstream]
        self._zipkin = place.zipkin.removeprefix("http://")
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one segment

            def do_GET(handler):
                came = {name.lower(): value for name, value in handler.headers.items()}
                body = app.answer(came)
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ServerThread(Handler)
        self.port = self._server.port

    def close(self):
        self._server.close()

    def answer(self, came):
        return self._request(self._upstream, "GET", "/hop", self._breaks(self, came))

    def span(self, trace_id, parent_id):
        """Sends a span of its call and returns its id."""
        span = {"traceId": trace_id, "id": secrets.token_hex(8), "name": "get",
                "kind": "CLIENT", "tags": {"http.request.method": "GET"},
                "timestamp": time.time_ns() // 1000, "duration": 1000,
                "localEndpoint": {"serviceName": self._name}}
        if parent_id:
            span["parentId"] = parent_id
        self._request(self._zipkin, "POST", "/api/v2/spans",
                      {"Content-Type": "application/json"}, json.dumps([span]))
        self._spans_sent += 1
        return span["id"]

    def spans_sent(self):
        return self._spans_sent

    @staticmethod
    def _request(address, method, path, headers, body=None):
        connection = http.client.HTTPConnection(address, timeout=CAP)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            assert response.status in (200, 202), response.status
            return response.read()
        finally:
            connection.close()
