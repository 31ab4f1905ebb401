# SPDX-License-Identifier: Apache-2.0
"""A client of the kconnect family that shares no code with the Swift library: sockets, struct and the specification.

Numbers and types come from kmod/kconnect.yaml. Nothing is checked before it is sent, so that tests can send what
no proper client would.
"""

import collections
import errno
import itertools
import os
import pathlib
import socket
import struct
import time

import yaml

SPECIFICATION = yaml.safe_load((pathlib.Path(__file__).parents[2] / "kmod" / "kconnect.yaml").read_text())

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3FFF
NETLINK_GENERIC, SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 16, 270, 10, 11
SO_RCVBUFFORCE = 33
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
TCP_FASTOPEN = 23
PIECE = 32768  # bytes of data in one attribute

Attribute = collections.namedtuple("Attribute", "name number type nested")


def _attribute_sets():
    sets = {}
    for entry in SPECIFICATION["attribute-sets"]:
        sets[entry["name"]] = [
            Attribute(attribute["name"], number, attribute["type"], attribute.get("nested-attributes"))
            for number, attribute in enumerate(entry["attributes"], 1)
        ]
    return sets


def _enum(name):
    definition = next(entry for entry in SPECIFICATION["definitions"] if entry["name"] == name)
    number, numbers = definition.get("value-start", 0), {}
    for entry in definition["entries"]:
        if isinstance(entry, dict):
            number = entry.get("value", number)
            entry = entry["name"]
        numbers[entry] = number
        number += 1
    return numbers


SETS = _attribute_sets()
BY_NAME = {name: {attribute.name: attribute for attribute in attributes} for name, attributes in SETS.items()}
BY_NUMBER = {name: {attribute.number: attribute for attribute in attributes} for name, attributes in SETS.items()}
COMMANDS = {entry["name"]: number for number, entry in enumerate(SPECIFICATION["operations"]["list"], 1)}
OPERATIONS, FAST_OPEN, REASON = _enum("operation"), _enum("fast-open"), _enum("fast-open-reason")
DISPOSITIONS = _enum("disposition")
FIXED = {"u32": "=I", "u64": "=Q", "s32": "=i"}


class NetlinkError(OSError):
    """The kernel refused a whole message."""

    def __init__(self, number, words, offset):
        super().__init__(number, f"{os.strerror(number)}: {words}")
        self.words, self.offset = words, offset


def attribute(number, payload):
    """One attribute, with its padding."""
    header = struct.pack("=HH", len(payload) + 4, number)
    return header + payload + bytes(-len(payload) % 4)


def attributes(data):
    """The attributes in @data, as pairs of number and payload."""
    at = 0
    while at + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, at)
        assert 4 <= length <= len(data) - at, "the kernel sent a broken attribute"
        yield number & NLA_TYPE_MASK, data[at + 4 : at + length]
        at += (length + 3) & ~3


def encode(set_name, fields):
    """Attributes of a set: @fields has values by name, underscores for dashes; a list is several attributes."""
    out = []
    for name, value in fields.items():
        entry = BY_NAME[set_name][name.replace("_", "-")]
        for one in value if isinstance(value, list) else [value]:
            if entry.type == "nest":
                out.append(attribute(entry.number | NLA_F_NESTED, encode(entry.nested, one)))
            elif entry.type == "flag":
                out.append(attribute(entry.number, b""))
            elif entry.type == "string":
                out.append(attribute(entry.number, one.encode() + b"\0"))
            else:
                out.append(attribute(entry.number, struct.pack(FIXED[entry.type], one) if entry.type in FIXED else one))
    return b"".join(out)


def decode(set_name, data):
    """The reverse, as a dictionary with a list of values for each name."""
    fields = collections.defaultdict(list)
    for number, payload in attributes(data):
        entry = BY_NUMBER[set_name][number]
        if entry.type in FIXED:
            payload = struct.unpack(FIXED[entry.type], payload)[0]
        elif entry.type == "string":
            payload = payload.rstrip(b"\0").decode()
        fields[entry.name].append(payload)
    return fields


class Completion:
    """One completion: its attributes by name, None where there is none."""

    def __init__(self, payload):
        fields = decode("completion", payload)
        self.data = b"".join(fields.pop("data", []))
        for entry in SETS["completion"]:
            if entry.name not in ("pad", "data"):
                assert len(fields[entry.name]) <= 1, f"{entry.name} is there twice"
                setattr(self, entry.name.replace("-", "_"), next(iter(fields[entry.name]), None))

    def __repr__(self):
        shown = {name: value for name, value in vars(self).items() if value not in (None, b"")}
        if len(self.data) > 64:
            shown["data"] = f"{len(self.data)} bytes"
        return f"Completion({shown})"


