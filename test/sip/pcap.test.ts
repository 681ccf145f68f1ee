import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Transport } from "#sip/message.ts";
import { capturedPacket, captureStart } from "#sip/pcap.ts";
import type { Traced } from "#sip/trace.ts";
import { readCapture } from "../support/capture.ts";

const AT = new Date("2026-07-01T12:00:00.123Z");

function message(local: string, peer: string, more: Partial<Traced> = {}): Traced {
  const transport: Transport = "UDP";
  const ends = { local: { address: local, port: 5060 }, peer: { address: peer, port: 5080 } };
  return { at: AT, direction: "out", transport, ...ends, bytes: Buffer.from("OPTIONS"), ...more };
}

const capture = (...messages: Traced[]) =>
  readCapture(Buffer.concat([captureStart("partyline"), ...messages.map(capturedPacket)]));

describe("A capture", () => {
  test("holds each message as a datagram from its sender to its receiver", () => {
    const packets = capture(
      message("127.0.0.1", "192.0.2.7"),
      message("127.0.0.1", "192.0.2.7", { direction: "in", transport: "TLS", bytes: Buffer.from("odd") }),
    );

    assert.deepEqual(packets, [
      { from: "127.0.0.1:5060", to: "192.0.2.7:5080", text: "OPTIONS", comment: "over UDP", sound: true },
      { from: "192.0.2.7:5080", to: "127.0.0.1:5060", text: "odd", comment: "over TLS", sound: true },
    ]);
  });

  test("holds IPv6, however it is written", () => {
    const packets = capture(
      message("::1", "2001:db8::9"),
      message("fe80::1%eth0", "::"),
      message("::ffff:192.0.2.7", "192.0.2.8"),
    );

    assert.ok(packets.every(({ sound }) => sound));
    assert.deepEqual(
      packets.map(({ from, to }) => [from, to]),
      [
        ["[0000:0000:0000:0000:0000:0000:0000:0001]:5060", "[2001:0db8:0000:0000:0000:0000:0000:0009]:5080"],
        ["[fe80:0000:0000:0000:0000:0000:0000:0001]:5060", "[0000:0000:0000:0000:0000:0000:0000:0000]:5080"],
        ["[0000:0000:0000:0000:0000:ffff:c000:0207]:5060", "[0000:0000:0000:0000:0000:ffff:c000:0208]:5080"],
      ],
    );
  });

  test("says when each message went, to the millisecond", () => {
    const packet = capturedPacket(message("127.0.0.1", "127.0.0.1"));
    const micros = (BigInt(packet.readUInt32LE(12)) << 32n) | BigInt(packet.readUInt32LE(16));

    assert.equal(micros, BigInt(AT.getTime()) * 1000n);
  });
});
