/** From a participant's session description to what the engine must know of his media (RFC 3264). */
import { isIPv6, SocketAddress } from "node:net";
import { type AudioMedia, parseSession, readMedia } from "#sdp/session.ts";
import type { Sdp } from "#sip/message.ts";
import type { Media } from "./stream.ts";

/** His audio in the m-line that ours uses too; `undefined` when there is none, or it needs another IP version. */
export function agreedMedia(his: Sdp, ours: Sdp): Media | undefined {
  const [mine, theirs] = [parseSession(ours), parseSession(his)];
  const used = mine?.media.findIndex(({ port }) => port !== 0) ?? -1;
  const line = theirs?.media[used];
  const audio = theirs && line && readMedia(theirs, line);
  const local = mine?.connection?.ip;
  if (!audio || !local || isIPv6(audio.address) !== isIPv6(local)) return undefined;
  return asMedia(audio);
}

function asMedia({ address, port, direction, codecs, telephoneEvent }: AudioMedia): Media | undefined {
  const known = codecs.flatMap(({ payload, name, rate }) =>
    (name === "PCMU" || name === "PCMA") && rate === 8000 ? [{ payload, codec: name } as const] : [],
  );
  const first = known[0];
  if (!first) return undefined;
  const events =
    telephoneEvent === undefined ? [] : [{ payload: telephoneEvent, codec: "telephone-event" as const }];
  return {
    remote: { address: asReported(address), port },
    hears: direction === "sendrecv" || direction === "sendonly",
    speaks: direction === "sendrecv" || direction === "recvonly",
    codec: first.codec,
    payload: first.payload,
    payloads: [...known, ...events],
  };
}

/** An address as the system reports it: IPv6 can be written in many ways. */
function asReported(address: string): string {
  return new SocketAddress({ address, family: isIPv6(address) ? "ipv6" : "ipv4" }).address;
}
