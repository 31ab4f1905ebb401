# SPDX-License-Identifier: Apache-2.0
"""How a connection ends is the caller's choice, and what leaves the machine shows it."""

import errno

import pytest
from kconnectnl import DISPOSITIONS


def outgoing(capture):
    """The flags of what the client sent: SYN, ACK, FIN and RST."""
    seen = []
    for packet in capture.packets():
        if packet.outgoing:
            names = [name for name in ("SYN", "FIN", "RST") if packet.flags & getattr(packet, name)]
            seen.append(" ".join(names) or ("data" if packet.data else "ACK"))
    return seen


def close(session, handle, how):
    done = session.call("close", socket=handle, disposition=DISPOSITIONS[how])
    assert done.status == 0


def test_a_graceful_close_sends_a_fin_after_the_data(session, listener, capture):
    request = session.socket_connect(*listener.getsockname()[:2], data=b"x" * 5000)
    assert session.run(request)[0].status == 0
    close(session, request["socket"], "graceful")
    listener.accept()[0].close()
    capture.wait_for(lambda packet: packet.outgoing and packet.flags & packet.FIN)
    sent = outgoing(capture)
    assert "RST" not in sent
    assert sent.index("data") < sent.index("FIN")


def test_an_abortive_close_sends_a_reset(session, listener, capture):
    request = session.socket_connect(*listener.getsockname()[:2])
    assert session.run(request)[0].status == 0
    close(session, request["socket"], "abortive")
    listener.accept()[0].close()
    capture.wait_for(lambda packet: packet.outgoing and packet.resets)
    sent = outgoing(capture)
    assert sent[-1] == "RST" and "FIN" not in sent


def test_a_half_open_probe_sends_a_syn_and_a_reset_and_nothing_else(network, session, listener, capture):
    half_open = DISPOSITIONS["half-open"]
    with network.delay(10):
        probe = session.socket_connect(*listener.getsockname()[:2], disposition=half_open)
        done = session.run(probe)[0]
        assert done.status == 0 and done.established
        capture.wait_for(lambda packet: packet.outgoing and packet.resets)
    assert outgoing(capture) == ["SYN", "RST"]
    assert session.stats()["sockets"] == 0, "nothing of it is left"
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_half_open_probe_of_a_closed_port_is_refused(network, session, version):
    probe = session.socket_connect(network.SERVER[version], network.CLOSED_PORT, disposition=DISPOSITIONS["half-open"])
    assert session.run(probe)[0].status == -errno.ECONNREFUSED


def test_a_half_open_probe_carries_no_data(session, listener):
    probe = session.socket_connect(*listener.getsockname()[:2], disposition=DISPOSITIONS["half-open"], data=b"x")
    done = session.run(probe)[0]
    assert (done.status, done.message) == (-errno.EINVAL, "a half-open probe carries no data")


def test_half_open_is_no_way_to_close(session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    done = session.call("close", socket=handle, disposition=DISPOSITIONS["half-open"])
    assert (done.status, done.message) == (-errno.EINVAL, "half-open is for socket-connect only")
    close(session, handle, "abortive")
