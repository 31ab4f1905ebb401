# SPDX-License-Identifier: Apache-2.0
"""A client and a server in network namespaces of their own, what is between them, and what passes there.

    client ── veth ── server

All delay is on the server's side, so that a capture at the client has what leaves the client, when it leaves.
"""

import contextlib
import ctypes
import itertools
import os
import socket
import struct
import subprocess
import threading
import time
from dataclasses import dataclass

from kconnectnl import TCP_FASTOPEN, Session

CLONE_NEWNET = 0x40000000
PACKET_OUTGOING, ETH_P_ALL = 4, 3
SO_TIMESTAMPNS = 35
libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace. What is made in it stays in it: sockets, sessions, processes."""

    def __init__(self, name):
        self.name = name
        subprocess.run(["ip", "netns", "add", name], check=True)

    def remove(self):
        subprocess.run(["ip", "netns", "delete", self.name], check=True)

    @contextlib.contextmanager
    def entered(self):
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _set_namespace(there)
            yield
        finally:
            _set_namespace(here)
            os.close(there)
            os.close(here)

    def run(self, *command, **arguments):
        with self.entered():
            return subprocess.run(command, check=True, text=True, **arguments)

    def popen(self, *command, **arguments):
        with self.entered():
            return subprocess.Popen(command, text=True, **arguments)

    def sysctl(self, name, value):
        with self.entered(), open(f"/proc/sys/net/{name}", "w") as file:
            file.write(str(value))

    def session(self, **arguments):
        with self.entered():
            return Session(**arguments)

    def listen(self, host, backlog=4096, fast_open=False, port=0):
        """A listening TCP socket, on a port of the kernel's choice if none is given."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with self.entered():
            listener = socket.socket(family, socket.SOCK_STREAM)
        listener.settimeout(60)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, port != 0)
        listener.bind((host, port))
        if fast_open:
            listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 256)
        listener.listen(backlog)
        return listener

    @contextlib.contextmanager
    def destroying(self, host, port):
        """Destroys what tries to connect there, again and again, as an administrator may."""
        target, over = f"[{host}]:{port}" if ":" in host else f"{host}:{port}", threading.Event()

        def destroy():
            while not over.wait(0.05):
                self.run("ss", "-K", "-n", "state", "syn-sent", "dst", target, stdout=subprocess.DEVNULL)

        thread = threading.Thread(target=destroy)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextlib.contextmanager
    def filter(self, rule, hook="input"):
        """A rule for what passes @hook."""
        self.run("nft", "-f", "-", input=f"""
            add table inet test
            add chain inet test filter {{ type filter hook {hook} priority 0; }}
            add rule inet test filter {rule}
        """)
        try:
            yield
        finally:
            self.run("nft", "delete table inet test")


def _set_namespace(descriptor):
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Packet:
    """A TCP packet; time is CLOCK_MONOTONIC's, in nanoseconds."""

    time: int
    outgoing: bool
    source: tuple
    target: tuple
    sequence: int
    flags: int
    data: bytes
    cookie: int | None  # length of the fast open option's cookie; 0 asks for one

    FIN, SYN, RST, ACK = 1, 2, 4, 16

    @property
    def opens(self):
        return self.flags & (self.SYN | self.ACK) == self.SYN

    @property
    def accepts(self):
        return self.flags & (self.SYN | self.ACK) == self.SYN | self.ACK

    @property
    def resets(self):
        return bool(self.flags & self.RST)

    @classmethod
    def parse(cls, frame, when, outgoing):
        """None if it is not TCP."""
        kind, ip = frame[12:14], frame[14:]
        if kind == b"\x08\x00" and ip[9] == socket.IPPROTO_TCP:
            addresses = [socket.inet_ntop(socket.AF_INET, part) for part in (ip[12:16], ip[16:20])]
            tcp = ip[(ip[0] & 15) * 4 : int.from_bytes(ip[2:4], "big")]
        elif kind == b"\x86\xdd" and ip[6] == socket.IPPROTO_TCP:
            addresses = [socket.inet_ntop(socket.AF_INET6, part) for part in (ip[8:24], ip[24:40])]
            tcp = ip[40 : 40 + int.from_bytes(ip[4:6], "big")]
        else:
            return None
        ports, offset = struct.unpack_from("!HH", tcp), (tcp[12] >> 4) * 4
        return cls(when, outgoing, (addresses[0], ports[0]), (addresses[1], ports[1]),
                   int.from_bytes(tcp[4:8], "big"), tcp[13], tcp[offset:], fast_open_cookie(tcp[20:offset]))


def fast_open_cookie(options):
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        if options[0] == 34:
            return options[1] - 2
        options = options[options[1] :]
    return None


