# SPDX-License-Identifier: Apache-2.0
"""send, receive, disconnect and the addresses of a connection, after WSK."""

import errno
import socket
import struct

import pytest
from kconnectnl import from_sockaddr, sockaddr
from network import receive_all, was_reset

NODELAY = 1
WAITALL, DRAIN = 1, 2
ABORTIVE = 1
RST_AT_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture
def connected(session, listener):
    """A connected socket's handle, and the peer's end."""
    request = session.socket_connect(*listener.getsockname()[:2])
    assert session.run(request)[0].status == 0
    connection, _ = listener.accept()
    connection.settimeout(20)
    yield request["socket"], connection
    connection.close()


def test_connect_connects_and_carries_no_data(network, session, version, listener):
    remote = sockaddr(*listener.getsockname()[:2])
    handle = session.bound(network.WILDCARD[version])
    refused = session.call("connect", socket=handle, remote=remote, data=b"x")
    assert (refused.status, refused.message) == (-errno.EINVAL, "connect carries no data; connect-ex does")
    assert session.call("connect", socket=handle, remote=remote).status == 0
    assert session.call("connect", socket=handle, remote=remote).status == -errno.EISCONN


def test_send_completes_when_tcp_has_taken_it_all(session, connected):
    handle, connection = connected
    data = bytes(range(256)) * 255 + b"the end"
    done = session.call("send", socket=handle, data=data)
    assert (done.status, done.information) == (0, len(data))
    assert receive_all(connection, len(data)) == data


def test_sends_go_out_in_their_order_though_the_peer_is_slow(session, connected):
    handle, connection = connected
    parts = [bytes([number]) * 65535 for number in range(120)]
    cookies = [session.start("send", socket=handle, data=part) for part in parts]
    while not session.silent(0.3):
        pass
    assert len(session.order) < len(parts), "TCP has room for all of it, so nothing has waited"
    assert receive_all(connection, 120 * 65535) == b"".join(parts)
    assert [done.information for done in session.wait_all(cookies)] == [65535] * 120
    assert [cookie for cookie in session.order if cookie in cookies] == cookies


def test_send_with_nodelay_does_not_wait_for_an_acknowledgement(network, session, connected, capture):
    handle, connection = connected
    with network.delay(200):
        session.run(*(session.request("send", socket=handle, data=b"x", flags=NODELAY) for _ in range(3)))
        sent = [packet.time for packet in capture.packets() if packet.outgoing and packet.data]
    assert len(sent) == 3 and sent[2] - sent[0] < 150_000_000
    assert receive_all(connection, 3) == b"xxx"


def test_receive_takes_what_there_is(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=100)
    connection.sendall(b"a part")
    assert session.wait(cookie).data == b"a part"


def test_waitall_waits_for_all(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=6, flags=WAITALL)
    connection.sendall(b"all")
    assert session.silent(0.3)
    connection.sendall(b" of it")
    assert session.wait(cookie).data == b"all of"
    assert session.call("receive", socket=handle, length=100).data == b" it"


def test_waitall_ends_with_the_stream(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=100, flags=WAITALL)
    connection.sendall(b"short")
    connection.close()
    done = session.wait(cookie)
    assert (done.status, done.information, done.data) == (0, 5, b"short")


def test_a_cancelled_waitall_gives_what_it_has(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=100, flags=WAITALL)
    connection.sendall(b"half")
    assert session.silent(0.3)
    assert session.cancel(cookie=cookie) == 1
    done = session.wait(cookie)
    assert (done.status, done.data) == (-errno.ECANCELED, b"half")


def test_drain_counts_and_throws_away(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, flags=DRAIN)
    connection.sendall(bytes(300_000))
    connection.close()
    done = session.wait(cookie)
    assert (done.status, done.information, done.data) == (0, 300_000, b"")


@pytest.mark.parametrize("fields, words", [
    ({"flags": WAITALL | DRAIN}, "waitall and drain exclude each other"),
    ({"flags": DRAIN, "length": 1}, "drain takes no buffer"),
    ({"flags": 4, "length": 1}, "a flag is unknown"),
    ({"length": 0}, "the length is not 1 to 65536 bytes"),
    ({"length": 65537}, "the length is not 1 to 65536 bytes"),
])
def test_a_receive_that_makes_no_sense_is_refused_and_harms_nothing(session, connected, fields, words):
    handle, connection = connected
    refused = session.call("receive", socket=handle, **fields)
    assert (refused.status, refused.message) == (-errno.EINVAL, words)
    connection.sendall(b"usable")
    assert session.call("receive", socket=handle, length=65536).data == b"usable"


def test_graceful_disconnect_sends_last_data_and_fin_and_receiving_goes_on(session, connected):
    handle, connection = connected
    done = session.call("disconnect", socket=handle, data=b"last words")
    assert (done.status, done.information) == (0, 10)
    assert receive_all(connection) == b"last words"
    assert session.call("send", socket=handle, data=b"x").status == -errno.EPIPE
    connection.sendall(b"answer")
    assert session.call("receive", socket=handle, length=100).data == b"answer"
    connection.close()
    assert session.call("receive", socket=handle, length=100).information == 0


