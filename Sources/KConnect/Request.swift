// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink
import Glibc

/// How a socket is closed.
public enum Disposition: Hashable, Sendable {
    /// At once, with a RST where the connection stands (WSK's default).
    case abortive
    /// With a FIN, after all data that TCP has taken.
    case graceful

    var value: kconnect_disposition {
        self == .abortive ? KCONNECT_DISPOSITION_ABORTIVE : KCONNECT_DISPOSITION_GRACEFUL
    }
}

/// How to send (WSK's flags of WskSend). An open set.
public struct SendFlags: OptionSet, Hashable, Sendable {
    /// The bits, `enum kconnect_send_flags`.
    public let rawValue: UInt32

    /// Flags of those bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Send at once, whatever ``SocketOption/noDelay(_:)`` says.
    public static let noDelay = SendFlags(rawValue: KCONNECT_SEND_FLAGS_NODELAY.rawValue)
}

/// How to receive (WSK's flags of WskReceive). They exclude each other. An open set.
public struct ReceiveFlags: OptionSet, Hashable, Sendable {
    /// The bits, `enum kconnect_receive_flags`.
    public let rawValue: UInt32

    /// Flags of those bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Complete when all the bytes are there, or the stream has ended.
    public static let waitAll = ReceiveFlags(rawValue: KCONNECT_RECEIVE_FLAGS_WAITALL.rawValue)

    /// Throw away what comes, and complete when the stream has ended. Up to 0 bytes are asked for.
    public static let drain = ReceiveFlags(rawValue: KCONNECT_RECEIVE_FLAGS_DRAIN.rawValue)
}

/// What is asked of the kernel, before it is submitted: by ``Provider/submit(_:)-swift.method`` alone, or with others
/// by ``Batch/submit(_:)``.
public struct Request<Value: CompletionValue>: Sendable {
    let body: RequestBody
}

extension Request where Value == ConnectResult {
    /// Makes a socket, binds it, sets its options and connects it, with first data (WskSocketConnect).
    ///
    /// - Parameters:
    ///   - remote: Where to connect to.
    ///   - data: First data, at most 65,535 bytes. It goes into the SYN where `options` have
    ///     ``SocketOption/fastOpen(_:)`` and the path allows it, and follows the handshake otherwise.
    ///   - options: Socket options, set in order before the connect.
    ///   - local: The local address; any if nil.
    ///   - timeout: After this the request ends by itself with ETIMEDOUT; nil for no deadline but TCP's own.
    ///   - flags: Reserved; anything but 0 is STATUS_INVALID_PARAMETER.
    public static func socketConnect(
        to remote: SocketAddress, sending data: [UInt8] = [], options: [SocketOption] = [],
        from local: SocketAddress? = nil, timeout: Duration? = nil, flags: UInt32 = 0
    ) -> Request {
        var body = RequestBody(.socketConnect, socket: 0)
        body.family = remote.family
        body.remote = remote
        body.data = data
        body.options = options
        body.local = local
        body.timeout = timeout
        body.flags = flags
        return Request(body: body)
    }

    /// Probes whether a peer accepts connections, and leaves nothing behind: as soon as it has accepted, it gets a RST in
    /// place of the last part of the handshake. The result's socket is closed by then.
    public static func probe(
        _ remote: SocketAddress, options: [SocketOption] = [], from local: SocketAddress? = nil,
        timeout: Duration? = nil
    ) -> Request {
        var body = socketConnect(to: remote, options: options, from: local, timeout: timeout).body
        body.disposition = KCONNECT_DISPOSITION_HALF_OPEN
        return Request(body: body)
    }

    /// Connects a bound socket, without data (WskConnect).
    public static func connect(_ socket: Socket, to remote: SocketAddress, timeout: Duration? = nil) -> Request {
        var body = RequestBody(.connect, socket: socket.handle)
        body.remote = remote
        body.timeout = timeout
        return Request(body: body)
    }

    /// Connects a bound socket, with first data (WskConnectEx).
    ///
    /// The data goes into the SYN where ``SocketOption/fastOpen(_:)`` was set before and the path allows it.
    public static func connectEx(
        _ socket: Socket, to remote: SocketAddress, sending data: [UInt8] = [], timeout: Duration? = nil,
        flags: UInt32 = 0
    ) -> Request {
        var body = RequestBody(.connectEx, socket: socket.handle)
        body.remote = remote
        body.data = data
        body.timeout = timeout
        body.flags = flags
        return Request(body: body)
    }
}

