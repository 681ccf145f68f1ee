/** Remembers the encoded frames of the last 20 s, for tests and diagnosis. */

/** One frame as it came in: when (ms since 1970), its RTP fields, and its bytes (µ-law for PCMU). */
export interface Frame {
  readonly atMs: number;
  readonly sequence: number | undefined;
  readonly timestamp: number;
  readonly ssrc: number | undefined;
  readonly payloadType: number | undefined;
  readonly payload: readonly number[];
}

/** 20 s of 20 ms frames. */
const CAPACITY = 1000;

export class FrameLog {
  #frames: Frame[] = [];

  /** Puts a meter into the way of a receiver's frames until the signal aborts; the frames go on untouched. */
  attach(receiver: RTCRtpReceiver, signal: AbortSignal): void {
    const worker = new Worker(new URL("./frame-meter.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Frame>) => this.#keep(data));
    receiver.transform = new RTCRtpScriptTransform(worker, {});
    signal.addEventListener("abort", () => worker.terminate());
  }

  /** The frames that came at or after a moment, ms since 1970, oldest first. */
  since(sinceMs: number): Frame[] {
    return this.#frames.filter(({ atMs }) => atMs >= sinceMs);
  }

  #keep(frame: Frame): void {
    this.#frames.push(frame);
    if (this.#frames.length > CAPACITY) this.#frames = this.#frames.slice(-CAPACITY);
  }
}
