/** Every message between the extension's contexts: name -> [what is sent, what comes back]. Types only. */

/** What a page's tag says (docs/page-tag.md). */
export interface Tag {
  readonly uri: string;
  readonly title?: string;
  readonly features: readonly string[];
}

/** What a user allows one site: to be asked, to be joined muted, joined with the microphone on, or never joined. */
export type Choice = "ask" | "muted" | "talking" | "never";

export interface ConsentAnswer {
  readonly origin: string;
  readonly uri: string;
  readonly choice: Choice;
  /** The name to show there; "" means to be a guest. */
  readonly name: string;
  /** Join this page now, whatever is kept for later ones. */
  readonly join: boolean;
}

/** How long a choice of device holds: for this call, for calls of this site, or for every call. */
export type Remember = "no" | "origin" | "always";

/** What the user can switch on and off for this browser. */
export interface Switches {
  /** A call that comes in is heard. */
  readonly ringing: boolean;
  /** Clicks on sip: and sips: links of web pages are calls of ours. */
  readonly sipLinks: boolean;
  /** The same for tel: links. */
  readonly telLinks: boolean;
}

export interface Messages {
  // The page's script to the worker.
  "page-seen": [Tag, undefined];
  "page-has-none": [Record<string, never>, undefined];
  "link-clicked": [{ readonly uri: string }, undefined];
  // The worker to the page's script: say again what you see.
  "report-page": [Record<string, never>, true];

  // The popup and the options page to the worker.
  "answer-consent": [ConsentAnswer, undefined];
  "join-here": [Record<string, never>, undefined];
  // Without a call they mean the one that follows the pages.
  leave: [{ readonly call?: string }, undefined];
  mute: [{ readonly muted: boolean; readonly call?: string }, undefined];
  "use-device": [{ readonly device: string; readonly call?: string }, undefined];
  /** `user`: whose hand a moderator lowers. */
  hand: [{ readonly call: string; readonly raised: boolean; readonly user?: string }, undefined];
  hold: [{ readonly call: string; readonly held: boolean }, undefined];
  digits: [{ readonly call: string; readonly digits: string }, undefined];
  answer: [{ readonly call: string; readonly device?: string }, undefined];
  decline: [{ readonly call: string }, undefined];
  // The call rings on, but not here.
  silence: [{ readonly call: string }, undefined];
  "call-back": [{ readonly uri: string }, undefined];
  "missed-seen": [Record<string, never>, undefined];
  "clear-missed": [Record<string, never>, undefined];
  "answer-link": [{ readonly call: boolean }, undefined];
  "choose-device": [
    { readonly prompt: string; readonly device?: string; readonly remember: Remember },
    undefined,
  ];
  "test-device": [{ readonly device: string }, TestOutcome];
  "set-switch": [{ readonly name: keyof Switches; readonly on: boolean }, undefined];
  "try-host": [Record<string, never>, undefined];
  "dismiss-problem": [Record<string, never>, undefined];
  "set-identity": [{ readonly name: string }, undefined];
  "change-site": [{ readonly origin: string; readonly choice: Choice; readonly name: string }, undefined];
  "forget-site": [{ readonly origin: string }, undefined];
  "microphone-granted": [Record<string, never>, undefined];

  // The worker to the offscreen document, which is "this browser" as a phone.
  "phone-ring": [
    { readonly session: string; readonly muted: boolean; readonly diagnosis: boolean },
    undefined,
  ];
  "phone-hangup": [{ readonly session: string }, Idle];
  "phone-mute": [{ readonly muted: boolean }, undefined];
  "phone-bell": [{ readonly on: boolean }, Idle];
  // The offscreen document to the worker.
  "phone-offer": [{ readonly session: string; readonly sdp: string }, { readonly answer: string }];
  "phone-failed": [
    { readonly session: string; readonly why: PhoneFailure; readonly detail: string },
    undefined,
  ];
}

/** Whether the offscreen document has nothing more to do: no call, and nobody to ring for. */
export interface Idle {
  readonly idle: boolean;
}

/** What became of a device's test, as a sentence. */
export interface TestOutcome {
  readonly ok: boolean;
  readonly detail: string;
}

export type PhoneFailure = "microphone-denied" | "no-microphone" | "connection";

