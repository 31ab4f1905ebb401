# SPDX-License-Identifier: Apache-2.0
"""Deadlines and cancels: the attempt itself ends, once, and after the completion nothing but a RST leaves."""

import errno
import socket
import time

import pytest
from kconnectnl import NetlinkError, sockaddr
from network import receive_all, was_reset

MS = 1_000_000


def nothing_but_resets_after(capture, done):
    """Whether what left after a completion was RSTs only. There is time for a retransmission of the SYN."""
    late = [packet for packet in capture.packets() if packet.outgoing and packet.time > done.completed]
    return all(packet.resets for packet in late)


def ended_in_time(done, milliseconds):
    took = done.completed - done.submitted
    return milliseconds * MS <= took <= (milliseconds + 50) * MS


@pytest.mark.parametrize("milliseconds", [1, 20, 200, 1500])
def test_a_silent_peer_with_a_deadline(network, session, version, milliseconds):
    """A guest that gets no processor for a while is late once; it is given another chance."""
    took = []
    while not took or took[-1] > milliseconds + 50 and len(took) < 3:
        done = session.run(session.socket_connect(network.SILENT[version], 80, data=b"x", timeout=milliseconds * MS))[0]
        assert (done.status, done.information) == (-errno.ETIMEDOUT, 0)
        took.append((done.completed - done.submitted) / MS)
    assert min(took) >= milliseconds and took[-1] <= milliseconds + 50, took


def test_after_a_deadline_nothing_leaves(network, session, version, capture):
    """A SYN is sent again after 1 s, by a connect that is still there."""
    done = session.run(session.socket_connect(network.SILENT[version], 80, data=b"x", timeout=100 * MS))[0]
    time.sleep(1.5)
    assert done.status == -errno.ETIMEDOUT
    assert len(capture.syns()) == 1
    assert [packet for packet in capture.packets() if packet.time > done.completed] == []


@pytest.mark.parametrize("how", ["deadline", "cancel", "close"])
def test_a_syn_ack_that_comes_too_late_is_answered_by_a_rst(network, session, version, listener, capture, how):
    handle = session.bound(network.WILDCARD[version])
    with network.delay(400):
        timeout = {"timeout": 100 * MS} if how == "deadline" else {}
        cookie = session.start("connect-ex", socket=handle, remote=sockaddr(*listener.getsockname()[:2]),
                               data=b"too late", **timeout)
        if how == "cancel":
            assert session.cancel(cookie=cookie) == 1
        if how == "close":
            assert session.call("close", socket=handle).status == 0
        done = session.wait(cookie)
        assert done.status == (-errno.ETIMEDOUT if how == "deadline" else -errno.ECANCELED)
        assert done.information == 0
        syn_ack = capture.wait_for(lambda packet: packet.accepts)
        assert syn_ack.time > done.completed
        reset = capture.wait_for(lambda packet: packet.outgoing and packet.resets)
        assert reset.time > syn_ack.time
        time.sleep(0.2)
        assert nothing_but_resets_after(capture, done)
    assert all(packet.data == b"" for packet in capture.packets())


