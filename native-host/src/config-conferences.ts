/** The conferences of the configuration: where one is made when people are invited. */

import type { Section } from "./config-section.ts";
import type { SipUri } from "./sip/message.ts";
import { parseUri } from "./sip/uri.ts";

export interface ConferencesConfig {
  /** A conference server, without a user part. */
  readonly server: SipUri;
}

/** The one that `partyline servers` starts. */
export const LOCAL_CONFERENCES: ConferencesConfig = { server: "sip:127.0.0.1:5080" };

/** Throws the section's mistakes. */
export function readConferences(conferences: Section): ConferencesConfig {
  const server = conferences.sipUri("server") ?? LOCAL_CONFERENCES.server;
  if (parseUri(server)?.user !== undefined) {
    throw conferences.mistake("server", "must be the address of a server, such as sip:conf.example.com");
  }
  conferences.end();
  return { server };
}
