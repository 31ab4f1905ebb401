# SPDX-License-Identifier: Apache-2.0
"""connect-ex and socket-connect: what they achieve, and how they fail."""

import errno
import os
import socket

import pytest
from kconnectnl import OPERATIONS, encode, from_sockaddr, option, request_bytes, sockaddr
from network import receive_all, was_reset

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


def test_connect_ex_connects_a_bound_socket_and_sends_the_data(network, session, version, listener):
    handle = session.bound(network.WILDCARD[version])
    done = session.call("connect-ex", socket=handle, data=b"first data",
                        remote=sockaddr(network.SERVER[version], listener.getsockname()[1]))
    connection, peer = listener.accept()
    assert (done.status, done.information) == (0, 10)
    assert receive_all(connection, 10) == b"first data"
    assert from_sockaddr(done.local) == peer[:2]
    assert from_sockaddr(done.remote) == listener.getsockname()[:2]


def test_connect_ex_needs_no_data(network, session, version, listener):
    handle = session.bound(network.CLIENT[version])
    done = session.call("connect-ex", socket=handle,
                        remote=sockaddr(network.SERVER[version], listener.getsockname()[1]))
    connection, peer = listener.accept()
    assert (done.status, done.information, peer[0]) == (0, 0, network.CLIENT[version])
    assert session.call("close", socket=handle).status == 0
    assert was_reset(connection)


def test_socket_connect_does_it_all_in_one_request(network, session, version, listener):
    done = session.run(session.socket_connect(*listener.getsockname()[:2], data=b"all in one",
                                              local=sockaddr(network.CLIENT[version], 0),
                                              option=[option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]))[0]
    connection, _ = listener.accept()
    assert (done.status, done.information) == (0, 10)
    assert receive_all(connection, 10) == b"all in one"


def test_times_are_in_their_order(network, session, version, listener):
    with network.delay(20):
        done = session.run(session.socket_connect(*listener.getsockname()[:2], data=b"x"))[0]
    assert done.submitted <= done.syn_sent < done.established <= done.sent <= done.completed
    assert done.established - done.syn_sent >= 20_000_000
    assert done.rtt >= 20_000


def test_a_whole_conversation_in_one_message(network, session, version, listener):
    local, remote = sockaddr(network.WILDCARD[version], 0), sockaddr(*listener.getsockname()[:2])
    cookies = session.submit(
        session.request("socket", socket=7, family=FAMILY[version]),
        session.request("bind", socket=7, local=local),
        session.request("set-option", socket=7, option=option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)),
        session.request("connect-ex", socket=7, remote=remote, data=b"question"),
        session.request("receive", socket=7, length=100))
    connection, _ = listener.accept()
    assert receive_all(connection, 8) == b"question"
    connection.sendall(b"answer")
    done = session.wait_all(cookies)
    assert [completion.status for completion in done] == [0] * 5
    assert [completion.operation for completion in done] == [
        OPERATIONS[name] for name in ("socket", "bind", "set-option", "connect-ex", "receive")]
    assert {completion.socket for completion in done} == {7}
    assert (done[4].information, done[4].data) == (6, b"answer")
    assert session.call("close", socket=7).status == 0


def test_close_in_the_same_message_ends_what_is_pending(network, session, version):
    made = session.run(
        session.request("socket", socket=7, family=FAMILY[version]),
        session.request("bind", socket=7, local=sockaddr(network.WILDCARD[version], 0)),
        session.request("connect-ex", socket=7, remote=sockaddr(network.SILENT[version], 80)),
        session.request("receive", socket=7, length=1),
        session.request("close", socket=7),
        session.request("bind", socket=7, local=sockaddr(network.WILDCARD[version], 0)))
    assert [completion.status for completion in made] == [0, 0, -errno.ECANCELED, -errno.ECANCELED, 0, -errno.ENOENT]


def test_65535_bytes_arrive_whole(network, session, version, listener):
    data = os.urandom(65535)
    cookies = session.submit(session.socket_connect(*listener.getsockname()[:2], data=data))
    connection, _ = listener.accept()
    assert receive_all(connection, 65535) == data
    done = session.wait(cookies[0])
    assert (done.status, done.information) == (0, 65535)


def test_65536_bytes_are_refused_and_nothing_is_sent(network, session, version, listener, capture):
    handle = session.bound(network.WILDCARD[version])
    remote = sockaddr(*listener.getsockname()[:2])
    by_handle = session.call("connect-ex", socket=handle, remote=remote, data=bytes(65536))
    at_once = session.run(session.socket_connect(*listener.getsockname()[:2], data=bytes(65536)))[0]
    for done in (by_handle, at_once):
        assert (done.status, done.information) == (-errno.EMSGSIZE, 0)
        assert "65535" in done.message
    assert capture.packets() == []
    # The socket is as it was.
    assert session.call("connect-ex", socket=handle, remote=remote).status == 0


def test_data_in_many_pieces_is_joined(network, session, version, listener):
    inside, behind = [b"a" * 1000, b"b", b"c" * 333], [b"d" * 60000, b"e" * 2]
    other = session.request("socket", socket=99, family=FAMILY[version])
    request = session.socket_connect(*listener.getsockname()[:2])
    nest = {**request, "operation": OPERATIONS["socket-connect"], "data": inside}
    session.submit_raw(request_bytes(**other) + encode("message", {"request": nest, "data": behind}))
    connection, _ = listener.accept()
    whole = b"".join(inside + behind)
    assert receive_all(connection, len(whole)) == whole
    assert session.wait(request["cookie"]).information == len(whole)


