# SPDX-License-Identifier: Apache-2.0
"""The in-kernel API, by two modules that use it: the sample of a driver, and the proof of clauses and statuses."""

import contextlib
import errno
import pathlib
import re
import socket
import struct
import subprocess
import tempfile
import threading

import pytest
from conftest import assert_nothing_left, loaded
from network import receive_all, wait_until

DEBUGFS = pathlib.Path("/sys/kernel/debug")
RST_AT_CLOSE = struct.pack("ii", 1, 0)
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
ABORTED_PORT = 4000  # as statuses.c has it

# The tests of the module, as its sources name them.
SOURCES = [pathlib.Path(__file__).parents[2] / "kmod" / "tests" / name for name in ("clauses.c", "statuses.c")]
PROOFS = [name for source in SOURCES for name in re.findall(r'^\t\{ "(\w+)", \w+ \},$', source.read_text(), re.MULTILINE)]


@pytest.fixture(scope="module", autouse=True)
def debugfs():
    if not DEBUGFS.is_mount():
        subprocess.run(["mount", "-t", "debugfs", "none", DEBUGFS], check=True)


@contextlib.contextmanager
def module(namespace, name, loader=(), **parameters):
    """A module that uses kconnect in a namespace. It goes at once, whatever it is at."""
    namespace.run(*loader, "modprobe", name, *(f"{key}={value}" for key, value in parameters.items()))
    try:
        yield DEBUGFS / name
    finally:
        subprocess.run(["rmmod", name], check=True, timeout=60)
    assert not loaded(name) and not (DEBUGFS / name).exists()


@contextlib.contextmanager
def serving(listener, serve):
    """Has each connection served by a thread of its own; all are over at the end."""
    threads = []

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=served, args=[connection]))
            threads[-1].start()

    def served(connection):
        with connection, contextlib.suppress(ConnectionError):
            serve(connection)

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield listener
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


# The sample


class Sample:
    """The driver, loaded in the client's namespace."""

    def __init__(self, folder):
        self.folder = folder

    def __getattr__(self, name):
        lines = (self.folder / "status").read_text().splitlines()
        return int(dict(line.split() for line in lines)[name])


@pytest.fixture
def sample(network):
    """Loads it; at the test's end it has gone and left nothing."""
    with contextlib.ExitStack() as stack:

        def load(address, port, **parameters):
            folder = stack.enter_context(module(network.client, "kconnect_sample", address=address, port=port, **parameters))
            return Sample(folder)

        yield load
    assert_nothing_left(network.client)


def test_the_sample_asks_and_counts_the_answers(listener, sample):
    driver = sample(*listener.getsockname()[:2], request="who-is-there")
    connection, _ = listener.accept()
    with connection:
        assert receive_all(connection, 12) == b"who-is-there"
        for number in (1, 2):
            connection.sendall(b"it is me")
            assert wait_until(lambda: driver.bytes == 8 * number)
        assert (driver.connects, driver.failures, driver.answers, driver.status) == (1, 0, 2, 0)


def test_the_sample_comes_back_with_its_request_in_the_syn(network, version, sample):
    network.client.run("ip", "tcp_metrics", "flush", "all")
    with network.server.listen(network.SERVER[version], fast_open=True) as listener:
        driver = sample(*listener.getsockname()[:2], request="again")
        for number in (1, 2, 3):
            connection, _ = listener.accept()
            with connection:
                assert receive_all(connection, 5) == b"again"
                connection.sendall(b"yes")
            assert wait_until(lambda: driver.answers == number)
        assert driver.connects == 3
        assert wait_until(lambda: driver.syn_bytes >= 10), "all but the first, which asked for the cookie"


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_the_sample_backs_off_while_the_server_is_away(network, version, sample, how):
    with network.server.listen(network.SERVER[version]) as listener:
        address, port = listener.getsockname()[:2]
        driver = sample(address, port)
        connection, _ = listener.accept()
    if how == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_AT_CLOSE)
    connection.close()
    waits = []
    for number in (1, 2, 3):
        assert wait_until(lambda: driver.failures >= number)
        waits.append(driver.wait_ms)
    assert driver.status == -errno.ECONNREFUSED
    assert waits[2] > waits[0] and driver.wait_ms >= 200, waits
    with network.server.listen(address, port=port) as listener:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"back")
            assert wait_until(lambda: driver.answers == 1)
        assert (driver.connects, driver.status) == (2, 0)


