// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink

/// The result of one request, as the kernel sent it.
///
/// Times are nanoseconds of `CLOCK_MONOTONIC`, nil if it never came to that.
public struct Completion: Hashable, Sendable {
    /// The request's cookie, see ``IRP/cookie``.
    public internal(set) var cookie: UInt64 = 0

    /// Where in its batch the request stood, from 0; 0 if it was submitted alone.
    public internal(set) var index = 0

    /// What was asked for.
    public internal(set) var operation = Operation(rawValue: 0)

    /// The handle of the request's socket, unique in the session.
    public internal(set) var socket: UInt32 = 0

    /// 0, or the errno, positive.
    public internal(set) var errno: Int32 = 0

    /// Bytes taken for sending, or received (IoStatus.Information).
    public internal(set) var information = 0

    /// What was wrong, in words, if the request was refused.
    public internal(set) var message: String?

    /// What became of fast open; nil unless a connection was tried.
    public internal(set) var fastOpen: FastOpen?

    /// Why fast open did less than was asked; nil if it did not.
    public internal(set) var fastOpenReason: FastOpen.Reason?

    /// Bytes of the data that TCP put into the first SYN.
    public internal(set) var synData = 0

    /// When the request was submitted.
    public internal(set) var submitted: UInt64?

    /// When the connect was handed to TCP, which sends the SYN at once.
    public internal(set) var synSent: UInt64?

    /// When the connection was established.
    public internal(set) var established: UInt64?

    /// When TCP had taken the last of the data.
    public internal(set) var sent: UInt64?

    /// When the request completed.
    public internal(set) var completed: UInt64?

    /// TCP's smoothed estimate of the round trip, in microseconds.
    public internal(set) var rtt: UInt32?

    /// The local address in use.
    public internal(set) var local: SocketAddress?

    /// The remote address in use.
    public internal(set) var remote: SocketAddress?

    /// What was received, or the value of the option that was asked for.
    public internal(set) var data: [UInt8] = []

    var code = KConnectError.Code.request

    /// The status, of WSK's table.
    public var status: NTStatus { NTStatus(errno: errno) }

    /// The failure; nil if it succeeded.
    public var error: KConnectError? {
        errno == 0 ? nil : KConnectError(code, errno: errno, message: message, operation: operation)
    }

    /// The end of a request that the kernel never got, or will say no more about.
    init(_ error: KConnectError, operation: Operation, cookie: UInt64 = 0) {
        self.cookie = cookie
        self.operation = operation
        errno = error.errno
        message = error.message
        code = error.code
    }

    /// Reads the attributes of a `completion` nest. What this library does not know is passed over.
    init(_ attributes: RawSpan) {
        attributes.forEachAttribute { type, value in
            switch kconnect_completion_attr(rawValue: UInt32(type)) {
            case KCONNECT_A_COMPLETION_COOKIE: cookie = value.load(UInt64.self) ?? 0
            case KCONNECT_A_COMPLETION_OPERATION: operation = Operation(rawValue: value.load(UInt32.self) ?? 0)
            case KCONNECT_A_COMPLETION_SOCKET: socket = value.load(UInt32.self) ?? 0
            case KCONNECT_A_COMPLETION_STATUS: errno = -(value.load(Int32.self) ?? 0)
            case KCONNECT_A_COMPLETION_INFORMATION: information = Int(value.load(UInt32.self) ?? 0)
            case KCONNECT_A_COMPLETION_MESSAGE: message = value.text
            case KCONNECT_A_COMPLETION_FAST_OPEN: fastOpen = value.load(UInt32.self).map(FastOpen.init)
            case KCONNECT_A_COMPLETION_FAST_OPEN_REASON:
                fastOpenReason = value.load(UInt32.self).map(FastOpen.Reason.init)
            case KCONNECT_A_COMPLETION_SUBMITTED: submitted = value.load(UInt64.self)
            case KCONNECT_A_COMPLETION_SYN_SENT: synSent = value.load(UInt64.self)
            case KCONNECT_A_COMPLETION_ESTABLISHED: established = value.load(UInt64.self)
            case KCONNECT_A_COMPLETION_SENT: sent = value.load(UInt64.self)
            case KCONNECT_A_COMPLETION_COMPLETED: completed = value.load(UInt64.self)
            case KCONNECT_A_COMPLETION_RTT: rtt = value.load(UInt32.self)
            case KCONNECT_A_COMPLETION_LOCAL: local = SocketAddress(sockaddr: value)
            case KCONNECT_A_COMPLETION_REMOTE: remote = SocketAddress(sockaddr: value)
            case KCONNECT_A_COMPLETION_VALUE, KCONNECT_A_COMPLETION_DATA: data.append(contentsOf: value.bytes)
            case KCONNECT_A_COMPLETION_SYN_DATA: synData = Int(value.load(UInt32.self) ?? 0)
            default: break
            }
        }
    }
}