def test_a_receive_brings_64_kib_whole(network, session, version, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    data, got = os.urandom(200000), b""
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    connection.sendall(data)
    sizes = []
    while len(got) < len(data):
        done = session.call("receive", socket=handle, length=65536)
        assert done.status == 0 and done.information == len(done.data) > 0
        sizes.append(done.information)
        got += done.data
    assert got == data
    assert max(sizes) == 65536
    connection.close()
    end = session.call("receive", socket=handle, length=65536)
    assert (end.status, end.information, end.data) == (0, 0, b"")


def test_receives_complete_in_their_order(network, session, version, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    cookies = session.submit(*[session.request("receive", socket=handle, length=2) for _ in range(5)])
    connection.sendall(b"0011223344")
    assert [done.data for done in session.wait_all(cookies)] == [b"00", b"11", b"22", b"33", b"44"]


def test_a_refused_port(network, session, version):
    request = session.socket_connect(network.SERVER[version], network.CLOSED_PORT, data=b"x")
    done = session.run(request)[0]
    assert (done.status, done.information) == (-errno.ECONNREFUSED, 0)
    assert session.run({**request, "cookie": 0xFFFF})[0].status == -errno.ECONNREFUSED, "the handle is free again"


def test_an_unreachable_network(network, session, version):
    done = session.run(session.socket_connect(network.NOWHERE[version], 80, data=b"x"))[0]
    assert (done.status, done.information) == (-errno.ENETUNREACH, 0)


def test_an_unreachable_host(network, session, version):
    done = session.run(session.socket_connect(network.UNREACHABLE[version], 80, data=b"x"))[0]
    assert (done.status, done.information) == (-errno.EHOSTUNREACH, 0)


def test_a_socket_whose_connect_failed_can_only_be_closed(network, session, version, listener):
    handle = session.bound(network.WILDCARD[version])
    failed = session.call("connect-ex", socket=handle, remote=sockaddr(network.SERVER[version], network.CLOSED_PORT))
    assert failed.status == -errno.ECONNREFUSED
    again = session.call("connect-ex", socket=handle, remote=sockaddr(*listener.getsockname()[:2]))
    assert again.status == -errno.ESHUTDOWN
    assert session.call("receive", socket=handle, length=1).status == -errno.ESHUTDOWN
    assert session.call("close", socket=handle).status == 0


@pytest.mark.parametrize("linger", [False, True], ids=["fin", "rst"])
def test_a_server_that_closes_at_once(network, session, version, listener, linger):
    if linger:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    cookies = session.submit(session.socket_connect(*listener.getsockname()[:2], data=b"x"))
    connection, _ = listener.accept()
    done = session.wait(cookies[0])
    assert done.status == 0
    if not linger:
        assert receive_all(connection, 1) == b"x"
    connection.close()
    handle = done.socket
    end = session.call("receive", socket=handle, length=1)
    assert (end.status, end.information) == ((-errno.ECONNRESET if linger else 0), 0)
    assert session.call("close", socket=handle).status == 0


def test_a_server_that_closes_before_the_data_is_there(session, version, listener):
    """It may come before or after TCP has taken the data: either way there is one answer, and it says which."""
    for _ in range(20):
        cookie = session.submit(session.socket_connect(*listener.getsockname()[:2], data=b"x"))[0]
        listener.accept()[0].close()
        done = session.wait(cookie)
        assert done.status in (0, -errno.ECONNRESET, -errno.EPIPE)
        if done.status == 0:
            assert session.call("close", socket=done.socket).status == 0
    assert session.stats()["sockets"] == 0


def test_a_graceful_close_delivers_everything_first(network, session, version, listener):
    data = os.urandom(65535)
    cookie = session.submit(session.socket_connect(*listener.getsockname()[:2], data=data))[0]
    connection, _ = listener.accept()
    start = receive_all(connection, 1)
    done = session.wait(cookie)
    assert session.call("close", socket=done.socket, disposition=1).status == 0
    assert start + receive_all(connection) == data


def test_a_request_pends_until_tcp_has_taken_all_of_its_data(network, session, version, listener):
    request = session.socket_connect(*listener.getsockname()[:2], data=bytes(65535),
                                     option=[option(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)])
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    cookie = session.submit(request)[0]
    connection, _ = listener.accept()
    assert session.silent(0.3)
    assert receive_all(connection, 65535) == bytes(65535)
    assert session.wait(cookie).information == 65535


def test_bind_takes_no_port(network, session, version):
    """More sockets than ports: a bind leaves the choice of a port to the connect."""
    network.client.sysctl("ipv4/ip_local_port_range", "40000 40003")
    try:
        for _ in range(8):
            session.bound(network.CLIENT[version])
        with network.server.listen(network.SERVER[version]) as one, network.server.listen(network.SERVER[version]) as two:
            for listener in (one, two):
                for _ in range(4):
                    session.connected(*listener.getsockname()[:2])
            done = session.run(session.socket_connect(*one.getsockname()[:2]))[0]
            assert done.status == -errno.EADDRNOTAVAIL
            assert "port" in done.message
    finally:
        network.client.sysctl("ipv4/ip_local_port_range", "32768 60999")
