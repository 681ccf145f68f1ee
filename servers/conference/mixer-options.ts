/** The words of the conference server's command line about what mixes: servers, or this process itself. */

import type { SipUri } from "#sip/message.ts";
import { isSipUri } from "#sip/uri.ts";
import { OWN } from "../media-server/local-leg.ts";
import { MEDIA_USAGE, type MediaSettings, readMedia } from "../media-server/options.ts";

export const MIXER_OPTIONS = {
  mixer: { type: "string" as const, multiple: true as const, default: ["sip:127.0.0.1:5090"] },
  rtp: { type: "string" as const },
  codecs: { type: "string" as const },
};

export const MIXER_USAGE = `  --mixer URI        what mixes the conferences (sip:127.0.0.1:5090); with several each conference is at one of them, and
                     goes to another one when that dies. \`own\` in place of a URI: this server mixes by itself
`;

export const OWN_USAGE = `With --mixer own:
${MEDIA_USAGE}  SIGUSR2 writes all legs, streams and counters to the log.
`;

export interface MixerSettings {
  readonly mixers: readonly SipUri[];
  /** Of the mixer in this process, when there is one. */
  readonly media?: MediaSettings;
}

interface Said {
  readonly bind: string;
  readonly mixer: readonly string[];
  readonly rtp?: string | undefined;
  readonly codecs?: string | undefined;
}

/** Throws a sentence. */
export function readMixers({ bind, mixer: said, rtp, codecs }: Said): MixerSettings {
  const mixers = said.map((mixer) => (mixer === "own" ? OWN : readUri(mixer)));
  const twice = said.find((_, at) => mixers.indexOf(mixers[at] ?? OWN) < at);
  if (twice !== undefined) throw new Error(`--mixer ${twice} is said twice.`);
  if (mixers.includes(OWN)) return { mixers, media: readMedia(bind, rtp, codecs) };
  const lost = rtp === undefined ? codecs && "--codecs" : "--rtp";
  if (lost) throw new Error(`${lost} is for a server that mixes by itself: --mixer own.`);
  return { mixers };
}

function readUri(text: string): SipUri {
  if (!isSipUri(text)) throw new Error(`--mixer ${text} is neither a SIP URI nor own.`);
  return text;
}
