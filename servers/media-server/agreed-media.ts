/** From a participant's session description to what the engine must know of his media (RFC 3264). */
import { isIPv6, SocketAddress } from "node:net";
import { type AudioMedia, parseSession, readMedia } from "#sdp/session.ts";
import type { Sdp } from "#sip/message.ts";
import type { Media } from "./media-engine.ts";

const EVENTS = "telephone-event" as const;

/** His audio in the m-line that ours uses too; `undefined` when there is none, or it needs another IP version. */
export function agreedMedia(his: Sdp, ours: Sdp, answer: "his" | "ours" = "ours"): Media | undefined {
  const [mine, theirs] = [parseSession(ours), parseSession(his)];
  const used = mine?.media.findIndex(({ port }) => port !== 0) ?? -1;
  const line = theirs?.media[used];
  const audio = theirs && line && readMedia(theirs, line);
  const local = mine?.connection?.ip;
  if (!audio || !local || isIPv6(audio.address) !== isIPv6(local)) return undefined;
  return asMedia(audio, readMedia(mine, mine.media[used] ?? line), answer);
}

/** He sends under our numbers, we under his (RFC 3264 §5.1); many phones send under their own, which is heard as well. */
function asMedia(his: AudioMedia, ours: AudioMedia | undefined, answer: "his" | "ours"): Media | undefined {
  const { address, port, direction } = his;
  const known = formatsOf(his);
  // The answer's order is what counts (RFC 3264 §6.1, §7).
  const order = answer === "ours" && ours ? formatsOf(ours) : known;
  const first = order.map(({ codec }) => known.find((one) => one.codec === codec)).find((one) => one);
  if (!first || first.codec === "telephone-event") return undefined;
  const taken = new Set(known.map(({ payload }) => payload));
  const declared = ours ? formatsOf(ours).filter(({ payload }) => !taken.has(payload)) : [];
  return {
    remote: { address: asReported(address), port },
    hears: direction === "sendrecv" || direction === "sendonly",
    speaks: direction === "sendrecv" || direction === "recvonly",
    codec: first.codec,
    payload: first.payload,
    payloads: [...known, ...declared],
  };
}

function formatsOf({ codecs, telephoneEvent }: AudioMedia): Media["payloads"][number][] {
  const audio = codecs.flatMap(({ payload, name, rate }) =>
    (name === "PCMU" || name === "PCMA") && rate === 8000 ? [{ payload, codec: name } as const] : [],
  );
  const events = telephoneEvent === undefined ? [] : [{ payload: telephoneEvent, codec: EVENTS }];
  return [...audio, ...events];
}

/** An address as the system reports it: IPv6 can be written in many ways. */
function asReported(address: string): string {
  return new SocketAddress({ address, family: isIPv6(address) ? "ipv6" : "ipv4" }).address;
}
