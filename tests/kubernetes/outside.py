"""What is asked from outside of the pods."""

from support.machine import HAL
from support.process import Process


def hal(cluster, *words):
    """The hal command, as a person outside uses it."""
    process = Process([HAL, *words], {"HAL_REGISTRY": "kubernetes",
                                      "KUBECONFIG": cluster.kubeconfig()})
    code = process.wait()
    out, err = process.output("out"), process.output("err")
    process.close()
    return code, out, err


def served(service):
    """How many requests a greeter has answered."""
    text = service.admin("/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith("hal_requests_total") and "SayHello" in line)
