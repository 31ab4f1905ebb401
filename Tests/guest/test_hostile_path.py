# SPDX-License-Identifier: Apache-2.0
"""The memory of hostile paths: a path that drops SYNs with data costs a second twice, and then no more."""

import errno

import pytest
from kconnectnl import FAST_OPEN, FAST_OPEN_ON, REASON, NetlinkError, decode, from_sockaddr, sockaddr

SECOND = 1_000_000_000
DROP_SYN_DATA = "tcp flags & (syn | ack) == syn meta length > 100 drop"


@pytest.fixture
def fast_listener(network, version):
    with network.server.listen(network.SERVER[version], fast_open=True) as listener:
        yield listener


def connect(session, listener, **fields):
    """One connect with fast open asked for and a little data."""
    request = session.socket_connect(*listener.getsockname()[:2], data=b"x" * 100, option=[FAST_OPEN_ON], **fields)
    done = session.run(request)[0]
    assert done.status == 0
    listener.accept()[0].close()
    session.call("close", socket=request["socket"])
    return done


def waited(done):
    return done.established - done.syn_sent


def paths(session):
    sequence = session.send("path-get", b"", 0x301)
    return [decode("path", path) for _, content in session._answers(sequence)
            for path in decode("message", content)["path"]]


@pytest.fixture
def primed(network, session, fast_listener):
    """A listener whose cookie is there already, and nothing is remembered."""
    session.clear_paths()
    network.client.run("ip", "tcp_metrics", "flush", "all", capture_output=True)
    assert connect(session, fast_listener).fast_open == FAST_OPEN["cookie-requested"]
    yield fast_listener
    session.clear_paths()


@pytest.fixture
def hostile(network, primed):
    """The path drops every SYN with data."""
    with network.server.filter(DROP_SYN_DATA):
        yield primed


def test_two_losses_cost_a_second_each_and_the_next_connects_nothing(session, hostile):
    for _ in range(2):
        done = connect(session, hostile)
        assert waited(done) >= 0.9 * SECOND
        assert (done.fast_open, done.fast_open_reason) == (FAST_OPEN["data-not-acked"], REASON["syn-retransmitted"])
    for _ in range(5):
        done = connect(session, hostile)
        assert waited(done) < 0.5 * SECOND
        assert (done.fast_open, done.fast_open_reason) == (FAST_OPEN["suppressed"], REASON["hostile-path"])
        assert done.syn_data is None


def test_the_memory_is_listed_and_cleared(network, session, hostile, version):
    connect(session, hostile)
    entry = paths(session)[0]
    assert from_sockaddr(entry["destination"][0]) == (network.SERVER[version], 0)
    assert from_sockaddr(entry["source"][0]) == (network.WILDCARD[version], 0)
    assert (entry["losses"], entry["backoffs"], entry["retry-in"]) == ([1], [0], [])
    connect(session, hostile)
    entry = paths(session)[0]
    assert (entry["losses"], entry["backoffs"]) == ([2], [1])
    assert 0 < entry["retry-in"][0] <= 600 * SECOND
    assert session.clear_paths(remote=sockaddr(network.NOWHERE[version], 0)) == 0
    assert session.clear_paths(remote=sockaddr(network.SERVER[version], 0)) == 1
    assert paths(session) == []
    assert waited(connect(session, hostile)) >= 0.9 * SECOND, "it is tried again"


def test_another_source_is_another_path(network, session, hostile, version):
    for _ in range(2):
        connect(session, hostile)
    bound = connect(session, hostile, local=sockaddr(network.CLIENT[version], 0))
    assert waited(bound) >= 0.9 * SECOND
    assert {from_sockaddr(entry["source"][0])[0] for entry in paths(session)} == {
        network.WILDCARD[version], network.CLIENT[version]}


def test_one_lost_syn_does_not_make_a_path_hostile(network, session, primed):
    with network.server.filter(DROP_SYN_DATA):
        connect(session, primed)
    assert [entry["losses"] for entry in paths(session)] == [[1]]
    assert connect(session, primed).fast_open == FAST_OPEN["data-acked"]
    assert paths(session) == [], "what came through is forgiven"


def test_a_slow_path_is_not_a_hostile_one(network, session, fast_listener):
    """With a round trip of more than TCP's first timeout, the SYN is sent twice, and nothing is lost."""
    session.clear_paths()
    with network.delay(1300):
        for _ in range(3):
            connect(session, fast_listener)
    assert paths(session) == []


def test_a_path_that_is_no_address_is_refused(session):
    with pytest.raises(NetlinkError) as caught:
        session.clear_paths(remote=b"\x02\x00\x00")
    assert caught.value.errno == errno.EINVAL
