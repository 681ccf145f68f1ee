/** The browser's side of a peer connection, as the extension's offscreen page would make it: PCMU and telephone-event. */
import { type Audio, PeerConnection, Audio as SendingAudio, type Track } from "node-datachannel";
import { writeRtp } from "#rtp/packet.ts";
import { RtpRecording } from "./rtp-recording.ts";
import { FRAME_MS, FRAME_SAMPLES, toneFrame } from "./tone.ts";

const SSRC = 4_242;

export class BrowserPeer {
  readonly heard = new RtpRecording();
  readonly #connection: PeerConnection;
  /** Kept: the library drops a track nobody holds. */
  readonly #track: Track;
  #timer: NodeJS.Timeout | undefined;

  constructor(codec = "PCMU/8000") {
    this.#connection = new PeerConnection("browser", {
      iceServers: [],
      disableAutoNegotiation: true,
      bindAddress: "127.0.0.1",
    });
    const audio: Audio = new SendingAudio("0", "SendRecv");
    audio.addAudioCodec(codec.startsWith("PCMU") ? 0 : 111, codec);
    audio.addAudioCodec(126, "telephone-event/8000");
    audio.addSSRC(SSRC, "browser", "browser", "microphone");
    this.#track = this.#connection.addTrack(audio);
    this.#track.onMessage((packet) => {
      this.heard.add(packet, { address: "peer", port: 0 }, performance.now());
    });
  }

  async offer(): Promise<string> {
    const gathered = Promise.withResolvers<void>();
    this.#connection.onGatheringStateChange((state) => state === "complete" && gathered.resolve());
    this.#connection.setLocalDescription("offer");
    await gathered.promise;
    return withoutCandidates(this.#connection.localDescription()?.sdp ?? "");
  }

  /** Takes the answer and talks, a tone of `hz`, once the connection is up. */
  async connect(answer: string, hz: number): Promise<void> {
    const open = Promise.withResolvers<void>();
    this.#track.onOpen(() => open.resolve());
    this.#connection.setRemoteDescription(answer, "answer");
    await open.promise;
    let n = 0;
    this.#timer = setInterval(() => {
      const fields = { payloadType: 0, marker: false, sequence: n, timestamp: n * FRAME_SAMPLES, ssrc: SSRC };
      this.#track.sendMessageBinary(writeRtp(fields, toneFrame(hz, n)));
      n += 1;
    }, FRAME_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#connection.close();
  }
}

/**
 * The far end then finds us by our own checks, after we know its fingerprint: libdatachannel, unlike a browser, starts
 * DTLS at once when it is found while it still reads the answer, and trusts nobody yet.
 */
function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, "");
}
