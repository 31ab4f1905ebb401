// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import KConnect

@Suite struct NTStatusTests {
    /// WSK's table as its documentation has it, written out once more, so that a slip in the library's shows.
    private static let expected: [(errno: Int32, name: String, value: UInt32)] = [
        (0, "STATUS_SUCCESS", 0x0000_0000),
        (EINPROGRESS, "STATUS_PENDING", 0x0000_0103),
        (EMSGSIZE, "STATUS_BUFFER_OVERFLOW", 0x8000_0005),
        (EINVAL, "STATUS_INVALID_PARAMETER", 0xC000_000D),
        (ESHUTDOWN, "STATUS_FILE_FORCED_CLOSED", 0xC000_00B6),
        (EBADFD, "STATUS_FILE_FORCED_CLOSED", 0xC000_00B6),
        (ECANCELED, "STATUS_CANCELLED", 0xC000_0120),
        (ETIMEDOUT, "STATUS_IO_TIMEOUT", 0xC000_00B5),
        (ECONNREFUSED, "STATUS_CONNECTION_REFUSED", 0xC000_0236),
        (ECONNRESET, "STATUS_CONNECTION_RESET", 0xC000_020D),
        (ECONNABORTED, "STATUS_CONNECTION_ABORTED", 0xC000_0241),
        (ENETUNREACH, "STATUS_NETWORK_UNREACHABLE", 0xC000_023C),
        (EHOSTUNREACH, "STATUS_HOST_UNREACHABLE", 0xC000_023D),
        (EADDRINUSE, "STATUS_ADDRESS_ALREADY_EXISTS", 0xC000_020A),
        (EADDRNOTAVAIL, "STATUS_INVALID_ADDRESS_COMPONENT", 0xC000_0207),
        (EISCONN, "STATUS_CONNECTION_ACTIVE", 0xC000_023B),
        (ENOTCONN, "STATUS_CONNECTION_INVALID", 0xC000_023A),
        (EACCES, "STATUS_ACCESS_DENIED", 0xC000_0022),
        (EPERM, "STATUS_ACCESS_DENIED", 0xC000_0022),
        (ENOMEM, "STATUS_INSUFFICIENT_RESOURCES", 0xC000_009A),
        (ENOBUFS, "STATUS_INSUFFICIENT_RESOURCES", 0xC000_009A),
        (EDQUOT, "STATUS_QUOTA_EXCEEDED", 0xC000_0044),
        (ENOENT, "STATUS_INVALID_HANDLE", 0xC000_0008),
        (EOPNOTSUPP, "STATUS_NOT_SUPPORTED", 0xC000_00BB),
        (EPIPE, "STATUS_PIPE_DISCONNECTED", 0xC000_00B0),
    ]

    @Test(arguments: expected.indices)
    func `an errno becomes its status`(row: Int) {
        let (errno, name, value) = Self.expected[row]
        let status = NTStatus(errno: errno)
        #expect(status.rawValue == value)
        #expect(status.description == name)
    }

    @Test func `a status becomes an errno that becomes the status again`() {
        for row in NTStatus.table where row.status != .unsuccessful {
            let errno = row.status.errno
            #expect(errno.map(NTStatus.init(errno:)) == row.status)
        }
    }

    @Test func `the table is total: whatever has no row is STATUS_UNSUCCESSFUL`() {
        let known = Set(Self.expected.map(\.errno))
        for errno in 0...4095 as ClosedRange<Int32> where !known.contains(errno) {
            #expect(NTStatus(errno: errno) == .unsuccessful)
        }
        #expect(NTStatus.unsuccessful.rawValue == 0xC000_0001)
        #expect(NTStatus.unsuccessful.errno == nil)
    }

    @Test func `no errno and no status stands in two rows`() {
        let errnos = NTStatus.table.flatMap(\.errnos)
        #expect(Set(errnos).count == errnos.count)
        #expect(Set(errnos) == Set(Self.expected.map(\.errno)))
        #expect(Set(NTStatus.table.map(\.status)).count == NTStatus.table.count)
        #expect(Set(NTStatus.table.map(\.name)).count == NTStatus.table.count)
    }

    @Test func `a status without a name shows its value`() {
        #expect(NTStatus(rawValue: 0xC000_02B9).description == "0xC00002B9")
        #expect(NTStatus(rawValue: 0xC000_02B9).errno == nil)
    }

    @Test func `an error keeps the errno that its status has lost`() {
        let error = KConnectError(errno: EXDEV, operation: .connectEx)
        #expect(error.status == .unsuccessful)
        #expect(error.errno == EXDEV)
        #expect(error.description == "connect-ex: STATUS_UNSUCCESSFUL (Invalid cross-device link)")
    }
}
