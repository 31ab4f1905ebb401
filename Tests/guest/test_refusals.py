# SPDX-License-Identifier: Apache-2.0
"""Requests that make no sense: each is refused in its completion, in words, and leaves everything as it was."""

import errno
import socket

import pytest
from kconnectnl import OPERATIONS, option, sockaddr

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
OTHER = {4: 6, 6: 4}
WITH_FLAGS = ["send", "receive", "disconnect"]


def refused(done, number):
    """Whether it was refused so, with words."""
    return done.status == -number and done.information == 0 and bool(done.message)


@pytest.fixture
def remote(listener):
    return sockaddr(*listener.getsockname()[:2])


@pytest.fixture
def bound(network, session, version, remote, capture):
    """A bound socket that, whatever a test asks of it, can still connect afterwards, and has sent nothing before."""
    handle = session.bound(network.WILDCARD[version])
    yield handle
    assert capture.packets() == []
    assert session.call("connect-ex", socket=handle, remote=remote).status == 0


@pytest.fixture(params=["connect-ex", "socket-connect"])
def connect(request, session, version, bound):
    """Asks for a connect, by either operation."""

    def connect(**fields):
        if request.param == "connect-ex":
            return session.call("connect-ex", socket=bound, **fields)
        return session.call("socket-connect", socket=77, family=FAMILY[version], **fields)

    return connect


@pytest.mark.parametrize("flags", [1, 0x80000000])
def test_flags_other_than_zero(connect, remote, flags):
    assert refused(connect(remote=remote, flags=flags), errno.EINVAL)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in WITH_FLAGS])
def test_an_operation_without_flags_takes_none(session, operation):
    assert refused(session.call(operation, socket=1, flags=1), errno.EINVAL)


@pytest.mark.parametrize("operation", WITH_FLAGS)
def test_an_operation_with_flags_takes_no_others(session, listener, operation):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    for flags in (4, 0x80000000):
        fields = {"length": 1} if operation == "receive" else {"data": b"x"}
        assert refused(session.call(operation, socket=handle, flags=flags, **fields), errno.EINVAL)
    connection.sendall(b"it stands")
    assert session.call("receive", socket=handle, length=9).data == b"it stands"


def test_a_remote_address_of_the_wrong_family(network, connect, version):
    assert refused(connect(remote=sockaddr(network.SERVER[OTHER[version]], 80)), errno.EINVAL)


def test_a_remote_address_that_says_another_family_than_it_is(connect, remote):
    assert refused(connect(remote=b"\1\0" + remote[2:]), errno.EINVAL)


@pytest.mark.parametrize("cut", [0, 1, 2, 8, -1])
def test_a_remote_address_that_is_too_short(connect, remote, cut):
    assert refused(connect(remote=remote[:cut]), errno.EINVAL)


@pytest.mark.parametrize("more", [1, 12, 100])
def test_a_remote_address_that_is_too_long(connect, remote, more):
    assert refused(connect(remote=remote + bytes(more)), errno.EINVAL)


def test_a_remote_port_of_0(network, connect, version):
    assert refused(connect(remote=sockaddr(network.SERVER[version], 0)), errno.EINVAL)


def test_no_remote_address(connect):
    assert refused(connect(), errno.EINVAL)


def test_a_list_of_remote_addresses(connect, remote):
    assert refused(connect(remote=[remote, remote]), errno.EOPNOTSUPP)


def test_a_local_address_that_does_not_fit(network, session, version, remote):
    handle = 1
    assert session.call("socket", socket=handle, family=FAMILY[version]).status == 0
    right = sockaddr(network.CLIENT[version], 0)
    for wrong in (sockaddr(network.CLIENT[OTHER[version]], 0), right[:-1], right + b"\0", right[:2], b""):
        assert refused(session.call("bind", socket=handle, local=wrong), errno.EINVAL)
        assert refused(session.call("socket-connect", socket=2, family=FAMILY[version], local=wrong, remote=remote),
                       errno.EINVAL)
    assert refused(session.call("bind", socket=handle), errno.EINVAL)
    assert session.call("bind", socket=handle, local=right).status == 0


def test_a_local_address_that_is_not_here(network, session, version, remote):
    assert session.call("socket", socket=1, family=FAMILY[version]).status == 0
    elsewhere = sockaddr(network.SERVER[version], 0)
    assert session.call("bind", socket=1, local=elsewhere).status == -errno.EADDRNOTAVAIL
    assert session.call("socket-connect", socket=2, family=FAMILY[version], local=elsewhere,
                        remote=remote).status == -errno.EADDRNOTAVAIL


def test_a_local_port_that_is_taken(network, session, version, remote):
    with network.client.listen(network.CLIENT[version]) as taken:
        local = sockaddr(*taken.getsockname()[:2])
        assert session.call("socket", socket=1, family=FAMILY[version]).status == 0
        assert session.call("bind", socket=1, local=local).status == -errno.EADDRINUSE
        assert session.call("socket-connect", socket=2, family=FAMILY[version], local=local,
                            remote=remote).status == -errno.EADDRINUSE


