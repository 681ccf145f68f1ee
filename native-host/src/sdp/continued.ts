/** What a session has begun with, it keeps: every m-line its place, for the life of the leg (RFC 3264 §8). */
import type { Sdp } from "#sip/message.ts";
import { countMedia, isLive, join, refused, split, typeOf } from "./sections.ts";

type Stream = readonly string[];

/**
 * A new offer after `before`, our last description on this leg: its streams stand where streams of their kind stood,
 * those it no longer wants stay with port 0, new ones come last (§8.1, §8.2).
 */
export function continued(offer: Sdp, before: Sdp): Sdp {
  const next = split(offer);
  const places = split(before).media;
  if (places.length === 0 || next.media.length === 0) return offer;
  const found = new Map<number, Stream>();
  const added: Stream[] = [];
  for (const [at, stream] of next.media.entries()) {
    const place = placeFor(stream, at, places, found);
    if (place === undefined) added.push(stream);
    else found.set(place, stream);
  }
  const kept = places.map((old, at) => found.get(at) ?? refused(old));
  return join({ session: next.session, media: [...kept, ...added] });
}

/** Its own place, else the first free one of its kind, live ones first. */
function placeFor(
  stream: Stream,
  at: number,
  places: readonly Stream[],
  taken: ReadonlyMap<number, Stream>,
): number | undefined {
  const fits = (place: number) => {
    const old = places[place];
    return old !== undefined && !taken.has(place) && typeOf(old) === typeOf(stream);
  };
  if (fits(at)) return at;
  const free = places.map((_, place) => place).filter(fits);
  return free.find((place) => isLive(places[place] ?? [])) ?? free[0];
}

/** An answer with exactly the m-lines of its offer: what it lacks is refused, what is too many is left out (§6). */
export function fitted(answer: Sdp, offer: Sdp): Sdp {
  const wanted = countMedia(offer);
  if (wanted === 0 || wanted === countMedia(answer)) return answer;
  const { session, media } = split(answer);
  const asked = split(offer).media;
  return join({ session, media: asked.map((one, at) => media[at] ?? refused(one)) });
}
