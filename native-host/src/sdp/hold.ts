/** Hold, resume and mute: the direction of the audio, nothing else touched (RFC 3264 §8.4). */
import type { Sdp } from "#sip/message.ts";
import { isLive, join, split, typeOf } from "./sections.ts";
import { type Direction, receives, sends, wayOf } from "./session.ts";

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/;
/** An address that says "send me nothing", as RFC 2543 put a call on hold. */
const NOWHERE = /^c=IN (?:IP4 0\.0\.0\.0|IP6 ::)\s*$/;

type Stream = readonly string[];

/** The same description with every live audio stream in `direction`. */
export function withDirection(sdp: Sdp, direction: Direction): Sdp {
  return turned(sdp, () => direction);
}

/** The same description, but its sender keeps silent; a stream that is on hold stays so. */
export function withoutSending(sdp: Sdp): Sdp {
  return turned(sdp, (now) => wayOf(false, receives(now)));
}

/** The directions of the live audio streams, in their order. */
export function directionsOf(sdp: Sdp): Direction[] {
  const { session, media } = split(sdp);
  return media.filter(isLiveAudio).map((stream) => directionOf(stream, session));
}

/**
 * What the sender of `answer` wants by itself, given what it wanted before: where the offer allowed both ways the answer
 * tells, where the offer was a hold it does not (§6.1). An offer of its own tells all.
 */
export function wishAfter(wanted: Direction, offered: Direction, answered: Direction): Direction {
  const send = receives(offered) ? sends(answered) : sends(wanted);
  const receive = sends(offered) ? receives(answered) : receives(wanted);
  return wayOf(send, receive);
}

function turned(sdp: Sdp, turn: (now: Direction) => Direction): Sdp {
  const { session, media } = split(sdp);
  if (media.length === 0) return sdp;
  const inherited = session.find((line) => DIRECTION.test(line));
  const streams = media.map((stream) => {
    if (isLiveAudio(stream)) {
      return [...withoutDirection(stream), `a=${turn(directionOf(stream, session))}`];
    }
    const own = stream.some((line) => DIRECTION.test(line));
    return own || inherited === undefined ? stream : [...stream, inherited];
  });
  return join({ session: withoutDirection(session), media: streams });
}

const isLiveAudio = (stream: Stream): boolean => typeOf(stream) === "audio" && isLive(stream);
const withoutDirection = (lines: readonly string[]) => lines.filter((line) => !DIRECTION.test(line));

function directionOf(stream: Stream, session: readonly string[]): Direction {
  const said = saidIn(stream) ?? saidIn(session) ?? "sendrecv";
  const address = [stream, session].map((lines) => lines.find((line) => line.startsWith("c="))).find(Boolean);
  return address !== undefined && NOWHERE.test(address) ? wayOf(sends(said), false) : said;
}

function saidIn(lines: readonly string[]): Direction | undefined {
  const said = lines.map((line) => DIRECTION.exec(line)?.[1]).find((one) => one !== undefined);
  return said === "sendrecv" || said === "sendonly" || said === "recvonly" || said === "inactive"
    ? said
    : undefined;
}
