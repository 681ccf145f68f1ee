/** The words of a command line about what mixes: its ports and codecs. */
import { isIP } from "node:net";
import type { Codec } from "#rtp/g711.ts";
import type { PortRange } from "./packet-io/packet-io.ts";
import { readRtpRange } from "./rtp-range.ts";

export interface MediaSettings {
  readonly rtp: PortRange;
  /** Best first; when missing the caller's order counts. */
  readonly codecs?: readonly Codec[];
}

/** The ports that are used when nothing else is said. */
export const RTP_PORTS = "40000-49999";

export const MEDIA_USAGE = `  --rtp FIRST-LAST   ports for media, the even ones are used; 0 for any free ones (${RTP_PORTS})
  --codecs LIST      PCMU,PCMA or one of them: what it speaks, best first, whatever the caller prefers
`;

const CODECS = ["PCMU", "PCMA"] as const;

/** Throws a sentence. `bind` is where media are received too. */
export function readMedia(bind: string, rtp = RTP_PORTS, codecs?: string): MediaSettings {
  if (isIP(bind) === 0 || bind === "0.0.0.0" || bind === "::")
    throw new Error(`--bind ${bind} is not one literal address; participants must be told where to send.`);
  return { rtp: readRtpRange(rtp), ...readCodecs(codecs) };
}

function readCodecs(text: string | undefined): Pick<MediaSettings, "codecs"> {
  if (text === undefined) return {};
  const named = text.split(",");
  const codecs = named.flatMap((name) => CODECS.filter((codec) => codec === name));
  if (codecs.length !== named.length || new Set(codecs).size !== codecs.length)
    throw new Error(`--codecs ${text} is not a list of ${CODECS.join(" and ")}.`);
  return { codecs };
}
