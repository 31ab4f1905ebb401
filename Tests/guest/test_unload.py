# SPDX-License-Identifier: Apache-2.0
"""The module's coming and going: under open connections, and by the name of its family. Leaves it loaded."""

import errno
import os
import pathlib
import subprocess

import pytest
from kconnectnl import Session
from network import receive_all, was_reset

MODULE = os.environ["KCONNECT_MODULE"]
MODPROBE = pathlib.Path("/proc/sys/kernel/modprobe")


def loaded():
    return any(line.startswith("kconnect ") for line in pathlib.Path("/proc/modules").read_text().splitlines())


@pytest.fixture(autouse=True)
def loaded_again():
    yield
    if not loaded():
        subprocess.run(["insmod", MODULE], check=True)


def unload():
    subprocess.run(["rmmod", "kconnect"], check=True)
    assert not loaded()


@pytest.fixture
def no_loader():
    """The kernel does not look for modules."""
    before = MODPROBE.read_text()
    MODPROBE.write_text("\n")
    yield
    MODPROBE.write_text(before)


@pytest.fixture
def installed():
    """modprobe finds the module, and knows it by what depmod reads in it."""
    release = os.uname().release
    subprocess.run(["mount", "-t", "tmpfs", "none", "/lib/modules"], check=True)
    try:
        folder = pathlib.Path("/lib/modules") / release
        folder.mkdir()
        (folder / "kconnect.ko").write_bytes(pathlib.Path(MODULE).read_bytes())
        subprocess.run(["depmod", release], check=True)
        yield
    finally:
        subprocess.run(["umount", "/lib/modules"], check=True)


def test_without_the_module_the_family_is_not_found(no_loader):
    unload()
    with pytest.raises(OSError) as caught:
        Session()
    assert caught.value.errno == errno.ENOENT


def test_the_family_loads_the_module_by_its_alias(installed):
    unload()
    with Session() as session:
        assert loaded()
        assert session.call("close", socket=1).status == -errno.ENOENT


def test_the_module_goes_while_connections_are_open_and_requests_pend(network, version, listener, no_loader):
    session = network.client.session()
    handle = session.connected(*listener.getsockname()[:2], data=b"x")
    connection, _ = listener.accept()
    assert receive_all(connection, 1) == b"x"
    cookies = session.submit(*[session.socket_connect(network.SILENT[version], 80, timeout=3600 * 10**9)
                               for _ in range(50)],
                             *[session.request("receive", socket=handle, length=1) for _ in range(3)])
    with network.server.session() as other:
        pending = other.submit(other.socket_connect(network.NOWHERE[version], 80), other.request("close", socket=9))
        unload()
        assert {done.status for done in session.wait_all(cookies)} == {-errno.ECANCELED}
        assert session.silent(0.1), "each is answered once"
        assert len(other.wait_all(pending)) == 2
    assert was_reset(connection)
    with pytest.raises(OSError) as caught:
        session.call("close", socket=1)
    assert caught.value.errno in (errno.ENOENT, errno.EOPNOTSUPP)
    session.close()
    subprocess.run(["insmod", MODULE], check=True)
    with network.client.session() as session:
        assert session.stats()["sessions"] == 0
        session.connected(*listener.getsockname()[:2])


def test_the_module_comes_and_goes_again_and_again(network, listener, version):
    for _ in range(5):
        with network.client.session() as session:
            session.connected(*listener.getsockname()[:2])
            session.submit(session.socket_connect(network.SILENT[version], 80))
            unload()
        subprocess.run(["insmod", MODULE], check=True)
