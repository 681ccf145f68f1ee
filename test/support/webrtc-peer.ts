/** The service's end of a browser's call: answers its offer, plays frames by number, and counts what it hears. */
import { Audio, cleanup, PeerConnection, type Track } from "node-datachannel";

const FRAME_MS = 20;
const FRAME_BYTES = 160;
const SILENCE = new Set([0xff, 0x7f]);

export class WebrtcPeer {
  readonly ssrc = 0x1234;
  readonly heard = { packets: 0, loud: 0 };
  readonly #peer: PeerConnection;
  readonly #track: Track;
  readonly #gathered: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(offer: string) {
    this.#peer = new PeerConnection("test", { iceServers: [], disableAutoNegotiation: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gathered = promise;
    this.#peer.onGatheringStateChange((state) => {
      if (state === "complete") resolve();
    });
    const audio = new Audio(/a=mid:(\S+)/.exec(offer)?.[1] ?? "0", "SendRecv");
    audio.addAudioCodec(0, "PCMU");
    audio.addSSRC(this.ssrc, "test", "test", "test");
    this.#peer.setRemoteDescription(offer.replace(/\r?\n/g, "\r\n"), "offer");
    this.#track = this.#peer.addTrack(audio);
    this.#track.onMessage((packet) => this.#hear(packet));
    this.#track.onOpen(() => this.#play());
    this.#peer.setLocalDescription("answer");
  }

  async answer(): Promise<string> {
    await this.#gathered;
    return this.#peer.localDescription()?.sdp ?? "";
  }

  close(): void {
    clearInterval(this.#timer);
    this.#peer.close();
  }

  // RTCP comes the same way: its packet types look like payload types 64 to 95 (RFC 5761 §4).
  #hear(packet: Buffer): void {
    const type = (packet[1] ?? 0) & 0x7f;
    if (type >= 64 && type < 96) return;
    this.heard.packets++;
    if (packet.subarray(12).some((byte) => !SILENCE.has(byte))) this.heard.loud++;
  }

  #play(): void {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      while (this.#sent * FRAME_MS <= performance.now() - startedAt && this.#track.isOpen()) this.#send();
    }, 5);
  }

  #send(): void {
    const number = this.#sent++;
    const packet = Buffer.alloc(12 + FRAME_BYTES, 0x55);
    packet.writeUInt16BE(0x80_00, 0);
    packet.writeUInt16BE((65_500 + number) & 0xffff, 2);
    packet.writeUInt32BE((number * FRAME_BYTES) >>> 0, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    this.#track.sendMessageBinary(packet);
  }
}

/** Ends the library's threads, which would keep the process alive. */
export function endWebrtc(): void {
  cleanup();
}
