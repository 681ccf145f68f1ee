/** One call of this browser: microphone, loudspeaker and a peer connection whose offer and answer travel through the worker. */
import type { Body, PhoneFailure } from "../messages.ts";
import type { FrameLog } from "./frame-log.ts";

export interface PhoneOptions {
  readonly loudspeaker: HTMLAudioElement;
  readonly frames: FrameLog;
  /** Hands an offer to the service; resolves with its answer. */
  offer(session: string, sdp: string): Promise<string>;
  failed(session: string, why: PhoneFailure, detail: string): Promise<unknown>;
}

interface Line {
  readonly session: string;
  readonly ended: AbortController;
  peer?: RTCPeerConnection;
  microphone?: MediaStream;
}

const MICROPHONE: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
/** Under diagnosis people speak in tones, and noise suppression takes a steady tone for noise. */
const AS_IT_IS: MediaTrackConstraints = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};
const GATHERING_TIMEOUT_MS = 2000;

class PhoneError extends Error {
  override readonly name = "PhoneError";
  readonly why: PhoneFailure;

  constructor(why: PhoneFailure, options?: ErrorOptions) {
    super(why, options);
    this.why = why;
  }
}

export class Phone {
  readonly #options: PhoneOptions;
  #line: Line | undefined;
  #muted = true;

  constructor(options: PhoneOptions) {
    this.#options = options;
  }

  /** Whether there is a call. */
  get talking(): boolean {
    return this.#line !== undefined;
  }

  /** The service rings: take the microphone and offer. A new ring takes the place of the one before. */
  ring({ session, muted, diagnosis }: Body<"phone-ring">): void {
    this.#muted = muted;
    this.#hangup();
    const line: Line = { session, ended: new AbortController() };
    this.#line = line;
    this.#connect(line, diagnosis).catch((failure: unknown) => this.#fail(line, failure));
  }

  hangup(session: string): void {
    if (this.#line?.session === session) this.#hangup();
  }

  /** Muted means silence from here on, whatever the service does; a microphone that starts is muted. */
  mute(muted: boolean): void {
    this.#muted = muted;
    for (const track of this.#line?.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  #hangup(): void {
    const line = this.#line;
    this.#line = undefined;
    line?.ended.abort();
    line?.peer?.close();
    for (const track of line?.microphone?.getTracks() ?? []) track.stop();
    this.#options.loudspeaker.srcObject = null;
  }

  async #connect(line: Line, diagnosis: boolean): Promise<void> {
    const microphone = await openMicrophone(diagnosis ? AS_IT_IS : MICROPHONE);
    line.microphone = microphone;
    if (line.ended.signal.aborted) {
      for (const track of microphone.getTracks()) track.stop();
      return;
    }
    this.mute(this.#muted);
    const peer = new RTCPeerConnection({ iceServers: [] });
    line.peer = peer;
    this.#listen(line, peer);
    const transceiver = addAudio(peer, microphone);
    if (diagnosis) this.#options.frames.attach(transceiver.receiver, line.ended.signal);
    await peer.setLocalDescription();
    await gathered(peer);
    const answer = await this.#options.offer(line.session, peer.localDescription?.sdp ?? "");
    if (!line.ended.signal.aborted) await peer.setRemoteDescription({ type: "answer", sdp: answer });
  }

  #listen(line: Line, peer: RTCPeerConnection): void {
    peer.addEventListener("track", ({ track, streams }) => {
      this.#options.loudspeaker.srcObject = streams[0] ?? new MediaStream([track]);
      // Documents of an extension may play by themselves; a refusal would only be silence.
      this.#options.loudspeaker.play().catch(() => undefined);
    });
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "failed" && this.#line === line) this.#hangup();
    });
  }

  async #fail(line: Line, failure: unknown): Promise<void> {
    const wanted = !line.ended.signal.aborted;
    if (this.#line === line) this.#hangup();
    if (!wanted) return;
    const why = failure instanceof PhoneError ? failure.why : "connection";
    // When nobody takes this, the service finds out by its own timer.
    await this.#options.failed(line.session, why, String(failure)).catch(() => undefined);
  }
}

async function openMicrophone(audio: MediaTrackConstraints): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    const denied = cause instanceof DOMException && /^(NotAllowed|Security)Error$/.test(cause.name);
    throw new PhoneError(denied ? "microphone-denied" : "no-microphone", { cause });
  }
}

// PCMU needs no transcoding on its way to a telephone (RFC 3551); digits go as telephone-event (RFC 4733).
function addAudio(peer: RTCPeerConnection, microphone: MediaStream): RTCRtpTransceiver {
  const [track] = microphone.getAudioTracks();
  const transceiver = peer.addTransceiver(track ?? "audio", { direction: "sendrecv", streams: [microphone] });
  const codecs = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  const pcmu = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === "audio/pcmu");
  const digits = codecs.filter(
    ({ mimeType, clockRate }) => mimeType.toLowerCase() === "audio/telephone-event" && clockRate === 8000,
  );
  transceiver.setCodecPreferences([...pcmu, ...digits]);
  return transceiver;
}

/** The offer goes out with all candidates in it: SIP's offer/answer has one chance (RFC 3264). */
async function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return;
  const { promise, resolve } = Promise.withResolvers<void>();
  peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && resolve());
  setTimeout(resolve, GATHERING_TIMEOUT_MS);
  await promise;
}
