"""deploy/ on a real API server: every object is accepted, what it says holds together, and its
roles are enough and no more."""

import contextlib
import copy
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from cluster import NAMESPACE, RBAC, ApiError
from manifests import (DEPLOY, OVERLAYS, SERVICES, container_of, environment_of, of_guide, of_kind,
                       overlay, pod_of, workloads)
from test_registry import HELLO, eventually

import binaries
from support.auth import add_user
from support.login import bearer, log_in, wait_until_ready
from support.machine import BIN, GREETER

VERSION = re.search(r'kVersion = "([^"]+)"', (DEPLOY.parent / "hal/app/version.hpp").read_text())[1]
PORTS = {"hal9000-api": "http", "hal9000-greeter": "grpc", "hal9000-auth": "grpc"}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
APPLY = "application/apply-patch+yaml"


def apply(cluster, an_object, dry=True):
    """As `kubectl apply --server-side`, with unknown and duplicate fields as errors."""
    kind, metadata = an_object["kind"], an_object["metadata"]
    version = an_object["apiVersion"]
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    (resource,) = [each for each in cluster.call("GET", group)["resources"]
                   if each["kind"] == kind and "/" not in each["name"]]
    place = f"/namespaces/{metadata['namespace']}" if resource["namespaced"] else ""
    query = "fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry else "")
    return cluster.call("PATCH", f"{group}{place}/{resource['name']}/{metadata['name']}?{query}",
                        an_object, APPLY)


@pytest.fixture(scope="module")
def definitions(cluster):
    """The API server knows the resources of Istio and of the Gateway API."""
    made = []
    for path in binaries.definitions():
        for each in yaml.safe_load_all(path.read_text()):
            if each and each["kind"] == "CustomResourceDefinition":
                cluster.make(CRDS, each)
                made.append(each["metadata"]["name"])

    def served(name):
        """Established, and what apply() asks for is there, which comes a little later."""
        definition = cluster.call("GET", f"{CRDS}/{name}")
        conditions = definition.get("status", {}).get("conditions", [])
        if ("Established", "True") not in [(each["type"], each["status"]) for each in conditions]:
            return False
        spec = definition["spec"]
        return all(lists(f"/apis/{spec['group']}/{version['name']}", spec["names"])
                   for version in spec["versions"] if version["served"])

    def lists(group, names):
        with contextlib.suppress(ApiError):
            known = [each["name"] for each in cluster.call("GET", group)["resources"]]
            return names["plural"] in known and cluster.call("GET", f"{group}/{names['plural']}")
        return False
    for name in made:
        eventually(lambda name=name: served(name), f"{name} is served")


@pytest.fixture(scope="module", params=[*OVERLAYS, "guide"])
def objects(request, tmp_path_factory):
    if request.param in OVERLAYS:
        return overlay(request.param)
    return of_guide(tmp_path_factory.mktemp("guide"))


def test_every_object_is_accepted(cluster, definitions, objects):
    """Namespace and accounts for real: the others are checked against them."""
    for each in objects:
        apply(cluster, each, dry=each["kind"] not in ("Namespace", "ServiceAccount"))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Telemetry", "HTTPRoute"])
def test_a_misspelled_field_is_not(cluster, definitions, kind):
    apply(cluster, of_kind(overlay("istio"), "Namespace")["hal9000"], dry=False)
    wrong = copy.deepcopy(next(iter(of_kind(overlay("istio"), kind).values())))
    wrong["spec"]["replicaz"] = 1
    with pytest.raises(ApiError, match="replicaz"):
        apply(cluster, wrong)


def refuses(cluster, pod, what):
    try:
        apply(cluster, pod)
    except ApiError as failure:
        assert re.search(f"violates PodSecurity.*{what}", str(failure)), failure
        return True
    return False


def test_pods_are_admitted_where_pods_are_restricted(cluster):
    """Of the overlay jaeger, which has all of plain's."""
    objects = overlay("jaeger")
    assert (of_kind(objects, "Namespace")["hal9000"]["metadata"]["labels"]
            ["pod-security.kubernetes.io/enforce"]) == "restricted"
    for each in objects:
        if each["kind"] in ("Namespace", "ServiceAccount"):
            apply(cluster, each, dry=False)
    apply(cluster, {"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": "default", "namespace": "hal9000"}}, dry=False)

    def pod(name, workload):
        spec = copy.deepcopy(pod_of(workload))
        # Of a StatefulSet its controller adds the volumes.
        spec.setdefault("volumes", []).extend(
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "any"}}
            for claim in workload["spec"].get("volumeClaimTemplates", []))
        return {"apiVersion": "v1", "kind": "Pod", "spec": spec,
                "metadata": {"name": f"{name}-0", "namespace": "hal9000"}}
    for name, workload in workloads(objects).items():
        apply(cluster, pod(name, workload))
        refused = pod(name, workload)
        refused["spec"]["securityContext"].pop("runAsNonRoot")
        # Admission learns of the namespace's label a little later.
        eventually(lambda: refuses(cluster, refused, "runAsNonRoot"), "such a pod is refused")


