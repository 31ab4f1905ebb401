// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KConnect

/// `kconnect connect`
struct Connect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open a connection, send first data, and print what the server answers first.",
        discussion: """
            With --fast-open the data travels in the SYN where the path allows it, and may then arrive twice: \
            idempotent data only.

            EXAMPLES
              kconnect connect 192.0.2.1 22
              kconnect connect example.org 80 --fast-open --data $'GET / HTTP/1.0\\r\\nHost: example.org\\r\\n\\r\\n'
              kconnect connect ::1 8080 --data-file request --timeout 1.5 --json
              printf hello | kconnect connect 127.0.0.1 7 -

            EXIT STATUS
            \(ExitStatus.help)
            """)

    @Argument(help: "A name or an address. The addresses of a name are tried in order.")
    var host: String

    @Argument(help: "The port to connect to.")
    var port: UInt16

    @Argument(help: "\"-\" reads the first data from standard input.")
    var input: String?

    @Option(help: "The first data, at most 65,535 bytes.")
    var data: String?

    @Option(help: "A file with the first data.", completion: .file())
    var dataFile: String?

    @Flag(help: "Let the data travel in the SYN (TCP Fast Open): idempotent data only.")
    var fastOpen = false

    @Option(help: "The local address.")
    var bind: String?

    @Option(
        help: """
            Seconds, such as 2.5, after which the connect is given up. The answer is then waited for as long again; \
            without this option for 5 seconds.
            """)
    var timeout: Double?

    @OptionGroup var output: Output

    func validate() throws {
        if input != nil, input != "-" { throw ValidationError("Unexpected argument '\(input ?? "")'.") }
        if [input, data, dataFile].compactMap({ $0 }).count > 1 {
            throw ValidationError("Give the data in one way: --data, --data-file or '-'.")
        }
        if port == 0 { throw ValidationError("Port 0 can't be connected to.") }
        if let timeout, !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("The timeout is more than 0 and at most 86400 seconds.")
        }
        if let bind, SocketAddress(bind, port: 0) == nil {
            throw ValidationError("'\(bind)' is not an address.")
        }
    }

    func run() async throws {
        let data = try firstData()
        let provider: Provider
        do throws(KConnectError) {
            provider = try Provider()
        } catch {
            throw try failure(error, ConnectReport(nil, error, nil))
        }
        defer { provider.close() }
        let (irp, receive) = start(provider, sending: data)
        let report: ConnectReport
        do throws(KConnectError) {
            let connection = try await irp.value
            let answer = await answer(to: receive ?? connection.socket.receive())
            _ = try? await connection.socket.close(.graceful).value
            report = ConnectReport(irp.completion, nil, answer)
        } catch {
            throw try failure(error, ConnectReport(irp.completion, error, nil))
        }
        try output.print(report)
    }

    /// Says what failed; the exit status is the result.
    private func failure(_ error: KConnectError, _ report: ConnectReport) throws -> ExitCode {
        if output.json { try output.print(report) }
        output.complain("\(host) port \(port): \(error)")
        return ExitStatus(error).exitCode
    }

    /// Submits the connect and, in the same message, a receive, so that the kernel itself sees when the answer comes. The
    /// socket of a connect to a name is known only when it has succeeded: then there is no receive yet.
    private func start(
        _ provider: Provider, sending data: [UInt8]
    ) -> (connect: IRP<ConnectResult>, receive: IRP<Received>?) {
        let options: [SocketOption] = fastOpen ? [.fastOpen()] : []
        let local = bind.flatMap { SocketAddress($0, port: 0) }
        let limit = timeout.map { Duration.seconds($0) }
        let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        guard let remote = SocketAddress(name, port: port) else {
            let connect = provider.socketConnect(
                toHost: name, port: port, sending: data, options: options, from: local, timeout: limit)
            return (connect, nil)
        }
        return provider.submit { batch in
            let connect = batch.submit(
                .socketConnect(to: remote, sending: data, options: options, from: local, timeout: limit))
            guard let socket = connect.socket else { return (connect, nil) }
            return (connect, batch.submit(.receive(socket)))
        }.irps
    }

    /// The answer, if it comes in time. The time begins with the connection, which is why the receive has no deadline.
    private func answer(to receive: IRP<Received>) async -> Received? {
        DispatchQueue.global().asyncAfter(deadline: .now() + (timeout ?? 5)) { receive.cancel() }
        return try? await receive.value
    }

    private func firstData() throws -> [UInt8] {
        if let data { return Array(data.utf8) }
        if let dataFile {
            guard let file = FileHandle(forReadingAtPath: dataFile) else {
                throw ValidationError("'\(dataFile)' can't be read.")
            }
            return try read(file, dataFile)
        }
        return input == nil ? [] : try read(.standardInput, "standard input")
    }

    /// No more than it takes for the module to see that it is too much.
    private func read(_ file: FileHandle, _ name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count <= 65_535, let more = try file.read(upToCount: 65_536 - bytes.count), !more.isEmpty {
                bytes += more
            }
        } catch {
            throw ValidationError("'\(name)' can't be read.")
        }
        return bytes
    }
}
