// SPDX-License-Identifier: Apache-2.0

import CKConnect

/// What became of TCP Fast Open (RFC 7413), as far as TCP itself knows.
public enum FastOpen: Hashable, Sendable {
    /// The caller did not ask for it. No data was in the SYN.
    case notAsked
    /// The SYN asked for a cookie and carried no data; the data followed the handshake.
    case cookieRequested
    /// Data was in the SYN, and the SYN-ACK acknowledged it.
    case dataAcked
    /// Data was in the SYN and was not acknowledged; TCP sent it again. The peer may have seen it twice.
    case dataNotAcked
    /// It was asked for, and the kernel sent a plain SYN.
    case suppressed
    /// Data was in the SYN, and the request ended before any answer. The peer may have seen it.
    case dataSent
    /// An outcome that a newer module knows.
    case unknown(UInt32)

    init(_ value: UInt32) {
        switch kconnect_fast_open(rawValue: value) {
        case KCONNECT_FAST_OPEN_NOT_ASKED: self = .notAsked
        case KCONNECT_FAST_OPEN_COOKIE_REQUESTED: self = .cookieRequested
        case KCONNECT_FAST_OPEN_DATA_ACKED: self = .dataAcked
        case KCONNECT_FAST_OPEN_DATA_NOT_ACKED: self = .dataNotAcked
        case KCONNECT_FAST_OPEN_SUPPRESSED: self = .suppressed
        case KCONNECT_FAST_OPEN_DATA_SENT: self = .dataSent
        default: self = .unknown(value)
        }
    }

    /// Why fast open did less than was asked.
    public enum Reason: Hashable, Sendable {
        /// TCP gives no reason; this is also what blackhole detection looks like.
        case unspecified
        /// There was no cookie for this peer.
        case cookieUnavailable
        /// The SYN-ACK did not acknowledge the data.
        case dataNotAcked
        /// The SYN was sent again, without data.
        case synRetransmitted
        /// `net.ipv4.tcp_fastopen` has the client's bit off.
        case disabled
        /// The path has swallowed fast open before, and is left alone for a while.
        case hostilePath
        /// A reason that a newer module knows.
        case unknown(UInt32)

        init(_ value: UInt32) {
            switch kconnect_fast_open_reason(rawValue: value) {
            case KCONNECT_FAST_OPEN_REASON_UNSPECIFIED: self = .unspecified
            case KCONNECT_FAST_OPEN_REASON_COOKIE_UNAVAILABLE: self = .cookieUnavailable
            case KCONNECT_FAST_OPEN_REASON_DATA_NOT_ACKED: self = .dataNotAcked
            case KCONNECT_FAST_OPEN_REASON_SYN_RETRANSMITTED: self = .synRetransmitted
            case KCONNECT_FAST_OPEN_REASON_DISABLED: self = .disabled
            case KCONNECT_FAST_OPEN_REASON_HOSTILE_PATH: self = .hostilePath
            default: self = .unknown(value)
            }
        }
    }
}

extension FastOpen: CustomStringConvertible {
    /// The case's name, such as "dataAcked"; "unknown 9" for one that has none here.
    public var description: String {
        switch self {
        case .notAsked: "notAsked"
        case .cookieRequested: "cookieRequested"
        case .dataAcked: "dataAcked"
        case .dataNotAcked: "dataNotAcked"
        case .suppressed: "suppressed"
        case .dataSent: "dataSent"
        case .unknown(let value): "unknown \(value)"
        }
    }
}

extension FastOpen.Reason: CustomStringConvertible {
    /// The case's name, such as "cookieUnavailable"; "unknown 9" for one that has none here.
    public var description: String {
        switch self {
        case .unspecified: "unspecified"
        case .cookieUnavailable: "cookieUnavailable"
        case .dataNotAcked: "dataNotAcked"
        case .synRetransmitted: "synRetransmitted"
        case .disabled: "disabled"
        case .hostilePath: "hostilePath"
        case .unknown(let value): "unknown \(value)"
        }
    }
}
