/** "This browser" as a phone: takes the worker's messages, and wakes the worker again when it died in mid-call. */
import browser from "webextension-polyfill";
import type { Body, Idle, Message, MessageName, Reply } from "../messages.ts";
import { send } from "../send.ts";
import { Bell } from "./bell.ts";
import { FrameLog } from "./frame-log.ts";
import { Phone } from "./phone.ts";

const frames = new FrameLog();
const phone = new Phone({
  loudspeaker: new Audio(),
  frames,
  offer: (session, sdp) => offerTwice(session, sdp),
  failed: (session, why, detail) => send("phone-failed", { session, why, detail }),
});

const bell = new Bell({ talking: () => phone.talking, context: () => new AudioContext() });

type Taken = Extract<MessageName, "phone-ring" | "phone-hangup" | "phone-mute" | "phone-bell">;

const takers: { readonly [Name in Taken]: (body: Body<Name>) => Reply<Name> } = {
  "phone-ring": (ring) => phone.ring(ring) as undefined,
  "phone-hangup"({ session }) {
    phone.hangup(session);
    return idle();
  },
  "phone-mute": ({ muted }) => phone.mute(muted) as undefined,
  "phone-bell"({ on }) {
    bell.ring(on);
    return idle();
  },
};

function idle(): Idle {
  return { idle: !phone.talking && !bell.on };
}

browser.runtime.onMessage.addListener((received: unknown) => {
  const { name, body } = received as Message<Taken>;
  if (!Object.hasOwn(takers, name)) return undefined;
  return Promise.resolve((takers[name] as (body: Body<Taken>) => unknown)(body) ?? null);
});

// The worker may die while it waits for the answer; the next one asks the service again.
async function offerTwice(session: string, sdp: string): Promise<string> {
  try {
    return (await send("phone-offer", { session, sdp })).answer;
  } catch {
    return (await send("phone-offer", { session, sdp })).answer;
  }
}

function stayConnected(): void {
  const port = browser.runtime.connect({ name: "phone" });
  port.onDisconnect.addListener(stayConnected);
}

stayConnected();
// For diagnosis and tests: what arrived in the last 20 s, when diagnosis is switched on in the settings.
Object.assign(globalThis, {
  partylineDiagnosis: { frames: (sinceMs: number) => frames.since(sinceMs), phone, bell },
});
