/**
 * A wire with a length between two SIP endpoints: what goes in at one end comes out at the other a given time later.
 *
 * Each address of one end has a stand-in on the other side, a UDP socket of the wire; whatever reaches it goes on to
 * the real address, out of the sender's own stand-in. In SIP and SDP every real address is replaced by its stand-in
 * (but not in Via: responses come back by rport, RFC 3581), so that RTP and later requests take the wire, too.
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { isRtcp } from "#rtp/packet.ts";
import { RtpRecording } from "./rtp-recording.ts";
import { mediaAddressesIn, rewriteSip, type SipMark, sipMarkOf } from "./wire-sip.ts";

/** The two ends: `a` is who calls over the wire, `b` is who is known from the start. */
export type Side = "a" | "b";

export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface WireOptions {
  /** The SIP address of end b. */
  readonly b: Address;
  /** Milliseconds that each direction takes; 0 when missing. */
  readonly delayMs?: number;
  /** Asked for each datagram of either direction: whether it never arrives. */
  readonly loses?: () => boolean;
}

/** One SIP message that passed, in a form to count by. */
export interface PassedMessage extends SipMark {
  readonly to: Side;
  readonly at: number;
}

export interface CountOptions {
  readonly status?: number;
  /** Only those with a tag in To, as a re-INVITE, or only those without. */
  readonly inDialog?: boolean;
  readonly since?: number;
}

interface StandIn {
  readonly real: Address;
  readonly side: Side;
  readonly socket: dgram.Socket;
}

const HOST = "127.0.0.1";

export class Wire {
  /** RTP that came out of the wire, by the end it came out at. */
  readonly heardBy: Readonly<Record<Side, RtpRecording>> = { a: new RtpRecording(), b: new RtpRecording() };
  readonly messages: PassedMessage[] = [];
  delayMs: number;
  readonly #standIns: StandIn[] = [];
  readonly #opening = new Map<string, Promise<StandIn>>();
  readonly #queue: Record<Side, Promise<void>> = { a: Promise.resolve(), b: Promise.resolve() };
  #b: StandIn | undefined;
  readonly #loses: () => boolean;
  /** How many datagrams have not arrived. */
  lost = 0;
  #closed = false;

  private constructor(options: WireOptions) {
    this.delayMs = options.delayMs ?? 0;
    this.#loses = options.loses ?? (() => false);
  }

  static async open(options: WireOptions): Promise<Wire> {
    const wire = new Wire(options);
    wire.#b = await wire.#standInFor("b", options.b);
    return wire;
  }

  /** Where end a finds end b. */
  get address(): Address {
    if (!this.#b) throw new Error("the wire is not open");
    return { address: HOST, port: this.#b.socket.address().port };
  }

  /** Messages of a method that came out at an end: requests, or responses of a status. */
  count(to: Side, method: string, options: CountOptions = {}): number {
    return this.messages.filter(
      (message) =>
        message.to === to &&
        message.method === method &&
        message.status === options.status &&
        message.at >= (options.since ?? 0) &&
        (options.inDialog === undefined || message.inDialog === options.inDialog),
    ).length;
  }

  /** Resolves when all that is under way has arrived. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { socket } of this.#standIns) socket.close();
    await Promise.all([this.#queue.a, this.#queue.b]);
  }

  /** The stand-in, on the other side, of an address of this side; made when first asked for. */
  #standInFor(side: Side, real: Address): Promise<StandIn> {
    const key = `${side} ${real.address}:${real.port}`;
    const known = this.#opening.get(key);
    if (known !== undefined) return known;
    const opening = this.#openStandIn(side, real);
    this.#opening.set(key, opening);
    return opening;
  }

  async #openStandIn(side: Side, real: Address): Promise<StandIn> {
    const socket = dgram.createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
    socket.bind(0, HOST);
    await once(socket, "listening");
    const standIn = { real, side, socket };
    this.#standIns.push(standIn);
    socket.on("message", (packet, from) => this.#delay(packet, from, standIn));
    return standIn;
  }

  /** Messages of one direction keep their order, also while a stand-in is being made for one of them. */
  #delay(packet: Buffer, from: Address, target: StandIn): void {
    const dueAt = performance.now() + this.delayMs;
    const sip = isSip(packet);
    if (this.#loses()) {
      this.lost += 1;
      return;
    }
    if (!sip && isRtcp(packet)) return;
    const sender = this.#standInFor(target.side === "a" ? "b" : "a", from);
    const turn = async () => {
      const source = await sender;
      const passed = sip ? await this.#translate(packet, target.side) : packet;
      const left = dueAt - performance.now();
      if (left > 0) await setTimeout(left);
      this.#deliver(passed, source, target);
    };
    this.#queue[target.side] = this.#queue[target.side].then(turn).catch(() => undefined);
  }

  #deliver(packet: Buffer, source: StandIn, target: StandIn): void {
    if (this.#closed) return;
    const at = performance.now();
    const mark = isSip(packet) ? sipMarkOf(packet) : undefined;
    if (mark) this.messages.push({ ...mark, to: target.side, at });
    else this.heardBy[target.side].add(packet, { address: HOST, port: source.socket.address().port }, at);
    source.socket.send(packet, target.real.port, target.real.address);
  }

  /** What the sender calls its own becomes its stand-in; what it calls by a stand-in becomes the real one. */
  async #translate(packet: Buffer, to: Side): Promise<Buffer> {
    const from: Side = to === "a" ? "b" : "a";
    const media = mediaAddressesIn(packet);
    await Promise.all(media.map((address) => this.#unlessStandIn(from, address)));
    const names = new Map<string, Address>();
    for (const { real, side, socket } of this.#standIns) {
      const own = { address: HOST, port: socket.address().port };
      if (side === from) names.set(keyOf(real), own);
      else names.set(keyOf(own), real);
    }
    return rewriteSip(packet, names);
  }

  async #unlessStandIn(side: Side, address: Address): Promise<void> {
    const ours = this.#standIns.some(({ socket }) => socket.address().port === address.port);
    if (!ours) await this.#standInFor(side, address);
  }
}

function keyOf({ address, port }: Address): string {
  return `${address}:${port}`;
}

/** RTP and STUN start with a byte below 0xC0 and above or below the letters; SIP starts with a capital letter. */
function isSip(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  return first >= 0x41 && first <= 0x5a;
}
