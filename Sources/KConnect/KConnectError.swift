// SPDX-License-Identifier: Apache-2.0

import GenericNetlink
import Glibc

/// Why a request, or the session as a whole, failed.
public struct KConnectError: Error, Hashable, Sendable {
    /// What kind of failure it was. The set may grow.
    public enum Code: Hashable, Sendable {
        /// The request itself failed; ``status`` says how.
        case request
        /// The kernel module is not loaded, or was unloaded: there is no family of its name.
        case moduleNotLoaded
        /// The caller has no CAP_NET_ADMIN over the network namespace's user namespace.
        case notPermitted
        /// The host's name has no address.
        case nameNotResolved
        /// The session was closed while the request was pending.
        case sessionClosed
    }

    /// What kind of failure it was.
    public let code: Code

    /// The status, from ``errno`` by ``NTStatus/init(errno:)``.
    public var status: NTStatus { NTStatus(errno: errno) }

    /// The errno, positive.
    public let errno: Int32

    /// What was wrong, in words; the kernel's own where it gave any.
    public let message: String?

    /// What was asked for; nil if it was no request.
    public let operation: Operation?

    /// A failure with an errno.
    public init(_ code: Code = .request, errno: Int32, message: String? = nil, operation: Operation? = nil) {
        self.code = code
        self.errno = errno
        self.message = message
        self.operation = operation
    }

    /// The refusal of a whole message: EPERM and an unknown family have codes of their own.
    init(refusal error: NetlinkError) {
        switch error.errno {
        case EPERM: self = .notPermitted
        case ENOENT: self = .moduleNotLoaded
        default: self.init(errno: error.errno, message: error.message)
        }
    }

    static let moduleNotLoaded = KConnectError(
        .moduleNotLoaded, errno: ENODEV, message: "the kernel module kconnect is not loaded")

    static let notPermitted = KConnectError(
        .notPermitted, errno: EPERM, message: "this needs CAP_NET_ADMIN in the network namespace")

    static let moduleUnloaded = KConnectError(
        .moduleNotLoaded, errno: ESHUTDOWN, message: "the kernel module kconnect was unloaded")

    static let sessionClosed = KConnectError(
        .sessionClosed, errno: ECANCELED, message: "the session was closed")

    static let messageTooLong = KConnectError(
        errno: EMSGSIZE, message: "the request does not fit a message")
}

extension KConnectError: CustomStringConvertible {
    /// "connect-ex: STATUS_CONNECTION_REFUSED (Connection refused)", with the kernel's words if there are any.
    public var description: String {
        let words = message ?? String(cString: strerror(errno))
        let subject = operation.map { "\($0): " } ?? ""
        return "\(subject)\(status) (\(words))"
    }
}
