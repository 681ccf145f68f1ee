/** What a SIP service is made of. */
import type { answerPeer } from "../devices/peer.ts";
import type { Watch } from "../sip/trace.ts";
import type { TunnelsOptions } from "../tunnel/tunnels.ts";
import type { Choices } from "./choices.ts";
import type { Reception } from "./incoming.ts";
import type { Lines } from "./joining.ts";
import type { NewConferenceOptions } from "./new-conference.ts";

export interface SipServiceOptions extends Lines {
  readonly choices: Choices;
  /** How the user wants to be called; everything rings when missing. */
  readonly reception?: Reception;
  /** Where conferences are made for those who are invited; nowhere when missing. */
  readonly conferences?: NewConferenceOptions;
  /** Something failed that no command waits for. */
  readonly onTrouble?: (what: string, cause: unknown) => void;
  /** Our SIP stack, for those who follow `trace`. */
  readonly watch?: Pick<Watch, "follow">;
  /** Plug-ins that clients may open tunnels to, and the stack they use. */
  readonly tunnels?: Pick<TunnelsOptions, "plugins" | "agent">;
  /** How browsers are answered; another one for tests. */
  readonly answerPeer?: typeof answerPeer;
}