@pytest.mark.parametrize("name", SERVICES)
def test_a_pod_is_as_it_should_be(objects, name):
    workload = workloads(objects)[name]
    pod, container = pod_of(workload), container_of(workload)
    assert pod["enableServiceLinks"] is False
    assert pod["terminationGracePeriodSeconds"] == 40
    assert pod["serviceAccountName"] == name
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True,
                                                                                              65532)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "lifecycle" not in container
    assert container["image"].endswith(f"/{name}:{VERSION}")
    assert workload["spec"]["template"]["metadata"]["labels"]["version"] == VERSION
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["resources"]["limits"].keys() == {"memory"}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {PORTS[name]: 8080, "admin": 8081}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "admin"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "admin"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_finds_its_pods(objects, name):
    workload = workloads(objects)[name]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    service = of_kind(objects, "Service")[name]["spec"]
    assert service["ports"] == [{"name": PORTS[name], "port": 8080, "targetPort": PORTS[name]}]
    selectors = [service["selector"], workload["spec"]["selector"]["matchLabels"]]
    budget = of_kind(objects, "PodDisruptionBudget").get(name)
    if workload["kind"] == "Deployment":
        assert workload["spec"]["replicas"] > budget["spec"]["minAvailable"]
        selectors.append(budget["spec"]["selector"]["matchLabels"])
    else:
        assert budget is None  # of one replica it would hold up every drain of a node
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert selector == {"app": name}


def test_auth_keeps_its_data_on_a_volume(objects):
    auth = workloads(objects)["hal9000-auth"]
    assert (auth["kind"], auth["spec"]["replicas"]) == ("StatefulSet", 1)
    assert auth["spec"]["serviceName"] in of_kind(objects, "Service")
    (claim,) = auth["spec"]["volumeClaimTemplates"]
    (mount,) = container_of(auth)["volumeMounts"]
    assert mount["name"] == claim["metadata"]["name"]
    variables = environment_of(objects, "hal9000-auth")
    for name in ("HAL_AUTH_DB", "HAL_AUTH_KEY_FILE"):
        assert Path(variables[name]).parent == Path(mount["mountPath"])
    # The user may write there, and the key stays its user's alone.
    context = pod_of(auth)["securityContext"]
    assert context["fsGroup"] == context["runAsGroup"]
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"


