# SPDX-License-Identifier: Apache-2.0
"""Clauses and statuses that no other file provokes, by raw netlink. conformance.yaml says which test proves what."""

import errno
import socket

import pytest
from kconnectnl import FAST_OPEN_ON, from_sockaddr, option, request_bytes, sockaddr
from network import receive_all

TCP_DEFER_ACCEPT = 9


def test_a_request_that_waits_is_not_answered(network, session, version):
    """STATUS_PENDING has no message of its own: the submit succeeds, and there is no completion yet."""
    cookie = session.submit(session.socket_connect(network.SILENT[version], 80))[0]
    assert session.silent(0.2)
    assert session.stats()["outstanding"] == 1
    assert session.cancel(cookie=cookie) == 1
    assert session.wait(cookie).status == -errno.ECANCELED


def test_a_connect_that_somebody_else_destroys_is_aborted(network, session, version):
    cookie = session.submit(session.socket_connect(network.SILENT[version], 80, timeout=20 * 10**9))[0]
    with network.client.destroying(network.SILENT[version], 80):
        assert session.wait(cookie).status == -errno.ECONNABORTED


@pytest.mark.parametrize("fields", [{}, {"option": [FAST_OPEN_ON]}], ids=["plain", "fast-open"])
def test_a_prohibited_route_denies_access(network, session, version, fields):
    done = session.run(session.socket_connect(network.PROHIBITED[version], 80, data=b"x", **fields))[0]
    assert (done.status, done.information) == (-errno.EACCES, 0)


def test_the_callers_buffer_is_its_own_again(session, listener):
    """The message was copied: what is written over it after the submit, while TCP has not sent it all, is not sent."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small = option(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    request = session.socket_connect(*listener.getsockname()[:2], data=b"good" * 16000, option=[small])
    message = bytearray(request_bytes(**request))
    session.submit_raw(message)
    message[:] = bytes(len(message))
    connection, _ = listener.accept()
    assert receive_all(connection, 64000) == b"good" * 16000
    assert session.wait(request["cookie"]).information == 64000


def test_a_connected_socket_does_not_listen(network, session, version, listener):
    """There is no operation that listens; what on Linux is a listener's is refused, and nobody listens there."""
    handle = session.connected(*listener.getsockname()[:2])
    for name, number in ((FAST_OPEN_ON["name"], errno.EISCONN), (TCP_DEFER_ACCEPT, errno.EOPNOTSUPP)):
        refused = session.call("set-option", socket=handle, option=option(socket.IPPROTO_TCP, name, 1))
        assert refused.status == -number
    local = from_sockaddr(session.call("get-local-address", socket=handle).local)
    assert session.run(session.socket_connect(*local))[0].status == -errno.ECONNREFUSED
    again = session.call("connect", socket=handle, remote=sockaddr(*local))
    assert again.status == -errno.EISCONN
