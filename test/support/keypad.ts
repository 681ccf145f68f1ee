/** Presses keys on a phone without SIP: telephone events in its RTP (RFC 4733), with parts of them lost if so wished. */
import { writeRtp } from "#rtp/packet.ts";
import { eventOf, eventReport } from "#rtp/telephone-event.ts";
import type { RtpParty } from "./rtp-party.ts";

interface Press {
  /** Reports sent while the key is down, one for each 20 ms. */
  readonly reports?: number;
  /** How often its end is said; 3 by rule. */
  readonly ends?: number;
  /** So many of the first reports are lost. */
  readonly lost?: number;
}

/** All datagrams of one press, the first `lost` of them left out; sequence and time of the party go on. */
function pressPackets(party: RtpParty, key: string, press: Press = {}): Buffer[] {
  const { reports = 4, ends = 3, lost = 0 } = press;
  const event = eventOf(key) ?? 0;
  const { timestamp, ssrc } = party;
  party.timestamp = (timestamp + (reports + ends) * 160) >>> 0;
  const packets = Array.from({ length: reports + ends }, (_, n) => {
    const sequence = party.sequence;
    party.sequence = (sequence + 1) & 65_535;
    const samples = Math.min(n + 1, reports) * 160;
    const fields = { payloadType: 101, marker: n === 0, sequence, timestamp, ssrc };
    return writeRtp(fields, eventReport(event, samples, n >= reports));
  });
  return packets.slice(lost);
}

/** Presses keys one after the other, as fast as the packets go out. */
export function press(
  party: RtpParty,
  to: { address: string; port: number },
  keys: string,
  how: Press = {},
): void {
  for (const key of keys) for (const packet of pressPackets(party, key, how)) party.send(packet, to);
}
