/** What the walk measured, and what of it is not as promised. */

/** One person's way into the first page's conference. */
export interface Join {
  readonly who: string;
  readonly page: string;
  /** From the order to join until every open popup listed them, ms. */
  readonly rosterMs: number;
  /** Whose tones they heard there. */
  readonly hears: readonly string[];
}

/** One person's way from a page's conference to another's. */
export interface Switch {
  readonly who: string;
  readonly how: "link" | "pushState" | "partyline switch";
  readonly from: string;
  readonly to: string;
  /** Frames of 20 ms that never came to the device, by sequence number and timestamp. */
  readonly missingFrames: number;
  /** The longest pause between two frames around the move, beyond the 20 ms that are usual. */
  readonly gapMs: number;
  /** From the moment the new page was known until the first frame with its conference's tone. */
  readonly firstAudioMs: number;
  /** From that moment until the rosters of both pages were right in every open popup. */
  readonly rosterMs: number;
  /** Changes of SSRC at the device: 0 is one continuous stream. */
  readonly ssrcChanges: number;
  /** INVITEs within its dialog that reached the phone. */
  readonly reInvites?: number;
}

export interface Figures {
  readonly joins: readonly Join[];
  readonly switches: readonly Switch[];
}

const FIRST_AUDIO_MS = 100;
const ROSTER_MS = 500;

/** Sentences about all that is not as promised; none when all is right. */
export function wrongs({ joins, switches }: Figures): string[] {
  return [...joins.flatMap((join) => wrongsOfJoin(join, joins)), ...switches.flatMap(wrongsOfSwitch)];
}

function wrongsOfJoin({ who, page, hears }: Join, joins: readonly Join[]): string[] {
  const others = joins.map((join) => join.who).filter((name) => name !== who);
  const right = JSON.stringify([...hears].sort()) === JSON.stringify(others.sort());
  return right ? [] : [`${who} heard ${listed(hears)} on ${page}, not ${listed(others)}`];
}

function wrongsOfSwitch(move: Switch): string[] {
  const way = `${move.who} from ${move.from} to ${move.to} by ${move.how}`;
  const inBrowser = move.how !== "partyline switch";
  const checks: [boolean, string][] = [
    [move.missingFrames === 0, `missed ${move.missingFrames} frames`],
    [move.ssrcChanges === 0, "got another RTP stream"],
    [(move.reInvites ?? 0) === 0, "was re-INVITEd"],
    [!inBrowser || move.firstAudioMs <= FIRST_AUDIO_MS, `heard nothing new for ${move.firstAudioMs} ms`],
    [move.rosterMs <= ROSTER_MS, `was listed only after ${move.rosterMs} ms`],
  ];
  return checks.filter(([right]) => !right).map(([, what]) => `${way}: ${what}`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nobody" : names.join(" and ");
}
