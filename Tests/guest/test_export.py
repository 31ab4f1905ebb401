# SPDX-License-Identifier: Apache-2.0
"""socket-export: a connected socket becomes an ordinary descriptor of the calling process."""

import errno
import fcntl
import os
import socket

import pytest
from kconnectnl import NetlinkError, decode, encode
from network import receive_all, was_reset


def export(session, handle):
    """The descriptor, as a socket."""
    sequence = session.send("socket-export", encode("message", {"socket": handle}))
    numbers = [decode("message", content)["descriptor"][0] for _, content in session._answers(sequence)]
    return socket.socket(fileno=numbers[0])


def refusal(session, handle):
    with pytest.raises(NetlinkError) as caught:
        export(session, handle)
    return caught.value.errno, caught.value.words


@pytest.fixture
def connected(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    connection.settimeout(20)
    yield handle, connection
    connection.close()


def test_what_has_arrived_and_what_comes_is_read_from_the_descriptor(session, connected):
    handle, connection = connected
    data = os.urandom(200_000)
    connection.sendall(data[:50_000])
    assert session.call("receive", socket=handle, length=1000, flags=1).data == data[:1000]
    with export(session, handle) as exported:
        connection.sendall(data[50_000:])
        connection.shutdown(socket.SHUT_WR)
        assert receive_all(exported) == data[1000:]
        exported.sendall(b"and back")
        assert receive_all(connection, 8) == b"and back"


def test_the_descriptor_is_like_any_other(session, connected):
    handle, connection = connected
    with export(session, handle) as exported:
        assert fcntl.fcntl(exported, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        assert not fcntl.fcntl(exported, fcntl.F_GETFL) & os.O_NONBLOCK
        assert exported.getpeername() == connection.getsockname()
        assert os.readlink(f"/proc/self/fd/{exported.fileno()}").startswith("socket:")


def test_the_handle_is_free_and_the_connection_outlives_the_session(network, session, listener):
    with network.client.session() as other:
        handle = other.connected(*listener.getsockname()[:2])
        connection, _ = listener.accept()
        exported = export(other, handle)
        assert refusal(other, handle) == (errno.ENOENT, "there is no socket with this handle")
        assert other.stats()["sockets"] == 0
        assert other.call("socket", socket=handle, family=socket.AF_INET).status == 0
    exported.sendall(b"alive")
    assert receive_all(connection, 5) == b"alive"
    exported.close()
    assert not was_reset(connection), "closed as any descriptor is"


def test_a_socket_with_pending_requests_stays(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=10)
    assert refusal(session, handle) == (errno.EBUSY, "requests of the socket are pending")
    connection.sendall(b"still here")
    assert session.wait(cookie).data == b"still here"


def test_a_socket_that_is_not_connected_stays(network, session, version):
    handle = session.bound(network.WILDCARD[version])
    assert refusal(session, handle) == (errno.ENOTCONN, "the socket is not connected")
    assert session.call("close", socket=handle).status == 0
    assert refusal(session, 999)[0] == errno.ENOENT


def test_a_refused_export_leaves_no_descriptor(session, connected):
    handle, _ = connected
    session.start("receive", socket=handle, length=10)
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(10):
        refusal(session, handle)
    assert sorted(os.listdir("/proc/self/fd")) == before
