/** Stands in the way of the received frames, notes each one and lets it go on untouched (WebRTC Encoded Transform). */
import type { Frame } from "./frame-log.ts";

interface TransformEvent extends Event {
  readonly transformer: {
    readonly readable: ReadableStream<RTCEncodedAudioFrame>;
    readonly writable: WritableStream<RTCEncodedAudioFrame>;
  };
}

/** What this file uses of its global scope, which is a dedicated worker's. */
interface MeterScope {
  postMessage(frame: Frame): void;
  addEventListener(type: "rtctransform", listener: (event: TransformEvent) => void): void;
}

const scope = globalThis as unknown as MeterScope;

function note(frame: RTCEncodedAudioFrame): Frame {
  const metadata = frame.getMetadata();
  return {
    atMs: performance.timeOrigin + performance.now(),
    sequence: metadata.sequenceNumber,
    timestamp: metadata.rtpTimestamp ?? 0,
    ssrc: metadata.synchronizationSource,
    payloadType: metadata.payloadType,
    payload: [...new Uint8Array(frame.data)],
  };
}

scope.addEventListener("rtctransform", ({ transformer }) => {
  const meter = new TransformStream<RTCEncodedAudioFrame, RTCEncodedAudioFrame>({
    transform(frame, controller) {
      scope.postMessage(note(frame));
      controller.enqueue(frame);
    },
  });
  // The pipe ends when the peer connection closes; there is nobody to tell.
  transformer.readable
    .pipeThrough(meter)
    .pipeTo(transformer.writable)
    .catch(() => undefined);
});
