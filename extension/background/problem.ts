/** Says what went wrong in one sentence, and what the user can do in another. */
import { label } from "../label.ts";
import type { Problem } from "../messages.ts";
import { HostError } from "./host-error.ts";

type Row = readonly [sentence: string, step: string, action?: Problem["action"]];

const AGAIN = "Try again in a moment.";

const SENTENCES: Readonly<Record<string, Row>> = {
  "host-missing": [
    "The Partyline service is not installed on this computer, or not for this browser.",
    "Run “npx partyline install” in a terminal, then try again.",
    "try-host",
  ],
  "microphone-denied": [
    "This browser may not use the microphone yet.",
    "Allow it in the settings, then join again.",
    "options",
  ],
  "no-microphone": ["No microphone was found.", "Plug one in, or choose another device.", "join-here"],
  connection: ["The sound could not be connected to this browser.", AGAIN, "join-here"],
  "device-busy": [
    "That device is already in a call.",
    "Hang up there, or choose another device.",
    "join-here",
  ],
  "device-offline": ["That device is not there at the moment.", "Choose another device.", "join-here"],
  "device-refused": ["The device refused the call.", "Choose another device.", "join-here"],
  "device-timeout": [
    "The device did not answer in time.",
    "Answer it, or choose another device.",
    "join-here",
  ],
  "device-unsupported": ["That device cannot do this.", "Choose another device.", "join-here"],
  "no-such-device": ["That device is not there any more.", "Choose another device.", "join-here"],
  busy: ["The conference is busy.", AGAIN, "join-here"],
  declined: ["The conference declined the call.", "You can ask its owner why.", "join-here"],
  "not-found": ["There is no such conference.", "The page may be out of date: reload it.", "join-here"],
  "no-answer": ["The conference did not answer.", AGAIN, "join-here"],
  unreachable: [
    "The conference server could not be reached.",
    "Check your network, then try again.",
    "join-here",
  ],
  "authentication-failed": [
    "The conference wants a password.",
    "Enter your account in the service's configuration.",
    "join-here",
  ],
  "media-mismatch": [
    "Your device and the conference share no audio format.",
    "Choose another device.",
    "join-here",
  ],
  rejected: ["The conference refused the call.", "You can ask its owner why.", "join-here"],
  forbidden: ["The service does not allow that here.", "Ask again from the page itself.", "join-here"],
  "switch-failed": [
    "The next page’s conference could not be joined; you are still in the one before.",
    AGAIN,
    "join-here",
  ],
  "switch-lost": ["The call was lost while changing pages.", AGAIN, "join-here"],
  "rate-limited": ["That was too often.", "Wait a few seconds, then try again.", "join-here"],
  "limit-exceeded": ["The service has too much to do.", AGAIN, "join-here"],
  "shutting-down": ["The Partyline service is shutting down.", "It is being started again; nothing to do."],
  "no-active-call": ["There is no call any more.", "Join again.", "join-here"],
  "no-such-call": ["There is no call any more.", "Join again.", "join-here"],
  "no-pin": [
    "This conference asks for a PIN or a token, and did not get the right one.",
    "Ask whoever invited you for it, then join again.",
    "join-here",
  ],
  guessed: [
    "Too many wrong PINs came from here.",
    "Wait some minutes, then join with the right one.",
    "join-here",
  ],
  locked: ["This conference is locked.", "Ask somebody in it to open it, then join again.", "join-here"],
  removed: [
    "You were removed from the conference.",
    "Ask whoever moderates it, then join again.",
    "join-here",
  ],
  over: ["The conference was ended for everybody.", "Join again to begin it anew.", "join-here"],
  "said-goodbye": ["The conference ended the call.", "Join again, or ask its owner why.", "join-here"],
  "not-let-in": ["The moderator did not let you in.", "Ask for it first, then join again.", "join-here"],
  "muted-by-moderator": [
    "A moderator has muted you, and only a moderator can let you be heard again.",
    "Raise your hand to ask for it.",
  ],
  "bad-link": [
    "This link names no address that can be called.",
    "Addresses with header fields or passwords in them are refused.",
  ],
};

const UNKNOWN: Row = ["Something went wrong.", AGAIN, "join-here"];

/** Not worth a word: the user or a later page asked for it. */
const SILENT = new Set(["superseded", "cancelled", "no-such-prompt"]);

/** The problem behind a code of the XML API or of this extension; `detail` is the service's own sentence. */
export function problemOf(code: string, detail = ""): Problem {
  const [sentence, step, action] = SENTENCES[code] ?? UNKNOWN;
  const more = SENTENCES[code] === undefined ? label(detail, 200) : "";
  return { code, sentence: more || sentence, step, ...(action && { action }) };
}

/** What to show of a failed command; `undefined` when there is nothing to say (the link itself tells of a lost host). */
export function problemFrom(failure: unknown): Problem | undefined {
  if (!(failure instanceof HostError) || SILENT.has(failure.code)) return undefined;
  return worded(failure) ?? problemOf(failure.code, failure.detail);
}

/** The same for a call between people: the service's own sentence, and no way back into a page's conference. */
export function callProblemFrom(failure: unknown): Problem | undefined {
  if (!(failure instanceof HostError) || SILENT.has(failure.code)) return undefined;
  const { code, detail } = failure;
  if (code === "device-refused" && detail.includes(MICROPHONE)) return problemOf("microphone-denied");
  const known = worded(failure);
  if (known) return { code: known.code, sentence: known.sentence, step: known.step };
  const sentence = label(detail, 200) || problemOf(code).sentence;
  return { code, sentence, step: CALL_STEPS[code] ?? "" };
}

/** What a conference says of its own door, or of its moderators, has a next step of its own. */
function worded({ code, detail, reason }: HostError): Problem | undefined {
  const row =
    THEIR_WORDS.find(([of, words]) => of === code && words.test(reason)) ??
    OUR_WORDS.find(([of, words]) => of === code && words.test(detail));
  return row && problemOf(row[2]);
}

type Worded = readonly [code: string, words: RegExp, problem: string];

/** In the service's sentence, which names the conference too, whose name may be any word. */
const OUR_WORDS: readonly Worded[] = [
  ["forbidden", /moderator's mute/, "muted-by-moderator"],
  ["rejected", / ended the call\b/, "said-goodbye"],
];

const THEIR_WORDS: readonly Worded[] = [
  ["rejected", /too many wrong pins/i, "guessed"],
  ["rejected", /\bpin\b|token/i, "no-pin"],
  ["rejected", /locked/i, "locked"],
  ["rejected", /removed from the conference/i, "removed"],
  ["rejected", /ended the conference|conference was ended/i, "over"],
  ["rejected", /did not let you in/i, "not-let-in"],
];

/** In the sentence of a browser that may not listen (web-phone.ts). */
const MICROPHONE = "microphone is not allowed";

const CALL_STEPS: Readonly<Record<string, string>> = {
  "device-busy": "Hang up there, or choose another device.",
  "device-offline": "Choose another device.",
  "device-refused": "Choose another device.",
  "device-timeout": "Answer it, or choose another device.",
  "device-unsupported": "Choose another device.",
  "no-answer": "Try again later.",
  busy: "Try again later.",
  unreachable: "Check the address and your network, then try again.",
  "not-found": "Check the address.",
};
