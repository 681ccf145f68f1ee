/** The Janus adapter: the SIP face of a media server before Janus. */
import type { SipUri } from "#sip/message.ts";
import type { Control } from "../media-server/control.ts";
import { type FaceOptions, openFace } from "../media-server/face.ts";
import { JanusEngine, type JanusEngineOptions } from "./janus-engine.ts";

export interface JanusServerOptions extends FaceOptions, Omit<JanusEngineOptions, "events"> {}

export interface JanusServer {
  readonly address: SipUri;
  dump(): ReturnType<JanusEngine["dump"]> & { readonly legs: ReturnType<Control["dump"]> };
  /** BYE to all legs, then the end of sockets and session. */
  close(): Promise<void>;
}

/** Starts it; rejects when the SIP port is taken or Janus cannot be reached. Once started it waits for a Janus that went away. */
export async function openJanusServer(options: JanusServerOptions): Promise<JanusServer> {
  const { log } = options;
  const { address, engine, control, close } = await openFace<JanusEngine>(options, {
    name: "Partyline Janus adapter",
    start: (events) =>
      JanusEngine.open({ ...options, events: { ...events, onBack: () => log.info({}, "Janus is back") } }),
    inviteStatus: ({ connected }) => (connected ? 200 : 503),
  });
  return { address, dump: () => ({ ...engine.dump(), legs: control.dump() }), close };
}
