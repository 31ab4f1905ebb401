// SPDX-License-Identifier: Apache-2.0

import CNetlink

// Attributes are read where they lie, in the buffer that the kernel wrote. A `RawSpan` can't outlive that buffer,
// and every access to it is checked against its bounds, so nothing has to be copied to be safe.

extension RawSpan {
    /// Calls `body` with the type (its flag bits removed) and the payload of each attribute, in order.
    ///
    /// As with libnl's `nla_ok`, an attribute that is cut short ends the walk.
    @inlinable
    public func forEachAttribute<Failure: Error>(
        _ body: (UInt16, RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let header = MemoryLayout<nlattr>.size
        var offset = 0
        while let attribute = load(nlattr.self, at: offset) {
            let length = Int(attribute.nla_len)
            guard length >= header, offset + length <= byteCount else { return }
            try body(
                attribute.nla_type & UInt16(truncatingIfNeeded: ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)),
                extracting(offset + header..<offset + length))
            offset += align(length)
        }
    }

    /// The integer at `offset`, in the machine's byte order and wherever it is aligned; nil beyond the end.
    @inlinable
    public func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int = 0) -> Value? {
        guard offset >= 0, offset + MemoryLayout<Value>.size <= byteCount else { return nil }
        return unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The payload as text, up to its first zero byte, with what is not UTF-8 repaired.
    public var text: String {
        withUnsafeBytes { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] {
        withUnsafeBytes { Array($0) }
    }
}
