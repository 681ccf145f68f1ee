/** A phone with a tone for a voice, which presses keys, holds, goes where its media are to go, and hears frame by frame. */
import assert from "node:assert/strict";
import { timestampAhead, writeRtp } from "#rtp/packet.ts";
import { eventOf, pressKey } from "#rtp/telephone-event.ts";
import { withDirection } from "#sdp/hold.ts";
import type { Direction } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { mediaOf, RtpParty } from "./rtp-party.ts";
import { type ReceivedPacket, samplesOf } from "./rtp-recording.ts";
import { toneLevel } from "./tone.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";
const KEY_MS = 60;
const SAMPLES_PER_MS = 8;
/** A part of full scale that nobody hears; the tones are 0.25. */
const INAUDIBLE = 0.002;

export class VoicePhone {
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  readonly uri: SipUri;
  readonly documents: { readonly at: number; readonly text: string }[] = [];
  leg: Leg | undefined;

  constructor(name: string, agent: UserAgent, rtp: RtpParty) {
    this.agent = agent;
    this.rtp = rtp;
    this.uri = `sip:${name}@example.com`;
  }

  static async open(name: string, hz?: number): Promise<VoicePhone> {
    const agent = await UserAgent.open({ host: HOST, port: 0, name, identity: { name } });
    return new VoicePhone(name, agent, await RtpParty.open(hz === undefined ? {} : { hz }));
  }

  get call(): Leg {
    assert.ok(this.leg, "no call");
    return this.leg;
  }

  async joins(room: SipUri): Promise<void> {
    const { leg, answer } = await this.agent.invite(room, {
      offer: this.rtp.offer(),
      from: { uri: this.uri },
      ...(this.leg && { replaces: this.leg.id }),
    });
    leg.handlers = { onOffer: (offer) => this.#follow(offer) };
    this.rtp.talkTo(answer);
    this.leg = leg;
  }

  #follow(offer: Sdp): Sdp {
    this.rtp.talkTo(offer);
    return this.rtp.offer();
  }

  offers(direction: Direction): Promise<Sdp> {
    return this.call.offer(withDirection(this.rtp.offer(), direction));
  }

  /** Goes on talking meanwhile; resolves with the time of the first packet of the last key. */
  async presses(keys: string): Promise<number> {
    const to = mediaOf(this.call.description);
    const { signal } = new AbortController();
    let began = 0;
    for (const key of keys) {
      const { timestamp, ssrc } = this.rtp;
      await pressKey({ event: eventOf(key) ?? 0, durationMs: KEY_MS, signal }, (report, first) => {
        if (first) began = performance.now();
        const { sequence } = this.rtp;
        this.rtp.sequence = (sequence + 1) & 65_535;
        this.rtp.send(writeRtp({ payloadType: 101, marker: first, sequence, timestamp, ssrc }, report), to);
      });
    }
    return began;
  }

  watches(room: SipUri): Promise<void> {
    this.agent.subscribe(room, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: this.uri },
      onNotify: ({ content: text }) => this.documents.push({ at: performance.now(), text }),
      onEnded: () => undefined,
    });
    return until(() => this.documents.length > 0, "a roster");
  }

  /** When a roster first said so, from that time on. */
  async reads(what: RegExp, since: number): Promise<number> {
    const find = () => this.documents.find(({ at, text }) => at >= since && what.test(text));
    await until(() => find() !== undefined, `${what} in the roster`, 5_000);
    return find()?.at ?? 0;
  }

  /** Frames heard since then that have the tone in them. */
  framesWith(hz: number, from: number): ReceivedPacket[] {
    return this.rtp.heard.audio({ from }).filter((packet) => toneLevel(samplesOf(packet), hz) > INAUDIBLE);
  }

  /**
   * Milliseconds from `since` to the last frame with the tone, 0 when there was none; by the clock of the mixer that sends a frame
   * each 20 ms, so that nothing counts for which this process had no time to take a packet in.
   */
  lastWith(hz: number, since: number): number {
    const packets = this.rtp.heard.audio();
    const first = packets[0]?.header.timestamp ?? 0;
    const played = ({ header }: ReceivedPacket) => timestampAhead(header.timestamp, first) / SAMPLES_PER_MS;
    const offset = Math.min(...packets.map((packet) => packet.at - played(packet)));
    const last = this.framesWith(hz, since).at(-1);
    return last ? Math.max(0, played(last) + offset - since) : 0;
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.rtp.close();
  }
}
