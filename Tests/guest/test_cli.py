# SPDX-License-Identifier: Apache-2.0
"""The command line: its exit statuses, which scripts rely on, and its JSON."""

import json
import pathlib
import subprocess
import threading

import pytest
from network import receive_all

REFUSED, TIMED_OUT, UNREACHABLE, NOT_RESOLVED = 10, 11, 12, 13
BAD_USAGE, NOT_LOADED, NOT_PERMITTED = 64, 69, 77
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


@pytest.fixture
def kconnect(network):
    """Runs the program as the client; returns its exit status and what it printed."""
    def kconnect(*arguments, before=(), **more):
        with network.client.entered():
            done = subprocess.run([*before, "kconnect", *arguments], capture_output=True, timeout=120, **more)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return kconnect


@pytest.fixture
def server(listener):
    """Answers each connection's data up to a line's end, and keeps it; closes when the client does."""
    got = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while not data.endswith(b"\n"):
                    data += connection.recv(1 << 16)
                got.append(data)
                connection.sendall(b"answer\n")
                receive_all(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    yield got
    listener.shutdown(2)
    thread.join()


def test_success_is_0_and_json_tells_all(kconnect, listener, server):
    host, port = listener.getsockname()[:2]
    status, out, _ = kconnect("connect", host, str(port), "--data", "question\n", "--json")
    assert status == 0
    assert out.count("\n") == 1, "one object on one line"
    report = json.loads(out)
    assert (report["status"], report["errno"], report["information"], report["answer"]) == ("STATUS_SUCCESS", 0, 9, "answer\n")
    assert (report["fastOpen"], report["synData"], report["fastOpenReason"]) == ("notAsked", 0, None)
    assert report["remote"] == (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    assert 0 <= report["timeToSynSent"] <= report["timeToEstablished"] <= report["timeToSent"] <= report["timeToFirstByte"]
    assert server == [b"question\n"]


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_data_from_standard_input_and_from_a_file(kconnect, listener, server, tmp_path):
    remote = [*map(str, listener.getsockname()[:2])]
    data = b"x" * 65534 + b"\n"
    (tmp_path / "data").write_bytes(data)
    assert kconnect("connect", *remote, "-", input=b"by pipe\n")[0] == 0
    assert kconnect("connect", *remote, "--data-file", str(tmp_path / "data"))[0] == 0
    assert server == [b"by pipe\n", data]


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_a_local_address(kconnect, network, version, listener, server):
    status, out, _ = kconnect("connect", *map(str, listener.getsockname()[:2]), "--data", "\n", "--json",
                              "--bind", network.CLIENT[version])
    assert status == 0
    assert network.CLIENT[version] in json.loads(out)["local"]


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_refused_is_10(kconnect, network, version):
    status, out, err = kconnect("connect", network.SERVER[version], str(network.CLOSED_PORT), "--json")
    assert status == REFUSED and err
    assert json.loads(out)["status"] == "STATUS_CONNECTION_REFUSED"


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_timed_out_is_11(kconnect, network, version):
    status, out, err = kconnect("connect", network.SILENT[version], "80", "--timeout", "0.2", "--json")
    assert status == TIMED_OUT and err
    assert json.loads(out)["status"] == "STATUS_IO_TIMEOUT"


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_unreachable_is_12(kconnect, network, version):
    for host, status in ((network.NOWHERE[version], "STATUS_NETWORK_UNREACHABLE"),
                         (network.UNREACHABLE[version], "STATUS_HOST_UNREACHABLE")):
        number, out, err = kconnect("connect", host, "80", "--json")
        assert number == UNREACHABLE and err
        assert json.loads(out)["status"] == status


def test_a_name_without_an_address_is_13(kconnect):
    assert kconnect("connect", "nowhere.invalid", "80")[0] == NOT_RESOLVED


@pytest.mark.parametrize("arguments", [["host"], ["host", "80", "--timeout", "0"], ["host", "80", "--no-such-option"],
                                       ["host", "80", "--data-file", "/no/such/file"]], ids=" ".join)
def test_bad_usage_is_64(kconnect, arguments):
    status, out, err = kconnect("connect", *arguments)
    assert (status, out) == (BAD_USAGE, "") and err


def test_too_much_data_is_a_failure_in_words(kconnect, network, tmp_path):
    (tmp_path / "data").write_bytes(bytes(65536))
    status, out, err = kconnect("connect", network.SERVER[4], "80", "--data-file", str(tmp_path / "data"), "--json")
    assert status not in (0, BAD_USAGE) and err
    assert json.loads(out)["status"] == "STATUS_BUFFER_OVERFLOW"


@pytest.mark.parametrize("version", [4], ids=["ipv4"])
def test_not_permitted_is_77(kconnect, network, version):
    status, _, err = kconnect("connect", network.SERVER[version], "80", before=AS_NOBODY)
    assert status == NOT_PERMITTED and "CAP_NET_ADMIN" in err


def test_status_needs_no_privilege(kconnect):
    for before in ((), AS_NOBODY):
        status, out, _ = kconnect("status", "--json", before=before)
        report = json.loads(out)
        assert (status, report["loaded"], report["protocolVersion"]) == (0, True, 1)
        assert report["version"] == pathlib.Path("/sys/module/kconnect/version").read_text().strip()


def test_without_the_module_it_is_69(kconnect, network, no_module):
    status, _, err = kconnect("connect", network.SERVER[4], "80")
    assert status == NOT_LOADED and err
    status, out, _ = kconnect("status", "--json")
    assert (status, json.loads(out)["loaded"]) == (NOT_LOADED, False)