def options(name):
    """The variables that a program's --help has."""
    done = subprocess.run([BIN / name, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", done.stdout))


def test_programs_know_the_variables(objects):
    """Each is an option of the program, or, where all share it, of one of them."""
    known = {name: options(name) for name in SERVICES}
    for name in SERVICES:
        own = {each["name"] for each in container_of(workloads(objects)[name])["env"]}
        shared = environment_of(objects, name).keys() - own
        pod = {"POD_NAME", "POD_NAMESPACE", "POD_IP"}  # of hal/discovery/kubernetes, no options
        assert own - pod <= known[name]
        assert shared <= set().union(*known.values())


def test_services_find_each_other_by_the_names_of_services(objects):
    variables = environment_of(objects, "hal9000-api")
    names = {variables[name] for name in ("GREETER_SERVICE_NAME", "AUTH_SERVICE_NAME")}
    assert names == {"hal9000-greeter", "hal9000-auth"}
    for name in SERVICES:
        assert environment_of(objects, name)["SERVICE_NAME"] == name
        assert name in of_kind(objects, "Service")


def test_istio_gets_what_it_needs():
    objects = overlay("istio")
    assert of_kind(objects, "Namespace")["hal9000"]["metadata"]["labels"]["istio-injection"] \
        == "enabled"
    assert of_kind(objects, "PeerAuthentication")["default"]["spec"]["mtls"]["mode"] == "STRICT"
    # The gateway appends the client's address; sidecars append nothing.
    assert environment_of(objects, "hal9000-api")["HAL_TRUSTED_PROXIES"] == "1"
    for name, workload in workloads(objects).items():
        annotations = workload["spec"]["template"]["metadata"]["annotations"]
        assert yaml.safe_load(annotations["proxy.istio.io/config"]) == {
            "holdApplicationUntilProxyStarts": True,
            "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}
        # Names of Services are dialled: nobody asks the API server, nobody may.
        assert environment_of(objects, name)["HAL_REGISTRY"] == "static"
        assert pod_of(workload)["automountServiceAccountToken"] is False
    assert not of_kind(objects, "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def test_sidecars_and_services_send_their_spans_to_one_place():
    objects = overlay("istio")
    (tracing,) = of_kind(objects, "Telemetry")["traces"]["spec"]["tracing"]
    mesh = yaml.safe_load((DEPLOY / "overlays/istio/mesh.yaml").read_text())["spec"]["meshConfig"]
    (provider,) = mesh["extensionProviders"]
    assert tracing["providers"] == [{"name": provider["name"]}]
    assert mesh["enableTracing"] is True
    host = provider["opentelemetry"]["service"].removesuffix(".svc.cluster.local")
    endpoint = environment_of(objects, "hal9000-api")["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint == f"http://{host}:4318"


def test_what_comes_in_goes_to_the_api():
    objects = overlay("istio")
    (route,) = of_kind(objects, "HTTPRoute").values()
    assert route["spec"]["parentRefs"] == [{"name": name} for name in of_kind(objects, "Gateway")]
    ((backend,),) = [rule["backendRefs"] for rule in route["spec"]["rules"]]
    service = of_kind(objects, "Service")[backend["name"]]
    assert backend["name"] == "hal9000-api"
    assert backend["port"] in [port["port"] for port in service["spec"]["ports"]]


def test_jaeger_gets_the_spans():
    objects = overlay("jaeger")
    service = of_kind(objects, "Service")["jaeger"]["spec"]
    jaeger = workloads(objects)["jaeger"]
    labels = jaeger["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    ports = {each["name"]: each["containerPort"] for each in container_of(jaeger)["ports"]}
    assert {each["targetPort"]: each["port"] for each in service["ports"]}.items() <= ports.items()
    for name in SERVICES:
        assert environment_of(objects, name)["OTEL_EXPORTER_OTLP_ENDPOINT"] == \
            f"http://jaeger:{ports['http-otlp']}"
        assert environment_of(objects, name)["HAL_REGISTRY"] == "kubernetes"


def test_images_are_those_of_make_images(tmp_path):
    for name in OVERLAYS:
        images = {container_of(workloads(overlay(name))[each])["image"] for each in SERVICES}
        assert images == {f"localhost/{each}:{VERSION}" for each in SERVICES}
    theirs = {container_of(workloads(of_guide(tmp_path))[each])["image"] for each in SERVICES}
    assert theirs == {f"registry.example/team/{each}:{VERSION}" for each in SERVICES}


def test_the_option_has_one_role_for_all(tmp_path):
    objects = of_guide(tmp_path)
    assert not of_kind(objects, "Role")
    (role,) = of_kind(objects, "ClusterRole").values()
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"],
                              "verbs": ["list", "patch", "watch"]}]
    (binding,) = of_kind(objects, "RoleBinding").values()
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [(each["name"], each["namespace"]) for each in binding["subjects"]] == [
        (name, "hal9000") for name in SERVICES]


class Roles:
    """Accounts, roles and bindings of the overlay plain, in the cluster's namespace."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.roles = {}
        for each in overlay("plain"):
            if each["kind"] not in ("ServiceAccount", "Role", "RoleBinding"):
                continue
            moved = copy.deepcopy(each)
            for place in (moved["metadata"], *moved.get("subjects", [])):
                place["namespace"] = NAMESPACE
            if moved["kind"] == "Role":
                self.roles[moved["metadata"]["name"]] = moved
            apply(cluster, moved, dry=False)
            if moved["kind"] == "ServiceAccount":
                cluster.rotate_token(moved["metadata"]["name"])

    def may(self, account, verb, pod=None):
        answer = self.cluster.call(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
             "spec": {"user": f"system:serviceaccount:{NAMESPACE}:{account}",
                      "resourceAttributes": {"namespace": NAMESPACE, "resource": "pods",
                                             "verb": verb, "name": pod or ""}}})
        return answer["status"]["allowed"]

    def set(self, account, verb, allowed):
        """The role with or without a verb of its own; returns when the API server knows it."""
        role = copy.deepcopy(self.roles[account])
        (rule,) = role["rules"]
        pod = rule.get("resourceNames", [None])[0]
        if not allowed:
            rule["verbs"] = [each for each in rule["verbs"] if each != verb]
        if not rule["verbs"]:
            role["rules"] = []
        self.cluster.call("PUT", f"{RBAC}/namespaces/{NAMESPACE}/roles/{account}", role)
        eventually(lambda: self.may(account, verb, pod) == allowed, f"{account}: {verb} {allowed}")


@pytest.fixture(scope="module")
def roles(cluster):
    return Roles(cluster)


@pytest.fixture
def without(roles):
    """Takes a verb from an account for a test."""
    taken = []

    def take(account, verb):
        roles.set(account, verb, False)
        taken.append((account, verb))
    yield take
    for account, verb in taken:
        roles.set(account, verb, True)


@pytest.fixture
def start(pods, roles):
    """A service in a pod, with the variables of the overlay plain."""
    def make(name, pod, address, program=None, wait=True, **more):
        variables = environment_of(overlay("plain"), name, pod, address)
        variables["HAL_LOG_FORMAT"] = "text"  # which the tests read
        return pods.start_in_pod(pod, address, program or BIN / name, name, wait,
                                 **{**variables, **more})
    return make


def test_services_need_no_more_than_their_roles(cluster, roles, start):
    greeter = start("hal9000-greeter", "greeter-1", "127.0.2.1")
    api = start("hal9000-api", "api-1", "127.0.2.2")
    assert api.get(HELLO).json() == {"status": "OK", "message": "world"}
    assert cluster.registered("greeter-1", "hal9000-greeter")
    assert cluster.registered("api-1", "hal9000-api")
    second = start("hal9000-greeter", "greeter-2", "127.0.2.3")  # comes by the watch
    greeter.stop()
    assert cluster.registered("greeter-1", "hal9000-greeter") is None
    assert api.get(HELLO).status == 200
    assert not [line for line in api.lines() + second.lines() if "not allowed" in line]
    for account, verb in [("hal9000-greeter", "list"), ("hal9000-greeter", "watch"),
                          ("hal9000-auth", "list"), ("hal9000-api", "get"),
                          ("hal9000-api", "delete"), ("hal9000-api", "create")]:
        assert not roles.may(account, verb), (account, verb)


def test_a_user_logs_in(start, tmp_path):
    volume = {name: tmp_path / Path(environment_of(overlay("plain"), "hal9000-auth")[name]).name
              for name in ("HAL_AUTH_DB", "HAL_AUTH_KEY_FILE")}
    add_user(volume["HAL_AUTH_DB"], "ww", "correct horse battery")
    start("hal9000-auth", "hal9000-auth-0", "127.0.2.1", **volume)
    api = wait_until_ready(start("hal9000-api", "api-1", "127.0.2.2"))
    answer = log_in(api.address, "ww", "correct horse battery")
    assert answer.status == 200, answer
    assert api.get("/api/v1/me", bearer(answer.json()["token"])).json()["username"] == "ww"


def test_auth_may_patch_its_own_pod_only(cluster, start):
    """The greeter's program in auth's place: it is the registration that counts."""
    start("hal9000-auth", "hal9000-auth-0", "127.0.2.1", GREETER)
    assert cluster.registered("hal9000-auth-0", "hal9000-auth")
    other = start("hal9000-auth", "hal9000-auth-1", "127.0.2.3", GREETER, wait=False)
    assert other.wait() == 1
    assert "not allowed to patch pods" in other.output("err")


@pytest.mark.parametrize("name", ["hal9000-greeter", "hal9000-api"])
def test_without_patch_a_service_does_not_start(start, without, name):
    without(name, "patch")
    refused = start(name, "pod-1", "127.0.2.1", wait=False)
    assert refused.wait() == 1
    assert 'a Role has to give the verb "patch" on "pods"' in refused.output("err")


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_without_list_and_watch_the_api_says_what_it_lacks(start, without, verb):
    without("hal9000-api", verb)
    start("hal9000-greeter", "greeter-1", "127.0.2.1")
    api = start("hal9000-api", "api-1", "127.0.2.2")
    api.get(HELLO)
    api.wait_line(rf'not allowed to {verb} pods in namespace {NAMESPACE}')