def test_graceful_disconnect_completes_when_the_peer_has_acknowledged(network, session, connected, capture):
    handle, _ = connected
    with network.delay(100):
        done = session.call("disconnect", socket=handle)
    assert done.status == 0
    assert done.completed - done.submitted >= 100_000_000


def test_close_after_both_have_disconnected_sends_no_reset(session, connected, capture):
    handle, connection = connected
    assert session.call("disconnect", socket=handle).status == 0
    assert receive_all(connection) == b""
    connection.close()
    assert session.call("receive", socket=handle, length=1).information == 0
    assert session.call("close", socket=handle).status == 0
    assert not [packet for packet in capture.packets() if packet.resets]


def test_abortive_disconnect_resets_and_cancels_what_is_in_flight(session, connected):
    handle, connection = connected
    pending = session.start("receive", socket=handle, length=1)
    assert session.call("disconnect", socket=handle, flags=ABORTIVE).status == 0
    assert session.wait(pending).status == -errno.ECANCELED
    assert was_reset(connection)
    assert session.call("send", socket=handle, data=b"x").status == -errno.ESHUTDOWN
    assert session.call("close", socket=handle).status == 0


def test_abortive_disconnect_takes_no_buffer(session, connected):
    handle, connection = connected
    refused = session.call("disconnect", socket=handle, flags=ABORTIVE, data=b"x")
    assert (refused.status, refused.message) == (-errno.EINVAL, "an abortive disconnect takes no buffer")
    assert session.call("send", socket=handle, data=b"still here").status == 0
    assert receive_all(connection, 10) == b"still here"


def test_a_graceful_disconnect_that_is_called_off_ends_the_connection(network, session, connected):
    handle, connection = connected
    with network.server.filter("tcp flags & fin == fin drop"):
        done = session.call("disconnect", socket=handle, timeout=200_000_000)
        assert done.status == -errno.ETIMEDOUT
        assert was_reset(connection)
    assert session.call("receive", socket=handle, length=1).status == -errno.ESHUTDOWN


def test_the_peers_reset_ends_receive_and_send(session, connected):
    handle, connection = connected
    cookie = session.start("receive", socket=handle, length=1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_AT_CLOSE)
    connection.close()
    assert session.wait(cookie).status == -errno.ECONNRESET
    assert session.call("send", socket=handle, data=b"x").status == -errno.EPIPE


def test_addresses_are_those_of_the_connection(network, session, version, listener):
    handle = session.bound(network.WILDCARD[version])
    before = session.call("get-local-address", socket=handle)
    assert from_sockaddr(before.local) == (network.WILDCARD[version], 0)
    assert session.call("get-remote-address", socket=handle).status == -errno.ENOTCONN
    session.call("connect", socket=handle, remote=sockaddr(*listener.getsockname()[:2]))
    _, peer = listener.accept()
    local, remote = session.run(session.request("get-local-address", socket=handle),
                                session.request("get-remote-address", socket=handle))
    assert from_sockaddr(local.local) == peer[:2] and local.remote is None
    assert from_sockaddr(remote.remote) == listener.getsockname()[:2] and remote.local is None


@pytest.mark.parametrize("operation", ["send", "receive", "disconnect"])
def test_an_unconnected_socket_transfers_nothing(network, session, version, operation):
    handle = session.bound(network.WILDCARD[version])
    fields = {"length": 1} if operation == "receive" else {}
    done = session.call(operation, socket=handle, **fields)
    assert (done.status, done.message) == (-errno.ENOTCONN, "the socket is not connected")


def test_what_is_asked_for_while_connecting_waits_for_the_connection(network, session, version, listener):
    with network.delay(50):
        request = session.socket_connect(*listener.getsockname()[:2], data=b"one ")
        handle = request["socket"]
        cookies = session.submit(request, session.request("send", socket=handle, data=b"two "),
                                 session.request("disconnect", socket=handle, data=b"three"),
                                 session.request("receive", socket=handle, length=100))
        connection, _ = listener.accept()
        assert receive_all(connection) == b"one two three"
        connection.sendall(b"answer")
        done = session.wait_all(cookies)
    assert [completion.status for completion in done] == [0] * 4
    assert [completion.information for completion in done] == [4, 4, 5, 6]


def test_what_waits_for_a_connection_that_fails_ends_with_it(network, session, version):
    with network.delay(50):
        request = session.socket_connect(network.SERVER[version], network.CLOSED_PORT)
        cookies = session.submit(request, session.request("send", socket=request["socket"], data=b"x"),
                                 session.request("receive", socket=request["socket"], length=1))
        statuses = [done.status for done in session.wait_all(cookies)]
    assert statuses[0] == -errno.ECONNREFUSED
    assert set(statuses[1:]) <= {-errno.ESHUTDOWN, -errno.ECANCELED}
