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

export interface Messages {
  // The page's script to the worker.
  "page-seen": [Tag, undefined];
  "page-has-none": [Record<string, never>, undefined];
  // The worker to the page's script: say again what you see.
  "report-page": [Record<string, never>, true];

  // The popup and the options page to the worker.
  "answer-consent": [ConsentAnswer, undefined];
  "join-here": [Record<string, never>, undefined];
  leave: [Record<string, never>, undefined];
  mute: [{ readonly muted: boolean }, undefined];
  "use-device": [{ readonly device: string }, undefined];
  "choose-device": [
    { readonly prompt: string; readonly device?: string; readonly remember: boolean },
    undefined,
  ];
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
  "phone-hangup": [{ readonly session: string }, undefined];
  "phone-mute": [{ readonly muted: boolean }, undefined];
  // The offscreen document to the worker.
  "phone-offer": [{ readonly session: string; readonly sdp: string }, { readonly answer: string }];
  "phone-failed": [
    { readonly session: string; readonly why: PhoneFailure; readonly detail: string },
    undefined,
  ];
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
  readonly state: string;
  readonly device: string | undefined;
  readonly muted: boolean;
}

export interface Person {
  readonly entity: string;
  readonly name: string;
  readonly me: boolean;
  readonly muted: boolean;
  readonly talking: boolean;
}

export interface DeviceView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly chosen: boolean;
}

export interface PromptView {
  readonly prompt: string;
  readonly uri: string;
  readonly origin: string | undefined;
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
  readonly call: CallView | undefined;
  readonly people: readonly Person[];
  readonly count: number;
  readonly devices: readonly DeviceView[];
  readonly prompt: PromptView | undefined;
  readonly problem: Problem | undefined;
  readonly identity: string;
  readonly sites: readonly SiteView[];
}
