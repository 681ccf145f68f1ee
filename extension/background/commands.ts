/** What the popup and the options page ask of the worker: one entry per message. */

import { label } from "../label.ts";
import type { Body, ConsentAnswer, MessageName, Reply } from "../messages.ts";
import type { Director } from "./director.ts";
import type { HostLink } from "./host-link.ts";
import type { Kept, Memory } from "./memory.ts";
import type { PageCall } from "./page-call.ts";
import type { PageConference } from "./page-conference.ts";
import { problemFrom } from "./problem.ts";
import { allowSite, forgetSite, type Settings } from "./settings.ts";
import type { WebPhone } from "./web-phone.ts";
import { el } from "./xml.ts";

export interface Parts {
  readonly memory: Kept<Memory>;
  readonly settings: Kept<Settings>;
  readonly director: Director;
  readonly conference: PageConference;
  readonly call: PageCall;
  readonly link: HostLink;
  readonly phone: WebPhone;
}

/** The messages the worker takes from pages of the extension. */
export type CommandName = Exclude<
  MessageName,
  "page-seen" | "page-has-none" | "report-page" | "phone-ring" | "phone-hangup" | "phone-mute"
>;

type Commands = {
  readonly [Name in CommandName]: (body: Body<Name>) => Reply<Name> | Promise<Reply<Name>>;
};

const NAME_LENGTH = 64;

export function commands(parts: Parts): Commands {
  return { ...conferenceCommands(parts), ...deviceCommands(parts), ...settingCommands(parts) };
}

function conferenceCommands({ memory, settings, director, conference, call, link }: Parts) {
  return {
    "answer-consent": (answer: ConsentAnswer) =>
      answerConsent(answer, { memory, settings, director, conference }),
    "join-here"() {
      memory.set({ left: null, problem: null });
      conference.settle(memory.value.own?.uri);
      director.reconsider();
      return undefined;
    },
    leave() {
      const situation = director.situation();
      const { front } = memory.value;
      if (situation && front !== null) memory.set({ left: { tab: front, uri: situation.page.uri } });
      director.reconsider();
      // A call without its page (the page did not load) is left all the same.
      if (!situation) call.apply(undefined);
      return undefined;
    },
    mute({ muted }: Body<"mute">) {
      call.mute(muted);
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

function deviceCommands({ memory, call, link, phone, director, conference }: Parts) {
  return {
    "use-device"({ device }: Body<"use-device">) {
      call.useDevice(device);
      return undefined;
    },
    async "choose-device"({ prompt, device, remember }: Body<"choose-device">) {
      memory.set({ prompt: null });
      const choice =
        device === undefined ? { cancel: true } : { dev: device, remember: remember ? "origin" : "no" };
      await link.request(el("Choose", { prompt, ...choice })).catch((failure: unknown) => {
        memory.set({ problem: problemFrom(failure) ?? null });
      });
      return undefined;
    },
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

function settingCommands({ settings, director }: Parts) {
  return {
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
