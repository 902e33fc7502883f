"""What the integration tests share: processes, the registry, HTTP, gRPC and traces."""

CAP = 60.0  # seconds: how long a test waits for an event before it fails
