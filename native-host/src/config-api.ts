/** Ways to the XML API beside the user's own socket: ports of this machine, each with a token and what it allows. */

import type { Section } from "./config-section.ts";

const RIGHTS = ["control", "tunnel"] as const;

export interface ApiPortConfig {
  readonly port: number;
  /** Its first line is what clients must show; written when it is not there. */
  readonly tokenFile: string;
  /** Beyond their own calls; none when missing. */
  readonly rights: readonly (typeof RIGHTS)[number][];
}

export interface ApiConfig {
  readonly tcp?: ApiPortConfig;
  readonly webSocket?: ApiPortConfig & { readonly origins: readonly string[] };
}

/** Throws the section's mistakes. */
export function readApi(api: Section): ApiConfig {
  const tcp = api.optional("tcp");
  const webSocket = api.optional("webSocket");
  api.end();
  const read = {
    ...(tcp && { tcp: readPort(tcp) }),
    ...(webSocket && { webSocket: { origins: readOrigins(webSocket), ...readPort(webSocket) } }),
  };
  tcp?.end();
  webSocket?.end();
  return read;
}

function readPort(section: Section): ApiPortConfig {
  const port = section.port("port");
  if (port === undefined) throw section.mistake("port", "is missing; it says where clients connect");
  const tokenFile = section.text("tokenFile");
  if (tokenFile === undefined) {
    throw section.mistake("tokenFile", "is missing; clients must show its first line");
  }
  return { port, tokenFile, rights: section.choices("rights", RIGHTS) ?? [] };
}

/** As browsers write them: scheme, host, and port where it is not the usual one. */
function readOrigins(section: Section): readonly string[] {
  const origins = section.texts("origins");
  if (origins === undefined) throw section.mistake("origins", "is missing; it says which pages may connect");
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong !== undefined)
    throw section.mistake("origins", `has "${wrong}", which is not like https://example.com`);
  return origins;
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, host } = new URL(text);
  return text === (origin === "null" ? `${protocol}//${host}` : origin);
}
