// SPDX-License-Identifier: Apache-2.0

/// What an ``IRP`` gives when it succeeds.
public protocol CompletionValue: Sendable {
    /// Reads a completion that succeeded, of a request that was submitted through a provider.
    init(_ completion: Completion, provider: Provider)
}

/// The bare result of a request that gives nothing else (IoStatus).
public struct IOStatus: CompletionValue, Hashable {
    /// Bytes taken for sending, or received.
    public let information: Int

    /// Reads a completion.
    public init(_ completion: Completion, provider: Provider) {
        information = completion.information
    }
}

/// An open connection, and how it came to be.
public struct ConnectResult: CompletionValue {
    /// The socket. It stays open until it is closed or the session ends.
    public let socket: Socket

    private let completion: Completion

    /// Reads a completion.
    public init(_ completion: Completion, provider: Provider) {
        socket = Socket(provider: provider, handle: completion.socket)
        self.completion = completion
    }

    /// Bytes of the first data that were taken for sending: all of them.
    public var information: Int { completion.information }

    /// Bytes of the first data that TCP put into the first SYN.
    public var synData: Int { completion.synData }

    /// What became of fast open.
    public var fastOpen: FastOpen { completion.fastOpen ?? .notAsked }

    /// Why fast open did less than was asked; nil if it did not.
    public var fastOpenReason: FastOpen.Reason? { completion.fastOpenReason }

    /// When what happened.
    public var times: Times { Times(completion) }

    /// TCP's smoothed estimate of the round trip, to the microsecond; nil if TCP had none.
    public var rtt: Duration? { completion.rtt.map { .microseconds(Int64($0)) } }

    /// The local address in use.
    public var local: SocketAddress? { completion.local }

    /// The remote address in use.
    public var remote: SocketAddress? { completion.remote }
}

/// When what happened to a connect, by the kernel's `CLOCK_MONOTONIC`.
public struct Times: Hashable, Sendable {
    /// When the request was submitted, in nanoseconds.
    public let submitted: UInt64

    /// From then until the connect was handed to TCP, which sends the SYN at once; nil if it never was.
    public let synSent: Duration?

    /// From then until the connection was established; nil if it never was.
    public let established: Duration?

    /// From then until TCP had taken the last of the data; nil if it never had.
    public let sent: Duration?

    /// From then until the request completed.
    public let completed: Duration?

    /// The times of a completion; nil-valued, where it has none.
    public init(_ completion: Completion) {
        let start = completion.submitted ?? 0
        func since(_ time: UInt64?) -> Duration? { time.map { .nanoseconds(Int64(clamping: $0 &- start)) } }
        submitted = start
        synSent = since(completion.synSent)
        established = since(completion.established)
        sent = since(completion.sent)
        completed = since(completion.completed)
    }
}

/// Bytes that came from the peer.
public struct Received: CompletionValue, Hashable {
    /// The bytes; none is the end of the stream.
    public let bytes: [UInt8]

    /// How many bytes were received, or thrown away (``ReceiveFlags/drain``).
    public let information: Int

    /// When they were taken from TCP, in nanoseconds of the kernel's `CLOCK_MONOTONIC`.
    public let time: UInt64

    /// Whether the peer has finished sending.
    public var isEndOfStream: Bool { bytes.isEmpty }

    /// Reads a completion.
    public init(_ completion: Completion, provider: Provider) {
        bytes = completion.data
        information = completion.information
        time = completion.completed ?? 0
    }

    /// Bytes that were received at a time.
    init(bytes: [UInt8], time: UInt64) {
        self.bytes = bytes
        self.time = time
        information = bytes.count
    }
}

/// An address that a socket was asked for.
extension SocketAddress: CompletionValue {
    /// Reads a completion: of a get-remote-address the peer's address, else the local one.
    public init(_ completion: Completion, provider: Provider) {
        let address = completion.operation == .remoteAddress ? completion.remote : completion.local
        self = address ?? .wildcard(.ipv4)
    }
}

/// The value of a socket option.
public struct OptionValue: CompletionValue, Hashable {
    /// The value, in the layout of `getsockopt`.
    public let bytes: [UInt8]

    /// The value as a 32-bit integer; nil if it is none.
    public var integer: Int32? {
        bytes.count == 4 ? bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) } : nil
    }

    /// Reads a completion.
    public init(_ completion: Completion, provider: Provider) {
        bytes = completion.data
    }
}
