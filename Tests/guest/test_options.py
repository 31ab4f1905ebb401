# SPDX-License-Identifier: Apache-2.0
"""Socket options: what is set is what is got and what the connection does."""

import errno
import socket
import struct

import pytest
from kconnectnl import TCP_FASTOPEN, option, sockaddr
from network import receive_all

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
SO_PEEK_OFF, SO_ATTACH_BPF, TCP_ULP, TCP_REPAIR, TCP_FASTOPEN_CONNECT, SO_LINGER = 42, 50, 31, 19, 30, 13

ROUND_TRIPS = {
    "TCP_FASTOPEN": (socket.IPPROTO_TCP, TCP_FASTOPEN, [1, 0]),
    "TCP_NODELAY": (socket.IPPROTO_TCP, socket.TCP_NODELAY, [1, 0]),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, [77]),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, [1234]),
    "SO_MARK": (socket.SOL_SOCKET, socket.SO_MARK, [0x1234567, 0]),
    "SO_KEEPALIVE": (socket.SOL_SOCKET, socket.SO_KEEPALIVE, [1, 0]),
    "SO_PRIORITY": (socket.SOL_SOCKET, socket.SO_PRIORITY, [5]),
    "SO_REUSEADDR": (socket.SOL_SOCKET, socket.SO_REUSEADDR, [1, 0]),
}


@pytest.fixture
def handle(session, version):
    handle = next(session.handles)
    assert session.call("socket", socket=handle, family=FAMILY[version]).status == 0
    return handle


@pytest.mark.parametrize("level, name, values", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_is_set_is_what_is_got(session, handle, level, name, values):
    for value in values:
        done = session.run(session.request("set-option", socket=handle, option=option(level, name, value)),
                           session.request("get-option", socket=handle, option=option(level, name)))
        assert [completion.status for completion in done] == [0, 0]
        assert done[1].value == struct.pack("=i", value)


def test_bind_to_device(network, session, version, handle, listener):
    remote = sockaddr(*listener.getsockname()[:2])
    get = option(socket.SOL_SOCKET, socket.SO_BINDTODEVICE)
    assert session.call("get-option", socket=handle, option=get).value.rstrip(b"\0") == b""
    assert session.call("set-option", socket=handle, option={**get, "value": b"eth0\0"}).status == 0
    assert session.call("get-option", socket=handle, option=get).value == b"eth0\0"
    # The way to the server is not by lo.
    elsewhere = session.socket_connect(*listener.getsockname()[:2], timeout=300_000_000, option=[{**get, "value": b"lo\0"}])
    assert session.run(elsewhere)[0].status in (-errno.ENETUNREACH, -errno.EHOSTUNREACH, -errno.ETIMEDOUT, -errno.EINVAL)
    done = session.run(session.request("bind", socket=handle, local=sockaddr(network.WILDCARD[version], 0)),
                       session.request("connect-ex", socket=handle, remote=remote))
    assert [completion.status for completion in done] == [0, 0]


def test_a_device_that_does_not_exist(session, handle):
    wrong = option(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"nowhere0\0")
    assert session.call("set-option", socket=handle, option=wrong).status == -errno.ENODEV


def test_the_mark_is_on_the_packets(network, session, version, listener, capture):
    mark = option(socket.SOL_SOCKET, socket.SO_MARK, 0x77)
    with network.client.filter("meta mark 0x77 drop", hook="output"):
        marked = session.socket_connect(*listener.getsockname()[:2], option=[mark], timeout=200_000_000)
        assert session.run(marked)[0].status == -errno.ETIMEDOUT
        assert capture.packets() == []
        assert session.run(session.socket_connect(*listener.getsockname()[:2]))[0].status == 0


def test_an_option_can_be_set_on_a_connected_socket(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    done = session.run(
        session.request("set-option", socket=handle, option=option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)),
        session.request("get-option", socket=handle, option=option(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
    assert (done[0].status, done[1].status, done[1].value) == (0, 0, struct.pack("=i", 1))


NOT_ALLOWED = {
    "SO_LINGER": (socket.SOL_SOCKET, SO_LINGER),
    "SO_ATTACH_BPF": (socket.SOL_SOCKET, SO_ATTACH_BPF),
    "SO_PEEK_OFF": (socket.SOL_SOCKET, SO_PEEK_OFF),
    "TCP_REPAIR": (socket.IPPROTO_TCP, TCP_REPAIR),
    "TCP_ULP": (socket.IPPROTO_TCP, TCP_ULP),
    "TCP_FASTOPEN_CONNECT": (socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
    "an unknown option": (socket.IPPROTO_TCP, 9999),
    "an unknown level": (9999, 1),
}


@pytest.mark.parametrize("level, name", NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_an_option_that_is_not_allowed(session, handle, level, name):
    for operation, value in (("set-option", bytes(8)), ("get-option", None)):
        done = session.call(operation, socket=handle, option=option(level, name, value))
        assert (done.status, bool(done.message)) == (-errno.EOPNOTSUPP, True)


def test_an_option_that_is_not_allowed_fails_a_socket_connect(session, listener, capture):
    done = session.run(session.socket_connect(*listener.getsockname()[:2], data=b"x",
                                              option=[option(socket.SOL_SOCKET, SO_LINGER, bytes(8))]))[0]
    assert (done.status, bool(done.message)) == (-errno.EOPNOTSUPP, True)
    assert capture.packets() == []


@pytest.mark.parametrize("value", [b"", b"\1", bytes(8), struct.pack("=i", 2), struct.pack("=i", -1)])
def test_fast_open_is_a_32_bit_0_or_1(session, handle, value):
    done = session.call("set-option", socket=handle, option=option(socket.IPPROTO_TCP, TCP_FASTOPEN, value))
    assert (done.status, bool(done.message)) == (-errno.EINVAL, True)


@pytest.mark.parametrize("value", [b"", b"\1", b"\1\0\0"])
def test_a_value_that_is_too_short(session, handle, value):
    for level, name in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
        assert session.call("set-option", socket=handle, option=option(level, name, value)).status == -errno.EINVAL


def test_exactly_one_option(session, handle):
    one = option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for operation in ("set-option", "get-option"):
        for options in ({}, {"option": [one, one]}):
            done = session.call(operation, socket=handle, **options)
            assert (done.status, bool(done.message)) == (-errno.EINVAL, True)


def test_the_options_of_a_socket_connect_are_all_set(session, listener):
    options = [option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
               option(socket.SOL_SOCKET, socket.SO_MARK, 9), option(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")]
    handle = session.connected(*listener.getsockname()[:2], option=options, data=b"x")
    connection, _ = listener.accept()
    assert receive_all(connection, 1) == b"x"
    for wanted in options:
        got = session.call("get-option", socket=handle, option={"level": wanted["level"], "name": wanted["name"]})
        assert (got.status, got.value) == (0, wanted["value"])
