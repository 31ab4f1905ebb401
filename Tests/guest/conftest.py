# SPDX-License-Identifier: Apache-2.0
"""What the tests share: a network for each file, a session for each test, and a look at what is left behind."""

import pathlib
import subprocess
import time

import pytest
from network import Capture, Network


@pytest.fixture(scope="module")
def network():
    network = Network()
    yield network
    network.remove()


@pytest.fixture
def session(network):
    """A session of the client. At a test's end nothing of it may be left in the namespace."""
    with network.client.session() as session:
        yield session
        twice = {cookie: times for cookie, times in session.answered.items() if times > 1}
        assert not twice, "answered more than once"
    assert_nothing_left(network.client)


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def version(request):
    return request.param


@pytest.fixture
def listener(network, version):
    with network.server.listen(network.SERVER[version]) as listener:
        yield listener


@pytest.fixture
def capture(network):
    """What passes the client's interface."""
    capture = Capture(network.client)
    yield capture
    capture.close()


def loaded(module="kconnect"):
    return any(line.startswith(module + " ") for line in pathlib.Path("/proc/modules").read_text().splitlines())


def unload():
    subprocess.run(["rmmod", "kconnect"], check=True)
    assert not loaded()


@pytest.fixture
def no_loader():
    """The kernel does not look for modules by itself."""
    loader = pathlib.Path("/proc/sys/kernel/modprobe")
    before = loader.read_text()
    loader.write_text("\n")
    yield
    loader.write_text(before)


@pytest.fixture
def no_module(no_loader):
    """The module is not there, and does not come."""
    unload()
    yield
    subprocess.run(["modprobe", "kconnect"], check=True)


def assert_nothing_left(namespace):
    """The session is closed: soon there is none, and nothing that was in it."""
    end = time.monotonic() + 10
    with namespace.session() as observer:
        while True:
            stats = observer.stats()
            left = {name: stats[name] for name in ("sessions", "sockets", "outstanding") if stats[name]}
            if not left and stats["submitted"] == stats["completed"]:
                return
            assert time.monotonic() < end, f"left behind: {stats}"
            time.sleep(0.01)
