# SPDX-License-Identifier: Apache-2.0
"""The module's coming and going: under open connections, and by the name of its family. Leaves it loaded."""

import errno
import subprocess

import pytest
from conftest import loaded, unload
from kconnectnl import Session
from network import receive_all, was_reset


@pytest.fixture(autouse=True)
def loaded_again():
    yield
    if not loaded():
        subprocess.run(["modprobe", "kconnect"], check=True)


def test_without_the_module_the_family_is_not_found(no_module):
    with pytest.raises(OSError) as caught:
        Session()
    assert caught.value.errno == errno.ENOENT


def test_the_family_loads_the_module_by_its_alias():
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
    subprocess.run(["modprobe", "kconnect"], check=True)
    with network.client.session() as session:
        assert session.stats()["sessions"] == 0
        session.connected(*listener.getsockname()[:2])


def test_the_module_comes_and_goes_again_and_again(network, listener, version):
    for _ in range(5):
        with network.client.session() as session:
            session.connected(*listener.getsockname()[:2])
            session.submit(session.socket_connect(network.SILENT[version], 80))
            unload()
        subprocess.run(["modprobe", "kconnect"], check=True)
