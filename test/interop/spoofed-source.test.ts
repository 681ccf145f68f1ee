/** What a forged source draws from the real servers: at most three times its bytes, and not one packet of audio. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { makeOffer } from "#sdp/offer-answer.ts";
import { type Listeners, startListeners } from "../support/listeners.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
/** Four retransmissions of a 200 would come in this time. */
const LISTEN_MS = 4_000;
/** Five times as long as the mixer waits for a phone's first packet. */
const NO_AUDIO_MS = 1_000;

let listeners: Listeners;

before(async () => {
  listeners = await startListeners("alice");
});

after(() => listeners?.stop());

const LISTENERS = {
  "the conference server": () => listeners.site.conference.port,
  "the mixer": () => listeners.site.mixer.port,
  "the proxy": () => listeners.proxyPort,
  "the SIP service": () => listeners.servicePort,
};

/** Where a phone would hear; whoever forged an INVITE wants it flooded. */
async function ears(): Promise<{ port: number; packets: () => number } & Disposable> {
  const socket = createSocket("udp4").bind(0, HOST);
  await once(socket, "listening");
  let packets = 0;
  socket.on("message", () => {
    packets++;
  });
  return {
    port: socket.address().port,
    packets: () => packets,
    // Also when a test fails: its file would not end otherwise.
    [Symbol.dispose]: () => void socket.close(),
  };
}

const sdp = (port: number) => makeOffer({ address: HOST, port, codecs: ["PCMU"], telephoneEvent: true });

function requests(port: number, contact: number, audio: number): Record<string, string> {
  const uri = `sip:conf=films@${HOST}:${port}`;
  const room = `sip:films@${HOST}:${port}`;
  const lines = [`Contact: <sip:alice@${HOST}:${contact}>`];
  const body = sdp(audio);
  const invite = { method: "INVITE", lines: [...lines, "Content-Type: application/sdp"], body };
  return {
    OPTIONS: rawRequest({ uri: room, lines }),
    "OPTIONS to the server itself": rawRequest({ uri: `sip:${HOST}:${port}`, lines }),
    SUBSCRIBE: rawRequest({ method: "SUBSCRIBE", uri: room, lines: [...lines, "Event: conference"] }),
    "INVITE to a room": rawRequest({ ...invite, uri: room }),
    "INVITE to a mix": rawRequest({ ...invite, uri }),
    REGISTER: rawRequest({ method: "REGISTER", uri: `sip:${HOST}:${port}`, lines }),
    MESSAGE: rawRequest({ method: "MESSAGE", uri: room, lines, body: "hello" }),
    "what is no SIP": `FLY\r\nVia: SIP/2.0/UDP ${HOST}:${contact};rport\r\nFrom: x\r\nTo: y\r\nCall-ID: z\r\nCSeq: q\r\n\r\n`,
  };
}

describe("Asked from a forged source,", { concurrency: true }, () => {
  for (const [listener, port] of Object.entries(LISTENERS)) {
    describe(`${listener}`, { concurrency: true }, () => {
      for (const what of Object.keys(requests(0, 0, 0))) {
        test(`answers ${what} with at most three times its bytes, and no audio`, async () => {
          using victim = await RawUdp.open(port());
          using audio = await ears();
          const bytes = requests(port(), victim.port, audio.port)[what] ?? "";

          victim.send(bytes);
          await pause(LISTEN_MS);

          const ratio = victim.bytes / Buffer.byteLength(bytes);
          assert.ok(ratio <= 3, `${victim.bytes} bytes for ${Buffer.byteLength(bytes)}`);
          assert.equal(audio.packets(), 0);
        });
      }
    });
  }
});

test("a caller hears the conference once his ACK has come, and not before", async () => {
  using alice = await RawUdp.open(listeners.site.conference.port);
  using audio = await ears();
  const uri = `sip:films@${HOST}:${listeners.site.conference.port}`;
  const lines = [`Contact: <sip:alice@${HOST}:${alice.port}>`, "Content-Type: application/sdp"];
  alice.send(rawRequest({ method: "INVITE", callId: "join", uri, lines, body: sdp(audio.port) }));
  const answer = await alice.answerTo("join");
  assert.match(answer, /^SIP\/2\.0 200 /);
  await pause(NO_AUDIO_MS);
  assert.equal(audio.packets(), 0);

  const to = /^To: .*$/m.exec(answer)?.[0]?.trim() ?? "";
  alice.send(rawRequest({ method: "ACK", callId: "join", uri, to }));

  await until(() => audio.packets() > 10, "the conference", 3_000);
});
