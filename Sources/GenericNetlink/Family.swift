// SPDX-License-Identifier: Apache-2.0

import CNetlink
import Glibc

/// A generic netlink family, as the kernel's `nlctrl` family describes it.
public struct Family: Hashable, Sendable {
    /// The name, such as "nlctrl".
    public private(set) var name = ""

    /// The number that messages to the family carry as their type. It changes when the family is registered anew.
    public private(set) var id: UInt16 = 0

    /// The version of the family's protocol.
    public private(set) var version: UInt32 = 0

    /// The numbers of the family's multicast groups, by their names.
    public private(set) var groups: [String: UInt32] = [:]

    /// Asks for a family by its name. The kernel loads the module that has the alias of that name, if it can.
    ///
    /// Throws ENOENT if there is no such family, on a socket that nobody else reads from.
    public static func resolve(_ name: String, over socket: borrowing NetlinkSocket) throws(NetlinkError) -> Family {
        var family: Family?
        var request = controlRequest(flags: .acknowledge)
        do throws(MessageTooLong) {
            try request.put(UInt16(CTRL_ATTR_FAMILY_NAME), name)
        } catch {
            throw NetlinkError(errno: EMSGSIZE)
        }
        _ = try socket.exchange(request, sequence: sequence) { _, attributes in family = Family(attributes) }
        guard let family else { throw NetlinkError(errno: ENOENT) }
        return family
    }

    /// All families that are registered now. Nothing is loaded.
    public static func all(over socket: borrowing NetlinkSocket) throws(NetlinkError) -> [Family] {
        let request = controlRequest(flags: .dump)
        while true {
            var families: [Family] = []
            let consistent = try socket.exchange(request, sequence: sequence) { _, attributes in
                families.append(Family(attributes))
            }
            if consistent { return families }
        }
    }

    /// The number of the family that `nlctrl` announces as gone in one of its messages; nil for any other message.
    public static func removed(_ command: UInt8, _ attributes: RawSpan) -> UInt16? {
        command == UInt8(CTRL_CMD_DELFAMILY) ? Family(attributes).id : nil
    }

    /// The number of `nlctrl` itself, which is the same everywhere.
    public static let controlID = UInt16(GENL_ID_CTRL)

    init(_ attributes: RawSpan) {
        attributes.forEachAttribute { type, value in
            switch Int(type) {
            case CTRL_ATTR_FAMILY_NAME: name = value.text
            case CTRL_ATTR_FAMILY_ID: id = value.load(UInt16.self) ?? 0
            case CTRL_ATTR_VERSION: version = value.load(UInt32.self) ?? 0
            case CTRL_ATTR_MCAST_GROUPS: value.forEachAttribute { _, group in addGroup(group) }
            default: break
            }
        }
    }

    private mutating func addGroup(_ attributes: RawSpan) {
        var name = ""
        var id: UInt32 = 0
        attributes.forEachAttribute { type, value in
            switch Int(type) {
            case CTRL_ATTR_MCAST_GRP_NAME: name = value.text
            case CTRL_ATTR_MCAST_GRP_ID: id = value.load(UInt32.self) ?? 0
            default: break
            }
        }
        groups[name] = id
    }

    private static let sequence: UInt32 = 1

    private static func controlRequest(flags: MessageFlags) -> MessageBuffer {
        var request = MessageBuffer(limit: 256)
        request.begin(
            type: controlID, command: UInt8(CTRL_CMD_GETFAMILY), version: 2, flags: flags, sequence: sequence)
        return request
    }
}
