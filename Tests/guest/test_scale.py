# SPDX-License-Identifier: Apache-2.0
"""Many connections: each is answered once, no thread waits for any, and no memory stays."""

import errno
import pathlib
import threading
import time

import pytest
from network import wait_until

BATCH = 64
CONNECTIONS = 10000
PENDING = 2000


@pytest.fixture
def closing_server(network, listener):
    """A server that takes each connection's byte and closes it."""
    accepted = []

    def serve():
        listener.settimeout(0.5)
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                accepted.append(connection.recv(1))

    stop = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    yield accepted
    stop.set()
    thread.join()


def open_and_close(session, remote, count):
    """Opens @count connections in batches, and closes each batch."""
    done = 0
    while done < count:
        batch = [session.socket_connect(*remote, data=b"x") for _ in range(min(BATCH, count - done))]
        completions = session.run(*batch)
        assert {(completion.status, completion.information) for completion in completions} == {(0, 1)}
        closed = session.run(*[session.request("close", socket=request["socket"]) for request in batch])
        assert {completion.status for completion in closed} == {0}
        done += len(batch)


def slabs():
    """Bytes in use by kernel objects that a connection or a request could leave behind."""
    wanted = ("TCP", "request_sock", "tw_sock", "sock_inode_cache", "kmalloc", "skbuff", "tcp_bind", "radix_tree_node")
    used = {}
    for line in pathlib.Path("/proc/slabinfo").read_text().splitlines()[2:]:
        name, active, _, size = line.split()[:4]
        if name.startswith(wanted) or name.endswith(("request_sock_TCP", "tw_sock_TCP")):
            used[name] = int(active) * int(size)
    return used


def settled_slabs():
    """The same, when what is freed later (by RCU, in timers) is freed."""
    smallest = slabs()
    for _ in range(8):
        time.sleep(0.25)
        smallest = min(smallest, slabs(), key=lambda used: sum(used.values()))
    return smallest


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_10000_connections_in_batches_of_64(session, listener, closing_server):
    remote = listener.getsockname()[:2]
    third = CONNECTIONS // 3
    open_and_close(session, remote, CONNECTIONS - 2 * third)
    before = settled_slabs()
    open_and_close(session, remote, third)
    open_and_close(session, remote, third)
    assert set(session.answered.values()) == {1}
    assert len(session.answered) == 2 * CONNECTIONS, "a connect and a close for each"
    assert wait_until(lambda: len(closing_server) == CONNECTIONS)
    stats = session.stats()
    assert (stats["sockets"], stats["outstanding"]) == (0, 0)
    after = settled_slabs()
    growth = {name: after[name] - used for name, used in before.items() if after[name] != used}
    # A TCP socket alone is more than 2,000 bytes, a request more than 500.
    assert sum(growth.values()) < 2 * third * 100, growth


def kernel_threads():
    """Names of the kernel's threads: they have no command line."""
    names = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if not (process / "cmdline").read_bytes():
                names.append((process / "comm").read_text().strip())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return names


def test_no_thread_waits_for_a_connect(network, session, version):
    before = kernel_threads()
    cookies = []
    while len(cookies) < PENDING:
        cookies += session.submit(*[session.socket_connect(network.SILENT[version], 80, timeout=600 * 10**9)
                                    for _ in range(100)])
    assert session.stats()["outstanding"] == PENDING
    during = kernel_threads()
    assert len(during) <= len(before) + 10, sorted(set(during) - set(before))
    assert session.cancel(all=True) == PENDING
    assert {done.status for done in session.wait_all(cookies)} == {-errno.ECANCELED}
    assert session.silent(0.2), "each is answered once"


def test_deadlines_of_many_come_in_time(network, session, version):
    """A guest that gets no processor for a while is late once; it is given another chance."""
    late = []
    while not late or late[-1] > 50 and len(late) < 3:
        done = session.run(*[session.socket_connect(network.SILENT[version], 80, timeout=500_000_000) for _ in range(200)])
        assert {completion.status for completion in done} == {-errno.ETIMEDOUT}
        took = [(completion.completed - completion.submitted) / 1e6 for completion in done]
        assert min(took) >= 500
        late.append(max(took) - 500)
    assert late[-1] <= 50, late
