// SPDX-License-Identifier: Apache-2.0

import KConnect

let provider = try Provider()
let request = Array("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
let irp = provider.socketConnect(
    toHost: "localhost", port: 80, sending: request, options: [.fastOpen()], timeout: .seconds(5))
do {
    let connection = try await irp.value
    print("\(connection.information) bytes sent, \(connection.synData) of them in the SYN: \(connection.fastOpen)")
    let answer = try await connection.socket.receive(timeout: .seconds(5)).value
    print(String(decoding: answer.bytes, as: UTF8.self))
    connection.socket.close(.graceful)
} catch {
    print("failed with \(error.status): \(error)")
}
