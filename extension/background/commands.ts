/** What the popup and the options page ask of the worker: one entry per message. */

import { label } from "../label.ts";
import type { Body, ConsentAnswer, MessageName, Reply } from "../messages.ts";
import type { Director } from "./director.ts";
import type { HostLink } from "./host-link.ts";
import type { LinkCalls } from "./link-calls.ts";
import type { Kept, Memory } from "./memory.ts";
import type { PageCall } from "./page-call.ts";
import type { PageConference } from "./page-conference.ts";
import type { Questions } from "./questions.ts";
import type { Reception } from "./reception.ts";
import { allowSite, forgetSite, type Settings } from "./settings.ts";
import type { UserCalls } from "./user-calls.ts";
import type { WebPhone } from "./web-phone.ts";

export interface Parts {
  readonly memory: Kept<Memory>;
  readonly settings: Kept<Settings>;
  readonly director: Director;
  readonly conference: PageConference;
  readonly call: PageCall;
  readonly link: HostLink;
  readonly phone: WebPhone;
  readonly calls: UserCalls;
  readonly links: LinkCalls;
  readonly questions: Questions;
  readonly reception: Reception;
}

/** The messages the worker takes from pages of the extension. */
export type CommandName = Exclude<
  MessageName,
  | "page-seen"
  | "page-has-none"
  | "link-clicked"
  | "report-page"
  | "phone-ring"
  | "phone-hangup"
  | "phone-mute"
  | "phone-bell"
>;

type Commands = {
  readonly [Name in CommandName]: (body: Body<Name>) => Reply<Name> | Promise<Reply<Name>>;
};

const NAME_LENGTH = 64;

export function commands(parts: Parts): Commands {
  return {
    ...conferenceCommands(parts),
    ...callCommands(parts),
    ...incomingCommands(parts),
    ...deviceCommands(parts),
    ...settingCommands(parts),
  };
}

function conferenceCommands({ memory, settings, director, conference, link }: Parts) {
  return {
    "answer-consent": (answer: ConsentAnswer) =>
      answerConsent(answer, { memory, settings, director, conference }),
    "join-here"() {
      memory.set({ left: null, problem: null });
      conference.settle(memory.value.own?.uri);
      director.reconsider();
      return undefined;
    },
    "try-host"() {
      memory.set({ problem: null });
      link.start(true);
      return undefined;
    },
    "dismiss-problem"() {
      memory.set({ problem: null });
      return undefined;
    },
  };
}

function answerConsent(
  { origin, uri, choice, name, join }: ConsentAnswer,
  { memory, settings, director, conference }: Pick<Parts, "memory" | "settings" | "director" | "conference">,
): undefined {
  allowSite(settings, origin, choice, label(name, NAME_LENGTH));
  const granted = join && choice !== "never" ? { origin, uri, muted: choice !== "talking" } : null;
  memory.set({ granted, left: null, problem: null });
  if (granted) conference.settle(memory.value.own?.uri);
  director.reconsider();
}

/** The call that follows the pages where none is named. */
function callCommands({ memory, director, call: own, calls, links }: Parts) {
  const isOwn = (name: string | undefined) => name === undefined || name === memory.value.own?.call;
  return {
    leave({ call }: Body<"leave">) {
      if (call !== undefined && !isOwn(call)) calls.leave(call);
      else leavePage(memory, director, own);
      return undefined;
    },
    mute({ call, muted }: Body<"mute">) {
      if (call !== undefined && !isOwn(call)) calls.mute(call, muted);
      else own.mute(muted);
      return undefined;
    },
    "use-device"({ call, device }: Body<"use-device">) {
      if (call !== undefined && !isOwn(call)) calls.use(call, device);
      else own.useDevice(device);
      return undefined;
    },
    hold({ call, held }: Body<"hold">) {
      calls.hold(call, held);
      return undefined;
    },
    hand({ call, raised, user }: Body<"hand">) {
      calls.hand(call, raised, user);
      return undefined;
    },
    digits({ call, digits }: Body<"digits">) {
      calls.digits(call, digits);
      return undefined;
    },
    "answer-link"({ call }: Body<"answer-link">) {
      links.answer(call);
      return undefined;
    },
  };
}

function leavePage(memory: Kept<Memory>, director: Director, call: PageCall): void {
  const situation = director.situation();
  const { front } = memory.value;
  if (situation && front !== null) memory.set({ left: { tab: front, uri: situation.page.uri } });
  director.reconsider();
  // A call without its page (the page did not load) is left all the same.
  if (!situation) call.apply(undefined);
}

function incomingCommands({ memory, settings, calls, reception }: Parts) {
  return {
    answer({ call, device }: Body<"answer">) {
      memory.set({ problem: null });
      calls.answer(call, device);
      return undefined;
    },
    decline({ call }: Body<"decline">) {
      calls.decline(call);
      return undefined;
    },
    silence({ call }: Body<"silence">) {
      reception.silence(call);
      return undefined;
    },
    "call-back"({ uri }: Body<"call-back">) {
      const missed = settings.value.missed.some((one) => one.uri === uri);
      if (missed) calls.open(uri, undefined, "");
      return undefined;
    },
    "missed-seen"() {
      reception.missedSeen();
      return undefined;
    },
    "clear-missed"() {
      reception.clearMissed();
      return undefined;
    },
  };
}

function deviceCommands({ memory, calls, phone, director, conference, questions }: Parts) {
  return {
    "choose-device": (choice: Body<"choose-device">) => questions.choose(choice),
    "test-device": ({ device }: Body<"test-device">) => calls.test(device),
    "phone-offer": ({ session, sdp }: Body<"phone-offer">) => phone.offer(session, sdp),
    async "phone-failed"({ session, why }: Body<"phone-failed">) {
      await phone.failed(session, why);
      return undefined;
    },
    "microphone-granted"() {
      if (memory.value.problem?.code === "microphone-denied") memory.set({ problem: null });
      if (memory.value.own === null) conference.settle(undefined);
      director.reconsider();
      return undefined;
    },
  };
}

function settingCommands({ settings, director, reception }: Parts) {
  return {
    "set-switch"({ name, on }: Body<"set-switch">) {
      if (["ringing", "sipLinks", "telLinks"].includes(name)) settings.set({ [name]: on === true });
      reception.refresh();
      return undefined;
    },
    "set-identity"({ name }: Body<"set-identity">) {
      settings.set({ identity: label(name, NAME_LENGTH) });
      return undefined;
    },
    "change-site"({ origin, choice, name }: Body<"change-site">) {
      allowSite(settings, origin, choice, label(name, NAME_LENGTH));
      director.reconsider();
      return undefined;
    },
    "forget-site"({ origin }: Body<"forget-site">) {
      forgetSite(settings, origin);
      director.reconsider();
      return undefined;
    },
  };
}
