// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Glibc
import Testing

@testable import KConnect
@testable import KConnectCommands

@Suite struct ConnectArgumentTests {
    private func parse(_ arguments: String...) throws -> Connect {
        try #require(try KConnectCommand.parseAsRoot(["connect"] + arguments) as? Connect)
    }

    @Test func `a host and a port are enough`() throws {
        let command = try parse("example.org", "80")
        #expect(command.host == "example.org")
        #expect(command.port == 80)
        #expect(command.data == nil && command.dataFile == nil && command.input == nil)
        #expect(!command.fastOpen && !command.output.json)
        #expect(command.timeout == nil && command.bind == nil)
    }

    @Test func `every option is taken`() throws {
        let command = try parse(
            "::1", "8080", "--data", "hello", "--fast-open", "--bind", "::1", "--timeout", "1.5", "--json")
        #expect(command.host == "::1")
        #expect(command.data == "hello")
        #expect(command.fastOpen && command.output.json)
        #expect(command.bind == "::1")
        #expect(command.timeout == 1.5)
    }

    @Test func `a dash reads standard input, before or after the options`() throws {
        #expect(try parse("h", "1", "-").input == "-")
        #expect(try parse("h", "1", "--json", "-").input == "-")
        #expect(try parse("--data", "-", "h", "1").data == "-")
    }

    @Test(arguments: [
        [], ["h"], ["h", "port"], ["h", "65536"], ["h", "-1"], ["h", "0"], ["h", "1", "extra"],
        ["h", "1", "--no-such-option"],
        ["h", "1", "--data", "a", "-"], ["h", "1", "--data", "a", "--data-file", "b"],
        ["h", "1", "--data-file", "b", "-"],
        ["h", "1", "--timeout", "0"], ["h", "1", "--timeout", "-1"], ["h", "1", "--timeout", "86401"],
        ["h", "1", "--timeout", "nan"], ["h", "1", "--timeout", "soon"], ["h", "1", "--bind", "example.org"],
    ])
    func `bad usage exits with 64`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) {
            _ = try KConnectCommand.parseAsRoot(["connect"] + arguments)
        }
        if let error {
            #expect(KConnectCommand.exitCode(for: error).rawValue == ExitStatus.badUsage.rawValue)
        }
    }

    @Test func `the help lists every exit status`() {
        let help = KConnectCommand.helpMessage(for: Connect.self)
        for status in ExitStatus.allCases {
            #expect(help.contains("\(status.rawValue)  \(status.meaning)"))
        }
    }
}

@Suite struct ExitStatusTests {
    @Test(arguments: [
        (ECONNREFUSED, 10), (ETIMEDOUT, 11), (ENETUNREACH, 12), (EHOSTUNREACH, 12), (ECONNRESET, 14), (EMSGSIZE, 14),
        (EPERM, 14), (ENOENT, 14), (ECANCELED, 14),
    ])
    func `a failed request`(errno: Int32, status: Int) {
        #expect(ExitStatus(KConnectError(errno: errno)).rawValue == Int32(status))
    }

    @Test func `a failure of the session`() {
        #expect(ExitStatus(.moduleNotLoaded).rawValue == 69)
        #expect(ExitStatus(.moduleUnloaded).rawValue == 69)
        #expect(ExitStatus(.notPermitted).rawValue == 77)
        #expect(ExitStatus(.sessionClosed).rawValue == 14)
        #expect(ExitStatus(KConnectError(.nameNotResolved, errno: ENXIO)).rawValue == 13)
    }

    @Test func `every status has a number of its own`() {
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 10, 11, 12, 13, 14, 64, 69, 74, 77])
    }
}

@Suite struct ReportTests {
    private var completion: Completion {
        var completion = Completion(KConnectError(errno: 0), operation: .socketConnect)
        completion.information = 78
        completion.synData = 78
        completion.fastOpen = .dataAcked
        completion.local = SocketAddress("10.0.0.1:40000")
        completion.remote = SocketAddress("10.0.0.2:80")
        completion.submitted = 1000
        completion.synSent = 1500
        completion.established = 100_001_000
        completion.sent = 100_002_000
        completion.rtt = 100_123
        return completion
    }

