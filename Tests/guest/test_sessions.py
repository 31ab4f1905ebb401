# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and that no session knows of another."""

import errno
import os
import pickle
import socket

import pytest
from conftest import assert_nothing_left
from kconnectnl import NLA_F_NESTED, SPECIFICATION, NetlinkError, Session, sockaddr
from network import CLONE_NEWNET, Network, libc, receive_all, was_reset

CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def test_a_socket_of_another_session_is_not_there(network, session, listener):
    handle = session.connected(*listener.getsockname()[:2])
    with network.client.session() as other:
        for operation, fields in (("receive", {"length": 1}), ("close", {}),
                                  ("connect-ex", {"remote": sockaddr(*listener.getsockname()[:2])})):
            assert other.call(operation, socket=handle, **fields).status == -errno.ENOENT
        # The same handle is free there.
        assert other.call("socket", socket=handle, family=socket.AF_INET).status == 0
        assert other.call("close", socket=handle).status == 0
    connection, _ = listener.accept()
    connection.sendall(b"it stands")
    assert session.call("receive", socket=handle, length=9).data == b"it stands"


def test_a_request_of_another_session_cannot_be_cancelled(network, session, version):
    cookie = session.submit(session.socket_connect(network.SILENT[version], 80))[0]
    with network.client.session() as other:
        assert other.call("close", socket=1).status == -errno.ENOENT, "it is a session now"
        for which in ({"cookie": cookie}, {"socket": 1}):
            with pytest.raises(NetlinkError) as caught:
                other.cancel(**which)
            assert caught.value.errno == errno.ENOENT
        assert other.cancel(all=True) == 0
        assert other.reap() == []
    assert session.silent(0.1)
    assert session.cancel(cookie=cookie) == 1
    assert session.wait(cookie).status == -errno.ECANCELED


def test_a_session_lives_in_its_network_namespace(network, session, version):
    """The server's namespace has addresses, sockets and counts of its own."""
    with network.server.session() as other, network.client.listen(network.CLIENT[version]) as listener:
        handle = other.connected(*listener.getsockname()[:2], data=b"from the server")
        connection, peer = listener.accept()
        assert peer[0] == network.SERVER[version]
        assert receive_all(connection, 15) == b"from the server"
        assert (other.stats()["sessions"], other.stats()["sockets"]) == (1, 1)
        assert (session.stats()["sessions"], session.stats()["sockets"]) == (0, 0)
        assert other.call("close", socket=handle).status == 0
    assert_nothing_left(network.server)


def test_closing_the_netlink_socket_ends_it_all(network, version, listener, capture):
    """Connections are reset, attempts end, and nothing is left."""
    session = network.client.session()
    for _ in range(3):
        session.connected(*listener.getsockname()[:2])
    connections = [listener.accept()[0] for _ in range(3)]
    session.submit(*[session.socket_connect(network.SILENT[version], 80) for _ in range(3)],
                   *[session.request("receive", socket=handle, length=1) for handle in (1, 2)])
    stats = session.stats()
    assert (stats["sessions"], stats["sockets"], stats["outstanding"]) == (1, 6, 5)
    session.close()
    assert all(was_reset(connection) for connection in connections)
    assert_nothing_left(network.client)
    syns = len(capture.syns())
    with pytest.raises(AssertionError):
        capture.wait_for(lambda packet: packet.opens and len(capture.syns()) > syns, timeout=1.3)


def test_a_network_namespace_ends_with_its_sessions():
    """It is deleted by name while connections are open; the last session takes it along."""
    network = Network()
    listener = network.server.listen(network.SERVER[4])
    session = network.client.session()
    session.connected(*listener.getsockname()[:2])
    session.submit(session.socket_connect(network.SILENT[4], 80))
    connection, _ = listener.accept()
    network.remove()
    connection.sendall(b"the namespace is still there")
    assert session.call("receive", socket=1, length=100).data == b"the namespace is still there"
    session.close()
    assert was_reset(connection)


