// SPDX-License-Identifier: Apache-2.0

import CNetlink

/// What stands before every netlink message (`struct nlmsghdr`), as far as a receiver needs it.
public struct MessageHeader: Hashable, Sendable {
    /// A number below 16 is one of netlink's own, any other is that of a family.
    public let type: UInt16

    /// `NLM_F_…`.
    public let flags: MessageFlags

    /// The sequence number of the request that is answered; 0 if none is.
    public let sequence: UInt32

    init(_ header: nlmsghdr) {
        type = header.nlmsg_type
        flags = MessageFlags(rawValue: header.nlmsg_flags)
        sequence = header.nlmsg_seq
    }

    /// The type of a message that says nothing, `NLMSG_NOOP`.
    public static let noop = UInt16(NLMSG_NOOP)
    /// The type of an error or of an ack, `NLMSG_ERROR`.
    public static let error = UInt16(NLMSG_ERROR)
    /// The type of the end of a dump, `NLMSG_DONE`.
    public static let done = UInt16(NLMSG_DONE)
}

/// Flags of a netlink message, `NLM_F_…`.
public struct MessageFlags: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt16

    /// Flags of those bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    private init(_ flag: Int32) { rawValue = UInt16(truncatingIfNeeded: flag) }

    /// It is a request, `NLM_F_REQUEST`.
    public static let request = MessageFlags(NLM_F_REQUEST)
    /// An ack is wanted even if all went well, `NLM_F_ACK`.
    public static let acknowledge = MessageFlags(NLM_F_ACK)
    /// Everything is wanted, `NLM_F_DUMP`.
    public static let dump = MessageFlags(NLM_F_DUMP)
    /// What is being dumped changed meanwhile, `NLM_F_DUMP_INTR`.
    public static let dumpInterrupted = MessageFlags(NLM_F_DUMP_INTR)
    /// An error comes without the request's payload, `NLM_F_CAPPED`.
    public static let capped = MessageFlags(NLM_F_CAPPED)
    /// An error comes with an extended ack, `NLM_F_ACK_TLVS`.
    public static let extendedAck = MessageFlags(NLM_F_ACK_TLVS)
}
