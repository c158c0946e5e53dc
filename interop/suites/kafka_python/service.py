"""The module of kafka-python's tests that its source package lacks, as far as an external broker needs it."""


class ExternalService:
    """A broker that somebody else starts and stops."""

    def __init__(self, host, port):
        self.host, self.port = host, port

    def dump_logs(self):
        """The broker's output is kept where it was started."""


class SpawnedService:
    """A broker of the tests' own, for those that need TLS or SASL."""

    def __init__(self, arguments, environment):
        raise NotImplementedError("these tests run against a broker that is already there")
