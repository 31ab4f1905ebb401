# SPDX-License-Identifier: Apache-2.0
"""TCP Fast Open: a capture says what was in the SYN, and the completion says the same."""

import errno
import os
import socket

import pytest
from kconnectnl import FAST_OPEN, FAST_OPEN_ON, REASON, option, sockaddr
from network import receive_all

MS = 1_000_000
SYN_WITH_DATA = "tcp flags & (syn | ack) == syn meta length > 100 drop"


@pytest.fixture
def listener(network, session, version):
    """A server that takes data in a SYN; the client has no cookie of it, and thinks no ill of the path."""
    network.client.run("ip", "tcp_metrics", "flush", "all", capture_output=True)
    session.clear_paths()
    with network.server.listen(network.SERVER[version], fast_open=True) as listener:
        yield listener


@pytest.fixture
def connect(session, listener):
    """Opens a connection by socket-connect; returns its completion and all that the server got by it."""

    def connect(data, **fields):
        request = session.socket_connect(*listener.getsockname()[:2], data=data, **fields)
        cookie = session.submit(request)[0]
        connection, _ = listener.accept()
        with connection:
            got = receive_all(connection, len(data))
            done = session.wait(cookie)
            # With the FIN in, nothing can come any more, nor twice.
            assert session.call("close", socket=done.socket, disposition=1).status == 0
            return done, got + receive_all(connection)

    return connect


@pytest.fixture
def warm(connect):
    """The client has a cookie."""
    connect(b"for the cookie", option=[FAST_OPEN_ON])


def test_a_cookie_first_then_data_in_the_syn(connect, capture):
    first, second = [connect(b"idempotent data", option=[FAST_OPEN_ON]) for _ in range(2)]
    asks, carries = capture.syns()
    assert (asks.data, asks.cookie) == (b"", 0)
    assert carries.data == b"idempotent data" and carries.cookie >= 4
    assert (first[0].fast_open, first[0].syn_data) == (FAST_OPEN["cookie-requested"], None)
    assert (second[0].fast_open, second[0].syn_data) == (FAST_OPEN["data-acked"], 15)
    assert second[0].fast_open_reason is None
    for done, got in (first, second):
        assert (done.status, done.information, got) == (0, 15, b"idempotent data")


def test_by_set_option_and_connect_ex(network, session, version, listener, warm, capture):
    handle = session.bound(network.WILDCARD[version])
    done = session.run(
        session.request("set-option", socket=handle, option=FAST_OPEN_ON),
        session.request("connect-ex", socket=handle, remote=sockaddr(*listener.getsockname()[:2]), data=b"in the SYN"))
    assert [completion.status for completion in done] == [0, 0]
    assert done[1].fast_open == FAST_OPEN["data-acked"]
    assert capture.syns()[0].data == b"in the SYN"


def test_data_in_the_syn_saves_a_round_trip(network, session, listener, warm):
    with network.delay(100):
        times = []
        for options in ([], [FAST_OPEN_ON]):
            cookie = session.submit(session.socket_connect(*listener.getsockname()[:2], data=b"ask", option=options))[0]
            connection, _ = listener.accept()
            assert receive_all(connection, 3) == b"ask"
            connection.sendall(b"answer")
            done = session.wait(cookie)
            answer = session.call("receive", socket=done.socket, length=6)
            assert answer.data == b"answer"
            times.append(answer.completed - done.submitted)
    plain, fast = times
    assert plain >= 200 * MS, "the handshake, and then the answer"
    assert fast < plain - 50 * MS


@pytest.mark.parametrize("size", [1, 1400, 1500, 20000, 65535])
def test_what_does_not_fit_the_syn_follows_it(connect, warm, capture, size):
    data = os.urandom(size)
    done, got = connect(data, option=[FAST_OPEN_ON])
    syn = capture.syns()[0]
    assert (done.status, done.information, got) == (0, size, data)
    assert done.fast_open == FAST_OPEN["data-acked"]
    assert done.syn_data == len(syn.data) and data.startswith(syn.data)
    assert len(syn.data) == size if size <= 1400 else 1300 < len(syn.data) < 1500