extension Request where Value == IOStatus {
    /// Makes a TCP socket under a handle that ``Provider/newSocket()`` gave (WskSocket).
    public static func socket(_ socket: Socket, family: SocketAddress.Family) -> Request {
        var body = RequestBody(.socket, socket: socket.handle)
        body.family = family
        return Request(body: body)
    }

    /// Binds a socket (WskBind). A wildcard leaves the choice to routing; port 0 takes no port until the connect.
    public static func bind(_ socket: Socket, to local: SocketAddress) -> Request {
        var body = RequestBody(.bind, socket: socket.handle)
        body.local = local
        return Request(body: body)
    }

    /// Sets an option of a socket (WskControlSocket).
    public static func setOption(_ socket: Socket, _ option: SocketOption) -> Request {
        var body = RequestBody(.setOption, socket: socket.handle)
        body.options = [option]
        return Request(body: body)
    }

    /// Sends data on a connected socket; completes when TCP has taken all of it (WskSend).
    public static func send(
        _ socket: Socket, _ data: [UInt8], flags: SendFlags = [], timeout: Duration? = nil
    ) -> Request {
        var body = RequestBody(.send, socket: socket.handle)
        body.data = data
        body.flags = flags.rawValue
        body.timeout = timeout
        return Request(body: body)
    }

    /// Ends the connection (WskDisconnect): gracefully, with last data and a FIN, receiving goes on, and it completes when
    /// the peer has acknowledged both; or abortively, with a RST, without data, and what is in flight is cancelled.
    public static func disconnect(
        _ socket: Socket, _ disposition: Disposition = .graceful, sending data: [UInt8] = [],
        timeout: Duration? = nil
    ) -> Request {
        var body = RequestBody(.disconnect, socket: socket.handle)
        body.data = data
        body.flags = disposition == .abortive ? KCONNECT_DISCONNECT_FLAGS_ABORTIVE.rawValue : 0
        body.timeout = timeout
        return Request(body: body)
    }

    /// Ends every pending request of a socket, then closes it (WskCloseSocket).
    public static func close(_ socket: Socket, _ disposition: Disposition = .abortive) -> Request {
        var body = RequestBody(.close, socket: socket.handle)
        body.disposition = disposition.value
        return Request(body: body)
    }
}

extension Request where Value == OptionValue {
    /// Gets an option of a socket (WskControlSocket).
    public static func option(_ socket: Socket, _ name: SocketOption.Name) -> Request {
        var body = RequestBody(.getOption, socket: socket.handle)
        body.options = [SocketOption(asking: name)]
        return Request(body: body)
    }
}

extension Request where Value == Received {
    /// Receives up to `count` bytes, 1 to 65,536, as soon as there are any (WskReceive).
    public static func receive(
        _ socket: Socket, upTo count: Int = 65_536, flags: ReceiveFlags = [], timeout: Duration? = nil
    ) -> Request {
        var body = RequestBody(.receive, socket: socket.handle)
        body.flags = flags.rawValue
        body.length = UInt32(clamping: count)
        body.timeout = timeout
        return Request(body: body)
    }
}

extension Request where Value == SocketAddress {
    /// Gets the local address of a socket (WskGetLocalAddress).
    public static func localAddress(_ socket: Socket) -> Request {
        Request(body: RequestBody(.localAddress, socket: socket.handle))
    }

    /// Gets the address of a socket's peer (WskGetRemoteAddress).
    public static func remoteAddress(_ socket: Socket) -> Request {
        Request(body: RequestBody(.remoteAddress, socket: socket.handle))
    }
}

/// The attributes of a `request` nest.
struct RequestBody: Sendable {
    var operation: Operation
    var socket: UInt32
    var flags: UInt32 = 0
    var timeout: Duration?
    var family: SocketAddress.Family?
    var local: SocketAddress?
    var remote: SocketAddress?
    var data: [UInt8] = []
    var options: [SocketOption] = []
    var length: UInt32?
    var disposition: kconnect_disposition?

    init(_ operation: Operation, socket: UInt32) {
        self.operation = operation
        self.socket = socket
    }

    /// What can't be said in the protocol, where a timeout of 0 is none.
    var malformed: KConnectError? {
        guard let timeout, timeout <= .zero else { return nil }
        return KConnectError(errno: EINVAL, message: "a timeout is more than nothing", operation: operation)
    }