def test_a_deadline_while_data_is_being_sent(network, session, version, listener, capture):
    """The connection stands, the peer takes no more: the deadline resets it, and says how much was taken."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    small = {"level": socket.SOL_SOCKET, "name": socket.SO_SNDBUF, "value": b"\0\x10\0\0"}
    done = session.run(session.socket_connect(*listener.getsockname()[:2], data=bytes(65535), option=[small],
                                              timeout=300 * MS))[0]
    assert done.status == -errno.ETIMEDOUT and 0 < done.information < 65535
    assert ended_in_time(done, 300)
    connection, _ = listener.accept()
    assert was_reset(connection)
    time.sleep(0.5)
    assert nothing_but_resets_after(capture, done)


def test_a_deadline_that_is_not_needed(session, listener):
    done = session.run(session.socket_connect(*listener.getsockname()[:2], data=b"x", timeout=300 * MS))[0]
    connection, _ = listener.accept()
    time.sleep(0.5)
    connection.sendall(b"it stands")
    assert session.call("receive", socket=done.socket, length=9).data == b"it stands"


def test_the_longest_timeout_is_taken(session, listener):
    done = session.run(session.socket_connect(*listener.getsockname()[:2], timeout=(1 << 64) - 1))[0]
    assert done.status == 0


def test_a_deadline_of_a_receive_leaves_the_connection(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    cookies = session.submit(session.request("receive", socket=handle, length=10, timeout=100 * MS),
                             session.request("receive", socket=handle, length=10))
    done = session.wait(cookies[0])
    assert (done.status, done.information) == (-errno.ETIMEDOUT, 0)
    assert ended_in_time(done, 100)
    connection.sendall(b"for the 2nd")
    assert session.wait(cookies[1]).data == b"for the 2n"
    assert session.call("receive", socket=handle, length=10).data == b"d"


def test_a_cancel_before_the_request(session, listener):
    request = session.socket_connect(*listener.getsockname()[:2])
    with pytest.raises(NetlinkError) as caught:
        session.cancel(cookie=request["cookie"])
    assert caught.value.errno == errno.ENOENT and caught.value.words
    assert session.run(request)[0].status == 0, "a cancel that came too early has no effect"


def test_a_cancel_during_the_request(network, session, version, capture):
    cookie = session.submit(session.socket_connect(network.SILENT[version], 80, data=b"x"))[0]
    assert session.silent(0.1)
    assert session.cancel(cookie=cookie) == 1
    done = session.wait(cookie)
    assert (done.status, done.information) == (-errno.ECANCELED, 0)
    time.sleep(1.3)
    assert nothing_but_resets_after(capture, done)
    assert session.silent(0.01), "one answer is enough"


def test_a_cancel_after_the_request(session, listener):
    done = session.run(session.socket_connect(*listener.getsockname()[:2]))[0]
    assert done.status == 0
    with pytest.raises(NetlinkError) as caught:
        session.cancel(cookie=done.cookie)
    assert caught.value.errno == errno.ENOENT
    connection, _ = listener.accept()
    connection.sendall(b"it stands")
    assert session.call("receive", socket=done.socket, length=9).data == b"it stands"


def test_a_cancel_twice(network, session, version):
    cookie = session.submit(session.socket_connect(network.SILENT[version], 80))[0]
    assert session.cancel(cookie=cookie) == 1
    with pytest.raises(NetlinkError) as caught:
        session.cancel(cookie=cookie)
    assert caught.value.errno == errno.ENOENT
    assert session.wait(cookie).status == -errno.ECANCELED


def test_a_cancel_of_a_receive_leaves_the_connection(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    cookies = session.submit(*[session.request("receive", socket=handle, length=10) for _ in range(3)])
    assert session.cancel(cookie=cookies[1]) == 1
    assert session.wait(cookies[1]).status == -errno.ECANCELED
    connection.sendall(b"0123456789abcdefghij")
    assert [session.wait(cookies[n]).data for n in (0, 2)] == [b"0123456789", b"abcdefghij"]


def test_a_cancel_of_a_socket(network, session, version):
    one, other = session.bound(network.WILDCARD[version]), session.bound(network.WILDCARD[version])
    silent = sockaddr(network.SILENT[version], 80)
    cookies = session.submit(session.request("connect-ex", socket=one, remote=silent),
                             session.request("receive", socket=one, length=1),
                             session.request("connect-ex", socket=other, remote=silent))
    assert session.cancel(socket=one) == 2
    assert [session.wait(cookie).status for cookie in cookies[:2]] == [-errno.ECANCELED, -errno.ECANCELED]
    assert session.silent(0.1), "the other socket's is still pending"
    with pytest.raises(NetlinkError) as caught:
        session.cancel(socket=one)
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(NetlinkError) as caught:
        session.cancel(socket=999)
    assert caught.value.errno == errno.ENOENT
    assert session.cancel(socket=other) == 1
    assert session.wait(cookies[2]).status == -errno.ECANCELED


def test_a_cancel_of_everything(network, session, version):
    assert session.cancel(all=True) == 0
    cookies = session.submit(*[session.socket_connect(network.SILENT[version], 80) for _ in range(100)])
    assert session.cancel(all=True) == 100
    assert {done.status for done in session.wait_all(cookies)} == {-errno.ECANCELED}
    assert session.cancel(all=True) == 0


def test_a_cancel_hits_all_requests_with_the_cookie(network, session, version):
    requests = [{**session.socket_connect(network.SILENT[version], 80), "cookie": 42} for _ in range(3)]
    session.submit(*requests)
    assert session.cancel(cookie=42) == 3
    assert [session.wait(42).status for _ in range(3)] == [-errno.ECANCELED] * 3
    del session.answered[42]


def test_cancels_race_with_completions(network, session, version, listener):
    """Whoever comes first decides; there is one answer either way, and the two sides agree on it."""
    outcomes = set()
    with network.delay(1):
        for _ in range(60):
            cookie = session.submit(session.socket_connect(*listener.getsockname()[:2], data=b"x"))[0]
            try:
                told = session.cancel(cookie=cookie)
            except NetlinkError:
                told = 0
            done = session.wait(cookie)
            assert done.status == (-errno.ECANCELED if told else 0)
            outcomes.add(done.status)
            if done.status == 0:
                assert session.call("close", socket=done.socket, disposition=1).status == 0
    assert session.stats()["sockets"] == 0
    assert outcomes


def test_a_connected_socket_that_is_closed_is_reset(session, listener, capture):
    handle = session.connected(*listener.getsockname()[:2], data=b"x")
    connection, _ = listener.accept()
    cookie = session.start("receive", socket=handle, length=1)
    assert receive_all(connection, 1) == b"x"
    closed = session.call("close", socket=handle)
    assert closed.status == 0
    done = session.wait(cookie)
    assert done.status == -errno.ECANCELED and done.completed <= closed.completed
    assert was_reset(connection)
    assert nothing_but_resets_after(capture, closed)
