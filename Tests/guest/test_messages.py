# SPDX-License-Identifier: Apache-2.0
"""Messages that are malformed: each is refused whole, in words, and none of its requests runs."""

import errno
import socket
import struct

import pytest
from kconnectnl import (BY_NAME, COMMANDS, DISPOSITIONS, NLA_F_NESTED, NLM_F_REQUEST, NetlinkError, OPERATIONS, attribute, encode,
                        request_bytes)

REQUEST = BY_NAME["message"]["request"].number
GOOD = request_bytes(1, "socket", socket=1, family=socket.AF_INET)


def nest(payload):
    return attribute(REQUEST | NLA_F_NESTED, payload)


def inside(name, payload):
    return attribute(BY_NAME["request"][name].number, payload)


NAMED = inside("cookie", struct.pack("=Q", 2)) + inside("operation", struct.pack("=I", OPERATIONS["socket"]))

MALFORMED = {
    "no request": b"",
    "an empty request": nest(b""),
    "no cookie": nest(inside("operation", struct.pack("=I", OPERATIONS["socket"]))),
    "no operation": nest(inside("cookie", struct.pack("=Q", 2))),
    "a nest that is not marked as one": attribute(REQUEST, NAMED),
    "an unknown attribute in the message": attribute(BY_NAME["message"]["pad"].number + 1, b"1234"),
    "an attribute of another command": encode("message", {"all": True}),
    "an unknown attribute in a request": nest(NAMED + attribute(BY_NAME["request"]["pad"].number + 1, b"1234")),
    "attribute 0 in a request": nest(NAMED + attribute(0, b"1234")),
    "an unknown attribute in an option": nest(NAMED + attribute(
        BY_NAME["request"]["option"].number | NLA_F_NESTED, attribute(4, b"1234"))),
    "a nested attribute cut short": nest(NAMED + struct.pack("=HH", 20, BY_NAME["request"]["data"].number) + b"12345678"),
    "a nested attribute shorter than its header": nest(NAMED + struct.pack("=HH", 3, BY_NAME["request"]["data"].number)),
    "a nest cut short": struct.pack("=HH", 100, REQUEST | NLA_F_NESTED) + NAMED,
    "bytes behind the last nested attribute": nest(NAMED + b"123"),
    "a cookie of 4 bytes": nest(inside("cookie", b"1234") + inside("operation", b"\1\0\0\0")),
    "an operation of 8 bytes": nest(inside("cookie", b"12345678") + inside("operation", bytes(8))),
    "a handle of 2 bytes": nest(NAMED + inside("socket", b"\1\0")),
    "a timeout of 4 bytes": nest(NAMED + inside("timeout", b"1234")),
    "an address of more than 128 bytes": nest(NAMED + inside("remote", bytes(129))),
    "an unknown disposition": nest(NAMED + inside("disposition", struct.pack("=I", max(DISPOSITIONS.values()) + 1))),
    "data before the first request": encode("message", {"data": b"1234"}),
}


def refusal(session, payload):
    with pytest.raises(NetlinkError) as caught:
        session.submit_raw(payload)
    return caught.value


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_is_refused_whole(session, payload):
    error = refusal(session, payload)
    assert (error.errno, bool(error.words)) in ((errno.EINVAL, True), (errno.ERANGE, True)), error
    assert session.silent(0.05)
    # Nothing of it ran, and the session goes on.
    assert session.call("socket", socket=1, family=socket.AF_INET).status == 0


BEHIND = {name: payload for name, payload in MALFORMED.items() if payload and "data before" not in name}


@pytest.mark.parametrize("payload", BEHIND.values(), ids=BEHIND)
def test_no_request_of_a_malformed_message_runs(session, payload):
    before = session.stats()["submitted"]
    refusal(session, GOOD + payload)
    assert session.silent(0.05)
    assert session.stats()["submitted"] == before
    assert session.call("socket", socket=1, family=socket.AF_INET).status == 0, "the handle is not in use"


def test_the_refusal_points_at_the_attribute(session):
    wrong = nest(inside("cookie", bytes(8)) + inside("operation", bytes(4)) + inside("timeout", b"1234"))
    error = refusal(session, GOOD + wrong)
    # A netlink header, a generic one, a good request, the nest's header, the cookie, the operation.
    assert error.offset == 16 + 4 + len(GOOD) + 4 + 12 + 8


def test_an_unknown_command(session):
    for number in (0, max(COMMANDS.values()) + 1, COMMANDS["complete"], 255):
        sequence = session.send(number, b"")
        with pytest.raises(NetlinkError) as caught:
            list(session._answers(sequence))
        assert caught.value.errno == errno.EOPNOTSUPP


def test_a_message_without_a_generic_netlink_header(session):
    sequence = session.send_raw(session.family, b"", NLM_F_REQUEST)
    with pytest.raises(NetlinkError) as caught:
        list(session._answers(sequence))
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("which", [{}, {"cookie": 1, "socket": 1}, {"cookie": 1, "all": True}],
                         ids=["nothing", "cookie and socket", "cookie and all"])
def test_a_cancel_names_exactly_one_thing(session, which):
    with pytest.raises(NetlinkError) as caught:
        session.cancel(**which)
    assert caught.value.errno == errno.EINVAL and caught.value.words


def test_a_batch_fills_a_message(session):
    """What the default send buffer takes in one message runs."""
    made = session.run(*[session.request("socket", socket=handle, family=socket.AF_INET) for handle in range(1, 3001)])
    assert {done.status for done in made} == {0}
    assert session.stats()["sockets"] == 3000