    /// Writes the request. Nothing of it stays in the message if it does not fit.
    ///
    /// A nest holds less than 64 KiB in all, so data that is longer follows behind it.
    func encode(cookie: UInt64, into message: inout MessageBuffer) throws(MessageTooLong) {
        let isDataInside = data.count <= Self.dataInsideMax
        let start = message.count
        do throws(MessageTooLong) {
            try encodeNest(cookie: cookie, isDataInside: isDataInside, into: &message)
            if !isDataInside { try message.put(joined: UInt16(KCONNECT_A_DATA.rawValue), data.span.bytes) }
        } catch {
            message.truncate(to: start)
            throw error
        }
    }

    private static let dataInsideMax = 1 << 15

    private func encodeNest(
        cookie: UInt64, isDataInside: Bool, into message: inout MessageBuffer
    ) throws(MessageTooLong) {
        try message.nest(KCONNECT_A_REQUEST) { nest throws(MessageTooLong) in
            try nest.put(KCONNECT_A_REQUEST_COOKIE, cookie)
            try nest.put(KCONNECT_A_REQUEST_OPERATION, operation.rawValue)
            try nest.put(KCONNECT_A_REQUEST_SOCKET, socket)
            if flags != 0 { try nest.put(KCONNECT_A_REQUEST_FLAGS, flags) }
            if let timeout { try nest.put(KCONNECT_A_REQUEST_TIMEOUT, timeout.clampedToTimeout.nanoseconds) }
            if let family { try nest.put(KCONNECT_A_REQUEST_FAMILY, family.rawValue) }
            if let local { try nest.put(KCONNECT_A_REQUEST_LOCAL, local) }
            if let remote { try nest.put(KCONNECT_A_REQUEST_REMOTE, remote) }
            for option in options { try Self.encode(option, into: &nest) }
            if let length { try nest.put(KCONNECT_A_REQUEST_LENGTH, length) }
            if let disposition { try nest.put(KCONNECT_A_REQUEST_DISPOSITION, disposition.rawValue) }
            if isDataInside { try nest.put(joined: UInt16(KCONNECT_A_REQUEST_DATA.rawValue), data.span.bytes) }
        }
    }

    private static func encode(_ option: SocketOption, into message: inout MessageBuffer) throws(MessageTooLong) {
        try message.nest(KCONNECT_A_REQUEST_OPTION) { nest throws(MessageTooLong) in
            try nest.put(KCONNECT_A_OPTION_LEVEL, option.name.level)
            try nest.put(KCONNECT_A_OPTION_NAME, option.name.name)
            switch option.value {
            case .none: break
            case .integer(let value): try nest.put(KCONNECT_A_OPTION_VALUE, value)
            case .bytes(let bytes): try nest.put(UInt16(KCONNECT_A_OPTION_VALUE.rawValue), bytes.span.bytes)
            }
        }
    }
}

/// The uapi header's constants as attribute types.
extension MessageBuffer {
    mutating func put(_ type: kconnect_request_attr, _ value: UInt32) throws(MessageTooLong) {
        try put(UInt16(type.rawValue), value)
    }

    mutating func put(_ type: kconnect_request_attr, _ value: UInt64) throws(MessageTooLong) {
        try put(UInt16(type.rawValue), value)
    }

    mutating func put(_ type: kconnect_option_attr, _ value: UInt32) throws(MessageTooLong) {
        try put(UInt16(type.rawValue), value)
    }

    mutating func put(_ type: kconnect_request_attr, _ address: SocketAddress) throws(MessageTooLong) {
        try put(UInt16(type.rawValue), count: address.encodedCount) { address.encode(into: $0) }
    }

    mutating func nest(
        _ type: some RawRepresentable<UInt32>, _ body: (inout MessageBuffer) throws(MessageTooLong) -> Void
    ) throws(MessageTooLong) {
        try nest(UInt16(type.rawValue), body)
    }
}

extension Duration {
    /// As a timeout that the kernel knows: at least a nanosecond, since 0 is none, and at most a day.
    var clampedToTimeout: Duration {
        min(max(self, .nanoseconds(1)), .nanoseconds(KCONNECT_TIMEOUT_MAX))
    }

    /// Whole nanoseconds, for a duration of at most a few centuries.
    var nanoseconds: UInt64 {
        UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
    }
}
