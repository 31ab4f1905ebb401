// SPDX-License-Identifier: Apache-2.0

import KConnect

/// What `kconnect connect` prints.
///
/// Times are nanoseconds since the request was submitted, by the kernel's own clock.
struct ConnectReport: Report, Codable, Equatable {
    let status: String
    let errno: Int32
    let message: String?
    let information: Int
    let synData: Int
    let fastOpen: String
    let fastOpenReason: String?
    let local: String?
    let remote: String?
    let timeToSynSent: Int64?
    let timeToEstablished: Int64?
    let timeToSent: Int64?
    let timeToFirstByte: Int64?
    let rttMicroseconds: UInt32?
    let answer: String?

    /// The report of a request that has completed, or of the error because of which there is none.
    init(_ completion: Completion?, _ error: KConnectError?, _ received: Received?) {
        let error = error ?? completion?.error
        let times = completion.map(Times.init)
        status = (error?.status ?? .success).description
        errno = error?.errno ?? 0
        message = error?.message
        information = completion?.information ?? 0
        synData = completion?.synData ?? 0
        fastOpen = (completion?.fastOpen ?? .notAsked).description
        fastOpenReason = completion?.fastOpenReason?.description
        local = completion?.local?.description
        remote = completion?.remote?.description
        timeToSynSent = times?.synSent?.wholeNanoseconds
        timeToEstablished = times?.established?.wholeNanoseconds
        timeToSent = times?.sent?.wholeNanoseconds
        rttMicroseconds = completion?.rtt
        answer = received.map { String(decoding: $0.bytes, as: UTF8.self) }
        if let received, !received.isEndOfStream, let times {
            timeToFirstByte = Int64(clamping: received.time &- times.submitted)
        } else {
            timeToFirstByte = nil
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
        try container.encode(errno, forKey: .errno)
        try container.encode(message, forKey: .message)
        try container.encode(information, forKey: .information)
        try container.encode(synData, forKey: .synData)
        try container.encode(fastOpen, forKey: .fastOpen)
        try container.encode(fastOpenReason, forKey: .fastOpenReason)
        try container.encode(local, forKey: .local)
        try container.encode(remote, forKey: .remote)
        try container.encode(timeToSynSent, forKey: .timeToSynSent)
        try container.encode(timeToEstablished, forKey: .timeToEstablished)
        try container.encode(timeToSent, forKey: .timeToSent)
        try container.encode(timeToFirstByte, forKey: .timeToFirstByte)
        try container.encode(rttMicroseconds, forKey: .rttMicroseconds)
        try container.encode(answer, forKey: .answer)
    }

    var lines: [(label: String, value: String)] {
        var lines = [("status", status)]
        if let remote { lines.append(("connection", "\(local ?? "?") → \(remote)")) }
        lines.append(("sent", "\(information) bytes, \(synData) of them in the SYN"))
        lines.append(("fast open", fastOpen + (fastOpenReason.map { " (\($0))" } ?? "")))
        if let timeToEstablished { lines.append(("established", "after \(milliseconds(timeToEstablished))")) }
        if let timeToFirstByte { lines.append(("first byte", "after \(milliseconds(timeToFirstByte))")) }
        if errno == 0, answer?.isEmpty ?? true {
            lines.append(("answer", answer == nil ? "none came" : "none, the peer has closed"))
        }
        if let rttMicroseconds { lines.append(("round trip", milliseconds(Int64(rttMicroseconds) * 1000))) }
        return lines
    }

    var text: String? { answer }
}

/// "100.6 ms"
private func milliseconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds + 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) ms"
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