def test_the_sample_goes_while_it_connects(network, version, sample, capture):
    sample(network.SILENT[version], 80)
    assert wait_until(capture.syns)


def test_the_sample_goes_while_it_is_connected(network, listener):
    with module(network.client, "kconnect_sample", **dict(zip(["address", "port"], listener.getsockname()))) as folder:
        connection, _ = listener.accept()
        assert wait_until(lambda: Sample(folder).connects == 1)
    assert receive_all(connection) == b"hello\n"
    assert_nothing_left(network.client)


def test_the_sample_goes_while_data_comes(network, listener):
    def flood(connection):
        while True:
            connection.sendall(bytes(5000))

    address, port = listener.getsockname()[:2]
    with serving(listener, flood), module(network.client, "kconnect_sample", address=address, port=port) as folder:
        assert wait_until(lambda: Sample(folder).answers > 20)
    assert_nothing_left(network.client)


def test_the_sample_goes_while_it_waits_to_try_again(network, version, sample):
    driver = sample(network.SERVER[version], network.CLOSED_PORT)
    assert wait_until(lambda: driver.failures >= 3)


def test_the_sample_comes_and_goes_at_any_time(network, listener):
    """However far it has got, it goes at once."""

    def answer(connection):
        receive_all(connection, 5)
        connection.sendall(b"hello")

    address, port = listener.getsockname()[:2]
    with serving(listener, answer):
        for _ in range(10):
            with module(network.client, "kconnect_sample", address=address, port=port):
                pass
    assert_nothing_left(network.client)


@pytest.mark.parametrize("parameters", [{}, {"address": "10.0.0.1"}, {"address": "nobody", "port": "1"},
                                        {"address": "10.0.0.1", "port": "http"}])
def test_the_sample_wants_to_know_where_to(network, parameters):
    with pytest.raises(subprocess.CalledProcessError), module(network.client, "kconnect_sample", **parameters):
        pass
    assert not loaded("kconnect_sample")


# The proofs


def echo(connection):
    while data := connection.recv(1 << 16):
        connection.sendall(data)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_AT_CLOSE)
    connection.recv(1)


@contextlib.contextmanager
def peers(network, version):
    """Whom the proofs talk to, as parameters of their module."""
    address, silent = network.SERVER[version], network.SILENT[version]
    with (
        serving(network.server.listen(address, fast_open=True), echo) as echoes,
        serving(network.server.listen(address), reset) as resets,
        network.client.listen(LOOPBACK[version]) as own,
        network.client.destroying(silent, ABORTED_PORT),
    ):
        port, reset_port, own_port = (listener.getsockname()[1] for listener in (echoes, resets, own))
        yield {"server": address, "port": port, "reset": reset_port, "own": own_port, "silent": silent,
               "closed": network.CLOSED_PORT, "nowhere": network.NOWHERE[version],
               "unreachable": network.UNREACHABLE[version], "prohibited": network.PROHIBITED[version]}


@contextlib.contextmanager
def little_memory():
    """A command that runs another in a memory cgroup of 64 MiB."""
    with tempfile.TemporaryDirectory() as mount:
        subprocess.run(["mount", "-t", "cgroup2", "none", mount], check=True)
        group = pathlib.Path(mount, "kconnect-test")
        try:
            pathlib.Path(mount, "cgroup.subtree_control").write_text("+memory")
            group.mkdir()
            (group / "memory.max").write_text(str(64 << 20))
            yield "sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"
        finally:
            if group.exists():
                group.rmdir()
            subprocess.run(["umount", mount], check=True)


@pytest.fixture(scope="module")
def proofs(network):
    """What the module found, by version of IP and name."""
    found = {}
    for version in (4, 6):
        network.client.run("ip", "tcp_metrics", "flush", "all")
        with (
            peers(network, version) as parameters,
            little_memory() as loader,
            module(network.client, "kconnect_conformance", loader, **parameters) as folder,
        ):
            lines = (folder / "results").read_text().splitlines()
        for name, verdict, words in (line.split("\t") for line in lines):
            found[version, name] = verdict, words
    return found


@pytest.mark.parametrize("name", PROOFS)
def test_proof(proofs, version, name):
    verdict, words = proofs[version, name]
    assert verdict == "passed", words


def test_every_proof_is_looked_at(proofs):
    assert {name for _, name in proofs} == set(PROOFS)
