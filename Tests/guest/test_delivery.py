# SPDX-License-Identifier: Apache-2.0
"""How completions come: at once, later, many in one message, and none is lost on a reader that is slow."""

import array
import errno
import fcntl
import os
import socket
import struct
import termios
import time

import pytest
from kconnectnl import NLM_F_REQUEST, NLMSG_ERROR, drain, option, request_bytes
from network import wait_until


def test_what_is_ready_comes_in_the_reply(session):
    ready = session.submit_raw(b"".join(request_bytes(cookie, "socket", socket=cookie, family=socket.AF_INET)
                                        for cookie in range(1, 11)))
    assert [done.cookie for done in ready] == list(range(1, 11))
    assert session.messages == [("submit", 10)]


def test_a_reply_of_nothing_is_only_an_ack(network, session, version):
    assert session.submit_raw(request_bytes(**session.socket_connect(network.SILENT[version], 80))) == []
    assert session.messages == []


def test_what_is_ready_later_comes_by_itself(network, session, listener):
    with network.delay(300):
        later = session.socket_connect(*listener.getsockname()[:2])
        now = session.request("socket", socket=1000, family=socket.AF_INET)
        ready = session.submit_raw(request_bytes(**later) + request_bytes(**now))
        assert [done.cookie for done in ready] == [now["cookie"]]
        assert session.wait(later["cookie"]).status == 0
    assert session.messages == [("submit", 1), ("complete", 1)]


def test_many_completions_come_in_one_message(network, session, listener):
    with network.delay(1000):
        done = session.run(*[session.socket_connect(*listener.getsockname()[:2]) for _ in range(64)])
    assert {completion.status for completion in done} == {0}
    assert sum(count for _, count in session.messages) == 64
    assert max(count for name, count in session.messages if name == "complete") > 1


def test_a_cookie_is_only_the_callers(session):
    cookies = [0, 1 << 63, (1 << 64) - 1]
    session.submit_raw(b"".join(request_bytes(cookie, "close", socket=1) for cookie in cookies))
    assert session.order == cookies


def overrun(session, handle, connection, count):
    """Lets completions of @count receives overrun the receive buffer; returns the cookies."""
    cookies = session.submit(*[session.request("receive", socket=handle, length=1) for _ in range(count)])
    session.set_receive_buffer(1)
    connection.sendall(bytes(count))
    assert wait_until(lambda: unacknowledged(connection) == 0)
    time.sleep(0.2)
    assert drain(session), "the receive buffer has overrun"
    assert 0 < len(session.order) < count, "some came, the others wait"
    return cookies


def unacknowledged(connection):
    """Bytes that TCP has not brought to the other end yet."""
    value = array.array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, value)
    return value[0]


def test_a_reader_that_was_overrun_reaps_everything_once_and_in_order(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    session.order.clear()
    cookies = overrun(session, handle, connection, 1000)
    assert session.silent(0.1), "nothing is sent until it reaps"
    assert session.reap()
    assert session.order == cookies
    assert {done.status for done in session.wait_all(cookies)} == {0}
    # It is as before.
    session.set_receive_buffer(1 << 20)
    assert session.reap() == []
    cookie = session.start("receive", socket=handle, length=4)
    assert session.silent(0.05)
    connection.sendall(b"live")
    assert session.wait(cookie).data == b"live"


def test_what_completes_during_an_overrun_waits_for_the_reap(session, listener):
    """And a receive of 64 KiB is among it."""
    room = [option(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)]
    big = session.connected(*listener.getsockname()[:2], option=room)
    data = os.urandom(65536)
    source, _ = listener.accept()
    source.sendall(data)
    handle = session.connected(*listener.getsockname()[:2])
    connection, _ = listener.accept()
    assert wait_until(lambda: unacknowledged(source) == 0)
    session.order.clear()
    cookies = overrun(session, handle, connection, 500)
    more = [session.request("receive", socket=big, length=65536), session.request("close", socket=999),
            session.request("receive", socket=big, length=65536)]
    cookies += session.submit(*more)
    source.sendall(b"the end")
    assert session.silent(0.1)
    session.reap()
    drain(session)
    assert session.order == cookies
    whole, nowhere, end = session.wait_all(cookies[-3:])
    assert (whole.status, whole.information, whole.data) == (0, 65536, data)
    assert nowhere.status == -errno.ENOENT
    assert end.data == b"the end"


def test_a_reap_with_nothing_to_reap(session):
    assert session.reap() == []
    assert session.stats()["sessions"] == 0, "there is no session yet"
    session.call("close", socket=1)
    assert session.reap() == []


def test_a_reader_that_never_reads_leaves_nothing_behind(network, listener):
    session = network.client.session(receive_buffer=1)
    try:
        for _ in range(20):
            payload = b"".join(request_bytes(**session.socket_connect(*listener.getsockname()[:2])) for _ in range(50))
            session.send("submit", payload)
        with network.client.session() as observer:
            assert wait_until(lambda: observer.stats()["completed"] == observer.stats()["submitted"])
            assert observer.stats()["outstanding"] > 900
    finally:
        session.close()
    with network.client.session() as observer:
        assert wait_until(lambda: observer.stats()["outstanding"] + observer.stats()["sockets"] == 0)


QUOTA = 262144
BATCH = 4096


def test_a_session_past_its_quota_is_refused_and_goes_on(network, session, monkeypatch):
    """A request counts until its completion is delivered, so a reader that does not reap comes to its limit."""
    payload = b"".join(request_bytes(7, "close", socket=1) for _ in range(BATCH))
    count_only(session, monkeypatch)
    session.set_receive_buffer(1)
    with network.client.session() as observer:
        before = observer.stats()["submitted"]
        outstanding = submitted = 0
        while outstanding + BATCH <= QUOTA:
            session.send("submit", payload, NLM_F_REQUEST)
            submitted += BATCH
            outstanding = observer.stats()["outstanding"]
        assert refusal(session, payload) == errno.EDQUOT
        assert observer.stats()["submitted"] == before + submitted, "none of the refused message has run"
        # Another session has its own quota.
        assert observer.call("close", socket=1).status == -errno.ENOENT
        # Those that are reaped make room, and all are answered.
        session.set_receive_buffer(1 << 20)
        session.reap()
        drain(session)
        assert session.answered.pop(7) == submitted
        assert observer.stats()["outstanding"] == 0
    monkeypatch.undo()
    assert session.call("close", socket=1).status == -errno.ENOENT


def count_only(session, monkeypatch):
    """Completions are counted and not looked into: there are many, and all have one cookie."""
    length_at = struct.Struct("=H").unpack_from

    def note(payload):
        at = 4
        while at < len(payload):
            at += length_at(payload, at)[0] + 3 & ~3
            session.answered[7] += 1
        return []

    monkeypatch.setattr(session, "_note", note)


def refusal(session, payload):
    """What a submit message is refused with; the buffer may be full of completions when it is."""
    while True:
        drain(session)
        sequence = session.send("submit", payload, NLM_F_REQUEST)
        try:
            for kind, number, _, content in session._receive(5):
                if (kind, number) == (NLMSG_ERROR, sequence):
                    return -struct.unpack_from("=i", content)[0]
                session._note(content)
        except OSError as error:
            assert error.errno == errno.ENOBUFS
