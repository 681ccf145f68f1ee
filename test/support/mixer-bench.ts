/** The mixing engine without sockets and without a clock: phones that are called at each tick by hand. */

import type { Codec } from "#rtp/g711.ts";
import { writeRtp } from "#rtp/packet.ts";
import type { Address } from "../../servers/media-server/address-lock.ts";
import type { Media } from "../../servers/media-server/media-engine.ts";
import { Engine, type Report } from "../../servers/media-server/mixing/engine.ts";
import type { PacketIo } from "../../servers/media-server/packet-io/packet-io.ts";
import { RtpRecording } from "./rtp-recording.ts";
import { FRAME_MS, FRAME_SAMPLES, toneFrame } from "./tone.ts";

/** A participant: sends a tone at each tick as long as `hz` is set, and keeps what he hears. */
export interface Phone {
  readonly stream: number;
  readonly at: Address;
  readonly codec: Codec;
  hz: number | undefined;
  silent: boolean;
  sent: number;
  heard: RtpRecording;
}

const PAYLOAD = { PCMU: 0, PCMA: 8 } as const;

export class MixerBench {
  readonly reports: Report[] = [];
  readonly open = new Set<number>();
  readonly engine: Engine;
  readonly #phones = new Map<number, Phone>();
  #now = 0;

  constructor() {
    const io: PacketIo = {
      open: async (stream) => {
        this.open.add(stream);
        return 40_000 + 2 * stream;
      },
      send: (stream, packet, to) => {
        const phone = this.#phones.get(stream);
        if (phone && to.port === phone.at.port) {
          phone.heard.add(Buffer.from(packet), { address: "10.0.0.1", port: 1 }, this.#now);
        }
      },
      close: (stream) => this.open.delete(stream),
    };
    this.engine = new Engine(io, (report) => this.reports.push(report));
  }

  /** What was negotiated with a phone; parts of it may be said otherwise. */
  media(phone: Phone, other: Partial<Media> = {}): Media {
    const { codec } = phone;
    const payloads = [
      { payload: PAYLOAD[codec], codec },
      { payload: 101, codec: "telephone-event" as const },
    ];
    return {
      remote: phone.at,
      hears: true,
      speaks: true,
      codec,
      payload: PAYLOAD[codec],
      payloads,
      ...other,
    };
  }

  /** A phone in a room, sending `hz` (or silence) from the next tick on. */
  phone(room: string, hz: number | undefined, codec: Codec = "PCMU"): Phone {
    const stream = this.#phones.size + 1;
    const at = { address: "10.0.0.2", port: 5000 + stream };
    const phone = { stream, at, codec, hz, silent: false, sent: 0, heard: new RtpRecording() };
    this.#phones.set(stream, phone);
    this.engine.apply({ name: "open", stream });
    this.engine.apply({ name: "agree", stream, media: this.media(phone) });
    this.engine.apply({ name: "speak", stream });
    this.engine.apply({ name: "move", stream, room });
    return phone;
  }

  /** Time goes on: each phone sends a frame, then the mixer ticks; all recordings begin anew if asked to. */
  run(ticks: number, { anew = false } = {}): void {
    if (anew) for (const phone of this.#phones.values()) phone.heard = new RtpRecording();
    for (let n = 0; n < ticks; n++) {
      for (const phone of this.#phones.values()) if (!phone.silent) this.send(phone);
      this.#now += FRAME_MS;
      this.engine.tick();
    }
  }

  /** One frame from a phone, from elsewhere if so said. */
  send(phone: Phone, from: Address = phone.at, hz = phone.hz): void {
    const n = phone.sent++;
    const packet = writeRtp(
      {
        payloadType: PAYLOAD[phone.codec],
        marker: false,
        sequence: n & 65_535,
        timestamp: (n * FRAME_SAMPLES) >>> 0,
        ssrc: phone.stream,
      },
      toneFrame(hz, n, phone.codec),
    );
    this.engine.receive(phone.stream, packet, from.address, from.port);
  }
}
