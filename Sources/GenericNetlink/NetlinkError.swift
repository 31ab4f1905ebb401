// SPDX-License-Identifier: Apache-2.0

/// What the kernel, or the socket to it, said no to.
public struct NetlinkError: Error, Hashable, Sendable {
    /// The errno, positive.
    public let errno: Int32

    /// The kernel's words, from its extended ack (`NLMSGERR_ATTR_MSG`).
    public let message: String?

    /// Where in the request, in bytes from the start of its netlink header, the offending attribute stands
    /// (`NLMSGERR_ATTR_OFFS`).
    public let offset: UInt32?

    /// An error with the kernel's words, where there are any.
    public init(errno: Int32, message: String? = nil, offset: UInt32? = nil) {
        self.errno = errno
        self.message = message
        self.offset = offset
    }
}