def test_without_being_asked_no_data_is_in_the_syn(connect, warm, capture):
    for options in ([], [option(socket.IPPROTO_TCP, 23, 1), option(socket.IPPROTO_TCP, 23, 0)]):
        done, got = connect(b"later", option=options)
        assert (done.status, got, done.fast_open, done.syn_data) == (0, b"later", FAST_OPEN["not-asked"], None)
    assert [(syn.data, syn.cookie) for syn in capture.syns()] == [(b"", None)] * 2


def test_without_data_there_is_none_in_the_syn(connect, warm, capture):
    done, got = connect(b"", option=[FAST_OPEN_ON])
    assert (done.status, done.information, done.syn_data, got) == (0, 0, None, b"")
    assert [syn.data for syn in capture.syns()] == [b""]


def test_a_server_that_does_not_take_it(network, connect, warm, capture):
    network.server.sysctl("ipv4/tcp_fastopen", 0)
    try:
        done, got = connect(b"once", option=[FAST_OPEN_ON])
    finally:
        network.server.sysctl("ipv4/tcp_fastopen", 3)
    assert capture.syns()[0].data == b"once"
    assert (done.status, done.information, got) == (0, 4, b"once")
    assert (done.fast_open, done.fast_open_reason) == (FAST_OPEN["data-not-acked"], REASON["data-not-acked"])
    assert done.syn_data == 4


@pytest.mark.parametrize("size", [200, 65535])
def test_a_syn_with_data_that_is_dropped_on_the_way(network, connect, warm, capture, size):
    data = os.urandom(size)
    with network.server.filter(SYN_WITH_DATA):
        done, got = connect(data, option=[FAST_OPEN_ON])
    first, second = capture.syns()
    assert first.data and not second.data
    assert (done.status, done.information) == (0, size)
    assert got == data, "the data arrives, once"
    assert (done.fast_open, done.fast_open_reason) == (FAST_OPEN["data-not-acked"], REASON["syn-retransmitted"])
    assert done.syn_data == len(first.data)


def test_a_deadline_before_any_answer(network, session, listener, warm, capture):
    with network.server.filter(SYN_WITH_DATA):
        done = session.run(session.socket_connect(*listener.getsockname()[:2], data=bytes(200), option=[FAST_OPEN_ON],
                                                  timeout=100 * MS))[0]
    assert done.status == -errno.ETIMEDOUT
    assert (done.fast_open, done.syn_data) == (FAST_OPEN["data-sent"], 200), "the peer may have it"
    assert [len(syn.data) for syn in capture.syns()] == [200]


def test_a_port_that_refuses_data_in_the_syn(network, session, version, warm, capture):
    done = session.run(session.socket_connect(network.SERVER[version], network.CLOSED_PORT, data=b"nobody there",
                                              option=[FAST_OPEN_ON]))[0]
    assert done.status == -errno.ECONNREFUSED
    assert (done.fast_open, done.syn_data) == (FAST_OPEN["data-sent"], 12)
    assert [syn.data for syn in capture.syns()] == [b"nobody there"]


def test_a_client_that_must_not(network, connect, warm, capture):
    network.client.sysctl("ipv4/tcp_fastopen", 0)
    try:
        done, got = connect(b"later", option=[FAST_OPEN_ON])
    finally:
        network.client.sysctl("ipv4/tcp_fastopen", 1)
    assert [syn.data for syn in capture.syns()] == [b""]
    assert (done.status, done.information, got) == (0, 5, b"later")
    assert (done.fast_open, done.fast_open_reason) == (FAST_OPEN["suppressed"], REASON["disabled"])


def test_without_a_cookie_where_that_is_allowed(network, connect, capture):
    network.client.sysctl("ipv4/tcp_fastopen", 5)
    network.server.sysctl("ipv4/tcp_fastopen", 0x203)
    try:
        done, got = connect(b"no cookie", option=[FAST_OPEN_ON])
    finally:
        network.client.sysctl("ipv4/tcp_fastopen", 1)
        network.server.sysctl("ipv4/tcp_fastopen", 3)
    assert [syn.data for syn in capture.syns()] == [b"no cookie"]
    assert (done.status, got, done.fast_open) == (0, b"no cookie", FAST_OPEN["data-acked"])


def test_an_unreachable_network(network, session, version):
    done = session.run(session.socket_connect(network.NOWHERE[version], 80, data=b"x", option=[FAST_OPEN_ON]))[0]
    assert (done.status, done.information, done.syn_data) == (-errno.ENETUNREACH, 0, None)
    assert done.fast_open is None, "nothing was tried"
