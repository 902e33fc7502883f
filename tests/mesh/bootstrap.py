"""Envoy's bootstrap as Istio's control plane (istiod 1.31) makes it, field by field, for processes
on loopback. Pure: values in, a document for JSON out. What differs: clusters have fixed addresses
(no EDS, no ORIGINAL_DST behind iptables), there is no filter of Istio's own, and mTLS where a test
asks for it, by files in place of SDS."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
INBOUND_SOURCE = "127.0.0.6"  # as which a sidecar connects to its application
FLUSH_MS = 50  # Envoy's default is 5 s, or 5 spans; tests wait for it
REPORT_MS_MAX = 60_000  # Envoy's default is 5 s, Istio's 10 s: spans that take longer are lost
TYPE = "type.googleapis.com/"
HTTP_FILTERS = (
    ("envoy.filters.http.grpc_stats", "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
     {"emit_filter_state": True, "stats_for_all_methods": False}),
    ("envoy.filters.http.fault", "envoy.extensions.filters.http.fault.v3.HTTPFault", {}),
    ("envoy.filters.http.cors", "envoy.extensions.filters.http.cors.v3.Cors", {}),
    ("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", {}))
# Istio's default of a route to another service.
RETRY_POLICY = {
    "retry_on": "connect-failure,refused-stream,unavailable,cancelled", "num_retries": 2,
    "retry_host_predicate": [{
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": TYPE + "envoy.extensions.retry.host.previous_hosts.v3."
                         "PreviousHostsPredicate"}}],
    "host_selection_retry_max_attempts": 5}
COLLECTOR = "tracing-collector"


@dataclass(frozen=True)
class Mode:
    """A tracing provider of Istio's, as it reaches Envoy."""
    name: str
    title: str
    provider: str  # zipkin, otlp or otlp_grpc: where the collector's node says it receives it
    context_option: str = ""  # of Zipkin

    def __str__(self):
        return self.name


ZIPKIN = Mode("zipkin", "Zipkin, B3 headers", "zipkin", "USE_B3")
ZIPKIN_W3C = Mode("zipkin-w3c", "Zipkin, B3 and W3C headers", "zipkin",
                  "USE_B3_WITH_W3C_PROPAGATION")
OTLP_HTTP = Mode("otlp-http", "OpenTelemetry over HTTP, W3C headers", "otlp")
OTLP_GRPC = Mode("otlp-grpc", "OpenTelemetry over gRPC, W3C headers", "otlp_grpc")
MODES = (ZIPKIN, ZIPKIN_W3C, OTLP_HTTP, OTLP_GRPC)


@dataclass(frozen=True)
class Tracing:
    """What the mesh's Telemetry resource says, and where spans go."""
    mode: Mode
    collector_port: int
    sampling: float = 100.0  # per cent
    generate_request_id: bool = True


@dataclass(frozen=True)
class Mtls:
    """A workload's certificate, as PeerAuthentication's STRICT has it shown and asked for."""
    certificate: str
    key: str
    ca: str


def spiffe_id(workload):
    service, namespace = workload.split(".")
    return f"spiffe://cluster.local/ns/{namespace}/sa/{service}"


@dataclass(frozen=True)
class Inbound:
    """A sidecar's listener for its application."""
    app_port: int
    protocol: str  # http or grpc, as Istio reads it off a Service's port name
    port: int


@dataclass(frozen=True)
class Outbound:
    """A listener for calls to one service."""
    host: str
    protocol: str
    to_port: int
    port: int
    in_mesh: bool = True  # behind a sidecar


@dataclass(frozen=True)
class Proxy:
    """One Envoy: a sidecar, or a gateway (outbound listeners alone, at the mesh's edge)."""
    workload: str  # "hal9000-api.default"
    tracing: Tracing
    ready_port: int
    inbound: tuple = ()
    outbound: tuple = ()
    is_gateway: bool = False
    retries: bool = True
    mtls: Mtls | None = None  # between proxies: clients of a gateway, and applications, are plain


def inbound_name(inbound):
    return f"inbound|{inbound.app_port}||"


def outbound_name(outbound):
    return f"outbound|{outbound.to_port}||{outbound.host}"


