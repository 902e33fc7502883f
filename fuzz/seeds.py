"""What each fuzz target begins with: the headers of the test tables, and a few good inputs of each
other kind."""

import gzip
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "integration"))

# Which header a target reads.
HEADERS = {
    "traceparent": ["traceparent"], "tracestate": ["tracestate"], "baggage": ["baggage"],
    "b3": ["b3"], "uber_trace_id": ["uber-trace-id"], "grpc_trace_bin": ["grpc-trace-bin"],
}
# As in fuzz/extract.cpp: the place of a name is the character before its value.
NAMES = ["traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid",
         "x-b3-sampled", "x-b3-flags", "uber-trace-id", "grpc-trace-bin", "x-request-id", "baggage",
         "sw8", "x-tenant"]
# As in fuzz/jwt.cpp: header and payload of a signed token, and whole tokens (RFC 8037 A.4).
CLAIMS = ('{"iss":"hal9000-auth","aud":"hal9000","sub":"jo","jti":"1","iat":1800000000,'
          '"nbf":1800000000,"exp":1800000600,"role":"user"}')
TOKENS = ['S{"alg":"EdDSA","kid":"k","typ":"JWT"}\n' + CLAIMS,
          'S{"alg":"none","alg":"EdDSA","kid":"","typ":"JWT","crit":["exp"]}\n'
          '{"sub":"\\u0000","exp":-9223372036854775808,"iat":1e400,"x":[[{}]],"sub":null}',
          "ReyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
          "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
          "RBearer eyJhbGciOiJub25lIn0.e30."]
BODIES = ['{"username":"ann","password":"correct horse"}',
          '{"username":"\\u00e4\\ud83d\\ude00","password":"\\"\\\\x","more":[1,-2,3]}',
          ' {\n"more" : null,"password":"\x7f{}[],:","username":"\u00e4"}\r\n']
GZIP = gzip.compress(b"hello hello hello", mtime=0)
HTTP = ["Q\0POST /a?b=c HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n"
        "hiGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "Q\3PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        "2;x=y\r\nhi\r\n0\r\nt: 1\r\n\r\n",
        "A\1HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "A\0HTTP/1.0 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nno",
        "H\5HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]


def frame(kind, flags, stream, payload):
    """Of HTTP/2 (RFC 9113 4.1)."""
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


# HPACK (RFC 7541 A): fields of the static table, and one literal that is not indexed.
POST = bytes([0x83, 0x86, 0x84, 0x01, 1]) + b"h" + b"\x10\x01x\x01y"
FRAMES = [b"S\0" + frame(4, 0, 0, b"") + frame(1, 4, 1, POST) + frame(0, 1, 1, b"body"),
          b"S\4" + frame(4, 0, 0, bytes([0, 4, 0, 0, 0, 9])) + frame(1, 0, 1, POST[:4])
          + frame(9, 4, 1, POST[4:]) + frame(0, 0, 1, b"x" * 90)
          + frame(3, 0, 1, bytes([0, 0, 0, 8]))
          + frame(6, 0, 0, b"12345678") + frame(8, 0, 0, bytes([0, 0, 1, 0])),
          b"C\0" + frame(4, 0, 0, bytes([0, 3, 0, 0, 0, 1])) + frame(1, 4, 1, b"\x88")
          + frame(0, 0, 1, b"\0\0\0\0\2hi") + frame(1, 5, 1, b"\x10\x01t\x01u")
          + frame(7, 0, 0, bytes(8))]
MESSAGES = [b"p\0\0\0\0\0\2hi\0\0\0\0\0", b"p\0" + b"100m", b"p\0%41%zz",
            b"g\3\1" + len(GZIP).to_bytes(4, "big") + GZIP]
URLS = ["http://a.b:8080/c/d?e=f&g=%20h", "https://[::1]/", "user:pw@h", "[fe80::1]:80", "a=1&b&=c"]
SPAN = ('{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","kind":2,'
        '"name":"work","startTimeUnixNano":"1700000000000000000","attributes":[{"key":"l","value":'
        '{"arrayValue":{"values":[{"intValue":"5"},{"doubleValue":0.5}]}}}],"events":'
        '[{"timeUnixNano":1,"name":"e"}],"links":[{"traceId":"01","spanId":"02"}]}')


def field(number, content):
    """Of protobuf: bytes of less than 128."""
    return bytes([number << 3 | 2, len(content)]) + content


SPANS = [b"p" + field(1, field(1, field(1, field(1, b"service.name") + field(2, field(1, b"api"))))
                      + field(2, field(2, field(1, b"0123456789abcdef") + field(2, b"01234567")
                                       + field(5, b"work")))),
         'j{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":'
         '{"stringValue":"api"}}]},"scopeSpans":[{"scope":{"name":"hal"},"spans":[' + SPAN
         + "]}]}]}",
         b"P" + field(1, field(1, b"0123456789abcdef") + field(3, b"01234567") + field(5, b"get")),
         'J[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","id":"00f067aa0ba902b7","parentId":"1",'
         '"kind":"CLIENT","name":"get","timestamp":1700000000000000,"duration":5,"localEndpoint":'
         '{"serviceName":"api","ipv4":"127.0.0.1"},"annotations":[{"timestamp":1,"value":"retry"}],'
         '"tags":{"error":"why"}}]',
         't{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","operationName":"o",'
         '"references":[{"refType":"CHILD_OF","traceID":"1","spanID":"3"}],"startTime":1,'
         '"duration":2,"tags":[{"key":"k","type":"string","value":"v"}],"processID":"p1"}],'
         '"processes":{"p1":{"serviceName":"s"}}}],"errors":null}']
ANSWERS = ['n{"name":"greeter","version":"1","endpoints":[{"name":"Greeter.SayHello"}],"nodes":'
           '[{"id":"g-1","address":"127.0.0.1:80","metadata":{"a":"b"}}]}',
           '\3{"kind":"List","items":[{"a":[1,{"x":"y"}],"bc":"\\u00e4","c":{}}],"metadata":'
           '{"v":"1"}}',
           # One SRV record of _a._b.c (RFC 1035 4, RFC 2782).
           b"d\0\1\x81\x80\0\1\0\1\0\0\0\0\2_a\2_b\1c\0\0\x21\0\1"
           b"\xc0\x0c\0\x21\0\1\0\0\0\x1e\0\x09\0\1\0\2\0\x50\1d\0"]
OTHERS = {"jwt": TOKENS, "json_body": BODIES, "http1": HTTP, "http2": FRAMES,
          "grpc_message": MESSAGES, "url": URLS, "collector": SPANS, "registry": ANSWERS}


def seeds(target):
    """Texts or bytes; for headers, what the tables of hal/wire/testdata have."""
    if target in OTHERS:
        yield from OTHERS[target]
        return
    from support.trace_table import golden_rows, rows
    for row in rows("trace-vectors.json") + rows("w3c-vectors.json") + golden_rows():
        headers = [(name.lower(), value) for name, value in row.headers]
        if target == "extract":
            yield "\n".join(chr(64 + NAMES.index(name)) + value
                            for name, value in headers if name in NAMES)
        else:
            yield from (value for name, value in headers if name in HEADERS[target])