    private func received(_ bytes: [UInt8]) throws -> Received {
        var completion = completion
        completion.data = bytes
        completion.completed = 200_001_000
        return Received(bytes: completion.data, time: try #require(completion.completed))
    }

    private func object(_ report: some Report) throws -> [String: Any] {
        let text = try Output.json(report)
        #expect(text.hasSuffix("\n") && text.dropLast().allSatisfy { $0 != "\n" }, "one object on one line")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private static let keys: Set = [
        "status", "errno", "message", "information", "synData", "fastOpen", "fastOpenReason", "local", "remote",
        "timeToSynSent", "timeToEstablished", "timeToSent", "timeToFirstByte", "rttMicroseconds", "answer",
    ]

    @Test func `a success as JSON`() throws {
        let report = ConnectReport(completion, nil, try received(Array("HTTP/1.1 200 OK\r\n".utf8)))
        let object = try object(report)
        #expect(Set(object.keys) == Self.keys)
        #expect(object["status"] as? String == "STATUS_SUCCESS")
        #expect(object["errno"] as? Int == 0)
        #expect(object["message"] is NSNull)
        #expect(object["information"] as? Int == 78)
        #expect(object["synData"] as? Int == 78)
        #expect(object["fastOpen"] as? String == "dataAcked")
        #expect(object["fastOpenReason"] is NSNull)
        #expect(object["local"] as? String == "10.0.0.1:40000")
        #expect(object["remote"] as? String == "10.0.0.2:80")
        #expect(object["timeToSynSent"] as? Int == 500)
        #expect(object["timeToEstablished"] as? Int == 100_000_000)
        #expect(object["timeToSent"] as? Int == 100_001_000)
        #expect(object["timeToFirstByte"] as? Int == 200_000_000)
        #expect(object["rttMicroseconds"] as? Int == 100_123)
        #expect(object["answer"] as? String == "HTTP/1.1 200 OK\r\n")
    }

    @Test func `a failure as JSON has every key too`() throws {
        let object = try object(ConnectReport(nil, .moduleNotLoaded, nil))
        #expect(Set(object.keys) == Self.keys)
        #expect(object["errno"] as? Int == Int(ENODEV))
        #expect(object["fastOpen"] as? String == "notAsked")
        #expect(object["timeToEstablished"] is NSNull)
        #expect(object["answer"] is NSNull)
    }

    @Test func `a refused request says so, with its addresses`() throws {
        var completion = completion
        completion.errno = ECONNREFUSED
        completion.fastOpen = .dataSent
        completion.fastOpenReason = .unspecified
        let object = try object(ConnectReport(completion, nil, nil))
        #expect(object["status"] as? String == "STATUS_CONNECTION_REFUSED")
        #expect(object["fastOpen"] as? String == "dataSent")
        #expect(object["fastOpenReason"] as? String == "unspecified")
        #expect(object["remote"] as? String == "10.0.0.2:80")
    }

    @Test func `JSON comes back as the same report`() throws {
        let report = ConnectReport(completion, nil, try received([0x61, 0xFF]))
        let decoded = try JSONDecoder().decode(ConnectReport.self, from: Data(try Output.json(report).utf8))
        #expect(decoded == report)
        #expect(decoded.answer == "a\u{FFFD}")
    }

    @Test func `a stream that ended at once has an empty answer and no first byte`() throws {
        let object = try object(ConnectReport(completion, nil, try received([])))
        #expect(object["answer"] as? String == "")
        #expect(object["timeToFirstByte"] is NSNull)
    }

    @Test func `text for people is aligned`() throws {
        let report = ConnectReport(completion, nil, try received(Array("hello".utf8)))
        #expect(
            Output.text(report) == """
                status       STATUS_SUCCESS
                connection   10.0.0.1:40000 → 10.0.0.2:80
                sent         78 bytes, 78 of them in the SYN
                fast open    dataAcked
                established  after 100.0 ms
                first byte   after 200.0 ms
                round trip   100.1 ms

                hello

                """)
    }

    @Test func `status as JSON and as text, loaded or not`() throws {
        let absent = StatusReport(nil)
        #expect(Output.text(absent) == "module  not loaded\n")
        let object = try object(absent)
        #expect(object["loaded"] as? Bool == false)
        #expect(object["version"] is NSNull)
        #expect(object.count == 8)
    }
}

@Suite struct OutputTests {
    @Test func `what a peer sent does not steer the terminal`() {
        #expect(Output.printable("a\u{1b}[2Jb\0c\u{9b}") == "a\\x1b[2Jb\\x0c\\x9b")
        #expect(Output.printable("lines\r\n\tand columns, ü") == "lines\r\n\tand columns, ü")
    }
}