def test_a_socket_that_is_not_bound(session, version, remote):
    assert session.call("socket", socket=1, family=FAMILY[version]).status == 0
    done = session.call("connect-ex", socket=1, remote=remote)
    assert refused(done, errno.EINVAL) and "not bound" in done.message


def test_a_socket_that_is_bound_already(network, session, version, bound):
    done = session.call("bind", socket=bound, local=sockaddr(network.CLIENT[version], 0))
    assert refused(done, errno.EINVAL)


def test_a_socket_that_is_connected_already(session, listener, remote):
    handle = session.connected(*listener.getsockname()[:2])
    assert refused(session.call("connect-ex", socket=handle, remote=remote, data=b"x"), errno.EISCONN)
    connection, _ = listener.accept()
    connection.sendall(b"it stands")
    assert session.call("receive", socket=handle, length=100).data == b"it stands"


def test_a_socket_that_is_connecting(network, session, version, remote):
    handle = session.bound(network.WILDCARD[version])
    cookie = session.start("connect-ex", socket=handle, remote=sockaddr(network.SILENT[version], 80))
    assert refused(session.call("connect-ex", socket=handle, remote=remote), errno.EALREADY)
    assert session.call("close", socket=handle).status == 0
    assert session.wait(cookie).status == -errno.ECANCELED


def test_a_handle_that_is_in_use(session, version, bound, remote):
    for operation in ("socket", "socket-connect"):
        done = session.call(operation, socket=bound, family=FAMILY[version], remote=remote)
        assert refused(done, errno.EEXIST)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_handle_of_0(session, version, remote, operation):
    fields = {"family": FAMILY[version], "remote": remote, "local": remote, "option": option(1, 1, 1), "length": 1}
    assert refused(session.call(operation, socket=0, **fields), errno.EINVAL)
    assert refused(session.call(operation, **fields), errno.EINVAL)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if not name.startswith("socket")])
def test_a_handle_that_does_not_exist(session, remote, operation):
    fields = {"remote": remote, "local": remote, "option": option(1, 1, 1), "length": 1}
    assert refused(session.call(operation, socket=0xFFFFFFFF, **fields), errno.ENOENT)


def test_a_handle_is_free_after_its_close(session, version):
    for _ in range(2):
        assert session.call("socket", socket=5, family=FAMILY[version]).status == 0
        assert session.call("close", socket=5).status == 0
    assert refused(session.call("close", socket=5), errno.ENOENT)


@pytest.mark.parametrize("operation", [0, max(OPERATIONS.values()) + 1, 100, 0xFFFFFFFF])
def test_an_unknown_operation(session, operation):
    assert refused(session.call(operation, socket=1), errno.EOPNOTSUPP)


@pytest.mark.parametrize("family", [None, 0, socket.AF_UNIX, 0xFFFF, 0x10002])
def test_a_family_that_is_not_known(session, remote, family):
    fields = {} if family is None else {"family": family}
    assert refused(session.call("socket", socket=1, **fields), errno.EAFNOSUPPORT)
    assert refused(session.call("socket-connect", socket=1, remote=remote, **fields), errno.EAFNOSUPPORT)


@pytest.mark.parametrize("protocol", [socket.IPPROTO_UDP, 262, 0xFFFFFFFF])
def test_a_protocol_that_is_not_tcp(session, version, protocol):
    done = session.call("socket", socket=1, family=FAMILY[version], protocol=protocol)
    assert refused(done, errno.EPROTONOSUPPORT)


def test_the_protocol_may_be_said(session, version):
    assert session.call("socket", socket=1, family=FAMILY[version], protocol=socket.IPPROTO_TCP).status == 0


@pytest.mark.parametrize("length", [None, 0, 65537, 0xFFFFFFFF])
def test_a_receive_of_a_length_that_is_not_allowed(session, listener, length):
    handle = session.connected(*listener.getsockname()[:2])
    fields = {} if length is None else {"length": length}
    assert refused(session.call("receive", socket=handle, **fields), errno.EINVAL)


def test_a_receive_on_a_socket_that_is_not_connected(session, bound, version):
    assert refused(session.call("receive", socket=bound, length=1), errno.ENOTCONN)


def test_the_third_of_five_is_bad_and_the_others_run(session, listener):
    requests = [session.socket_connect(*listener.getsockname()[:2], data=b"x") for _ in range(5)]
    requests[2]["flags"] = 1
    done = session.run(*requests)
    assert [completion.status for completion in done] == [0, 0, -errno.EINVAL, 0, 0]
    assert [completion.cookie for completion in done] == [request["cookie"] for request in requests]
    assert [bool(completion.message) for completion in done] == [False, False, True, False, False]
