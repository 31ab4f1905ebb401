// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink
import Glibc

/// What the module says of itself, and of the caller's network namespace.
public struct ModuleStatus: Hashable, Sendable {
    /// The module's version.
    public private(set) var version = ""
    /// The version of the protocol, that of the generic netlink family.
    public private(set) var protocolVersion: UInt32 = 0
    /// Sessions in the namespace.
    public private(set) var sessions: UInt32 = 0
    /// Sockets that are open in the namespace.
    public private(set) var sockets: UInt32 = 0
    /// Requests whose completion is still to come.
    public private(set) var outstanding: UInt64 = 0
    /// Requests ever submitted.
    public private(set) var submitted: UInt64 = 0
    /// Requests ever completed.
    public private(set) var completed: UInt64 = 0

    /// Asks the module, on a netlink socket of its own; needs no privilege. The module is not loaded by being asked.
    ///
    /// Throws ``KConnectError/Code-swift.enum/moduleNotLoaded`` if it is not loaded.
    public static func current() throws(KConnectError) -> ModuleStatus {
        do throws(NetlinkError) {
            let socket = try NetlinkSocket()
            let families = try Family.all(over: socket)
            guard let family = families.first(where: { $0.name == KCONNECT_FAMILY_NAME }) else {
                throw NetlinkError(errno: ENOENT)
            }
            return try ModuleStatus(family, over: socket)
        } catch {
            throw KConnectError(refusal: error)
        }
    }

    private init(_ family: Family, over socket: borrowing NetlinkSocket) throws(NetlinkError) {
        protocolVersion = family.version
        let sequence: UInt32 = 1
        var request = MessageBuffer(limit: 64)
        request.begin(
            type: family.id, command: UInt8(KCONNECT_CMD_STATS_GET.rawValue), version: UInt8(KCONNECT_FAMILY_VERSION),
            flags: .acknowledge, sequence: sequence)
        _ = try socket.exchange(request, sequence: sequence) { _, attributes in read(attributes) }
    }

    private mutating func read(_ attributes: RawSpan) {
        attributes.forEachAttribute { type, value in
            switch kconnect_attr(rawValue: UInt32(type)) {
            case KCONNECT_A_VERSION: version = value.text
            case KCONNECT_A_SESSIONS: sessions = value.load(UInt32.self) ?? 0
            case KCONNECT_A_SOCKETS: sockets = value.load(UInt32.self) ?? 0
            case KCONNECT_A_OUTSTANDING: outstanding = value.load(UInt64.self) ?? 0
            case KCONNECT_A_SUBMITTED: submitted = value.load(UInt64.self) ?? 0
            case KCONNECT_A_COMPLETED: completed = value.load(UInt64.self) ?? 0
            default: break
            }
        }
    }
}

extension Provider {
    /// The module's version, and what there is in the network namespace.
    public func statistics() throws(KConnectError) -> ModuleStatus { try ModuleStatus.current() }
}
