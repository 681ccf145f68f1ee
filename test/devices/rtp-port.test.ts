/** A port for RTP, and from whom it takes what. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import { openRtpPort, type RtpPort } from "../../native-host/src/devices/rtp-port.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const AUDIO = writeRtp(
  { payloadType: 0, marker: false, sequence: 1, timestamp: 160, ssrc: 7 },
  Buffer.alloc(160),
);
/** An empty receiver report (RFC 3550 §6.4.2). */
const RTCP = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 7]);

let port: RtpPort;
let sockets: Socket[];

beforeEach(async () => {
  port = await openRtpPort(HOST);
  sockets = [];
});
afterEach(() => {
  port.close();
  for (const socket of sockets) socket.close();
});

async function socket(host = HOST): Promise<Socket> {
  const one = createSocket("udp4");
  sockets.push(one);
  one.bind(0, host);
  await once(one, "listening");
  return one;
}

const say = (from: Socket, packet: Uint8Array) => from.send(packet, port.port, HOST);

describe("A port for RTP", () => {
  test("learns the port of the audio from audio, never from RTCP that comes first", async () => {
    const [audio, control] = [await socket(), await socket()];
    port.latch({ address: HOST, port: audio.address().port });

    say(control, RTCP);
    await until(() => port.counts.rtcp === 1, "the RTCP");
    say(audio, AUDIO);
    await until(() => port.counts.received === 1, "the audio");
    port.send(AUDIO);
    await once(audio, "message");

    assert.deepEqual(port.counts, { received: 1, sent: 1, strangers: 0, rtcp: 1 });
  });

  test("learns another port of the peer once, and takes nothing from a third one or another address", async () => {
    const [named, used, third] = [await socket(), await socket(), await socket()];
    const stranger = await socket("127.0.0.2");
    port.latch({ address: HOST, port: named.address().port });

    say(used, AUDIO);
    await until(() => port.counts.received === 1, "the audio");
    say(third, AUDIO);
    say(stranger, AUDIO);
    say(stranger, RTCP);
    await until(() => port.counts.strangers === 3, "the strangers");

    assert.equal(port.counts.received, 1);
  });
});