def request_bytes(cookie, operation, data=b"", **fields):
    """A request nest, with what of its data it cannot hold behind it."""
    number = OPERATIONS.get(operation, operation)
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    inside = {"data": pieces[:1]} if data else {}
    nest = {"request": {"cookie": cookie, "operation": number, **fields, **inside}}
    return encode("message", {**nest, "data": pieces[1:]})


def option(level, name, value=None):
    """An option; an int is taken as 32 bits."""
    fields = {"level": level, "name": name}
    if value is not None:
        fields["value"] = struct.pack("=i", value) if isinstance(value, int) else value
    return fields


FAST_OPEN_ON = option(socket.IPPROTO_TCP, TCP_FASTOPEN, 1)


def sockaddr(host, port):
    """A struct sockaddr_in or sockaddr_in6."""
    if ":" in host:
        return struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(port), 0, socket.inet_pton(socket.AF_INET6, host), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_pton(socket.AF_INET, host))


def from_sockaddr(data):
    """Host and port of a struct sockaddr_in or sockaddr_in6."""
    family, port = struct.unpack_from("=HH", data)
    if family == socket.AF_INET6:
        return socket.inet_ntop(family, data[8:24]), socket.ntohs(port)
    return socket.inet_ntop(family, data[4:8]), socket.ntohs(port)