class Capture:
    """The TCP packets that pass an interface, from when this is made on."""

    def __init__(self, namespace, interface="eth0"):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setblocking(False)
        self.seen = []

    def close(self):
        self.socket.close()

    def packets(self):
        """All so far."""
        offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.monotonic_ns()
        while True:
            try:
                frame, control, _, address = self.socket.recvmsg(1 << 17, 256)
            except BlockingIOError:
                return self.seen
            seconds, nanoseconds = struct.unpack("=qq", control[0][2])
            when = seconds * 10**9 + nanoseconds - offset
            packet = Packet.parse(frame, when, address[2] == PACKET_OUTGOING)
            if packet:
                self.seen.append(packet)

    def syns(self):
        return [packet for packet in self.packets() if packet.opens]

    def wait_for(self, wanted, timeout=10):
        """The first packet that is wanted."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for packet in self.packets():
                if wanted(packet):
                    return packet
            time.sleep(0.01)
        raise AssertionError(f"the packet did not come; there were {self.seen}")


class Network:
    """See the top. Addresses by family: 4 and 6."""

    CLIENT = {4: "10.77.0.1", 6: "fd77::1"}
    SERVER = {4: "10.77.0.2", 6: "fd77::2"}
    WILDCARD = {4: "0.0.0.0", 6: "::"}
    SILENT = {4: "10.78.0.1", 6: "fd78::1"}  # beyond the server, which drops what goes there
    UNREACHABLE = {4: "10.79.0.1", 6: "fd79::1"}  # beyond the server, which finds no such neighbour and says so
    NOWHERE = {4: "10.80.0.1", 6: "fd80::1"}  # the client has no route there
    PROHIBITED = {4: "10.81.0.1", 6: "fd81::1"}  # the client's routes forbid it
    CLOSED_PORT = 9

    numbers = itertools.count()

    def __init__(self):
        number = next(self.numbers)
        self.client, self.server = Namespace(f"client{number}"), Namespace(f"server{number}")
        client, server = self.client.name, self.server.name
        batch = [f"link add eth0 netns {client} type veth peer name eth0 netns {server}"]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(batch), check=True, text=True)
        for namespace, own, other in ((self.client, self.CLIENT, None), (self.server, self.SERVER, self.CLIENT)):
            lines = ["link set lo up", f"addr add {own[4]}/24 dev eth0", f"addr add {own[6]}/64 dev eth0 nodad",
                     "link set eth0 up"]
            if other:
                lines += ["route add blackhole 10.78.0.0/24", "route add blackhole fd78::/64",
                          "route add 10.79.0.0/24 dev eth0", "route add fd79::/64 dev eth0"]
            else:
                lines += ["route add prohibit 10.81.0.0/24", "route add prohibit fd81::/64"]
                for far in ("10.78.0.0/24", "10.79.0.0/24"):
                    lines.append(f"route add {far} via {self.SERVER[4]}")
                for far in ("fd78::/64", "fd79::/64"):
                    lines.append(f"route add {far} via {self.SERVER[6]}")
            namespace.run("ip", "-batch", "-", input="\n".join(lines))
        for name, value in (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1), ("ipv4/icmp_ratelimit", 0),
                            ("ipv6/icmp/ratelimit", 0), ("ipv4/tcp_fastopen", 3),
                            ("ipv4/conf/all/send_redirects", 0), ("ipv4/conf/eth0/send_redirects", 0),
                            ("ipv4/neigh/eth0/mcast_solicit", 1), ("ipv4/neigh/eth0/retrans_time_ms", 50),
                            ("ipv6/neigh/eth0/mcast_solicit", 1), ("ipv6/neigh/eth0/retrans_time_ms", 50)):
            self.server.sysctl(name, value)
        self.client.sysctl("ipv6/conf/eth0/accept_redirects", 0)
        self.client.sysctl("ipv4/tcp_fastopen", 1)

    def remove(self):
        self.client.remove()
        self.server.remove()

    @contextlib.contextmanager
    def delay(self, milliseconds):
        """What comes from the server comes so much later."""
        tc = ["tc", "qdisc"]
        self.server.run(*tc, "add", "dev", "eth0", "root", "netem", "limit", "100000", "delay", f"{milliseconds}ms")
        try:
            yield
        finally:
            self.server.run(*tc, "delete", "dev", "eth0", "root")


def receive_all(connection, length=None):
    """What comes until the end, or until there is so much."""
    data = bytearray()
    while length is None or len(data) < length:
        part = connection.recv(1 << 16)
        if not part:
            break
        data += part
    return bytes(data)


def was_reset(connection):
    """Whether the connection ends with a RST, and not with a FIN."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    return False


def wait_until(true, seconds=10):
    """Waits for what happens elsewhere; returns whether it did."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()
