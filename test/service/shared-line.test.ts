/** One device on the line in several calls: which of them it hears. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { readRtp, writeRtp } from "#rtp/packet.ts";
import type { DeviceLeg } from "../../native-host/src/devices/device.ts";
import { SharedLine } from "../../native-host/src/service/shared-line.ts";

let sent: Buffer[];
let ended: string[];
let phone: DeviceLeg;
let line: SharedLine;

beforeEach(() => {
  sent = [];
  ended = [];
  phone = {
    port: {
      onPacket: () => undefined,
      send: (packet) => sent.push(Buffer.from(packet)),
      close: () => undefined,
      counts: {},
    },
    codec: "PCMU",
    telephoneEvent: 101,
    onEnded: () => undefined,
    hangUp: async (reason) => void ended.push(reason ?? "hung up"),
  };
  line = new SharedLine(phone);
});

const packet = (sequence: number, ssrc: number, says: number) =>
  writeRtp(
    { payloadType: 0, marker: false, sequence, timestamp: 160 * sequence, ssrc },
    Buffer.alloc(160, says),
  );

describe("A shared line", () => {
  test("lets the device hear one call at a time, as one stream without a gap", () => {
    const [bob, carol] = [line.join(), line.join()];

    bob.port.send(packet(1, 7, 0xb0));
    carol.port.send(packet(900, 8, 0xca));
    carol.port.send(packet(901, 8, 0xca));
    line.turnTo(bob);
    bob.port.send(packet(2, 7, 0xb0));
    carol.port.send(packet(902, 8, 0xca));

    assert.deepEqual(
      sent.map((each) => each.at(-1)),
      [0xca, 0xca, 0xb0],
    );
    const heads = sent.map((each) => readRtp(each));
    assert.equal(new Set(heads.map((head) => head?.ssrc)).size, 1);
    const [first = 0] = heads.map((head) => head?.sequence);
    assert.deepEqual(
      heads.map((head) => head?.sequence),
      [first, first + 1, first + 2].map((number) => number & 65_535),
    );
  });

  test("tells every call what the device says: those on hold are to make silence of it", () => {
    const heard: string[] = [];
    const [bob, carol] = [line.join(), line.join()];
    bob.port.onPacket = () => heard.push("bob");
    carol.port.onPacket = () => heard.push("carol");

    phone.port.onPacket(packet(1, 9, 0xde));

    assert.deepEqual(heard, ["bob", "carol"]);
  });

  test("goes back to who waits when a call is over, and is hung up after the last one, once", async () => {
    const [bob, carol] = [line.join(), line.join()];

    await carol.hangUp();
    bob.port.send(packet(1, 7, 0xb0));
    assert.deepEqual([sent.length, ended], [1, []]);
    await bob.hangUp("the end");
    await bob.hangUp();

    assert.deepEqual(ended, ["the end"]);
  });

  test("ends every call when the device is gone, where none can ring it again", async () => {
    const heard: string[] = [];
    for (const end of [line.join(), line.join()]) end.onEnded = (reason) => heard.push(reason);

    phone.onEnded("BYE");
    await new Promise(setImmediate);

    assert.deepEqual(heard, ["BYE", "BYE"]);
  });

  test("rings the device again for the one that waited last; it hears that one, on the new leg", async () => {
    const [bob, carol, dave] = [line.join(), line.join(), line.join()];
    const happened: string[] = [];
    const again = { ...phone, port: { ...phone.port } };
    for (const [name, end] of Object.entries({ bob, carol, dave })) {
      end.onEnded = () => happened.push(`${name} is over`);
      end.onChanged = () => happened.push(`${name} has another phone`);
      end.waiting = () => ({
        ringAgain: async ({ codecs }) => {
          happened.push(`rings for ${name} with ${codecs}`);
          assert.ok(line.rings);
          bob.port.send(packet(1, 7, 0xb0));
          return again;
        },
        onBack: () => happened.push(`${name} is back`),
      });
    }

    phone.onEnded("BYE");
    await new Promise(setImmediate);

    assert.deepEqual(happened, [
      "dave is over",
      "rings for carol with PCMU",
      "bob has another phone",
      "carol has another phone",
      "carol is back",
    ]);
    assert.deepEqual([line.real, line.rings, sent.length], [again, false, 0]);
    carol.port.send(packet(2, 8, 0xca));
    assert.equal(sent.length, 1);
  });

  test("hangs up a device that is picked up when nobody waits any more", async () => {
    const [bob, carol] = [line.join(), line.join()];
    const picked = Promise.withResolvers<DeviceLeg>();
    let gaveUp: AbortSignal | undefined;
    const ringAgain = ({ signal }: { readonly signal: AbortSignal }) => {
      gaveUp = signal;
      return picked.promise;
    };
    bob.waiting = () => ({ ringAgain, onBack: () => assert.fail("nobody is back") });

    phone.onEnded("BYE");
    await bob.hangUp();
    assert.ok(gaveUp?.aborted);
    picked.resolve({ ...phone });
    await new Promise(setImmediate);

    assert.deepEqual(ended, ["hung up"]);
    assert.equal(carol.line, line);
  });
});