def typed(kind, **fields):
    return {"@type": TYPE + kind, **fields}


def address(port, host=LOOPBACK):
    return {"socket_address": {"address": host, "port_value": port}}


def fraction(percent):
    return {"value": percent}


def provider(tracing, workload):
    mode = tracing.mode
    if mode.provider == "zipkin":
        return {"name": "envoy.tracers.zipkin", "typed_config": typed(
            "envoy.config.trace.v3.ZipkinConfig",
            collector_cluster=COLLECTOR, collector_endpoint="/api/v2/spans",
            collector_hostname="zipkin.istio-system.svc.cluster.local",
            collector_endpoint_version="HTTP_JSON", trace_id_128bit=True,
            shared_span_context=False, trace_context_option=mode.context_option)}
    if mode.provider == "otlp":
        service = {"http_service": {"http_uri": {
            "uri": "http://otel.istio-system.svc.cluster.local/v1/traces", "cluster": COLLECTOR,
            "timeout": f"{REPORT_MS_MAX // 1000}s"}}}
    else:
        service = {"grpc_service": {"envoy_grpc": {
            "cluster_name": COLLECTOR, "authority": "otel.istio-system.svc.cluster.local"}}}
    return {"name": "envoy.tracers.opentelemetry", "typed_config": typed(
        "envoy.config.trace.v3.OpenTelemetryConfig", service_name=workload, **service)}


def tracing_of(proxy):
    service, namespace = proxy.workload.split(".")
    literals = {"istio.canonical_revision": "latest", "istio.canonical_service": service,
                "istio.mesh_id": "cluster.local", "istio.namespace": namespace}
    return {
        "client_sampling": fraction(100), "overall_sampling": fraction(100),
        "random_sampling": fraction(proxy.tracing.sampling),
        "spawn_upstream_span": proxy.is_gateway,
        "custom_tags": [{"tag": tag, "literal": {"value": value}}
                        for tag, value in literals.items()],
        "provider": provider(proxy.tracing, proxy.workload)}


def connection_manager(proxy, name, routes):
    tracing = proxy.tracing
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name, route_config=routes, tracing=tracing_of(proxy),
        http_filters=[{"name": known, "typed_config": typed(kind, **fields)}
                      for known, kind, fields in HTTP_FILTERS],
        server_name="istio-envoy", use_remote_address=proxy.is_gateway,
        forward_client_cert_details="SANITIZE_SET" if proxy.is_gateway else "APPEND_FORWARD",
        upgrade_configs=[{"upgrade_type": "websocket"}], stream_idle_timeout="0s",
        normalize_path=True, proxy_100_continue=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        request_id_extension={"typed_config": typed(
            "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            use_request_id_for_trace_sampling=True)})
    if not tracing.generate_request_id:
        manager["generate_request_id"] = False
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def route_to(cluster, operation, retry_policy=None):
    action = {"cluster": cluster, "timeout": "0s", "max_stream_duration": {
        "max_stream_duration": "0s", "grpc_timeout_header_max": "0s"}}
    if retry_policy:
        action["retry_policy"] = retry_policy
    return {"name": "default", "match": {"prefix": "/"}, "route": action,
            "decorator": {"operation": operation}}


def listener(proxy, name, port, direction, route):
    virtual_host = {"name": name, "domains": ["*"], "routes": [route]}
    if direction == "OUTBOUND":
        virtual_host["include_request_attempt_count"] = True
    routes = {"name": name, "validate_clusters": False, "virtual_hosts": [virtual_host]}
    return {"name": name, "address": address(port), "traffic_direction": direction,
            "filter_chains": [{"filters": [connection_manager(proxy, name, routes)]}]}


def ready_listener(proxy):
    """As Istio's agent is asked for on port 15021: no request of the mesh, and not traced."""
    routes = {"virtual_hosts": [{"name": "ready", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "direct_response": {"status": 200}}]}]}
    name, kind, fields = HTTP_FILTERS[-1]
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="ready", route_config=routes,
        http_filters=[{"name": name, "typed_config": typed(kind, **fields)}])
    return {"name": "ready", "address": address(proxy.ready_port), "filter_chains": [
        {"filters": [{"name": "envoy.filters.network.http_connection_manager",
                      "typed_config": manager}]}]}


