# SPDX-License-Identifier: Apache-2.0
"""Ports are not wasted: a bind to an address takes none until the connect, and then only for that destination."""

import errno

import pytest
from kconnectnl import from_sockaddr, sockaddr

FIRST, LAST = 40000, 40019


@pytest.fixture
def few_ports(network):
    """The client has twenty local ports."""
    with network.client.entered(), open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        before = file.read()
    network.client.sysctl("ipv4/ip_local_port_range", f"{FIRST} {LAST}")
    yield LAST - FIRST + 1
    network.client.sysctl("ipv4/ip_local_port_range", before)


def connects(network, session, version, listener, count):
    """Connects from one bound address."""
    local = sockaddr(network.CLIENT[version], 0)
    return session.run(*[session.socket_connect(*listener.getsockname()[:2], local=local) for _ in range(count)])


def test_200_connects_over_20_ports_to_10_destinations_succeed(network, session, version, few_ports):
    listeners = [network.server.listen(network.SERVER[version]) for _ in range(10)]
    for listener in listeners:
        done = connects(network, session, version, listener, few_ports)
        assert {completion.status for completion in done} == {0}
        ports = {from_sockaddr(completion.local)[1] for completion in done}
        assert ports == set(range(FIRST, LAST + 1)), "each port once for each destination"
        listener.close()


def test_to_be_out_of_ports_has_words_of_its_own(network, session, version, few_ports, listener):
    done = connects(network, session, version, listener, few_ports + 1)
    assert [completion.status for completion in done] == [0] * few_ports + [-errno.EADDRNOTAVAIL]
    assert done[-1].message == "no local address and port is free for this destination"