class Session:
    """A netlink socket, and with it a session of kconnect."""

    def __init__(self, receive_buffer=8 << 20):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.set_receive_buffer(receive_buffer)
        self.sequence = itertools.count(1)
        self.cookies = itertools.count(1)
        self.handles = itertools.count(1)
        self.waiting = {}  # completions that nobody has asked for yet, by cookie
        self.answered = collections.Counter()
        self.order = []  # cookies as they were answered
        self.messages = []  # (command, how many completions) of each message that brought some
        try:
            self.family = self._resolve()
        except OSError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def set_receive_buffer(self, size):
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE if os.geteuid() == 0 else socket.SO_RCVBUF, size // 2)

    def _resolve(self):
        payload = struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0) + attribute(CTRL_ATTR_FAMILY_NAME, b"kconnect\0")
        sequence = self.send_raw(GENL_ID_CTRL, payload, NLM_F_REQUEST)
        for _, payload in self._answers(sequence, one=True):
            return struct.unpack("=H", dict(attributes(payload))[CTRL_ATTR_FAMILY_ID])[0]

    def send_raw(self, kind, payload, flags):
        sequence = next(self.sequence)
        self.socket.send(struct.pack("=IHHII", len(payload) + 16, kind, flags, sequence, 0) + payload)
        return sequence

    def send(self, command, payload, flags=NLM_F_REQUEST | NLM_F_ACK):
        """Sends a command by its name, or by its number."""
        number = COMMANDS.get(command, command)
        return self.send_raw(self.family, struct.pack("=BBH", number, 1, 0) + payload, flags)

    def _receive(self, timeout, reaping=False):
        """What one recv() brings, as tuples of type, sequence number, flags and payload."""
        self.socket.settimeout(timeout)
        try:
            data, at = self.socket.recv(1 << 20), 0
        except OSError as error:
            if reaping and error.errno == errno.ENOBUFS:
                return
            raise
        while at < len(data):
            length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data, at)
            yield kind, sequence, flags, data[at + 16 : at + length]
            at += (length + 3) & ~3

    def _answers(self, sequence, one=False, timeout=60, reaping=False):
        """The messages that answer @sequence, as pairs of command and attributes, up to the ack.

        While reaping, to be told of an overrun, or that a dump has begun into a full buffer, is no news.
        """
        while True:
            for kind, number, flags, payload in self._receive(timeout, reaping):
                if reaping and kind == NLMSG_ERROR and struct.unpack_from("=i", payload)[0] == -errno.ENOBUFS:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    assert number == sequence
                    self._raise(flags, payload)
                    return
                if kind == GENL_ID_CTRL or number == sequence:
                    yield payload[0], payload[4:]
                    if one:
                        return
                else:
                    assert number == 0, "an answer to nothing"
                    self._note(payload)

    @staticmethod
    def _raise(flags, payload):
        number = -struct.unpack_from("=i", payload)[0]
        if not number:
            return
        words, offset = None, None
        if flags & NLM_F_ACK_TLVS:
            extended = dict(attributes(payload[20:]))  # capped: an error and a header
            words = extended.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode() or None
            offset = extended.get(NLMSGERR_ATTR_OFFS)
        raise NetlinkError(number, words, offset and struct.unpack("=I", offset)[0])

    def _note(self, payload):
        """Keeps the completions of a message."""
        found = []
        for number, part in attributes(payload[4:]):
            if BY_NUMBER["message"][number].name == "completion":
                found.append(Completion(part))
            else:
                assert BY_NUMBER["message"][number].name == "data"
                found[-1].data += part
        for completion in found:
            self.answered[completion.cookie] += 1
            self.order.append(completion.cookie)
            self.waiting.setdefault(completion.cookie, []).append(completion)
        name = next(name for name, number in COMMANDS.items() if number == payload[0])
        self.messages.append((name, len(found)))
        return found

    def submit_raw(self, payload):
        """Sends a submit message; returns the completions that its reply brings."""
        sequence, ready = self.send("submit", payload), []
        for command, content in self._answers(sequence):
            assert command == COMMANDS["submit"]
            ready += self._note(bytes([command, 1, 0, 0]) + content)
        return ready

    def submit(self, *requests):
        """Submits requests, each a dictionary as for request(); returns their cookies."""
        self.submit_raw(b"".join(request_bytes(**request) for request in requests))
        return [request["cookie"] for request in requests]

    def request(self, operation, **fields):
        """A request with a cookie of its own."""
        return {"cookie": next(self.cookies), "operation": operation, **fields}

    def start(self, operation, **fields):
        """Submits one request; returns its cookie."""
        return self.submit(self.request(operation, **fields))[0]

    def wait(self, cookie, timeout=60):
        """The completion of a cookie."""
        end = time.monotonic() + timeout
        while cookie not in self.waiting:
            self.poll(max(end - time.monotonic(), 0.001))
        completions = self.waiting[cookie]
        if len(completions) == 1:
            del self.waiting[cookie]
        return completions.pop(0)

    def wait_all(self, cookies, timeout=60):
        return [self.wait(cookie, timeout) for cookie in cookies]

    def poll(self, timeout):
        """Receives once."""
        for kind, sequence, _, payload in self._receive(timeout):
            assert (kind, sequence) == (self.family, 0) and payload[0] == COMMANDS["complete"]
            self._note(payload)

    def call(self, operation, **fields):
        """Submits one request and waits for its completion."""
        return self.wait(self.start(operation, **fields))

    def run(self, *requests):
        """Submits requests in one message and waits for all their completions."""
        return self.wait_all(self.submit(*requests))

    def silent(self, seconds):
        """Whether nothing comes for so long."""
        try:
            self.poll(seconds)
        except TimeoutError:
            return True
        return False

    def cancel(self, **which):
        """Cancels; returns the count."""
        sequence = self.send("cancel", encode("message", which))
        return [decode("message", content)["count"][0] for _, content in self._answers(sequence)][0]

    def reap(self):
        """Takes the completions that did not fit into the receive buffer."""
        sequence, reaped = self.send("reap", b"", NLM_F_REQUEST | NLM_F_DUMP), []
        for command, content in self._answers(sequence, reaping=True):
            reaped += self._note(bytes([command, 1, 0, 0]) + content)
        return reaped

    def stats(self):
        sequence = self.send("stats-get", b"")
        fields = [decode("message", content) for _, content in self._answers(sequence)][0]
        return {name: values[0] for name, values in fields.items() if name != "pad"}

    def clear_paths(self, **which):
        """Forgets hostile paths, all of them if nothing says which; returns how many."""
        sequence = self.send("path-clear", encode("message", which))
        return [decode("message", content)["count"][0] for _, content in self._answers(sequence)][0]

    # What most tests begin with.

    def bound(self, local, **fields):
        """A new handle whose socket is bound to the wildcard of a family, or to an address."""
        handle = next(self.handles)
        family = socket.AF_INET6 if ":" in local else socket.AF_INET
        made = self.run(self.request("socket", socket=handle, family=family, **fields),
                        self.request("bind", socket=handle, local=sockaddr(local, 0)))
        assert [completion.status for completion in made] == [0, 0]
        return handle

    def socket_connect(self, host, port, **fields):
        """A socket-connect request under a new handle."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return self.request("socket-connect", **{"socket": next(self.handles), "family": family,
                                                 "remote": sockaddr(host, port), **fields})

    def connected(self, host, port, **fields):
        """The handle of a socket that is connected."""
        request = self.socket_connect(host, port, **fields)
        completion = self.run(request)[0]
        assert completion.status == 0, completion
        return request["socket"]


def drain(session):
    """Empties the receive buffer, acks and all; returns whether it had overrun."""
    overrun = False
    while True:
        try:
            for kind, _, _, payload in session._receive(0.2):
                if kind == session.family:
                    session._note(payload)
        except TimeoutError:
            return overrun
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            overrun = True
