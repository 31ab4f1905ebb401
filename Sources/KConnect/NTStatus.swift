// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A status of the Windows kernel, as WSK's IRPs carry it.
///
/// The kernel speaks errno; ``init(errno:)`` and ``errno`` go through one table, so that no error means two things.
public struct NTStatus: RawRepresentable, Hashable, Sendable {
    /// The value, as `ntstatus.h` has it.
    public let rawValue: UInt32

    /// The status of that value.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It went well.
    public static let success = NTStatus(rawValue: 0x0000_0000)
    /// It has not finished.
    public static let pending = NTStatus(rawValue: 0x0000_0103)
    /// The data is longer than 65,535 bytes.
    public static let bufferOverflow = NTStatus(rawValue: 0x8000_0005)
    /// An error that has no status of its own; the errno says which.
    public static let unsuccessful = NTStatus(rawValue: 0xC000_0001)
    /// No such socket or request.
    public static let invalidHandle = NTStatus(rawValue: 0xC000_0008)
    /// The request makes no sense.
    public static let invalidParameter = NTStatus(rawValue: 0xC000_000D)
    /// The caller may not do this.
    public static let accessDenied = NTStatus(rawValue: 0xC000_0022)
    /// A limit of the session or of the network namespace.
    public static let quotaExceeded = NTStatus(rawValue: 0xC000_0044)
    /// Out of memory.
    public static let insufficientResources = NTStatus(rawValue: 0xC000_009A)
    /// The other end of the stream is gone.
    public static let pipeDisconnected = NTStatus(rawValue: 0xC000_00B0)
    /// The deadline has passed, or TCP gave up.
    public static let ioTimeout = NTStatus(rawValue: 0xC000_00B5)
    /// The socket no longer functions; close it.
    public static let fileForcedClosed = NTStatus(rawValue: 0xC000_00B6)
    /// The module doesn't do this.
    public static let notSupported = NTStatus(rawValue: 0xC000_00BB)
    /// The request was cancelled.
    public static let cancelled = NTStatus(rawValue: 0xC000_0120)
    /// The machine doesn't have this address.
    public static let invalidAddressComponent = NTStatus(rawValue: 0xC000_0207)
    /// The address, or every port of it, is in use.
    public static let addressAlreadyExists = NTStatus(rawValue: 0xC000_020A)
    /// The peer reset the connection.
    public static let connectionReset = NTStatus(rawValue: 0xC000_020D)
    /// Nobody listens there.
    public static let connectionRefused = NTStatus(rawValue: 0xC000_0236)
    /// The socket is not connected.
    public static let connectionInvalid = NTStatus(rawValue: 0xC000_023A)
    /// The socket is connected already.
    public static let connectionActive = NTStatus(rawValue: 0xC000_023B)
    /// There is no way to the network.
    public static let networkUnreachable = NTStatus(rawValue: 0xC000_023C)
    /// There is no way to the host.
    public static let hostUnreachable = NTStatus(rawValue: 0xC000_023D)
    /// The connection was aborted at this end.
    public static let connectionAborted = NTStatus(rawValue: 0xC000_0241)

    /// The table: each status with its name and its errnos, the first of which is the one that ``errno`` gives.
    ///
    /// What stands in no row is ``unsuccessful``.
    static let table: [(status: NTStatus, name: String, errnos: [Int32])] = [
        (.success, "STATUS_SUCCESS", [0]),
        (.pending, "STATUS_PENDING", [EINPROGRESS]),
        (.bufferOverflow, "STATUS_BUFFER_OVERFLOW", [EMSGSIZE]),
        (.invalidParameter, "STATUS_INVALID_PARAMETER", [EINVAL]),
        (.fileForcedClosed, "STATUS_FILE_FORCED_CLOSED", [ESHUTDOWN, EBADFD]),
        (.cancelled, "STATUS_CANCELLED", [ECANCELED]),
        (.ioTimeout, "STATUS_IO_TIMEOUT", [ETIMEDOUT]),
        (.connectionRefused, "STATUS_CONNECTION_REFUSED", [ECONNREFUSED]),
        (.connectionReset, "STATUS_CONNECTION_RESET", [ECONNRESET]),
        (.connectionAborted, "STATUS_CONNECTION_ABORTED", [ECONNABORTED]),
        (.networkUnreachable, "STATUS_NETWORK_UNREACHABLE", [ENETUNREACH]),
        (.hostUnreachable, "STATUS_HOST_UNREACHABLE", [EHOSTUNREACH]),
        (.addressAlreadyExists, "STATUS_ADDRESS_ALREADY_EXISTS", [EADDRINUSE]),
        (.invalidAddressComponent, "STATUS_INVALID_ADDRESS_COMPONENT", [EADDRNOTAVAIL]),
        (.connectionActive, "STATUS_CONNECTION_ACTIVE", [EISCONN]),
        (.connectionInvalid, "STATUS_CONNECTION_INVALID", [ENOTCONN]),
        (.accessDenied, "STATUS_ACCESS_DENIED", [EACCES, EPERM]),
        (.insufficientResources, "STATUS_INSUFFICIENT_RESOURCES", [ENOMEM, ENOBUFS]),
        (.quotaExceeded, "STATUS_QUOTA_EXCEEDED", [EDQUOT]),
        (.invalidHandle, "STATUS_INVALID_HANDLE", [ENOENT]),
        (.notSupported, "STATUS_NOT_SUPPORTED", [EOPNOTSUPP]),
        (.pipeDisconnected, "STATUS_PIPE_DISCONNECTED", [EPIPE]),
        (.unsuccessful, "STATUS_UNSUCCESSFUL", []),
    ]

    /// The status of an errno (positive, or 0). Total: an errno that has no row is ``unsuccessful``.
    public init(errno: Int32) {
        self = errno == 0 ? .success : Self.table.first { $0.errnos.contains(errno) }?.status ?? .unsuccessful
    }

    /// The errno of a status; nil for ``unsuccessful``, which stands for many, and for a status of no row.
    public var errno: Int32? { Self.table.first { $0.status == self }?.errnos.first }
}

extension NTStatus: CustomStringConvertible {
    /// The name, such as "STATUS_SUCCESS"; the value in hexadecimal if it has none here.
    public var description: String {
        Self.table.first { $0.status == self }?.name ?? "0x" + String(rawValue, radix: 16, uppercase: true)
    }
}