def tls_context(mtls, alpn, peer=None):
    """`peer`: the only one that may be at the other end."""
    validation = {"trusted_ca": {"filename": mtls.ca}}
    if peer:
        validation["match_typed_subject_alt_names"] = [
            {"san_type": "URI", "matcher": {"exact": spiffe_id(peer)}}]
    shown = {"certificate_chain": {"filename": mtls.certificate},
             "private_key": {"filename": mtls.key}}
    return {"alpn_protocols": alpn, "validation_context": validation, "tls_certificates": [shown]}


def tls_socket(kind, **fields):
    return {"name": "envoy.transport_sockets.tls", "typed_config": typed(
        f"envoy.extensions.transport_sockets.tls.v3.{kind}", **fields)}


def inbound_listener(proxy, inbound):
    cluster = inbound_name(inbound)
    service, namespace = proxy.workload.split(".")
    route = route_to(cluster, f"{service}.{namespace}.svc.cluster.local:8080/*")
    made = listener(proxy, cluster, inbound.port, "INBOUND", route)
    if proxy.mtls:
        made["filter_chains"][0]["transport_socket"] = tls_socket(
            "DownstreamTlsContext", require_client_certificate=True,
            common_tls_context=tls_context(proxy.mtls, ["h2", "http/1.1"]))
    return made


def outbound_listener(proxy, outbound):
    cluster = outbound_name(outbound)
    route = route_to(cluster, f"{outbound.host}:8080/*",
                     RETRY_POLICY if proxy.retries else None)
    return listener(proxy, cluster, outbound.port, "OUTBOUND", route)


def cluster(name, port, http2=False):
    most = 4294967295
    document = {
        "name": name, "type": "STATIC", "connect_timeout": "10s",
        "circuit_breakers": {"thresholds": [{
            "max_connections": most, "max_pending_requests": most, "max_requests": most,
            "max_retries": most, "track_remaining": True}]},
        "load_assignment": {"cluster_name": name, "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}}
    protocol = ({"http2_protocol_options": {}} if http2 else {"http_protocol_options": {}})
    document["typed_extension_protocol_options"] = {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            explicit_http_config=protocol)}
    return document


def outbound_cluster(proxy, outbound):
    made = cluster(outbound_name(outbound), outbound.to_port, outbound.protocol == "grpc")
    if proxy.mtls and outbound.in_mesh:
        workload = outbound.host.removesuffix(".svc.cluster.local")
        alpn = ["h2"] if outbound.protocol == "grpc" else ["http/1.1"]
        made["transport_socket"] = tls_socket("UpstreamTlsContext", common_tls_context=tls_context(
            proxy.mtls, alpn, peer=workload))
    return made


def inbound_cluster(inbound):
    made = cluster(inbound_name(inbound), inbound.app_port, inbound.protocol == "grpc")
    made["upstream_bind_config"] = {"source_address": {"address": INBOUND_SOURCE, "port_value": 0}}
    return made


def bootstrap(proxy):
    """The whole document. Every listener on loopback; the admin port is any free one."""
    kind = "router" if proxy.is_gateway else "sidecar"
    namespace = proxy.workload.split(".")[1]
    return {
        "node": {"id": f"{kind}~{LOOPBACK}~{proxy.workload}~{namespace}.svc.cluster.local",
                 "cluster": proxy.workload},
        "admin": {"address": address(0)},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {
            "tracing.zipkin.flush_interval_ms": FLUSH_MS,
            "tracing.zipkin.request_timeout": REPORT_MS_MAX,
            "tracing.opentelemetry.flush_interval_ms": FLUSH_MS}}]},
        "static_resources": {
            "listeners": [
                ready_listener(proxy),
                *(inbound_listener(proxy, inbound) for inbound in proxy.inbound),
                *(outbound_listener(proxy, outbound) for outbound in proxy.outbound)],
            "clusters": [
                *(inbound_cluster(inbound) for inbound in proxy.inbound),
                *(outbound_cluster(proxy, outbound) for outbound in proxy.outbound),
                cluster(COLLECTOR, proxy.tracing.collector_port,
                        proxy.tracing.mode.provider == "otlp_grpc")]}}