def in_child(work):
    """What @work returns in a process of its own, or the error that it raises."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            result = work()
        except OSError as error:
            result = error.errno
        os.write(write, pickle.dumps(result))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        result = pickle.loads(answer.read())
    os.waitpid(child, 0)
    return result


def attempt(work):
    try:
        work()
    except NetlinkError as error:
        return error.errno
    return 0


def what_is_allowed():
    with Session() as session:
        return {"submit": attempt(lambda: session.call("close", socket=1)), "reap": attempt(session.reap),
                "cancel": attempt(lambda: session.cancel(all=True)), "stats-get": attempt(session.stats)}


def test_a_caller_without_cap_net_admin_may_only_look():
    def work():
        os.setgroups([])
        os.setuid(NOBODY)
        return what_is_allowed()

    assert in_child(work) == {"submit": errno.EPERM, "reap": errno.EPERM, "cancel": errno.EPERM, "stats-get": 0}


def test_an_administrator_of_another_namespace_may_not_act_here(network):
    """CAP_NET_ADMIN in a user namespace of one's own is none over this network namespace."""
    def work():
        os.setuid(NOBODY)
        assert libc.unshare(CLONE_NEWUSER) == 0
        return what_is_allowed()

    assert in_child(work) == {"submit": errno.EPERM, "reap": errno.EPERM, "cancel": errno.EPERM, "stats-get": 0}


def test_an_administrator_of_its_own_namespace_may():
    def work():
        os.setuid(NOBODY)
        assert libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
        return what_is_allowed()

    assert in_child(work) == {"submit": 0, "reap": 0, "cancel": 0, "stats-get": 0}


def test_a_socket_inherited_by_one_who_may_not_is_of_no_use(network):
    """What counts is who opened the socket and who sends."""
    session = network.client.session()

    def work():
        os.setuid(NOBODY)
        return attempt(lambda: session.call("close", socket=1))

    assert in_child(work) == errno.EPERM
    session.close()


def test_stats(session, version, network, listener):
    before = session.stats()
    assert before["version"].count(".") == 2
    session.connected(*listener.getsockname()[:2])
    session.submit(session.socket_connect(network.SILENT[version], 80))
    stats = session.stats()
    assert (stats["sessions"], stats["sockets"], stats["outstanding"]) == (1, 2, 1)
    assert stats["submitted"] - before["submitted"] == 2
    assert stats["completed"] - before["completed"] == 1


def test_pyroute2_opens_a_connection(network, version, listener):
    """A client that knows netlink from elsewhere, and of kconnect only the names and numbers."""
    from pyroute2.netlink import NLM_F_REQUEST, genlmsg, nla
    from pyroute2.netlink.generic import GenericNetlinkSocket

    kinds = {"u32": "uint32", "u64": "uint64", "s32": "int32", "string": "asciiz", "binary": "cdata",
             "request": "request", "completion": "completion", "option": "option"}

    def kind(attribute):
        return kinds.get(attribute.get("nested-attributes", attribute["type"]), "hex")

    tables = {entry["name"]: tuple((number, attribute["name"], kind(attribute),
                                    NLA_F_NESTED if attribute["type"] == "nest" else 0)
                                   for number, attribute in enumerate(entry["attributes"], 1))
              for entry in SPECIFICATION["attribute-sets"]}

    class message(genlmsg):
        nla_map = tables["message"]
        prefix = ""

        class request(nla):
            prefix, nla_map = "", tables["request"]

            class option(nla):
                prefix, nla_map = "", tables["option"]

        class completion(nla):
            prefix, nla_map = "", tables["completion"]

    with network.client.entered():
        client = GenericNetlinkSocket()
        client.bind("kconnect", message)
    submit = message()
    submit["cmd"], submit["version"] = 1, 1
    submit["attrs"] = [("request", {"attrs": [
        ("cookie", 77), ("operation", 6), ("socket", 1), ("family", listener.family),
        ("remote", sockaddr(*listener.getsockname()[:2])), ("data", b"from pyroute2")]})]
    client.put(submit, msg_type=client.prid, msg_flags=NLM_F_REQUEST, msg_seq=0)
    completion = client.get(msg_seq=0)[0].get_attr("completion")
    connection, _ = listener.accept()
    assert receive_all(connection, 13) == b"from pyroute2"
    assert [completion.get_attr(name) for name in ("cookie", "status", "information")] == [77, 0, 13]
    client.close()
    assert was_reset(connection)
    assert_nothing_left(network.client)