export type MessageName = keyof Messages;
export type Body<Name extends MessageName> = Messages[Name][0];
export type Reply<Name extends MessageName> = Messages[Name][1];

export interface Message<Name extends MessageName = MessageName> {
  readonly name: Name;
  readonly body: Body<Name>;
}

export type ServiceState = "idle" | "connecting" | "ready" | "lost" | "missing";

export interface PageView {
  readonly origin: string;
  readonly uri: string;
  readonly host: string;
  readonly title: string;
  readonly trust: Trust;
}

/** `own` = the site's own room, `listed` = the site names that server, `elsewhere` = neither, `refused` = never joined. */
export type Trust = "own" | "listed" | "elsewhere" | "refused";

export interface Question {
  readonly reason: "new-site" | "asked-to-ask" | "elsewhere";
  readonly choice: Choice;
  readonly name: string;
}

export interface CallView {
  readonly call: string;
  readonly uri: string;
  /** The far end's name, or its address. */
  readonly who: string;
  readonly state: string;
  readonly device: string | undefined;
  readonly muted: boolean;
  /** Only a moderator of the conference can let the others hear the user again. */
  readonly mutedByModerator: boolean;
  /** The far end is a conference, where one may ask for the floor. */
  readonly focus: boolean;
  /** The user's hand is raised there. */
  readonly hand: boolean;
  /** The conference's server went away, and is being called again. */
  readonly rejoining: boolean;
  /** Somebody in the conference must let us in. */
  readonly waiting: boolean;
}

/** A call that comes in and is not answered yet. */
export interface IncomingView {
  readonly call: string;
  /** The name the caller gives itself; its address where it gives none. */
  readonly who: string;
  readonly address: string;
  /** Somebody is answering it with this device. */
  readonly answering: boolean;
  /** The user closed its window: it rings elsewhere only. */
  readonly silenced: boolean;
}

export interface MissedView {
  readonly uri: string;
  readonly who: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly seen: boolean;
}

/** A link the user clicked on a site that may not call by itself. */
export interface LinkView {
  readonly uri: string;
  readonly address: string;
  readonly host: string;
  readonly site: string;
}

export interface Person {
  readonly entity: string;
  readonly name: string;
  readonly me: boolean;
  readonly muted: boolean;
  readonly talking: boolean;
  /** Raised a hand. */
  readonly hand: boolean;
  /** Has put the conference on hold. */
  readonly held: boolean;
  /** Rules in this conference. */
  readonly moderator: boolean;
}

export interface DeviceView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly chosen: boolean;
  /** What it can do, as the service says (docs/devices.md). */
  readonly caps: readonly string[];
}

export interface PromptView {
  readonly prompt: string;
  readonly uri: string;
  readonly origin: string | undefined;
  /** What is to happen with the device: join the page's conference, call somebody, call a number, answer a call. */
  readonly about: "join" | "call" | "number" | "answer";
  readonly title: string;
  readonly devices: readonly DeviceView[];
}

/** Something that went wrong, as a sentence, and what the user can do, as another. */
export interface Problem {
  readonly code: string;
  readonly sentence: string;
  readonly step: string;
  readonly action?: "try-host" | "join-here" | "options";
}

export interface SiteView {
  readonly origin: string;
  readonly choice: Choice;
  readonly name: string;
}

/** All that the popup and the options page show. */
export interface View {
  readonly service: ServiceState;
  readonly page: PageView | undefined;
  readonly question: Question | undefined;
  readonly left: boolean;
  readonly never: boolean;
  /** The call that follows the pages. */
  readonly call: CallView | undefined;
  /** The name of another conference than the page's, into which its server has moved us. */
  readonly movedTo: string | undefined;
  /** All others that go on. */
  readonly calls: readonly CallView[];
  readonly incoming: readonly IncomingView[];
  /** Newest first. */
  readonly missed: readonly MissedView[];
  readonly link: LinkView | undefined;
  /** This browser's id as a device. */
  readonly self: string;
  readonly switches: Switches;
  readonly people: readonly Person[];
  readonly count: number;
  readonly devices: readonly DeviceView[];
  readonly prompt: PromptView | undefined;
  readonly problem: Problem | undefined;
  readonly identity: string;
  readonly sites: readonly SiteView[];
}
